// What queues and messages of one seed have besides the plain: arguments, properties and policies, by chance.
import { longstr, Table, type TableEntry } from '../../src/amqp/table.ts';
import type { Plain } from '../../src/amqp/table-plain.ts';
import type { Chance } from './chance.ts';
import type { Extras } from './messages.ts';

/** Where dead letters go: `dl` and `dm` are never deleted, and nothing dies there. */
export const letterQueues = ['dl', 'dm'] as const;
export const letterExchange = 'dlx';

const kinds = ['letters', 'expiry', 'length', 'policies', 'priorities', 'quorum'] as const;
type Kind = (typeof kinds)[number];

export class Features {
  readonly #chance: Chance;
  readonly #used: ReadonlySet<Kind>;
  readonly #arguments = new Map<string, Table>();

  /** Half of all seeds use none. */
  constructor(chance: Chance, queues: readonly string[]) {
    this.#chance = chance;
    this.#used = new Set(chance.of(0.5) ? [] : kinds.filter(() => chance.of(0.5)));
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

  /** The queues that give messages back to their publishers. */
  get refusing(): ReadonlySet<string> {
    const refusing = [...this.#arguments].filter(([, args]) => args.get('x-overflow') !== undefined);
    return new Set(refusing.map(([queue]) => queue));
  }

  /** What the next message carries. */
  extras(): Extras {
    const chance = this.#chance;
    return {
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
}
