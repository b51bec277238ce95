// One exchange: its rates, bindings, and where a message would go.
import type { JSX } from 'preact';
import { api, exchangePath, send, withQuery } from '../api.ts';
import { Chart } from '../components/chart.tsx';
import { askDanger } from '../components/dialog.tsx';
import { Facts, Head, RangePicker, range, Section, samplesOf, Tabs } from '../components/parts.tsx';
import { Fault, Loading } from '../components/states.tsx';
import { say } from '../components/toast.tsx';
import { exact, plural } from '../format.ts';
import { useLive } from '../live.ts';
import { rates } from '../series.ts';
import { detailsOf, exchangeName, tableText } from '../stats.ts';
import type { Binding, Exchange } from '../types.ts';
import { go } from '../url.ts';
import { BindingTable, bind } from './bindings.tsx';
import { Delayed } from './delayed.tsx';
import { EffectiveSettings, PolicyName } from './effective.tsx';
import { publishTo } from './queue-actions.tsx';
import { TryKey } from './try-key.tsx';

export function ExchangePage({ vhost, name }: { vhost: string; name: string }): JSX.Element {
  const path = exchangePath(vhost, name);
  const live = useLive<Exchange>(withQuery(path, samplesOf('msg_rates')));
  const bindings = useLive<Binding[]>(`${path}/bindings/source`);
  const exchange = live.data;
  const reserved = name === '' || name.startsWith('amq.');
  return (
    <>
      <Head
        title={exchangeName(name)}
        copy={name}
        trail={[
          { title: 'Exchanges', path: ['exchanges'] },
          { title: vhost, path: ['exchanges'], vhost },
        ]}
        actions={
          exchange && (
            <>
              <button type="button" class="primary" onClick={() => publishTo(vhost, name, '')}>
                Publish
              </button>
              {!reserved && (
                <button
                  type="button"
                  class="danger"
                  onClick={() => deleteExchange(exchange, bindings.data?.length ?? 0)}
                >
                  Delete
                </button>
              )}
            </>
          )
        }
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !exchange ? (
        <Loading />
      ) : (
        <Tabs
          tabs={[
            { id: 'rates', title: 'Rates', body: () => <Rates exchange={exchange} /> },
            { id: 'bindings', title: 'Bindings', body: () => <Bindings exchange={exchange} leaving={bindings.data} /> },
            ...(exchange.messages_delayed === undefined
              ? []
              : [{ id: 'delayed', title: 'Delayed', body: () => <Delayed exchange={exchange} /> }]),
            { id: 'try', title: 'Try a key', body: () => <TryKey vhost={vhost} exchange={name} /> },
          ]}
        />
      )}
    </>
  );
}

function Rates({ exchange }: { exchange: Exchange }): JSX.Element {
  const { message_stats: stats } = exchange;
  return (
    <>
      <div class="row end">
        <RangePicker />
      </div>
      <Chart
        title="Message rates"
        unit="rate"
        rangeS={range().ageS}
        series={[
          { label: 'Published to it', colour: 'in', line: rates(detailsOf(stats, 'publish_in')) },
          { label: 'Given to queues', colour: 'out', line: rates(detailsOf(stats, 'publish_out')), dash: [6, 3] },
        ]}
      />
      <Section title="Declared with">
        <Facts
          facts={[
            ['Virtual host', exchange.vhost, 'vhost'],
            ['Type', exchange.type],
            ['Durable', exchange.durable ? 'yes' : 'no', 'durable'],
            ['Auto-delete', exchange.auto_delete ? 'yes' : 'no'],
            ['Internal', exchange.internal ? 'yes' : 'no', 'internal'],
            ['Arguments', tableText(exchange.arguments) || 'none'],
            [
              'Policy',
              exchange.policy ? (
                <PolicyName key="policy" kind="policies" vhost={exchange.vhost} name={exchange.policy} />
              ) : (
                'none'
              ),
            ],
            ['Dropped as duplicates', exact(exchange.messages_deduplicated), 'deduplicated'],
          ]}
        />
      </Section>
      <EffectiveSettings vhost={exchange.vhost} effective={exchange.effective} />
    </>
  );
}

function Bindings({ exchange, leaving }: { exchange: Exchange; leaving: readonly Binding[] | undefined }): JSX.Element {
  const { vhost, name } = exchange;
  const arriving = useLive<Binding[]>(`${exchangePath(vhost, name)}/bindings/destination`);
  return (
    <>
      <Section
        title="Gives to"
        actions={
          name !== '' && (
            <button type="button" onClick={() => void bind(vhost, { source: name })}>
              Bind
            </button>
          )
        }
      >
        {leaving ? <BindingTable bindings={leaving} end="destination" /> : <Loading rows={2} />}
      </Section>
      {arriving.data && arriving.data.length > 0 && (
        <Section title="Gets from">
          <BindingTable bindings={arriving.data} end="source" />
        </Section>
      )}
    </>
  );
}

function deleteExchange({ vhost, name }: Exchange, bindings: number): void {
  askDanger({
    title: `Delete the exchange ${name}?`,
    verb: 'Delete the exchange',
    loss: (
      <p>
        With it go <b>{plural(bindings, 'binding')}</b>. Who publishes to it then gets an error. No message in a queue
        is lost.
      </p>
    ),
    act: async () => {
      await send('DELETE', api`exchanges/${vhost}/${name}`);
      go(['exchanges']);
      say(`Deleted the exchange ${name}.`);
      return undefined;
    },
  });
}
