// Why did my message not arrive: the page for those who do not know yet where to look.
import type { JSX } from 'preact';
import { api, withQuery } from '../api.ts';
import { Head } from '../components/parts.tsx';
import { useLoad } from '../load.ts';
import { vhosts } from '../session.ts';
import { exchangeName } from '../stats.ts';
import type { Exchange } from '../types.ts';
import { setParams, view } from '../url.ts';
import { TryKey } from './try-key.tsx';

export function TryPage(): JSX.Element {
  const { params } = view.value;
  const vhost = params['vhost'] ?? (vhosts.value.includes('/') ? '/' : (vhosts.value[0] ?? '/'));
  const exchange = params['exchange'] ?? '';
  const { data } = useLoad<{ items: readonly Exchange[] }>(
    withQuery(api`exchanges/${vhost}`, { page: 1, page_size: 500, columns: 'name', sort: 'name' }),
  );
  return (
    <>
      <Head title="Why did my message not arrive?" trail={[{ title: 'Exchanges', path: ['exchanges'] }]} />
      <p class="lead">
        Name the exchange, the routing key and the headers that the publisher uses in {vhost}. Nothing is published: you
        see which bindings fit and which queues would get it.
      </p>
      <label class="field">
        <span>Exchange</span>
        <select value={exchange} onChange={event => setParams({ exchange: event.currentTarget.value || undefined })}>
          {(data?.items ?? [{ name: exchange, vhost }]).map(({ name }) => (
            <option key={name} value={name}>
              {exchangeName(name)}
            </option>
          ))}
        </select>
      </label>
      <TryKey key={`${vhost} ${exchange}`} vhost={vhost} exchange={exchange} />
    </>
  );
}
