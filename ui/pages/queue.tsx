// One queue: its numbers, what can be done, and its tabs.
import type { JSX } from 'preact';
import { api, withQuery } from '../api.ts';
import { Figures, Head, samplesOf, Tabs } from '../components/parts.tsx';
import { Fault, Loading } from '../components/states.tsx';
import { age, count, percentiles, rate } from '../format.ts';
import { useLive } from '../live.ts';
import { rateOf } from '../stats.ts';
import type { Queue } from '../types.ts';
import { deleteQueue, getFrom, moveFrom, publishTo, purge } from './queue-actions.tsx';
import { QueueBindings } from './queue-bindings.tsx';
import { QueueFlow } from './queue-flow.tsx';
import { QueueMessages } from './queue-messages.tsx';
import { QueueReplay } from './queue-replay.tsx';
import { QueueSettings } from './queue-settings.tsx';
import { QueueWorkers } from './queue-workers.tsx';
import { emptyIn } from './queues.tsx';

export function QueuePage({ vhost, name }: { vhost: string; name: string }): JSX.Element {
  const live = useLive<Queue>(withQuery(api`queues/${vhost}/${name}`, samplesOf('lengths', 'msg_rates')));
  const queue = live.data;
  return (
    <>
      <Head
        title={name}
        copy={name}
        trail={[
          { title: 'Queues', path: ['queues'] },
          { title: vhost, path: ['queues'], vhost },
        ]}
        actions={queue && <Actions queue={queue} />}
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !queue ? (
        <Loading rows={8} />
      ) : (
        <>
          <QueueFigures queue={queue} />
          <Tabs
            tabs={[
              { id: 'flow', title: 'Flow', body: () => <QueueFlow queue={queue} /> },
              { id: 'workers', title: 'Workers', body: () => <QueueWorkers queue={queue} /> },
              { id: 'messages', title: 'Messages', body: () => <QueueMessages queue={queue} /> },
              { id: 'bindings', title: 'Bindings', body: () => <QueueBindings vhost={vhost} name={name} /> },
              { id: 'replay', title: 'Replay', body: () => <QueueReplay queue={queue} /> },
              { id: 'settings', title: 'Settings', body: () => <QueueSettings queue={queue} /> },
            ]}
          />
        </>
      )}
    </>
  );
}

function Actions({ queue }: { queue: Queue }): JSX.Element {
  return (
    <>
      <button type="button" class="primary" onClick={() => publishTo(queue.vhost, '', queue.name)}>
        Publish
      </button>
      <button type="button" onClick={() => getFrom(queue)}>
        Get
      </button>
      <button type="button" onClick={() => void moveFrom(queue)}>
        Move
      </button>
      <button type="button" class="danger" onClick={() => purge(queue)}>
        Purge
      </button>
      <button type="button" class="danger" onClick={() => deleteQueue(queue)}>
        Delete
      </button>
    </>
  );
}

function QueueFigures({ queue }: { queue: Queue }): JSX.Element {
  const { wait_ms: wait, processing_ms: work } = queue;
  return (
    <Figures
      figures={[
        { name: 'Ready', value: count(queue.messages_ready), word: 'ready', colour: 'ready' },
        { name: 'Unacked', value: count(queue.messages_unacknowledged), word: 'unacked', colour: 'unacked' },
        { name: 'In', value: rate(rateOf(queue.message_stats, 'publish')), word: 'in', colour: 'in' },
        { name: 'Out', value: rate(rateOf(queue.message_stats, 'deliver_get')), word: 'out', colour: 'out' },
        { name: 'Oldest', value: age(queue.oldest_message_age_ms), word: 'oldest' },
        { name: 'Empty in', value: emptyIn(queue), word: 'empty' },
        { name: 'Wait p50 / p95 / p99', value: percentiles(wait), word: 'wait', wide: true },
        { name: 'Work p50 / p95 / p99', value: percentiles(work), word: 'processing', wide: true },
      ]}
    />
  );
}
