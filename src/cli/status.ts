// `leveret status`: how the broker is and what it has, on one page.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand } from './broker-command.ts';
import { say, styled } from './terminal.ts';
import { bytes, duration, json, pad, plain, rate, several } from './text.ts';

interface Overview {
  readonly cluster_name: string;
  readonly node: string;
  readonly product_name?: string;
  readonly product_version?: string;
  readonly leveret_version?: string;
  readonly rabbitmq_version: string;
  readonly object_totals: Readonly<Record<'connections' | 'channels' | 'exchanges' | 'queues' | 'consumers', number>>;
  readonly queue_totals: {
    readonly messages?: number;
    readonly messages_ready?: number;
    readonly messages_unacknowledged?: number;
  };
  readonly message_stats?: Readonly<Record<string, { readonly rate: number } | number>>;
  readonly listeners: readonly { readonly protocol: string; readonly ip_address: string; readonly port: number }[];
}

interface Node {
  readonly uptime?: number;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly disk_free?: number;
  readonly fd_used?: number;
  readonly fd_total?: number;
}

interface Health {
  readonly status: string;
  readonly reason?: string;
}

/** The command. */
export function statusCommand(): Command {
  return brokerCommand('status', 'Shows how the broker is and what it has. Ends with 1 when it is not well.').action(
    status,
  );
}

async function status(options: BrokerOptions): Promise<void> {
  const api = new Api(options.url);
  const overview = (await api.call('GET /overview')) as Overview;
  // Only who monitors may see nodes; the rest is worth showing without.
  const node = await api.ask('GET /nodes/:node', { names: { node: overview.node }, accept: [401] });
  const { status: code, body } = await api.ask('GET /health/checks/alarms', { accept: [503] });
  const health = body as Health;
  if (code !== 200) process.exitCode = 1;
  if (options.json) {
    say(json({ url: api.where, health, overview, node: node.status === 200 ? node.body : null }));
    return;
  }
  const rows = [
    [
      'broker',
      `${overview.leveret_version ? `Leveret ${overview.leveret_version}` : `${overview.product_name ?? 'RabbitMQ'} ${overview.product_version ?? overview.rabbitmq_version}`}, ${plain(overview.cluster_name)}`,
    ],
    [
      'health',
      code === 200
        ? styled('well', 'green')
        : styled(`not well: ${plain(health.reason ?? 'it does not say why')}`, 'red'),
    ],
    ...(node.status === 200 ? nodeRows(node.body as Node) : []),
    [
      'listens on',
      overview.listeners.map(({ protocol, ip_address, port }) => plain(`${protocol} ${ip_address}:${port}`)).join(', '),
    ],
    ['has', objects(overview)],
    ['messages', messages(overview)],
    ['rates', rates(overview)],
  ];
  say(...rows.map(([title, text]) => `${styled(pad(title as string, 12), 'bold')}${text}`));
}

function nodeRows({ uptime, mem_used, mem_limit, disk_free, fd_used, fd_total }: Node): string[][] {
  const of = (used: number | undefined, total: number | undefined, show: (value: number) => string): string[] =>
    used === undefined ? [] : [total ? `${show(used)} of ${show(total)}` : show(used)];
  const row = (title: string, texts: readonly string[]): string[][] => texts.map(text => [title, text]);
  return [
    ...row('up for', uptime === undefined ? [] : [duration(uptime)]),
    ...row('memory', of(mem_used, mem_limit, bytes)),
    ...row('disk free', of(disk_free, undefined, bytes)),
    ...row('open files', of(fd_used, fd_total, String)),
  ];
}

function objects({ object_totals: totals }: Overview): string {
  return (['queue', 'exchange', 'connection', 'channel', 'consumer'] as const)
    .map(noun => several(totals[`${noun}s`] ?? 0, noun))
    .join(', ');
}

function messages({ queue_totals: totals }: Overview): string {
  return `${totals.messages ?? 0}: ${totals.messages_ready ?? 0} ready, ${totals.messages_unacknowledged ?? 0} unacknowledged`;
}

function rates({ message_stats: stats = {} }: Overview): string {
  const of = (name: string): string => {
    const details = stats[`${name}_details`];
    return rate(typeof details === 'object' ? details.rate : 0);
  };
  return `${of('publish')}/s in, ${of('deliver_get')}/s out, ${of('ack')}/s acknowledged`;
}
