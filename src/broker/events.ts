// What happens to the broker itself, told as messages to the exchange `amq.rabbitmq.event`, and to who watches.
import { encodeProperties } from '../amqp/properties.ts';
import { bool, type FieldValue, longstr, Table, type TableEntry } from '../amqp/table.ts';
import type { Plain } from '../amqp/table-plain.ts';
import { erlangTerm } from '../amqp/table-term.ts';
import type { Clock } from './clock.ts';
import { type EventKey, type EventValues, eventTable, type HeaderKind } from './event-table.ts';
import type { Journal } from './journal.ts';
import { type Memory, Source } from './memory.ts';
import { encodeAddress, Message } from './message.ts';
import { publish } from './publish.ts';
import { route } from './route.ts';
import type { Vhost } from './vhost.ts';

export const eventExchange = 'amq.rabbitmq.event';

/** Who acts where no user does. */
const nobody = 'rmq-internal';

/** Told of every event, in the order in which they happen. */
export type EventWatcher = (key: EventKey, headers: Table) => void;

interface EventServices {
  readonly journal: Journal;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly later: (run: () => void) => void;
}

export class Events {
  /** The vhost that has the exchange; undefined while none has. */
  home: Vhost | undefined;
  readonly #services: EventServices;
  readonly #watchers = new Set<EventWatcher>();
  #actor = nobody;
  #begun = false;
  #messages: Message[] = [];

  constructor(services: EventServices) {
    this.#services = services;
  }

  /** What was recovered happened before: events are told from here on. */
  begin(): void {
    this.#begun = true;
  }

  /** Calls back for every event, until the function returned is called. */
  watch(watcher: EventWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Runs it as the doing of that user. What it leaves for later is not. */
  by<T>(user: string, step: () => T): T {
    const before = this.#actor;
    this.#actor = user;
    try {
      return step();
    } finally {
      this.#actor = before;
    }
  }

  /** Tells of it, if anybody is there to be told. */
  emit<K extends EventKey>(key: K, values: EventValues<K>): void {
    if (!this.#begun || (this.#watchers.size === 0 && !this.#isBound())) return;
    const headers = Table.from(this.#headers(key, values as Readonly<Record<string, unknown>>));
    for (const watcher of this.#watchers) watcher(key, headers);
    if (!this.#isBound()) return;
    this.#messages.push(this.#message(key, headers));
    if (this.#messages.length === 1) this.#services.later(() => this.#publish());
  }

  #isBound(): boolean {
    const bindings = this.home?.exchanges.get(eventExchange)?.bindings;
    return bindings !== undefined && bindings.size > 0;
  }

  *#headers(key: EventKey, values: Readonly<Record<string, unknown>>): Generator<TableEntry> {
    const headers: Readonly<Record<string, HeaderKind>> = eventTable[key];
    for (const [header, kind] of Object.entries(headers)) {
      const value = kind === 'actor' ? this.#actor : values[header];
      if (value !== undefined) yield [header, field(kind, value)];
    }
    yield ['timestamp_in_ms', long(this.#services.clock.now)];
  }

  #message(key: string, headers: Table): Message {
    const { memory, clock } = this.#services;
    const timestamp = BigInt(Math.floor(clock.now / 1000));
    const header = encodeProperties({ headers, deliveryMode: 2, timestamp }, 0);
    const body = Buffer.alloc(0);
    const source = new Source(memory, header.length);
    const address = encodeAddress(eventExchange, key);
    return new Message(address, header, 0, header.length, body, 0, 0, undefined, 0, true, source, clock.now);
  }

  /** At the end of the turn: the broker is in the middle of what is told. Nothing that a publish does is an event. */
  #publish(): void {
    const messages = this.#messages;
    this.#messages = [];
    const exchange = this.home?.exchanges.get(eventExchange);
    if (this.home === undefined || exchange === undefined) return;
    for (const message of messages) {
      const key = message.address.toString('latin1', 2 + eventExchange.length);
      const { queues } = route(this.home, exchange, message, [key]);
      exchange.stats.publishedIn++;
      exchange.stats.publishedOut += queues.length;
      if (queues.length > 0) publish(queues, message, this.#services.journal);
    }
  }
}

/** An IPv4 address as RabbitMQ prints it; another one as it is. */
export function erlangAddress(host: string): string {
  const numbers = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  return numbers === null ? host : `{${numbers.slice(1).join(',')}}`;
}

function field(kind: HeaderKind, value: unknown): FieldValue {
  switch (kind) {
    case 'flag':
      return bool(value as boolean);
    case 'number':
      return long(value as number);
    case 'key':
      return { type: 'longstr', value: Buffer.from(value as string, 'latin1') };
    case 'texts':
      return array((value as readonly string[]).map(longstr));
    case 'codes':
      return array([...Buffer.from(value as string)].map(long));
    case 'arguments':
      return array(Array.from(value as Table, argument));
    case 'plain':
      return plain(value as Plain);
    default:
      return longstr(value as string);
  }
}

function argument([name, value]: TableEntry): FieldValue {
  return longstr(`{${erlangTerm(longstr(name))},${value.type},${erlangTerm(value)}}`);
}

function plain(value: Plain): FieldValue {
  if (typeof value === 'number') return Number.isInteger(value) ? long(value) : { type: 'double', value };
  if (typeof value === 'boolean') return bool(value);
  if (value === null || typeof value === 'string') return longstr(value ?? 'null');
  if (Array.isArray(value)) return array(value.map(plain));
  const entries = Object.entries(value).map(([name, each]): TableEntry => [name, plain(each as Plain)]);
  return { type: 'table', value: Table.from(entries) };
}

function array(value: readonly FieldValue[]): FieldValue {
  return { type: 'array', value };
}

function long(value: number): FieldValue {
  return { type: 'long', value: BigInt(Math.floor(value)), tag: 'l' };
}
