// The flow of a vhost.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { FlowDrawing } from '../components/flow-drawing.tsx';
import { Head } from '../components/parts.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { around } from '../flow.ts';
import { Icon } from '../icons.tsx';
import { useLive } from '../live.ts';
import { vhosts } from '../session.ts';
import type { Flow } from '../types.ts';
import { setParams, view } from '../url.ts';

export function FlowPage(): JSX.Element {
  const { params } = view.value;
  const vhost = params['vhost'] ?? (vhosts.value.includes('/') ? '/' : vhosts.value[0]);
  const live = useLive<Flow>(vhost === undefined ? undefined : api`flow/${vhost}`);
  const filter = params['name']?.toLowerCase();
  const flow = live.data && filter ? around(live.data, node => node.name.toLowerCase().includes(filter)) : live.data;
  return (
    <>
      <Head title={vhost === undefined ? 'Flow' : `Flow of ${vhost}`} />
      <div class="toolbar">
        <div class="filter">
          <Icon name="search" />
          <input
            type="search"
            data-filter
            aria-label="Show what is around a name"
            placeholder="Show what is around a name"
            value={params['name'] ?? ''}
            onInput={event => setParams({ name: event.currentTarget.value || undefined })}
          />
        </div>
      </div>
      {live.error ? (
        <Fault error={live.error} />
      ) : !flow ? (
        <Loading />
      ) : flow.nodes.length === 0 ? (
        <Empty
          title={filter ? 'Nothing has that name' : 'Nothing flows here yet'}
          command="leveret publish tasks 'hello'"
        >
          <p>Producers, exchanges, queues and workers are drawn here as soon as there are some.</p>
        </Empty>
      ) : (
        <FlowDrawing flow={flow} />
      )}
    </>
  );
}
