// `leveret peek`: the messages of a queue, ready or in a worker's hands, looked at without touching order or flags.
import type { Command } from 'commander';
import { Option } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { vhostCommand, whole } from './broker-command.ts';
import { bodyOf, messageLines, type ShownMessage } from './message-text.ts';
import { printTable, type TableColumn } from './table.ts';
import { say } from './terminal.ts';
import { duration, json, plain, several } from './text.ts';

interface PeekOptions extends BrokerOptions {
  readonly vhost: string;
  readonly state: 'ready' | 'unacked' | 'all';
  readonly limit: number;
  readonly after?: number;
  readonly key?: string;
  readonly header?: string;
  readonly text?: string;
  readonly full?: true;
  readonly sequence?: number;
  readonly body?: true;
}

/** A message as it lies in its queue. */
export interface QueuedMessage extends ShownMessage {
  readonly sequence: number;
  readonly state: 'ready' | 'unacked';
  readonly age_ms: number | null;
  readonly body_bytes: number;
  readonly worker: {
    readonly channel: string;
    readonly consumer_tag: string;
    readonly connection_name: string;
    readonly delivery_tag: number;
    readonly delivered_at: number;
  } | null;
}

interface Page {
  readonly items: readonly QueuedMessage[];
  readonly next: number | null;
}

/** So much of each body goes into the table, bytes. */
const previewBytes = 200;

const NOTES = `
Examples:
  leveret peek task_queue --state unacked              what the workers have in hand
  leveret peek task_queue --header customer=7 --full
  leveret peek task_queue --sequence 1042 --body > task.bin
`;

/** The command. */
export function peekCommand(): Command {
  return vhostCommand(
    'peek',
    'Looks at the messages of a queue without touching them: order and flags stay as they are.',
  )
    .argument('<queue>', 'the queue')
    .addOption(new Option('--state <state>', 'which messages').choices(['ready', 'unacked', 'all']).default('all'))
    .option('--limit <n>', 'at most so many', whole(1, 500), 20)
    .option('--after <sequence>', 'those behind this one', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--key <text>', 'those with this in their routing key')
    .option('--header <name=value>', 'those with this header')
    .option('--text <text>', 'those with this in their body')
    .option('--full', 'everything about each message instead of a line')
    .option('--sequence <n>', 'this one alone, in full', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--body', 'print the bodies alone, byte for byte')
    .addHelpText('after', NOTES)
    .action(peek);
}

async function peek(queue: string, options: PeekOptions): Promise<void> {
  const { items, next } = await find(queue, options);
  if (options.json) say(json({ items, next }));
  else if (options.body) for (const message of items) process.stdout.write(bodyOf(message));
  else if (options.full || options.sequence !== undefined) {
    for (const message of items) say(...messageLines(title(message), message));
  } else printTable(tableColumns(items));
  // Told beside the output, so that it is in nobody's way.
  if (next !== null && !options.json) process.stderr.write(`there are more: --after ${next}\n`);
}

async function find(queue: string, options: PeekOptions): Promise<Page> {
  const { vhost, sequence, header } = options;
  const api = new Api(options.url);
  const where = `queue '${queue}' in virtual host '${vhost}'`;
  if (sequence !== undefined) {
    const one = 'GET /queues/:vhost/:queue/messages/:sequence';
    const about = `message ${sequence} in ${where} (any more)`;
    return {
      items: [(await api.call(one, { names: { vhost, queue, sequence }, about })) as QueuedMessage],
      next: null,
    };
  }
  const isTable = !options.full && !options.body && !options.json;
  return (await api.call('GET /queues/:vhost/:queue/messages', {
    names: { vhost, queue },
    query: {
      state: options.state,
      limit: options.limit,
      after: options.after,
      key: options.key,
      header: header?.replace('=', ':'),
      text: options.text,
      truncate: isTable ? previewBytes : undefined,
    },
    about: where,
  })) as Page;
}

function title({ sequence, state, age_ms, body_bytes, worker }: QueuedMessage): string {
  const age = age_ms === null ? '' : `, ${duration(age_ms)} old`;
  const hands =
    worker === null ? '' : `, with ${plain(worker.connection_name)} for ${duration(Date.now() - worker.delivered_at)}`;
  return `message ${sequence}: ${state}${age}, ${several(body_bytes, 'byte')}${hands}`;
}

function tableColumns(items: readonly QueuedMessage[]): TableColumn[] {
  const column = (name: string, cell: (item: QueuedMessage) => string, right = false) => ({
    title: name,
    cells: items.map(cell),
    right,
  });
  return [
    column('sequence', ({ sequence }) => String(sequence), true),
    column('state', ({ state }) => state),
    column('age', ({ age_ms }) => (age_ms === null ? '-' : duration(age_ms)), true),
    column('redelivered', ({ redelivered }) => (redelivered ? 'yes' : 'no')),
    column('key', ({ routing_key }) => plain(routing_key)),
    column('bytes', ({ body_bytes }) => String(body_bytes), true),
    column('worker', ({ worker }) => plain(worker?.connection_name ?? '')),
    column('body', item => (item.payload_encoding === 'string' ? plain(item.payload) : '(not text)')),
  ];
}
