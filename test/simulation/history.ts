// All that a broker gave to its journal, in order, and how much of it was promised to somebody.
//
// Blocks become durable in order, so what a recovery finds must be what some first part of this history makes: one that has
// everything promised. That one comparison stands for invariants 1 to 4.
import type { DeathReason } from '../../src/broker/dead-letter.ts';
import type { Entry } from '../../src/broker/entry.ts';
import type { Fact } from '../../src/broker/facts.ts';
import { addressOf, type Message } from '../../src/broker/message.ts';
import { letterExchange } from './features.ts';
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
  readonly #lastGoneAt = new Map<string, number>();
  /** How many steps there were when letters of a message were published, and when those of its entries were settled whose letters had somewhere to go. */
  readonly #lettersAt = new Map<number, number[]>();
  readonly #deadAt = new Map<number, number[]>();
  /** By queue and sequence, like deadlines and priorities. */
  readonly #dying = new Map<string, Entry>();
  readonly #diedIn = new Set<string>();
  readonly #numberOf = new WeakMap<Entry, number>();
  readonly #deadlines = new Map<string, number>();
  readonly #priorities = new Map<string, number>();
  readonly #copies = new Map<string, number>();
  /** What has happened so often. */
  readonly tally = { rejected: 0, expired: 0, maxlen: 0, delivery_limit: 0, due: 0, refused: 0, policies: 0 };
  /** The queues whose arguments let them refuse messages. */
  refusing: ReadonlySet<string> = new Set();
  readonly #factsAt = new Map<string, number[]>();
  readonly #places = new Map<number, Place>();
  /** What an operator took back: what its worker says of it settles nothing. */
  readonly #takenBack = new Set<string>();
  /** Where a message stood in a queue, by `number@queue`, ever. */
  readonly sequences: Map<string, number> = new Map();

  published(sent: SentMessage, message: Message, entries: readonly Entry[]): void {
    const places: Place[] = [];
    for (const { id, queue, sequence, marks } of entries) {
      const key = `${sent.number}@${queue.name}`;
      this.#copies.set(key, (this.#copies.get(key) ?? 0) + 1);
      // What a crash has undone may have had the same sequence.
      this.#deadlines.set(`${queue.id} ${sequence}`, marks?.deadline ?? 0);
      this.#priorities.set(`${queue.id} ${sequence}`, marks?.priority ?? 0);
      const place = { queue: queue.id, sequence };
      places.push(place);
      this.#places.set(id, place);
      this.sequences.set(`${sent.number}@${queue.name}`, sequence);
    }
    this.#expectRoute(sent, message, entries);
    this.#add({ kind: 'published', message: sent.number, entries: places });
    const { header, headerStart, headerEnd } = message;
    const isOriginal = (header as Buffer).subarray(headerStart, headerEnd).equals(sent.header);
    if (isOriginal) this.#publishedAt.set(sent.number, this.steps.length);
    else push(this.#lettersAt, sent.number, this.steps.length);
  }

  settled(places: readonly Place[]): void {
    for (const { queue, sequence } of places) {
      const message = this.state.queues.get(queue)?.get(sequence);
      if (message !== undefined) this.#gone(message, queue);
    }
    this.#add({ kind: 'settled', places });
    for (const { queue, sequence } of places) {
      const death = this.#dying.get(`${queue} ${sequence}`);
      if (death === undefined) continue;
      this.#dying.delete(`${queue} ${sequence}`);
      const { settings } = death.queue;
      const to = settings.deadLetterExchange;
      const number = this.#numberOf.get(death);
      if (to === undefined || number === undefined || death.queue.deleted) continue;
      const ways = this.#destinations(to, settings.deadLetterRoutingKey ?? '');
      if (settings.deadLetterRoutingKey === undefined && to === '') continue;
      if ([...ways].some(name => this.state.queueId(name) !== undefined)) push(this.#deadAt, number, this.steps.length);
    }
  }

  /** It has left its queue, and is settled once its letter is published. */
  died(entry: Entry, reason: 'due' | DeathReason): void {
    this.tally[reason]++;
    const key = `${entry.queue.id} ${entry.sequence}`;
    const number = this.state.queues.get(entry.queue.id)?.get(entry.sequence);
    this.#dying.set(key, entry);
    if (number === undefined) return;
    this.#numberOf.set(entry, number);
    this.#diedIn.add(`${number}@${entry.queue.name}`);
  }

  /** Places of what was delivered and is on its way out. */
  get dyingDelivered(): string[] {
    const delivered = [...this.#dying].filter(([, { redelivered, deliveredAt }]) => redelivered || deliveredAt > 0);
    return delivered.map(([place]) => place);
  }

  isDying(queue: number, sequence: number): boolean {
    return this.#dying.has(`${queue} ${sequence}`);
  }

  isSettled({ queue, sequence }: Entry): boolean {
    return this.state.queues.get(queue.id)?.has(sequence) !== true;
  }

  isPublished(message: number): boolean {
    return this.#publishedAt.has(message);
  }

  /** Ms since the epoch; 0 is never. */
  deadlineOf(queue: number, sequence: number): number {
    return this.#deadlines.get(`${queue} ${sequence}`) ?? 0;
  }

  priorityOf(queue: number, sequence: number): number {
    return this.#priorities.get(`${queue} ${sequence}`) ?? 0;
  }

  /** Whether it was put into that queue more than once: a crash may double a dead letter. */
  isDoubled(message: number, queue: string): boolean {
    return (this.#copies.get(`${message}@${queue}`) ?? 0) > 1;
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
    push(this.#factsAt, `${fact.type} ${keyOf(fact)}`, this.steps.length);
  }

  /** Whether a queue that is full may have refused the message. */
  mayBeRefused({ exchange, routingKey }: SentMessage): boolean {
    return this.refusing.size > 0 && (exchange !== '' || this.refusing.has(routingKey));
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
    const key = `${message}@${queue}`;
    // What is dead-lettered is settled when its letter is published, which may be after that.
    if (!this.sequences.has(key) || this.#takenBack.has(key) || this.#diedIn.has(key)) return;
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
    if (this.#lastGoneAt.get(`${message}@${queue}`) !== 0) return false;
    const waiting = this.state.queues.get(this.state.queueId(queue) ?? 0);
    return waiting === undefined || ![...waiting.values()].includes(message);
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
    this.#expectLetters(at);
    for (const all of [this.#goneAt, this.#lastGoneAt, this.#publishedAt] as Map<unknown, number>[])
      for (const [key, step] of all)
        if (step <= at) all.set(key, 0);
        else all.delete(key);
    this.#deadAt.clear();
    this.#lettersAt.clear();
    this.#dying.clear();
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
    const key = `${message}@${this.state.queueNames.get(queue)}`;
    // One that is there twice counts as gone with the first: that may have been the one that was settled.
    if (!this.#goneAt.has(key)) this.#goneAt.set(key, this.steps.length + 1);
    this.#lastGoneAt.set(key, this.steps.length + 1);
  }

  /** A message goes to exactly the durable queues that durable bindings lead to. */
  #expectRoute(sent: SentMessage, message: Message, entries: readonly Entry[]): void {
    const { exchange, routingKey } = addressOf(message);
    const expected = this.#destinations(exchange, routingKey);
    const got = entries.map(({ queue }) => queue.name);
    // One that is full may refuse what others take.
    const full = [...expected].filter(name => this.refusing.has(name));
    const same =
      got.every(name => expected.has(name)) && [...expected].every(name => got.includes(name) || full.includes(name));
    if (!same) throw new Error(`message ${sent.number} was stored for [${got}] instead of [${[...expected]}]`);
  }

  /** After a crash a dead message is where it died, or where its letter went, or both. */
  #expectLetters(at: number): void {
    const upTo = (steps: readonly number[] = []): number => steps.filter(step => step <= at).length;
    for (const [message, settled] of this.#deadAt)
      if (upTo(this.#lettersAt.get(message)) < upTo(settled))
        throw new Error(`dead message ${message} is in neither place: it was settled, and its letter is lost`);
  }

  /** Where durable bindings lead. */
  #destinations(exchange: string, routingKey: string): Set<string> {
    const expected = new Set<string>();
    if (exchange === '') expected.add(routingKey);
    else
      for (const [key, value] of this.state.facts) {
        if (!key.startsWith(`binding ${exchange}>`)) continue;
        const binding = JSON.parse(value) as { destination: string; routingKey: string };
        if (
          exchange.startsWith('fan') ||
          exchange === letterExchange ||
          topicMatches(binding.routingKey.split('.'), routingKey.split('.'))
        )
          expected.add(binding.destination);
      }
    return expected;
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

function push<Key>(steps: Map<Key, number[]>, key: Key, step: number): void {
  const known = steps.get(key);
  if (known === undefined) steps.set(key, [step]);
  else known.push(step);
}

function topicMatches(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === '#') return topicMatches(rest, key) || (key.length > 0 && topicMatches(pattern, key.slice(1)));
  if (key.length === 0) return false;
  return (first === '*' || first === key[0]) && topicMatches(rest, key.slice(1));
}
