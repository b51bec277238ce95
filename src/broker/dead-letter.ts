// What a dead-lettered message says of its way: x-death and its neighbours, in the form that RabbitMQ 3.10.8 gives them.
import { decodeProperties, editProperties } from '../amqp/properties.ts';
import { type FieldValue, longstr, Table, type TableEntry } from '../amqp/table.ts';
import { rewritten } from '../amqp/table-rewrite.ts';
import { addressOf, encodeAddress, type Message } from './message.ts';
import type { Queue } from './queue.ts';

/** Why a message left its queue without having been acknowledged. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

interface Death {
  readonly queue: string;
  readonly reason: string;
}

/** What a message becomes on its way to a dead-letter exchange. */
export interface Letter {
  /** Exchange and routing key, encoded as a message has them. */
  readonly address: Buffer;
  /** The content header's payload. */
  readonly header: Buffer;
  /** The keys that it is routed by, of one character per byte. */
  readonly keys: readonly string[];
  /** Newest first. */
  readonly deaths: readonly Death[];
  /** Where the letter and those like it go, and the version of the topology that this holds for; -1 is none. */
  readonly routes: { version: number; queues: readonly Queue[] };
}

/** The letter of a message that dies in a queue with a dead-letter exchange. Its content must be in memory. `now` is ms since the epoch. */
export function letterOf(message: Message, queue: Queue, reason: DeathReason, now: number): Letter {
  const { exchange, routingKey } = addressOf(message);
  const { headerStart, headerEnd } = message;
  const header = message.header as Buffer;
  const { headers: given = Table.empty, expiration } = decodeProperties(header, headerStart, headerEnd);
  const { deadLetterExchange, deadLetterRoutingKey } = queue.settings;
  const headers = new Map<string, FieldValue>([...given].map(([key, value]) => [key, rewritten(value)]));
  const copies = headers.get('CC');
  const routingKeys = [longstr(routingKey), ...(copies?.type === 'array' ? copies.value : [])];
  // With a key of its own the letter goes nowhere else.
  if (deadLetterRoutingKey !== undefined) headers.delete('CC');
  const death: TableEntry[] = [
    ['reason', longstr(reason)],
    ['queue', longstr(queue.name)],
    ['time', { type: 'timestamp', value: BigInt(Math.floor(now / 1000)) }],
    ['exchange', longstr(exchange)],
    ['routing-keys', { type: 'array', value: routingKeys }],
  ];
  if (expiration !== undefined) death.push(['original-expiration', longstr(expiration)]);
  const isFirst = !headers.has('x-death');
  const deaths = withDeath(headers.get('x-death'), death);
  headers.set('x-death', { type: 'array', value: deaths });
  for (const [what, value] of Object.entries({ exchange, queue: queue.name, reason })) {
    if (isFirst) headers.set(`x-first-death-${what}`, longstr(value));
    headers.set(`x-last-death-${what}`, longstr(value));
  }
  const keys = (deadLetterRoutingKey === undefined ? routingKeys : [longstr(deadLetterRoutingKey)]).map(latin1Of);
  return {
    address: encodeAddress(deadLetterExchange as string, keys[0] as string),
    header: editProperties(header, headerStart, headerEnd, {
      headers: Table.from([...headers].sort(byKey)),
      expiration: undefined,
    }),
    keys,
    routes: { version: -1, queues: [] },
    deaths: deaths.map(entry => ({ queue: fieldOf(entry, 'queue'), reason: fieldOf(entry, 'reason') })),
  };
}

/**
 * Whether the letter would go round by itself: it has died in that queue before, and nobody has rejected it since. What is rejected
 * may go round for ever (RabbitMQ behaviour).
 */
export function goesRound(deaths: readonly Death[], queue: string): boolean {
  const at = deaths.findIndex(death => death.queue === queue);
  return at >= 0 && deaths.slice(0, at + 1).every(({ reason }) => reason !== 'rejected');
}

/**
 * The deaths with one more, which comes first. One for the same queue and reason counts up and keeps the time of the first one. Those
 * from before change their order into its reverse each time (RabbitMQ 3.10).
 */
function withDeath(known: FieldValue | undefined, death: readonly TableEntry[]): FieldValue[] {
  const before = known?.type === 'array' ? [...known.value].reverse() : [];
  const [, queue] = death[1] as TableEntry;
  const [, reason] = death[0] as TableEntry;
  const isSame = (other: FieldValue): boolean =>
    fieldOf(other, 'queue') === textOf(queue) && fieldOf(other, 'reason') === textOf(reason);
  const same = before.find(isSame);
  if (same?.type !== 'table') {
    const entries: TableEntry[] = [['count', long(1n)], ...death];
    return [{ type: 'table', value: Table.from(known?.type === 'array' ? entries.sort(byKey) : entries) }, ...before];
  }
  const count = same.value.get('count');
  const counted = typeof count?.value === 'number' || typeof count?.value === 'bigint' ? BigInt(count.value) + 1n : 1n;
  const entries = new Map<string, FieldValue>([...same.value]).set('count', long(counted));
  return [{ type: 'table', value: Table.from([...entries].sort(byKey)) }, ...before.filter(other => !isSame(other))];
}

function long(value: bigint): FieldValue {
  return { type: 'long', value, tag: 'l' };
}

function fieldOf(entry: FieldValue, key: string): string {
  const field = entry.type === 'table' ? entry.value.get(key) : undefined;
  return field === undefined ? '' : textOf(field);
}

function textOf(field: FieldValue): string {
  return field.type === 'longstr' ? Buffer.from(field.value).toString() : '';
}

function latin1Of(field: FieldValue): string {
  return field.type === 'longstr' ? Buffer.from(field.value).toString('latin1') : '';
}

function byKey([a]: TableEntry, [b]: TableEntry): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
