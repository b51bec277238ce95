// The firehose of a vhost: copies of what is published, delivered, settled and lost go to its exchange `amq.rabbitmq.trace`.
import { decodeProperties, encodeProperties, type Properties } from '../amqp/properties.ts';
import { bool, type FieldValue, longstr, Table, type TableEntry } from '../amqp/table.ts';
import type { DeathReason } from './dead-letter.ts';
import type { Entry } from './entry.ts';
import { Source } from './memory.ts';
import { addressOf, encodeAddress, Message } from './message.ts';
import { publish } from './publish.ts';
import type { Queue } from './queue.ts';
import { route } from './route.ts';
import type { Services } from './services.ts';
import type { Vhost } from './vhost.ts';

export const traceExchange = 'amq.rabbitmq.trace';

/** Through whom something happens: a client's channel, or an operator, who has channel 0. */
export interface Actor {
  readonly connection: string;
  readonly channel: number;
  readonly user: string;
}

/** Why a delivery was not acknowledged: dropped or dead-lettered, given back as it was, given back as failed. */
export type NackReason = 'rejected' | 'requeued' | 'failed';

export class Tracer {
  readonly #vhost: Vhost;
  readonly #nodeName: string;
  readonly #services: Services;
  #copies: Message[] = [];

  constructor(vhost: Vhost, nodeName: string, services: Services) {
    this.#vhost = vhost;
    this.#nodeName = nodeName;
    this.#services = services;
  }

  /** `keys` are those that it was routed by, one character per byte. */
  published(message: Message, keys: readonly string[], queues: readonly Queue[], actor: Actor): void {
    const { exchange } = addressOf(message);
    // RabbitMQ tells the queues that the default exchange looks for, whether they are there or not.
    const routed = exchange === '' ? keys.map(text) : queues.map(({ name }) => longstr(name));
    this.#copy('publish', exchange, message, [
      ...this.#content(message, keys.map(text)),
      ['node', longstr(this.#nodeName)],
      ...this.#actor(actor),
      ['routed_queues', { type: 'array', value: routed }],
    ]);
  }

  delivered(entry: Entry, actor: Actor): void {
    this.#copy('deliver', entry.queue.name, entry.message, [
      ...this.#content(entry.message),
      ['node', longstr(this.#nodeName)],
      ['redelivered', integer(entry.redelivered ? 1 : 0)],
      ...this.#actor(actor),
    ]);
  }

  /** A client has acknowledged a delivery, or, with a reason, it is not acknowledged. */
  settled(entry: Entry, tag: number, reason: NackReason | undefined, actor: Actor): void {
    this.#copy(reason === undefined ? 'ack' : 'nack', entry.queue.name, entry.message, [
      ...this.#content(entry.message),
      ['node', longstr(this.#nodeName)],
      ...this.#actor(actor),
      ['delivery_tag', { type: 'long', value: BigInt(tag), tag: 'l' }],
      ['consumer_tag', longstr(entry.consumer?.tag ?? '')],
      ...(reason === undefined ? [] : ([['reason', longstr(reason)]] as const)),
    ]);
  }

  /** A message leaves its queue unacknowledged. */
  died(entry: Entry, reason: DeathReason): void {
    const { name, settings } = entry.queue;
    const headers: TableEntry[] = [
      ...this.#content(entry.message),
      ['node', longstr(this.#nodeName)],
      ['vhost', longstr(this.#vhost.name)],
      ['reason', longstr(reason)],
    ];
    const { deadLetterExchange } = settings;
    if (reason === 'expired') this.#copy('expire', name, entry.message, headers);
    if (deadLetterExchange !== undefined) {
      headers.push(['dead_letter_exchange', longstr(deadLetterExchange)]);
      this.#copy('dead-letter', name, entry.message, headers);
    } else if (reason === 'maxlen' || reason === 'delivery_limit') this.#copy('drop', name, entry.message, headers);
  }

  #actor({ connection, channel, user }: Actor): TableEntry[] {
    return [
      ['vhost', longstr(this.#vhost.name)],
      ['connection', longstr(connection)],
      ['channel', integer(channel)],
      ['user', longstr(user)],
    ];
  }

  /** What was paged out has no more to tell than that. */
  #content(message: Message, keys?: readonly FieldValue[]): TableEntry[] {
    if (!message.loaded) return [['paged_out', bool(true)]];
    const { header, headerStart, headerEnd } = message;
    const properties = decodeProperties(header as Buffer, headerStart, headerEnd);
    const { exchange, routingKey } = addressOf(message);
    const copies = properties.headers?.get('CC');
    const known = keys ?? [longstr(routingKey), ...(copies?.type === 'array' ? copies.value : [])];
    return [
      ['exchange_name', longstr(exchange)],
      ['routing_keys', { type: 'array', value: known }],
      ['properties', { type: 'table', value: Table.from(propertiesTable(properties)) }],
    ];
  }

  /** Publishes the copy at the end of this turn: the broker is in the middle of what it tells of. */
  #copy(what: string, name: string, of: Message, headers: readonly TableEntry[]): void {
    const exchange = this.#vhost.exchanges.get(traceExchange);
    if (exchange === undefined || exchange.bindings.size === 0 || isCopy(of)) return;
    const { memory, clock, later } = this.#services;
    const body = of.loaded
      ? Buffer.concat([of.body.subarray(of.bodyStart, of.bodyEnd), ...(of.rest ?? [])])
      : Buffer.alloc(0);
    const header = encodeProperties({ headers: Table.from(headers) }, body.length);
    const key = Buffer.from(`${what}.${name}`).subarray(0, 255).toString('latin1');
    const copy = new Message(
      encodeAddress(traceExchange, key),
      header,
      0,
      header.length,
      body,
      0,
      body.length,
      undefined,
      body.length,
      false,
      new Source(memory, header.length + body.length),
      clock.now,
    );
    this.#copies.push(copy);
    if (this.#copies.length === 1) later(() => this.#publish());
  }

  #publish(): void {
    const copies = this.#copies;
    this.#copies = [];
    const exchange = this.#vhost.exchanges.get(traceExchange);
    if (exchange === undefined) return;
    for (const copy of copies) {
      const key = copy.address.toString('latin1', 2 + traceExchange.length);
      const { queues } = route(this.#vhost, exchange, copy, [key]);
      exchange.stats.publishedIn++;
      exchange.stats.publishedOut += queues.length;
      if (queues.length > 0) publish(queues, copy, this.#services.journal);
    }
  }
}

/** Copies are not traced themselves, nor what became of them when they died. */
function isCopy(message: Message): boolean {
  if (!message.loaded) return false;
  if (addressOf(message).exchange === traceExchange) return true;
  const { header, headerStart, headerEnd } = message;
  const first = decodeProperties(header as Buffer, headerStart, headerEnd).headers?.get('x-first-death-exchange');
  return first?.type === 'longstr' && first.value.toString() === traceExchange;
}

/** In RabbitMQ's order, the last one first. */
function propertiesTable(properties: Properties): TableEntry[] {
  return (Object.entries(properties) as [string, Properties[keyof Properties]][])
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): TableEntry => [name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`), fieldOf(value)])
    .reverse();
}

function fieldOf(value: Properties[keyof Properties]): FieldValue {
  if (value instanceof Table) return { type: 'table', value };
  if (typeof value === 'string') return longstr(value);
  return integer(value as number | bigint);
}

/** A number as RabbitMQ's tracing tells it, where it has room. */
function integer(value: number | bigint): FieldValue {
  return value < 2 ** 31
    ? { type: 'signedint', value: Number(value) }
    : { type: 'long', value: BigInt.asIntN(64, BigInt(value)), tag: 'l' };
}

/** A key of one character per byte. */
function text(key: string): FieldValue {
  return { type: 'longstr', value: Buffer.from(key, 'latin1') };
}
