// What `leveret top` shows, asked of the API: the overview, a page of queues, and the workers of one of them.
import type { Api } from '../api.ts';
import type { Worker } from '../workers.ts';

/** A queue as the list of queues has it, in the columns that are asked for. */
export interface QueueRow {
  readonly name: string;
  readonly vhost: string;
  readonly state?: string;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly consumers?: number;
  readonly oldest_message_age_ms?: number | null;
  readonly time_to_empty_s?: number | null;
  readonly message_stats?: Readonly<Record<string, { readonly rate: number }>>;
}

interface Overview {
  readonly cluster_name: string;
  readonly product_name?: string;
  readonly product_version?: string;
  readonly leveret_version?: string;
  readonly object_totals: Readonly<Record<string, number>>;
  readonly queue_totals: Readonly<Record<string, number>>;
  readonly message_stats?: Readonly<Record<string, { readonly rate: number }>>;
}

/** Which queues, in which order. */
export interface Wish {
  readonly vhost: string | undefined;
  readonly filter: string | undefined;
  /** A field of the API. */
  readonly sort: string;
  readonly reverse: boolean;
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
}

/** The broker at a moment. */
export interface Snapshot {
  /** Ms since the epoch, by this machine's clock. */
  readonly at: number;
  readonly overview: Overview;
  readonly trouble: string | undefined;
  readonly queues: readonly QueueRow[];
  readonly queuesInAll: number;
  readonly page: number;
  readonly pages: number;
  readonly workersOf: QueueRow | undefined;
  /** undefined: the broker does not tell. */
  readonly workers: readonly Worker[] | undefined;
}

const fields = [
  'name',
  'vhost',
  'state',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
  'oldest_message_age_ms',
  'time_to_empty_s',
  'message_stats.publish_details.rate',
  'message_stats.deliver_get_details.rate',
  'message_stats.ack_details.rate',
];

interface Page {
  readonly items: readonly QueueRow[];
  readonly page: number;
  readonly page_count: number;
  readonly filtered_count: number;
}

/** Asks for everything. `selected` is the place in the page of the queue whose workers are wanted. @throws Failure */
export async function takeSnapshot(api: Api, wish: Wish, selected: number): Promise<Snapshot> {
  const [overview, health, page] = await Promise.all([
    api.call('GET /overview') as Promise<Overview>,
    api.ask('GET /health/checks/alarms', { accept: [503] }),
    askPage(api, wish),
  ]);
  const queue = page.items[Math.min(selected, page.items.length - 1)];
  return {
    at: Date.now(),
    overview,
    trouble: health.status === 200 ? undefined : (health.body as { reason: string }).reason,
    queues: page.items,
    queuesInAll: page.filtered_count,
    page: page.page,
    pages: page.page_count,
    workersOf: queue,
    workers: queue && (await workersIfTold(api, queue)),
  };
}

/** The page; where queues went away and it is no longer there, the first one. */
async function askPage(api: Api, wish: Wish): Promise<Page> {
  const call = wish.vhost === undefined ? 'GET /queues' : 'GET /queues/:vhost';
  const names = { vhost: wish.vhost ?? '' };
  const query = {
    page: wish.page,
    page_size: wish.pageSize,
    name: wish.filter,
    sort: wish.sort,
    sort_reverse: wish.reverse,
    columns: fields.join(','),
  };
  const about = `virtual host '${wish.vhost}'`;
  const { status, body } = await api.ask(call, { names, query, about, accept: wish.page > 1 ? [400] : [] });
  return (status === 400 ? await api.call(call, { names, query: { ...query, page: 1 }, about }) : body) as Page;
}

/** A queue may be gone by now, and RabbitMQ does not tell who works on what. */
async function workersIfTold(api: Api, { vhost, name }: QueueRow): Promise<readonly Worker[] | undefined> {
  const { status, body } = await api.ask('GET /queues/:vhost/:queue/workers', {
    names: { vhost, queue: name },
    accept: [400, 404],
  });
  return status === 200 ? (body as Worker[]) : undefined;
}
