// `leveret list workers`: who works on a queue, with which tasks in hand, and for how long.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { vhostCommand } from './broker-command.ts';
import { printTable, type TableColumn } from './table.ts';
import { say } from './terminal.ts';
import { duration, json, plain } from './text.ts';

/** Percentiles of a time, ms. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly count: number;
}

/** A task that a worker has in hand. */
export interface Task {
  readonly delivery_tag: number;
  readonly sequence: number;
  readonly delivered_at: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routing_key: string;
  readonly body_bytes: number;
}

/** A consumer of a queue, or what was got from it by `basic.get` (then its tag is empty). */
export interface Worker {
  readonly consumer_tag: string;
  readonly channel: string;
  readonly connection_name: string;
  readonly user_provided_name: string | null;
  readonly peer_host: string;
  readonly peer_port: number;
  readonly user: string;
  readonly client: string | null;
  readonly ack_required: boolean;
  readonly active: boolean;
  readonly prefetch_count: number;
  readonly delivered: number;
  readonly acked: number;
  readonly task_count: number;
  readonly tasks: readonly Task[];
  readonly processing_ms: Times | null;
}

/** The command. */
export function workersCommand(): Command {
  return vhostCommand('workers', 'Lists who works on a queue, with which tasks in hand, and for how long.')
    .argument('<queue>', 'the queue')
    .action(listWorkers);
}

async function listWorkers(queue: string, options: BrokerOptions & { readonly vhost: string }): Promise<void> {
  const workers = await workersOf(new Api(options.url), options.vhost, queue);
  if (options.json) say(json(workers));
  else printTable(workerColumns(workers, Date.now()));
}

/** Who works on the queue. @throws Failure 5 where there is no such queue */
export async function workersOf(api: Api, vhost: string, queue: string): Promise<Worker[]> {
  const about = `queue '${queue}' in virtual host '${vhost}'`;
  return (await api.call('GET /queues/:vhost/:queue/workers', { names: { vhost, queue }, about })) as Worker[];
}

/** The columns of a table of workers at a time, ms since the epoch. */
export function workerColumns(workers: readonly Worker[], now: number): TableColumn[] {
  const column = (title: string, cell: (worker: Worker) => string): TableColumn => ({
    title,
    cells: workers.map(cell),
  });
  const number = (title: string, cell: (worker: Worker) => string): TableColumn => ({
    ...column(title, cell),
    right: true,
  });
  const time = (ms: number | undefined): string => (ms === undefined ? '-' : duration(ms));
  return [
    column('worker', ({ user_provided_name, connection_name }) => plain(user_provided_name || connection_name)),
    column('tag', ({ consumer_tag }) => (consumer_tag === '' ? '(get)' : plain(consumer_tag))),
    column('from', ({ peer_host, peer_port }) => plain(`${peer_host}:${peer_port}`)),
    column('user', ({ user }) => plain(user)),
    column('client', ({ client }) => plain(client ?? '')),
    number('prefetch', ({ prefetch_count }) => String(prefetch_count)),
    number('tasks', ({ task_count }) => String(task_count)),
    number('longest', ({ tasks }) => time(longest(tasks, now))),
    number('acked', ({ acked }) => String(acked)),
    number('p50', ({ processing_ms }) => time(processing_ms?.p50)),
    number('p95', ({ processing_ms }) => time(processing_ms?.p95)),
    number('p99', ({ processing_ms }) => time(processing_ms?.p99)),
  ];
}

function longest(tasks: readonly Task[], now: number): number | undefined {
  return tasks.length === 0 ? undefined : now - Math.min(...tasks.map(({ delivered_at }) => delivered_at));
}
