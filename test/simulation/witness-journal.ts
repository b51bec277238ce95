// The journal with a witness: it notes all that it is given, and breaks a rule where a fault asks for it.

import type { Broker } from '../../src/broker/broker.ts';
import type { DeathReason } from '../../src/broker/dead-letter.ts';
import { DeadLetters } from '../../src/broker/dead-letters.ts';
import { ExchangeDeduplication, QueueDeduplication } from '../../src/broker/deduplication.ts';
import type { Entry } from '../../src/broker/entry.ts';
import type { Fact } from '../../src/broker/facts.ts';
import type { Message } from '../../src/broker/message.ts';
import { Transaction } from '../../src/session/transaction.ts';
import { Journal } from '../../src/storage/journal.ts';
import type { SegmentState } from '../../src/storage/segment-state.ts';
import type { Fault } from './faults.ts';
import type { History } from './history.ts';
import { type Messages, numberOf, type SentMessage } from './messages.ts';

const { add } = DeadLetters.prototype;
DeadLetters.prototype.add = function (entry, reason): void {
  const { journal } = entry.queue.services;
  if (journal instanceof WitnessJournal) journal.died(entry, reason);
  add.call(this, entry, reason);
};

const { publish } = Transaction.prototype;
Transaction.prototype.publish = function (message, target, publishing): void {
  WitnessJournal.latest?.routed(message);
  publish.call(this, message, target, publishing);
};

const ofExchange = ExchangeDeduplication.prototype;
const ofQueue = QueueDeduplication.prototype;
for (const prototype of [ofExchange, ofQueue]) {
  const { isDuplicate } = prototype;
  prototype.isDuplicate = function (message): boolean {
    const is = isDuplicate.call(this, message);
    if (is) WitnessJournal.latest?.dropped(this, message);
    return is;
  };
}
const { remember } = ofExchange;
ofExchange.remember = function (message, kept): ReturnType<typeof remember> {
  if (!kept) WitnessJournal.latest?.remembered(this, message);
  return remember.call(this, message, kept);
};

export class WitnessJournal extends Journal {
  /** Simulations run one after the other: that of the broker that runs. */
  static latest: WitnessJournal | undefined;
  broker: Broker | undefined;
  readonly #history: History;
  readonly #messages: Messages;
  readonly #fault: Fault | undefined;

  constructor(
    history: History,
    messages: Messages,
    fault: Fault | undefined,
    ...parts: ConstructorParameters<typeof Journal>
  ) {
    super(...parts);
    this.#history = history;
    this.#messages = messages;
    this.#fault = fault;
    WitnessJournal.latest = this;
  }

  override publish(entry: Entry): void {
    const sent = this.#sent(entry.message);
    super.publish(entry);
    this.#history.published(sent, entry.message, [entry]);
  }

  override publishToAll(message: Message, entries: readonly Entry[]): void {
    const sent = this.#sent(message);
    super.publishToAll(message, entries);
    this.#history.published(sent, message, entries);
  }

  /** A transaction sends a message where bindings lead now, when it is committed. */
  routed(message: Message): void {
    this.#history.routed(this.#sent(message));
  }

  override settle(entry: Entry): void {
    if (this.#settlesEarly && this.#history.isSettled(entry)) return;
    super.settle(entry);
    this.#history.settled([{ queue: entry.queue.id, sequence: entry.sequence }]);
  }

  /** An entry is on its way to where its queue's dead letters go, or, when it is due, to where its delayed exchange leads. */
  died(entry: Entry, reason: 'due' | DeathReason): void {
    if (entry.id === 0 || entry.message.store !== this) {
      if (entry.message.persistent) this.#history.diedUnjournaled();
      return;
    }
    this.#history.died(entry, reason);
    const early = reason === 'due' ? 'delay forgotten' : 'settled before the dead letter';
    if (this.#fault === early) this.settle(entry);
  }

  /** A message is a duplicate of what that one knows. */
  dropped(deduplication: object, message: Message): void {
    const owner = this.#ownerOf(deduplication);
    const sent = this.#sent(message);
    if (owner !== undefined) this.#history.duplicate(sent, owner, `S${sent.value}`, message);
  }

  remembered(deduplication: object, message: Message): void {
    const owner = this.#ownerOf(deduplication);
    if (owner !== undefined) {
      this.#history.remembered(owner, `S${this.#sent(message).value}`, message.publishedAt);
    }
  }

  get #settlesEarly(): boolean {
    return this.#fault === 'settled before the dead letter' || this.#fault === 'delay forgotten';
  }

  /** The exchange or the durable queue that knows values there. */
  #ownerOf(deduplication: object): string | number | undefined {
    for (const exchange of this.broker?.vhosts.get('/')?.exchanges.values() ?? [])
      if (exchange.deduplication === deduplication) return exchange.name;
    for (const queue of this.broker?.queuesById.values() ?? [])
      if (queue.deduplication === deduplication) return queue.durable ? queue.id : undefined;
    return undefined;
  }

  override settleAll(entries: readonly { readonly id: number; readonly bodyBytes: number }[]): void {
    super.settleAll(entries);
    // So few are written one by one: a crash can come between any two.
    for (const place of this.#history.placesOf(entries)) this.#history.settled([place]);
  }

  override record(fact: Fact): void {
    const before = this.recorded;
    if (this.#fault === 'duplicate forgotten' && /\.seen$/.test(fact.type)) return this.#history.recorded(fact);
    super.record(fact);
    if (this.recorded > before) this.#history.recorded(fact);
  }

  override move(
    ...[publishedAt, content, bodyBytes, entries]: Parameters<Journal['move']>
  ): ReturnType<Journal['move']> {
    let written = entries;
    if (this.#fault === 'lost order')
      written = entries.map(entry => ({ ...entry, sequence: entry.sequence + (entry.sequence % 2) * 1000 }));
    if (this.#fault === 'double copy') written = entries.map(entry => ({ ...entry, id: 0 }));
    const moved = super.move(publishedAt, content, bodyBytes, written);
    for (const [i, { id }] of entries.entries()) {
      this.#history.moved(id, moved.firstId + i);
      if (this.#fault === 'double copy') this.segments.find(id)?.settle(id, bodyBytes);
    }
    return moved;
  }

  override carry(older: SegmentState): void {
    if (this.#fault !== 'settlement not carried') super.carry(older);
  }

  #sent({ header, headerStart, headerEnd, body, bodyStart, bodyEnd, rest }: Message): SentMessage {
    const bytes = Buffer.concat([body.subarray(bodyStart, bodyEnd), ...(rest ?? [])]);
    return this.#messages.get(numberOf((header as Buffer).subarray(headerStart, headerEnd), bytes));
  }
}
