// All that a broker gave to its journal, in order, and how much of it was promised to somebody.
//
// Blocks become durable in order, so what a recovery finds must be what some first part of this history makes: one that has
// everything promised. That one comparison stands for invariants 1 to 4.
import type { DeathReason } from '../../src/broker/dead-letter.ts';
import type { Entry } from '../../src/broker/entry.ts';
import type { Fact } from '../../src/broker/facts.ts';
import { addressOf, type Message } from '../../src/broker/message.ts';
import { delayedExchange, letterExchange } from './features.ts';
import type { SentMessage } from './messages.ts';
import type { Seen } from './seen.ts';
import { keyOf, type Place, State, type Step } from './state.ts';

/** Why a message is published again: it has died, or its delay is over. */
type Copy = 'letter' | 'due';

/** A message on its way out of its queue. */
interface Leaving {
  readonly entry: Entry;
  readonly copy: Copy;
  /** Undefined when the journal has it no more. */
  readonly number: number | undefined;
  /** Whether its copy was published: once in a life of the broker. */
  sent: boolean;
}

export class History {
  clock: { readonly now: number } = { now: 0 };
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
  /** Places, as `queue sequence`, of messages that were lost on their way, for they were damaged. */
  readonly lost: Set<string> = new Set();
  /** By queue and sequence, like deadlines and priorities. */
  readonly #dying = new Map<string, Leaving>();
  readonly #diedIn = new Set<string>();
  /** Where something has died in this life: a crash may undo that it was settled, but its value may be in no snapshot. */
  readonly #diedAt = new Set<string>();
  /** Messages that the journal has not and that have died in this life: a persistent one has a letter all the same. */
  #unjournaledDeaths = 0;
  /** What an operator has sent on before its time. */
  readonly released: Set<number> = new Set();
  /** How many steps there were when an owner's value was recorded last, by both. */
  readonly #seenAt = new Map<string, number>();
  /** When an exchange forgets what it was given to remember in this life alone. */
  readonly #remembered = new Map<string, number>();
  /** Messages that were dropped as duplicates, with what has to be durable before that is confirmed. */
  readonly #duplicates = new Map<number, number>();
  readonly #duplicateIn = new Set<string>();
  readonly #sent = new Map<number, SentMessage>();
  /** The message that was published last, while only what is recorded of its value has followed. */
  #latest: { readonly sent: SentMessage; readonly isOriginal: boolean; readonly publishedAt: number } | undefined;
  readonly #deadlines = new Map<string, number>();
  readonly #priorities = new Map<string, number>();
  readonly #copies = new Map<string, number>();
  /** What has happened so often. */
  readonly tally = {
    rejected: 0,
    expired: 0,
    maxlen: 0,
    delivery_limit: 0,
    due: 0,
    duplicates: 0,
    refused: 0,
    policies: 0,
  };
  /** The queues whose arguments let them refuse messages. */
  refusing: ReadonlySet<string> = new Set();
  /** Of what transactions publish: the queues, and what the exchange knew of values then. */
  readonly #routed = new Map<number, { readonly names: Set<string>; readonly seen: Seen | undefined }>();
  readonly #factsAt = new Map<string, number[]>();
  readonly #places = new Map<number, Place>();
  /** What an operator took back: what its worker says of it settles nothing. */
  readonly #takenBack = new Set<string>();
  /** Where a message stood in a queue, by `number@queue`, ever. */
  readonly sequences: Map<string, number> = new Map();

  published(sent: SentMessage, message: Message, entries: readonly Entry[]): void {
    this.#sent.set(sent.number, sent);
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
    const { header, headerStart, headerEnd, publishedAt } = message;
    const isOriginal = (header as Buffer).subarray(headerStart, headerEnd).equals(sent.header);
    if (isOriginal && sent.exchange === delayedExchange && sent.delayMs > 0)
      this.#expectKeptBack(sent, message, entries);
    else this.#expectRoute(sent, message, entries, isOriginal);
    this.#expectNew(sent, message, entries, isOriginal);
    this.#add({ kind: 'published', message: sent.number, entries: places });
    if (isOriginal) this.#publishedAt.set(sent.number, this.steps.length);
    else this.#copied(sent, message);
    this.#latest = { sent, isOriginal, publishedAt };
  }

  /** A transaction's message goes to the queues that it was routed to when it was published. */
  routed({ number, exchange, routingKey }: SentMessage): void {
    if (exchange !== '')
      this.#routed.set(number, {
        names: this.#destinations(exchange, routingKey),
        seen: this.state.seen.get(exchange),
      });
  }

  settled(places: readonly Place[]): void {
    for (const { queue, sequence } of places) {
      const message = this.state.queues.get(queue)?.get(sequence);
      if (message !== undefined) this.#gone(message, queue);
    }
    this.#add({ kind: 'settled', places });
    for (const { queue, sequence } of places) {
      const leaving = this.#dying.get(`${queue} ${sequence}`);
      if (leaving === undefined) continue;
      this.#dying.delete(`${queue} ${sequence}`);
      const { number, sent, entry } = leaving;
      if (number === undefined || sent || entry.queue.deleted || !this.#leadsSomewhere(leaving, number)) continue;
      // The journal has both in this order: so after a crash a message is where it was, or where its copy went, or both.
      if (!entry.message.damaged) throw new Error(`message ${number} was settled before its copy was published`);
      this.lost.add(`${queue} ${sequence}`);
    }
  }

  /** It has left its queue, and is settled once its letter is published, or the message itself to where the delayed exchange leads. */
  died(entry: Entry, reason: 'due' | DeathReason): void {
    this.tally[reason]++;
    const { queue, sequence } = entry;
    const number = this.state.queues.get(queue.id)?.get(sequence);
    const copy = reason === 'due' ? 'due' : 'letter';
    this.#diedAt.add(`${queue.id} ${sequence}`);
    this.#dying.set(`${queue.id} ${sequence}`, { entry, copy, number, sent: false });
    if (number !== undefined) this.#diedIn.add(`${number}@${queue.name}`);
  }

  /** A message has died that the journal has not. */
  diedUnjournaled(): void {
    this.#unjournaledDeaths++;
  }

  /** An exchange was given a value to remember of a message that is not kept. */
  remembered(owner: string | number, value: string, publishedAt: number): void {
    this.#remembered.set(`${owner} ${value}`, publishedAt + (this.state.seen.get(owner)?.ttlMs ?? 0));
  }

  /** A message was dropped: the exchange or the queue knows its value. A confirm says that what it is a duplicate of is safe. */
  duplicate({ number, header }: SentMessage, owner: string | number, value: string, message: Message): void {
    const { publishedAt, headerStart, headerEnd } = message;
    this.tally.duplicates++;
    const key = `${owner} ${value}`;
    if (typeof owner === 'number') this.#duplicateIn.add(`${number}@${this.state.queueNames.get(owner)}`);
    const known = this.state.seen.get(owner)?.allowed.get(value);
    if (known !== undefined && known.expiresAt > publishedAt) {
      const since = Math.max(this.#duplicates.get(number) ?? 0, this.#seenAt.get(key) ?? 0);
      // Nobody waits for a confirm of what is published again.
      const isOriginal = message.header?.subarray(headerStart, headerEnd).equals(header) === true;
      if (isOriginal) this.#duplicates.set(number, since);
    } else if ((this.#remembered.get(key) ?? 0) <= publishedAt)
      throw new Error(`message ${number} was dropped as a duplicate, but nothing with the value ${value} was taken`);
  }

  /** What is wrong with the values that are known, undefined when nothing is. */
  seenMismatch(expected: State, found: State, isComplete: boolean): string | undefined {
    for (const [owner, seen] of expected.seen) {
      const isDying = (sequence: number): boolean => this.#diedAt.has(`${owner} ${sequence}`);
      const wrong = seen.mismatch(found.seen.get(owner), this.clock.now, isDying, isComplete);
      if (wrong !== undefined) return `of ${typeof owner === 'string' ? 'exchange' : 'queue'} ${owner} ${wrong}`;
    }
    return undefined;
  }

  /** Places of what was delivered and is on its way out. */
  get dyingDelivered(): string[] {
    const delivered = [...this.#dying].filter(([, { entry }]) => entry.redelivered || entry.deliveredAt > 0);
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
    if (fact.type === 'exchange.seen' || fact.type === 'queue.seen') return this.#seen(fact);
    const id =
      fact.type === 'queue.deleted' ? fact.id : fact.type === 'exchange.deleted' ? this.state.lineId(fact.name) : 0;
    for (const message of this.state.queues.get(id ?? 0)?.values() ?? []) this.#gone(message, id ?? 0);
    this.#add({ kind: 'fact', fact });
    const key = `${fact.type} ${keyOf(fact)}`;
    const at = this.#factsAt.get(key);
    if (at === undefined) this.#factsAt.set(key, [this.steps.length]);
    else at.push(this.steps.length);
  }

  /** Whether a queue that is full may have refused the message. */
  mayBeRefused({ exchange, routingKey }: SentMessage): boolean {
    return this.refusing.size > 0 && (exchange !== '' || this.refusing.has(routingKey));
  }

  /** A client was told that its message is safe. */
  confirmed(message: number): number | undefined {
    const at = this.#publishedAt.get(message);
    if (at !== undefined) this.promise(at);
    this.promise(this.#duplicates.get(message) ?? 0);
    return at;
  }

  /** An operator sends on what is kept back. */
  release(line: number, sequence: number): void {
    const message = this.state.queues.get(line)?.get(sequence);
    if (message !== undefined) this.released.add(message);
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
    const { at, state } = this.#firstPart(found);
    for (const [owner, seen] of state.seen) seen.keepOnly(found.seen.get(owner));
    this.#base = state.clone();
    this.state = state;
    this.steps.length = 0;
    this.#sums = [state.sum];
    this.promised = 0;
    for (const all of [this.#goneAt, this.#lastGoneAt, this.#publishedAt, this.#seenAt] as Map<unknown, number>[])
      for (const [key, step] of all)
        if (step <= at) all.set(key, 0);
        else all.delete(key);
    this.#dying.clear();
    this.#diedAt.clear();
    this.#unjournaledDeaths = 0;
    this.#remembered.clear();
    this.#duplicates.clear();
    this.#latest = undefined;
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

  /** The longest first part of the history that makes what was found. Throws when none does that has everything promised. */
  #firstPart(found: State): { at: number; state: State } {
    let mismatch: string | undefined;
    for (let at = this.steps.length; at >= this.promised; at--) {
      if (this.#sums[at] !== found.sum) continue;
      const state = this.#base.clone();
      for (let i = 0; i < at; i++) state.apply(this.steps[i] as Step);
      mismatch = this.seenMismatch(state, found, true);
      if (mismatch === undefined) return { at, state };
    }
    throw new Error(mismatch ?? this.#difference(found));
  }

  /** A value is recorded behind the message that has it, and with that it is promised. */
  #seen(fact: Extract<Fact, { type: 'exchange.seen' | 'queue.seen' }>): void {
    const owner = fact.type === 'exchange.seen' ? fact.exchange : fact.id;
    const { sent, isOriginal, publishedAt = 0 } = this.#latest ?? {};
    for (const each of fact.values) {
      const [value, expiresAt] = each.length === 2 ? each : [each[1], each[2]];
      if (sent === undefined || value !== `S${sent.value}`)
        throw new Error(`the value ${value} was recorded for ${owner}, but not behind its message`);
      if ((expiresAt ?? Number.POSITIVE_INFINITY) !== publishedAt + (this.state.seen.get(owner)?.ttlMs ?? 0))
        throw new Error(`the value ${value} was recorded for ${owner} until ${expiresAt}`);
      this.#seenAt.set(`${owner} ${value}`, this.steps.length + 1);
    }
    this.#add({ kind: 'fact', fact });
    if (sent !== undefined && isOriginal) this.#publishedAt.set(sent.number, this.steps.length);
  }

  /** A message that is to be kept back goes to the delayed exchange's own queue, up to its time. */
  #expectKeptBack({ number, delayMs }: SentMessage, { publishedAt }: Message, entries: readonly Entry[]): void {
    const line = this.state.lineId(delayedExchange);
    const [entry] = entries;
    if (entries.length !== 1 || entry?.queue.id !== line)
      throw new Error(
        `message ${number} was not kept back, but stored for [${entries.map(({ queue }) => queue.name)}]`,
      );
    const due = publishedAt + delayMs;
    if (entry?.marks?.deadline !== due)
      throw new Error(`message ${number} is due at ${entry?.marks?.deadline} instead of ${due}`);
  }

  /** What is published again has left its queue, once in this life: only a crash may double it. What was kept back is due. */
  #copied({ number }: SentMessage, message: Message): void {
    const copy: Copy = addressOf(message).exchange === delayedExchange ? 'due' : 'letter';
    const leaving = [...this.#dying.values()].find(
      each => each.number === number && each.copy === copy && !each.sent && !each.entry.queue.deleted,
    );
    if (leaving !== undefined) {
      leaving.sent = true;
      const { queue, sequence } = leaving.entry;
      const early = this.deadlineOf(queue.id, sequence) - message.publishedAt;
      if (copy === 'due' && early > 0 && !this.released.has(number))
        throw new Error(`message ${number} was passed on ${early} ms too early`);
    } else if (copy === 'due' || this.#unjournaledDeaths-- === 0)
      throw new Error(`message ${number} was published again without having left a queue`);
  }

  /** Whether a durable queue gets the copy of a message that leaves its queue. */
  #leadsSomewhere({ entry, copy }: Leaving, number: number): boolean {
    if (copy === 'due') {
      const { routingKey } = this.#sent.get(number) as SentMessage;
      return [...this.#destinations(delayedExchange, routingKey)].some(name => !this.#mayMiss(name, number));
    }
    const { deadLetterExchange, deadLetterRoutingKey } = entry.queue.settings;
    if (deadLetterExchange === undefined) return false;
    if (deadLetterRoutingKey === undefined && deadLetterExchange === '') return false;
    const ways = this.#destinations(deadLetterExchange, deadLetterRoutingKey ?? '');
    return [...ways].some(name => this.state.queueId(name) !== undefined);
  }

  /** Of what is taken nothing has a value that must be known. */
  #expectNew(sent: SentMessage, { publishedAt }: Message, entries: readonly Entry[], isOriginal: boolean): void {
    const owners: (string | number)[] = entries.map(({ queue }) => queue.id);
    // What is passed on or has died does not go by the exchange's memory.
    const routed = this.#routed.get(sent.number);
    // Nor does what is committed when another exchange has taken the place of its own.
    if (isOriginal && (routed === undefined || routed.seen === this.state.seen.get(sent.exchange)))
      owners.push(sent.exchange);
    for (const owner of owners) {
      const known = this.state.seen.get(owner)?.required.get(`S${sent.value}`);
      if (known === undefined || known.expiresAt <= publishedAt || this.#diedAt.has(`${owner} ${known.sequence}`))
        continue;
      throw new Error(`message ${sent.number} was taken, but ${owner} knows its value ${sent.value}`);
    }
  }

  /** A message goes to exactly the durable queues that durable bindings lead to. */
  #expectRoute(sent: SentMessage, message: Message, entries: readonly Entry[], isOriginal: boolean): void {
    const { exchange, routingKey } = addressOf(message);
    const expected = (isOriginal && this.#routed.get(sent.number)?.names) || this.#destinations(exchange, routingKey);
    for (const name of expected) if (this.state.queueId(name) === undefined) expected.delete(name);
    const got = entries.map(({ queue }) => queue.name);
    const same =
      got.every(name => expected.has(name)) &&
      [...expected].every(name => got.includes(name) || this.#mayMiss(name, sent.number));
    if (!same) throw new Error(`message ${sent.number} was stored for [${got}] instead of [${[...expected]}]`);
  }

  /** Whether a queue may be without a message that bindings lead to it: it is full, or has one with the same value. */
  #mayMiss(name: string, number: number): boolean {
    return this.refusing.has(name) || this.#duplicateIn.has(`${number}@${name}`);
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

function topicMatches(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === '#') return topicMatches(rest, key) || (key.length > 0 && topicMatches(pattern, key.slice(1)));
  if (key.length === 0) return false;
  return (first === '*' || first === key[0]) && topicMatches(rest, key.slice(1));
}
