// What queues and messages of one seed have besides the plain: arguments, properties and policies, by chance.
import { bool, longstr, Table, type TableEntry } from '../../src/amqp/table.ts';
import type { Plain } from '../../src/amqp/table-plain.ts';
import type { Chance } from './chance.ts';
import type { Extras } from './messages.ts';

/** Where dead letters go: `dl` and `dm` are never deleted, and nothing dies there. */
export const letterQueues = ['dl', 'dm'] as const;
export const letterExchange = 'dlx';

/** Keeps messages back for as long as they ask for. */
export const delayedExchange = 'late';
/** Drops messages whose value it has seen. */
const onceExchange = 'once';

const kinds = ['letters', 'expiry', 'length', 'policies', 'priorities', 'quorum', 'delays', 'duplicates'] as const;
type Kind = (typeof kinds)[number];

export class Features {
  readonly #chance: Chance;
  readonly #used: ReadonlySet<Kind>;
  readonly #arguments = new Map<string, Table>();
  /** What has seen values, and whether it remembers few. Only where all of them are in the journal is it plain which few. */
  readonly #knows: 'exchanges' | 'queues' | 'both';
  readonly #few: boolean;
  readonly #ttlMs: number | undefined;
  #lastValue = '';
  readonly #exchangeArguments = new Map<string, Table>();

  /** Half of all seeds use none. */
  constructor(chance: Chance, queues: readonly string[]) {
    this.#chance = chance;
    this.#used = new Set(chance.of(0.5) ? [] : kinds.filter(() => chance.of(0.5)));
    this.#knows = chance.pick(['exchanges', 'queues', 'both']);
    this.#few = this.#knows !== 'both' && chance.of(0.4);
    this.#ttlMs = chance.pick([undefined, 30, 500, 4000]);
    const late: TableEntry[] = [['x-delayed-type', longstr('topic')]];
    if (this.#knows !== 'queues' && this.uses('duplicates')) {
      this.#exchangeArguments.set(onceExchange, Table.from(this.#deduplication()));
      if (chance.of(0.3)) late.push(...this.#deduplication());
    }
    this.#exchangeArguments.set(delayedExchange, Table.from(late));
    for (const queue of queues) this.#arguments.set(queue, this.#choose(queue));
  }

  get letters(): boolean {
    return this.uses('letters');
  }

  uses(kind: Kind): boolean {
    return this.#used.has(kind);
  }

  /** What a queue is declared with, always the same in one seed. */
  argumentsOf(queue: string): Table {
    return this.#arguments.get(queue) ?? Table.empty;
  }

  /** Further exchanges of the seed, with their types. */
  get exchanges(): Readonly<Record<string, string>> {
    return {
      ...(this.uses('delays') ? { [delayedExchange]: 'x-delayed-message' } : {}),
      ...(this.#exchangeArguments.has(onceExchange) ? { [onceExchange]: 'topic' } : {}),
    };
  }

  exchangeArgumentsOf(exchange: string): Table {
    return this.#exchangeArguments.get(exchange) ?? Table.empty;
  }

  /** Whether an exchange that has seen few values may lead to that queue: what goes to transient queues alone is not in the journal. */
  mayBind(exchange: string, queue: string): boolean {
    const args = this.exchangeArgumentsOf(exchange);
    return !this.#few || args.get('x-message-deduplication') === undefined || queue.startsWith('d');
  }

  /** The queues that give messages back to their publishers. */
  get refusing(): ReadonlySet<string> {
    const refusing = [...this.#arguments].filter(([, args]) => args.get('x-overflow') !== undefined);
    return new Set(refusing.map(([queue]) => queue));
  }

  /** What the next message to that exchange carries. */
  extras(exchange: string, persistent: boolean): Extras {
    const chance = this.#chance;
    return {
      ...(exchange === delayedExchange && chance.of(0.9)
        ? { delayMs: chance.pick([0, chance.below(20), chance.below(500), 1000 + chance.below(6000)]) }
        : {}),
      ...(this.uses('duplicates') && persistent && chance.of(0.7) ? { value: this.#value() } : {}),
      ...(this.uses('expiry') && chance.of(0.3)
        ? { expiration: String(1 + chance.below(chance.pick([20, 3000]))) }
        : {}),
      ...(this.uses('priorities') && chance.of(0.7) ? { priority: chance.below(8) } : {}),
    };
  }

  /** What an operator sets for the queues whose names match. */
  policy(): { pattern: string; definition: Record<string, Plain> } {
    const chance = this.#chance;
    const definition: Record<string, Plain> = {};
    if (chance.of(0.5)) definition['message-ttl'] = chance.pick([20, 300, 2000]);
    if (chance.of(0.5)) definition['max-length'] = chance.pick([1, 5, 30]);
    if (this.letters && chance.of(0.5)) definition['dead-letter-exchange'] = letterExchange;
    if (Object.keys(definition).length === 0) definition['max-length'] = 10;
    return { pattern: chance.pick(['^d[0-9]', '^d[01]$', '^t']), definition };
  }

  #choose(queue: string): Table {
    const chance = this.#chance;
    const entries: TableEntry[] = [];
    const number = (key: string, value: number): void => void entries.push([key, { type: 'signedint', value }]);
    const text = (key: string, value: string): void => void entries.push([key, longstr(value)]);
    if (this.uses('duplicates') && this.#knows !== 'exchanges' && chance.of(0.7))
      entries.push(...this.#deduplication());
    if (this.letters && chance.of(0.7)) {
      const fanout = chance.of(0.4);
      text('x-dead-letter-exchange', fanout ? letterExchange : '');
      if (!fanout) text('x-dead-letter-routing-key', letterQueues[0]);
    }
    if (this.uses('expiry') && chance.of(0.5)) number('x-message-ttl', chance.pick([1, 30, 300, 2000]));
    if (this.uses('expiry') && queue === 'd4') number('x-expires', 1500);
    if (this.uses('length') && chance.of(0.6)) {
      if (chance.of(0.7)) number('x-max-length', chance.pick([1, 5, 30]));
      else number('x-max-length-bytes', 3000);
      if (chance.of(0.4)) text('x-overflow', 'reject-publish');
    }
    if (this.uses('quorum') && queue.startsWith('d') && chance.of(0.6)) {
      text('x-queue-type', 'quorum');
      number('x-delivery-limit', chance.pick([1, 3]));
    } else if (this.uses('priorities') && chance.of(0.6)) number('x-max-priority', 5);
    return Table.from(entries);
  }

  /** Often the last one again: a publisher that has waited too long for its confirm sends the message once more. */
  #value(): string {
    if (this.#lastValue === '' || this.#chance.of(0.7)) this.#lastValue = `v${this.#chance.below(60)}`;
    return this.#lastValue;
  }

  #deduplication(): TableEntry[] {
    const entries: TableEntry[] = [['x-message-deduplication', bool(true)]];
    if (this.#few) entries.push(['x-cache-size', { type: 'signedint', value: 4 }]);
    if (this.#ttlMs !== undefined) entries.push(['x-cache-ttl', { type: 'signedint', value: this.#ttlMs }]);
    return entries;
  }
}
