// One picture of `leveret top`: a snapshot as lines that fit a width and a height.
import { type TableColumn, tableLines } from '../table.ts';
import type { Style } from '../terminal.ts';
import { cut, duration, pad, plain, rate, several } from '../text.ts';
import { workerColumns } from '../workers.ts';
import type { QueueRow, Snapshot } from './snapshot.ts';

/** How it is looked at. */
export interface View {
  /** Place of the sort column in `SORTS`. */
  readonly sort: number;
  readonly reverse: boolean;
  /** Place of the selected queue in the page. */
  readonly selected: number;
  readonly paused: boolean;
  /** Why there is no newer picture. */
  readonly failure: string | undefined;
  /** The keys and the selection are shown. */
  readonly live: boolean;
}

interface TopColumn {
  readonly title: string;
  readonly field: string;
  readonly right?: true;
  readonly cell: (queue: QueueRow) => string;
}

const rateOf = (queue: QueueRow, name: string): string => rate(queue.message_stats?.[`${name}_details`]?.rate ?? 0);
const spanOf = (ms: number | null | undefined): string => (typeof ms === 'number' ? duration(ms) : '-');

/** The columns of the queues, the list can be ordered by each. A narrow terminal cuts them off from the right. */
export const SORTS: readonly TopColumn[] = [
  { title: 'queue', field: 'name', cell: ({ name, vhost }) => plain(vhost === '/' ? name : `${name} (${vhost})`) },
  { title: 'ready', field: 'messages_ready', right: true, cell: queue => String(queue.messages_ready ?? 0) },
  {
    title: 'unacked',
    field: 'messages_unacknowledged',
    right: true,
    cell: queue => String(queue.messages_unacknowledged ?? 0),
  },
  { title: 'in/s', field: 'message_stats.publish_details.rate', right: true, cell: queue => rateOf(queue, 'publish') },
  {
    title: 'out/s',
    field: 'message_stats.deliver_get_details.rate',
    right: true,
    cell: queue => rateOf(queue, 'deliver_get'),
  },
  { title: 'ack/s', field: 'message_stats.ack_details.rate', right: true, cell: queue => rateOf(queue, 'ack') },
  { title: 'consumers', field: 'consumers', right: true, cell: queue => String(queue.consumers ?? 0) },
  { title: 'oldest', field: 'oldest_message_age_ms', right: true, cell: queue => spanOf(queue.oldest_message_age_ms) },
  {
    title: 'empty in',
    field: 'time_to_empty_s',
    right: true,
    cell: ({ time_to_empty_s: s }) => spanOf(typeof s === 'number' ? s * 1000 : s),
  },
];

/** A line and how all of it looks. */
export interface Line {
  readonly text: string;
  readonly style?: Style;
}

/** Lines above the queues, between them and the workers, and below. */
const headLines = 5;
const keys = 'up/down select  PgUp/PgDn page  s/S sort  r reverse  space pause  q quit';

/** How many queues fit into so many lines: two thirds of what is left, the rest is for workers. */
export function queueRows(height: number): number {
  return Math.max(1, Math.min(500, Math.floor(((height - headLines - 5) * 2) / 3)));
}

/** The picture. */
export function frameLines(snapshot: Snapshot, view: View, width: number, height: number): Line[] {
  const queues = queueLines(snapshot, view, width);
  const workers = workerLines(snapshot, width);
  const lines = [...head(snapshot), { text: '' }, ...queues, { text: '' }, ...workers];
  if (!view.live) return lines.map(line => ({ ...line, text: cut(line.text, width) }));
  const foot: Line =
    view.failure === undefined
      ? { text: view.paused ? `paused  ${keys}` : keys, style: 'dim' }
      : { text: view.failure, style: 'red' };
  // A small window loses the last workers, never the keys.
  const shown = lines.slice(0, Math.max(0, height - 1));
  while (shown.length < height - 1) shown.push({ text: '' });
  return [...shown, foot].map(line => ({ ...line, text: cut(line.text, width) }));
}

function head({ overview, trouble, at, queuesInAll, page, pages }: Snapshot): Line[] {
  const { object_totals: objects, queue_totals: totals, message_stats: stats = {} } = overview;
  const perSecond = (name: string): string => rate(stats[`${name}_details`]?.rate ?? 0);
  const name = overview.leveret_version
    ? `Leveret ${overview.leveret_version}`
    : `${overview.product_name} ${overview.product_version}`;
  const counts = ['connection', 'channel', 'consumer', 'queue'].map(noun => several(objects[`${noun}s`] ?? 0, noun));
  return [
    { text: `${name}  ${plain(overview.cluster_name)}  ${new Date(at).toLocaleTimeString('en-GB')}`, style: 'bold' },
    { text: `${counts.join('  ')}${pages > 1 ? `  (page ${page} of ${pages}, ${queuesInAll} queues)` : ''}` },
    {
      text: `${totals['messages_ready'] ?? 0} ready  ${totals['messages_unacknowledged'] ?? 0} unacked  in ${perSecond('publish')}/s  out ${perSecond('deliver_get')}/s  ack ${perSecond('ack')}/s`,
    },
    ...(trouble === undefined ? [] : [{ text: `not well: ${plain(trouble)}`, style: 'red' as const }]),
  ];
}

function queueLines({ queues }: Snapshot, view: View, width: number): Line[] {
  const mark = view.reverse ? '▼' : '▲';
  const columns = SORTS.map(
    ({ title, cell, right }, i): TableColumn => ({
      // With room for the mark in each, nothing moves when another one has it.
      title: `${title}${i === view.sort ? mark : ' '}`,
      cells: queues.map(cell),
      ...(right && { right }),
    }),
  );
  const [titles, ...rows] = tableLines(columns, width) as [string, ...string[]];
  const none: Line[] =
    queues.length === 0
      ? [{ text: 'no queues: a client makes them, or `leveret declare queue NAME`', style: 'dim' }]
      : [];
  return [
    { text: titles, style: 'bold' },
    ...rows.map(
      (text, i): Line => (view.live && i === view.selected ? { text: pad(text, width), style: 'inverse' } : { text }),
    ),
    ...none,
  ];
}

function workerLines({ workersOf, workers, at }: Snapshot, width: number): Line[] {
  if (workersOf === undefined) return [];
  const name = plain(workersOf.name);
  if (workers === undefined) return [{ text: `the broker does not tell who works on ${name}`, style: 'dim' }];
  if (workers.length === 0) return [{ text: `nobody works on ${name}`, style: 'dim' }];
  const [titles, ...rows] = tableLines(workerColumns(workers, at), width) as [string, ...string[]];
  return [
    { text: `${several(workers.length, 'worker')} on ${name}` },
    { text: titles, style: 'bold' },
    ...rows.map(text => ({ text })),
  ];
}
