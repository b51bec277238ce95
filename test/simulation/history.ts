// All that a broker gave to its journal, in order, and how much of it was promised to somebody.
//
// Blocks become durable in order, so what a recovery finds must be what some first part of this history makes: one that has
// everything promised. That one comparison stands for invariants 1 to 4.
import type { Fact } from '../../src/broker/facts.ts';
import type { SentMessage } from './messages.ts';
import { keyOf, type Place, State, type Step } from './state.ts';

export class History {
  /** The fold of everything. */
  state: State = new State();
  /** Steps since the last recovery. */
  readonly steps: Step[] = [];
  /** So many of them were promised to be durable. */
  promised = 0;
  #base: State = new State();
  /** The state's sum after so many steps. */
  #sums: number[] = [0];
  /** How many steps there were when a message was published, when it left a queue, and when something was last changed. */
  readonly #publishedAt = new Map<number, number>();
  readonly #goneAt = new Map<string, number>();
  readonly #factsAt = new Map<string, number[]>();
  readonly #places = new Map<number, Place>();
  /** What an operator took back: what its worker says of it settles nothing. */
  readonly #takenBack = new Set<string>();
  /** Where a message stood in a queue, by `number@queue`, ever. */
  readonly sequences: Map<string, number> = new Map();

  published(
    sent: SentMessage,
    entries: readonly {
      readonly id: number;
      readonly queue: { readonly id: number; readonly name: string };
      readonly sequence: number;
    }[],
  ): void {
    const places: Place[] = [];
    for (const { id, queue, sequence } of entries) {
      const place = { queue: queue.id, sequence };
      places.push(place);
      this.#places.set(id, place);
      this.sequences.set(`${sent.number}@${queue.name}`, sequence);
    }
    this.#expectRoute(
      sent,
      entries.map(({ queue }) => queue.name),
    );
    this.#add({ kind: 'published', message: sent.number, entries: places });
    this.#publishedAt.set(sent.number, this.steps.length);
  }

  settled(places: readonly Place[]): void {
    for (const { queue, sequence } of places) {
      const message = this.state.queues.get(queue)?.get(sequence);
      if (message !== undefined) this.#gone(message, queue);
    }
    this.#add({ kind: 'settled', places });
  }

  /** Those that a journal knows by their ids. */
  placesOf(ids: readonly { readonly id: number }[]): Place[] {
    return ids.map(({ id }) => this.#places.get(id) as Place);
  }

  moved(from: number, to: number): void {
    const place = this.#places.get(from);
    if (place !== undefined) this.#places.set(to, place);
  }

  recorded(fact: Fact): void {
    if (fact.type === 'queue.deleted')
      for (const message of this.state.queues.get(fact.id)?.values() ?? []) this.#gone(message, fact.id);
    this.#add({ kind: 'fact', fact });
    const key = `${fact.type} ${keyOf(fact)}`;
    const at = this.#factsAt.get(key);
    if (at === undefined) this.#factsAt.set(key, [this.steps.length]);
    else at.push(this.steps.length);
  }

  /** A client was told that its message is safe. */
  confirmed(message: number): number | undefined {
    const at = this.#publishedAt.get(message);
    if (at !== undefined) this.promise(at);
    return at;
  }

  /** An operator takes a delivery back. */
  takenBack(queue: number, sequence: number): void {
    const message = this.state.queues.get(queue)?.get(sequence);
    if (message !== undefined) this.#takenBack.add(`${message}@${this.state.queueNames.get(queue)}`);
  }

  /** A client was told that a settlement that came before `at` is safe. */
  expectSettled(message: number, queue: string, at: number): void {
    if (!this.sequences.has(`${message}@${queue}`) || this.#takenBack.has(`${message}@${queue}`)) return;
    const gone = this.#goneAt.get(`${message}@${queue}`);
    if (gone === undefined || gone > at)
      throw new Error(
        `message ${message} of queue ${queue} was settled before a publish that is confirmed, but the journal was not told`,
      );
  }

  /** A client was told that its declare, bind or delete, sent when there were `since` steps, is done. */
  answered(type: Fact['type'], key: string, since: number): void {
    const at = this.#factsAt.get(`${type} ${key}`);
    // Its own fact is the first since it was sent, or a later one; where there is none the thing was so before.
    const own = at?.find(step => step > since) ?? at?.at(-1);
    if (own !== undefined) this.promise(own);
  }

  promise(steps: number): void {
    this.promised = Math.max(this.promised, steps);
  }

  /** Whether the message is not in that queue any more, by what happened before the last recovery. */
  wasGone(message: number, queue: string): boolean {
    return this.#goneAt.get(`${message}@${queue}`) === 0;
  }

  /** Goes on from what a recovery has found. `entries` are the ids of what waits. Throws when that is not what it must be. */
  recovered(found: State, entries: readonly (Place & { readonly id: number })[]): void {
    let at = this.steps.length;
    while (at >= this.promised && this.#sums[at] !== found.sum) at--;
    if (at < this.promised) throw new Error(this.#difference(found));
    const state = this.#base;
    for (let i = 0; i < at; i++) state.apply(this.steps[i] as Step);
    this.#base = state.clone();
    this.state = state;
    this.steps.length = 0;
    this.#sums = [state.sum];
    this.promised = 0;
    for (const [key, gone] of this.#goneAt)
      if (gone <= at) this.#goneAt.set(key, 0);
      else this.#goneAt.delete(key);
    for (const [message, published] of this.#publishedAt)
      if (published <= at) this.#publishedAt.set(message, 0);
      else this.#publishedAt.delete(message);
    for (const [key, steps] of this.#factsAt) this.#factsAt.set(key, steps.some(step => step <= at) ? [0] : []);
    this.#places.clear();
    for (const { id, queue, sequence } of entries) this.#places.set(id, { queue, sequence });
  }

  #add(step: Step): void {
    this.steps.push(step);
    this.state.apply(step);
    this.#sums.push(this.state.sum);
  }

  #gone(message: number, queue: number): void {
    this.#goneAt.set(`${message}@${this.state.queueNames.get(queue)}`, this.steps.length + 1);
  }

  /** A message goes to exactly the durable queues that durable bindings lead to. */
  #expectRoute(sent: SentMessage, got: readonly string[]): void {
    const { exchange, routingKey } = sent;
    const expected = new Set<string>();
    if (exchange === '') expected.add(routingKey);
    else
      for (const [key, value] of this.state.facts) {
        if (!key.startsWith(`binding ${exchange}>`)) continue;
        const binding = JSON.parse(value) as { destination: string; routingKey: string };
        if (exchange.startsWith('fan') || topicMatches(binding.routingKey.split('.'), routingKey.split('.')))
          expected.add(binding.destination);
      }
    const same = expected.size === got.length && got.every(name => expected.has(name));
    if (!same) throw new Error(`message ${sent.number} was stored for [${got}] instead of [${[...expected]}]`);
  }

  #difference(found: State): string {
    const lines = [
      `what was recovered is no first part of what was journaled (${this.promised} of ${this.steps.length} steps were promised)`,
    ];
    const least = this.#base.clone();
    for (let i = 0; i < this.promised; i++) least.apply(this.steps[i] as Step);
    const names = (state: State, id: number): string => state.queueNames.get(id) ?? `#${id}`;
    for (const [what, state] of [
      ['promised', least],
      ['journaled', this.state],
    ] as const) {
      for (const [key, value] of state.facts)
        if (found.facts.get(key) !== value) lines.push(`${what} but not found: ${value}`);
      for (const [key, value] of found.facts)
        if (state.facts.get(key) !== value) lines.push(`found, but not ${what}: ${value}`);
      const count = (all: State, other: State, text: string): void => {
        for (const [id, messages] of all.queues) {
          const missing = [...messages].filter(([sequence]) => other.queues.get(id)?.has(sequence) !== true);
          if (missing.length === 0) continue;
          const some = missing
            .slice(0, 20)
            .map(([sequence, message]) => `${sequence}${message === 0 ? '' : ` (message ${message})`}`);
          lines.push(
            `queue ${names(all, id)} (id ${id}), ${text}: sequences ${some.join(', ')}${missing.length > 20 ? ', ...' : ''}`,
          );
        }
      };
      count(state, found, `${what} but not found`);
      count(found, state, `found, but not ${what}`);
    }
    return lines.join('\n  ');
  }
}

function topicMatches(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === '#') return topicMatches(rest, key) || (key.length > 0 && topicMatches(pattern, key.slice(1)));
  if (key.length === 0) return false;
  return (first === '*' || first === key[0]) && topicMatches(rest, key.slice(1));
}
