// Message deduplication: what an exchange or a queue has seen, by the value of a header, and drops when it comes again.
import { peekProperty } from '../amqp/properties.ts';
import { type FieldValue, Table } from '../amqp/table.ts';
import { cacheSizeMax, integerOf, textOf, truthOf } from './argument-check.ts';
import type { Message } from './message.ts';

/** A longer value is none: its message is not compared with others, bytes. */
const valueBytesMax = 1024;
const sizeDefault = 128;
const headerDefault = 'x-deduplication-header';
/** So many values stand in one fact. */
const factValues = 1000;

/** A value and when it is forgotten, ms since the epoch; null is never. */
export type SeenValue = readonly [value: string, expiresAt: number | null];
/** The place of a message in its queue, its value, and when that is forgotten. */
export type WaitingValue = readonly [sequence: number, value: string, expiresAt: number | null];

/** What is asked for by the arguments `x-message-deduplication`, `x-cache-size`, `x-cache-ttl` and `x-deduplication-header`. */
interface Wanted {
  readonly header: string;
  readonly size: number;
  readonly ttlMs: number | undefined;
}

/** Of an exchange: values are remembered until there are too many or their time is over, whatever became of the message. */
export class ExchangeDeduplication {
  readonly #wanted: Wanted;
  /** When each is forgotten, and whether the journal has it; oldest first. */
  readonly #seen = new Map<string, { readonly expiresAt: number; readonly kept: boolean }>();

  private constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** Undefined where the arguments do not ask for it. */
  static of(args: Table): ExchangeDeduplication | undefined {
    return truthOf(args.get('x-message-deduplication')) === true
      ? new ExchangeDeduplication(wantedOf(args, sizeDefault))
      : undefined;
  }

  /** Whether it was seen before, at the time it was published. */
  isDuplicate(message: Message): boolean {
    const value = comparableOf(message, this.#wanted.header);
    const seen = value === undefined ? undefined : this.#seen.get(value);
    return seen !== undefined && seen.expiresAt > message.publishedAt;
  }

  /**
   * Remembers it, after a restart as well where the message is `kept`. Returns what the journal then has to record; undefined for a message
   * without a value.
   */
  remember(message: Message, kept: boolean): SeenValue | undefined {
    const value = comparableOf(message, this.#wanted.header);
    if (value === undefined) return undefined;
    const expiresAt = expiryOf(message, this.#wanted.ttlMs);
    this.#keep(value, expiresAt, kept);
    return kept ? [value, finite(expiresAt)] : undefined;
  }

  /** Takes in what recovery has found. */
  recover(values: readonly SeenValue[]): void {
    for (const [value, expiresAt] of values) this.#keep(value, expiresAt ?? Number.POSITIVE_INFINITY, true);
  }

  /** All that is remembered after a restart, in pieces. */
  *values(): Generator<readonly SeenValue[]> {
    const kept = [...this.#seen].filter(([, seen]) => seen.kept);
    yield* pieces(kept.map(([value, { expiresAt }]): SeenValue => [value, finite(expiresAt)]));
  }

  #keep(value: string, expiresAt: number, kept: boolean): void {
    // Again at the end: it is the newest now.
    this.#seen.delete(value);
    this.#seen.set(value, { expiresAt, kept });
    if (this.#seen.size > this.#wanted.size)
      for (const oldest of this.#seen.keys()) return void this.#seen.delete(oldest);
  }
}

/** Of a queue: a value is remembered for as long as its message is in the queue, delivered and not settled included. */
export class QueueDeduplication {
  readonly #wanted: Wanted;
  /** Oldest first. */
  readonly #places = new Map<string, { readonly sequence: number; readonly expiresAt: number }>();
  readonly #values = new Map<number, string>();

  private constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** Undefined where the arguments do not ask for it. */
  static of(args: Table): QueueDeduplication | undefined {
    return truthOf(args.get('x-message-deduplication')) === true
      ? new QueueDeduplication(wantedOf(args, cacheSizeMax))
      : undefined;
  }

  /** Whether one with the same value is in the queue. */
  isDuplicate(message: Message): boolean {
    const value = comparableOf(message, this.#wanted.header);
    const place = value === undefined ? undefined : this.#places.get(value);
    return place !== undefined && place.expiresAt > message.publishedAt;
  }

  /** It goes into the queue. Returns what has to be remembered after a restart; undefined for a message without a value. */
  remember(message: Message, sequence: number): WaitingValue | undefined {
    const value = comparableOf(message, this.#wanted.header);
    if (value === undefined) return undefined;
    const expiresAt = expiryOf(message, this.#wanted.ttlMs);
    this.#keep(sequence, value, expiresAt);
    this.#trim();
    return [sequence, value, finite(expiresAt)];
  }

  /** The message is not in the queue any more. */
  settled(sequence: number): void {
    const value = this.#values.get(sequence);
    if (value === undefined) return;
    this.#values.delete(sequence);
    if (this.#places.get(value)?.sequence === sequence) this.#places.delete(value);
  }

  /** Takes in what recovery has found. Of some messages it will turn out that they are settled: until then there may be too many. */
  recover(values: readonly WaitingValue[]): void {
    for (const [sequence, value, expiresAt] of values)
      this.#keep(sequence, value, expiresAt ?? Number.POSITIVE_INFINITY);
  }

  /** Forgets what is not in the queue. */
  keepOnly(isThere: (sequence: number) => boolean): void {
    for (const sequence of [...this.#values.keys()]) if (!isThere(sequence)) this.settled(sequence);
    this.#trim();
  }

  /** All that is remembered, in pieces. */
  *values(): Generator<readonly WaitingValue[]> {
    yield* pieces(
      Array.from(
        this.#places,
        ([value, { sequence, expiresAt }]): WaitingValue => [sequence, value, finite(expiresAt)],
      ),
    );
  }

  #keep(sequence: number, value: string, expiresAt: number): void {
    const before = this.#places.get(value);
    if (before !== undefined) this.settled(before.sequence);
    this.#places.set(value, { sequence, expiresAt });
    this.#values.set(sequence, value);
  }

  #trim(): void {
    for (const { sequence } of this.#places.values()) {
      if (this.#places.size <= this.#wanted.size) return;
      this.settled(sequence);
    }
  }
}

function wantedOf(args: Table, sizeDefault: number): Wanted {
  return {
    header: textOf(args.get('x-deduplication-header')) ?? headerDefault,
    size: Math.min(integerOf(args.get('x-cache-size')) ?? sizeDefault, cacheSizeMax),
    ttlMs: integerOf(args.get('x-cache-ttl')),
  };
}

/** The value as a text that tells it from all others: numbers by what they are worth, whatever their type. */
function comparableOf(message: Message, header: string): string | undefined {
  const value = headerOf(message, header);
  if (value === undefined || value.type === 'void') return undefined;
  let text: string;
  if (value.type === 'longstr' || value.type === 'binary') text = `S${value.value.toString('latin1')}`;
  else if (typeof value.value === 'number' || typeof value.value === 'bigint') text = `N${value.value}`;
  else text = `T${Table.from([['', value]]).encoded.toString('latin1')}`;
  return text.length > valueBytesMax ? undefined : text;
}

/** The message's own time, `x-cache-ttl` among its headers, goes before that of the arguments. */
function expiryOf(message: Message, ttlMs: number | undefined): number {
  const own = integerOf(headerOf(message, 'x-cache-ttl'));
  const ms = own !== undefined && own > 0 ? own : ttlMs;
  return ms === undefined ? Number.POSITIVE_INFINITY : message.publishedAt + ms;
}

function headerOf({ header, headerStart, headerEnd }: Message, name: string): FieldValue | undefined {
  return peekProperty(header as Buffer, headerStart, headerEnd, 'headers')?.get(name);
}

function finite(expiresAt: number): number | null {
  return expiresAt === Number.POSITIVE_INFINITY ? null : expiresAt;
}

function* pieces<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += factValues) yield all.slice(at, at + factValues);
}
