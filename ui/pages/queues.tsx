// All queues.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { List, type ListFilter } from '../components/list.tsx';
import { Amount, Head, Tag } from '../components/parts.tsx';
import { Sparkline } from '../components/sparkline.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { age, bytes, count, DASH, duration, exact, rate } from '../format.ts';
import { Icon } from '../icons.tsx';
import { lengths } from '../series.ts';
import { user, vhosts } from '../session.ts';
import { settingSign, settingText, settingTitle } from '../settings.ts';
import { rateOf, tableText } from '../stats.ts';
import type { Queue } from '../types.ts';
import { link, view } from '../url.ts';
import { declareQueue } from './queue-actions.tsx';

const queueColumns: readonly Column<Queue>[] = [
  { id: 'name', title: 'Name', sort: 'name', cell: queue => <QueueName queue={queue} /> },
  { id: 'vhost', title: 'Virtual host', word: 'vhost', sort: 'vhost', extra: true, cell: queue => queue.vhost },
  { id: 'type', title: 'Type', sort: 'type', fields: ['type'], extra: true, cell: queue => queue.type },
  {
    id: 'features',
    title: 'Features',
    word: 'features',
    fields: [
      'durable',
      'auto_delete',
      'exclusive',
      'arguments',
      'policy',
      'operator_policy',
      'effective_policy_definition',
    ],
    cell: queue => <QueueFeatures queue={queue} />,
  },
  { id: 'policy', title: 'Policy', sort: 'policy', fields: ['policy'], extra: true, cell: queue => queue.policy ?? '' },
  {
    id: 'state',
    title: 'State',
    sort: 'state',
    fields: ['state', 'idle_since'],
    cell: queue => <QueueState queue={queue} />,
  },
  number('ready', 'Ready', 'messages_ready', queue => <Amount of={queue.messages_ready} colour="ready" />, {
    word: 'ready',
  }),
  number(
    'unacked',
    'Unacked',
    'messages_unacknowledged',
    queue => <Amount of={queue.messages_unacknowledged} colour="unacked" />,
    {
      word: 'unacked',
    },
  ),
  number('total', 'Total', 'messages', queue => count(queue.messages), { word: 'total' }),
  {
    id: 'length',
    title: 'Last minute',
    fields: ['messages_details'],
    cell: queue => <Sparkline line={lengths(queue.messages_details)} label={`Length of ${queue.name}`} />,
  },
  number('in', 'In', 'message_stats.publish_details.rate', queue => rate(rateOf(queue.message_stats, 'publish')), {
    word: 'in',
  }),
  number(
    'out',
    'Out',
    'message_stats.deliver_get_details.rate',
    queue => rate(rateOf(queue.message_stats, 'deliver_get')),
    { word: 'out' },
  ),
  number('acked', 'Acked', 'message_stats.ack_details.rate', queue => rate(rateOf(queue.message_stats, 'ack')), {
    word: 'acked',
  }),
  number(
    'redelivered',
    'Redelivered',
    'message_stats.redeliver_details.rate',
    queue => rate(rateOf(queue.message_stats, 'redeliver')),
    {
      word: 'redelivered',
      extra: true,
    },
  ),
  number('oldest', 'Oldest', 'oldest_message_age_ms', queue => age(queue.oldest_message_age_ms), { word: 'oldest' }),
  number('empty', 'Empty in', 'time_to_empty_s', queue => emptyIn(queue), { word: 'empty' }),
  number('wait', 'Wait p95', 'wait_ms.p95', queue => duration(queue.wait_ms?.p95), { word: 'wait', extra: true }),
  number('work', 'Work p95', 'processing_ms.p95', queue => duration(queue.processing_ms?.p95), {
    word: 'processing',
    extra: true,
  }),
  number('consumers', 'Consumers', 'consumers', queue => count(queue.consumers)),
  number('capacity', 'Capacity', 'consumer_capacity', queue => percent(queue.consumer_capacity), {
    word: 'capacity',
    extra: true,
  }),
  number('persistent', 'Persistent', 'messages_persistent', queue => count(queue.messages_persistent), { extra: true }),
  number('ram', 'In memory', 'messages_ram', queue => count(queue.messages_ram), { extra: true }),
  number('bytes', 'Bytes', 'message_bytes', queue => bytes(queue.message_bytes), { extra: true }),
  number('bytes-ready', 'Ready bytes', 'message_bytes_ready', queue => bytes(queue.message_bytes_ready), {
    extra: true,
  }),
  number(
    'bytes-unacked',
    'Unacked bytes',
    'message_bytes_unacknowledged',
    queue => bytes(queue.message_bytes_unacknowledged),
    {
      extra: true,
    },
  ),
  { id: 'node', title: 'Node', sort: 'node', fields: ['node'], extra: true, cell: queue => queue.node },
];

const queueFilters: readonly ListFilter[] = [
  {
    name: 'state',
    label: 'State',
    options: [
      ['running', 'running'],
      ['idle', 'idle'],
    ],
  },
  {
    name: 'feature',
    label: 'Features',
    options: [
      ['durable', 'durable'],
      ['transient', 'not durable'],
      ['auto_delete', 'auto-delete'],
      ['exclusive', 'exclusive'],
      ['arguments', 'with arguments'],
      ['policy', 'with a policy'],
    ],
  },
  {
    name: 'consumers',
    label: 'Consumers',
    options: [
      ['some', 'with consumers'],
      ['none', 'without consumers'],
    ],
  },
];

const command = "leveret publish tasks 'hello' && leveret consume --declare tasks -- cat";

export function QueuesPage(): JSX.Element {
  const vhost = view.value.params['vhost'];
  return (
    <>
      <Head title="Queues" />
      <List
        key={vhost}
        path={vhost === undefined ? api`queues` : api`queues/${vhost}`}
        noun="queue"
        columns={queueColumns}
        fields={['name', 'vhost']}
        filters={queueFilters}
        query={{ lengths_age: 60, lengths_incr: 5 }}
        keyOf={queue => `${queue.vhost} ${queue.name}`}
        actions={
          <button type="button" class="primary" onClick={() => void declareQueue(vhost ?? vhosts.value[0] ?? '/')}>
            <Icon name="plus" />
            Declare a queue
          </button>
        }
        empty={
          <Empty title="No queues yet" command={command}>
            <p>
              {vhosts.value.length === 0
                ? `${user.value?.name} has permissions in no virtual host; an administrator can give some.`
                : 'Declare one here, let a program declare it, or run this:'}
            </p>
          </Empty>
        }
      />
    </>
  );
}

function QueueName({ queue }: { queue: Queue }): JSX.Element {
  return (
    <>
      <a href={link(['queues', queue.vhost, queue.name])}>{queue.name}</a>
      {vhosts.value.length > 1 && view.value.params['vhost'] === undefined && (
        <small class="muted">{queue.vhost}</small>
      )}
    </>
  );
}

/** What a queue was declared with, as small tags. */
function QueueFeatures({ queue }: { queue: Queue }): JSX.Element {
  const said = Object.entries({ ...queue.effective_policy_definition, ...queue.arguments });
  const signs = new Map(said.flatMap(([name, value]) => signOf(name, value)));
  const extra = Object.entries(queue.arguments ?? {}).filter(
    ([name]) => name !== 'x-queue-type' && settingSign(name) === undefined,
  );
  const policies = [queue.policy, queue.operator_policy].filter(Boolean);
  return (
    <span class="tags">
      {queue.durable && <Tag title="Durable: it is there again after a restart">D</Tag>}
      {queue.auto_delete && <Tag title="Auto-delete: it goes with its last consumer">AD</Tag>}
      {queue.exclusive && <Tag title="Exclusive: only one connection may use it">Ex</Tag>}
      {[...signs].map(([sign, title]) => (
        <Tag key={sign} title={title}>
          {sign}
        </Tag>
      ))}
      {policies.length > 0 && <Tag title={`Policy: ${policies.join(', ')}`}>Pol</Tag>}
      {extra.length > 0 && <Tag title={tableText(Object.fromEntries(extra))}>Args</Tag>}
    </span>
  );
}

function signOf(name: string, value: unknown): [sign: string, title: string][] {
  const sign = settingSign(name);
  return sign === undefined ? [] : [[sign, `${settingTitle(name)}: ${settingText(name, value)}`]];
}

/** What a queue is doing, in a word. */
export function QueueState({ queue }: { queue: Queue }): JSX.Element {
  if (queue.state && !['running', 'idle'].includes(queue.state)) return <Tag mood="warn">{queue.state}</Tag>;
  return queue.idle_since ? (
    <span class="muted" title={`Since ${queue.idle_since}`}>
      idle
    </span>
  ) : (
    <span>running</span>
  );
}

/** When a queue will be empty, as things go. */
export function emptyIn(queue: Queue): string {
  if (queue.messages === 0) return DASH;
  const seconds = queue.time_to_empty_s;
  return seconds === null || seconds === undefined ? DASH : duration(Math.max(1, Math.round(seconds)) * 1000);
}

export function percent(part: number | null | undefined): string {
  return part === null || part === undefined ? DASH : `${exact(part * 100)} %`;
}

function number(
  id: string,
  title: string,
  field: string,
  cell: Column<Queue>['cell'],
  more: Partial<Column<Queue>> = {},
): Column<Queue> {
  const top = field.split('.')[0] as string;
  const fields = id === 'empty' ? [top, 'messages'] : field.endsWith('.rate') ? [field] : [top];
  return { id, title, number: true, sort: field, fields, cell, ...more };
}
