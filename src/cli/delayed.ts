// `leveret delayed ...`: the messages that a delayed exchange keeps back.
import { type Command, InvalidArgumentError } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { type Dangerous, dangerous, groupCommand, report, timeSpan, vhostCommand, whole } from './broker-command.ts';
import { printTable, type TableColumn } from './table.ts';
import { agree, say } from './terminal.ts';
import { duration, json, plain } from './text.ts';

interface DelayedOptions extends BrokerOptions {
  readonly vhost: string;
}

interface ListOptions extends DelayedOptions {
  readonly limit: number;
  readonly after?: number;
  readonly key?: string;
  readonly header?: string;
  readonly text?: string;
}

interface Delayed {
  readonly sequence: number;
  readonly due_in_ms: number;
  readonly routing_key: string;
  readonly body_bytes: number;
  readonly payload: string;
  readonly payload_encoding: 'string' | 'base64';
}

/** So much of each body goes into the table, bytes. */
const previewBytes = 200;

/** The command. */
export function delayedCommand(): Command {
  const below = [
    exchangeCommand('list', 'Lists messages that an exchange keeps back, and when each is due.')
      .option('--limit <n>', 'at most so many', whole(1, 500), 20)
      .option('--after <sequence>', 'those behind this one', whole(0, Number.MAX_SAFE_INTEGER))
      .option('--key <text>', 'those with this in their routing key')
      .option('--header <name=value>', 'those with this header')
      .option('--text <text>', 'those with this in their body')
      .action(list),
    dangerous(messageCommand('cancel', 'Drops a message that is kept back.')).action(cancel),
    messageCommand('reschedule', 'Keeps a message back for so long from now on.')
      .argument('<time>', 'such as 90s, 5m or 2h', span)
      .action(reschedule),
    messageCommand('release', 'Sends a message on now.').action(release),
  ];
  return groupCommand('delayed', 'Lists, cancels, reschedules and releases delayed messages.', below);
}

function exchangeCommand(name: string, description: string): Command {
  return vhostCommand(name, description).argument('<exchange>', 'an exchange of type x-delayed-message');
}

function messageCommand(name: string, description: string): Command {
  const sequence = whole(0, Number.MAX_SAFE_INTEGER);
  return exchangeCommand(name, description).argument('<sequence>', 'as `leveret delayed list` shows it', sequence);
}

function span(text: string): number {
  const ms = Math.round(timeSpan(text));
  if (ms < 1) throw new InvalidArgumentError('It takes a time above 0.');
  return ms;
}

async function list(exchange: string, options: ListOptions): Promise<void> {
  const { vhost, limit, after, key, header, text } = options;
  const answer = await new Api(options.url).call('GET /exchanges/:vhost/:exchange/delayed', {
    names: { vhost, exchange },
    query: { limit, after, key, header, text, truncate: options.json ? undefined : previewBytes },
    about: `exchange '${exchange}' in virtual host '${vhost}'`,
  });
  const { items, next } = answer as { items: Delayed[]; next: number | null };
  if (options.json) say(json({ items, next }));
  else printTable(columns(items));
  if (next !== null && !options.json) process.stderr.write(`there are more: --after ${next}\n`);
}

function columns(items: readonly Delayed[]): TableColumn[] {
  return [
    { title: 'sequence', cells: items.map(({ sequence }) => String(sequence)), right: true },
    { title: 'due in', cells: items.map(({ due_in_ms }) => duration(due_in_ms)), right: true },
    { title: 'key', cells: items.map(({ routing_key }) => plain(routing_key)) },
    { title: 'bytes', cells: items.map(({ body_bytes }) => String(body_bytes)), right: true },
    {
      title: 'body',
      cells: items.map(item => (item.payload_encoding === 'string' ? plain(item.payload) : '(not text)')),
    },
  ];
}

function asked(exchange: string, sequence: number, { vhost }: DelayedOptions) {
  const about = `message ${sequence} in exchange '${exchange}' of virtual host '${vhost}' (any more)`;
  return { names: { vhost, exchange, sequence }, about };
}

async function cancel(exchange: string, sequence: number, options: DelayedOptions & Dangerous): Promise<void> {
  const api = new Api(options.url);
  await agree(`Drop message ${sequence} of exchange '${exchange}'?`, options.yes);
  await api.call('DELETE /exchanges/:vhost/:exchange/delayed/:sequence', asked(exchange, sequence, options));
  report(options, `message ${sequence} was cancelled`, { cancelled: sequence });
}

async function reschedule(exchange: string, sequence: number, ms: number, options: DelayedOptions): Promise<void> {
  const answer = await new Api(options.url).call('PUT /exchanges/:vhost/:exchange/delayed/:sequence', {
    ...asked(exchange, sequence, options),
    body: { delay_ms: ms },
  });
  const { sequence: now } = answer as { sequence: number };
  report(options, `message ${sequence} is due in ${duration(ms)}, and is message ${now} from now on`, {
    sequence: now,
  });
}

async function release(exchange: string, sequence: number, options: DelayedOptions): Promise<void> {
  const call = 'POST /exchanges/:vhost/:exchange/delayed/:sequence/release';
  await new Api(options.url).call(call, asked(exchange, sequence, options));
  report(options, `message ${sequence} was sent on`, { released: sequence });
}
