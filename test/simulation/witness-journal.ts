// The journal with a witness: it notes all that it is given, and breaks a rule where a fault asks for it.
import type { DeathReason } from '../../src/broker/dead-letter.ts';
import { DeadLetters } from '../../src/broker/dead-letters.ts';
import type { Entry } from '../../src/broker/entry.ts';
import type { Fact } from '../../src/broker/facts.ts';
import type { Message } from '../../src/broker/message.ts';
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

export class WitnessJournal extends Journal {
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

  override settle(entry: Entry): void {
    if (this.#fault === 'settled before the dead letter' && this.#history.isSettled(entry)) return;
    super.settle(entry);
    this.#history.settled([{ queue: entry.queue.id, sequence: entry.sequence }]);
  }

  /** An entry that has died is on its way to where its queue's dead letters go. */
  died(entry: Entry, reason: 'due' | DeathReason): void {
    if (entry.id === 0 || entry.message.store !== this) return;
    this.#history.died(entry, reason);
    if (this.#fault === 'settled before the dead letter') this.settle(entry);
  }

  override settleAll(entries: readonly { readonly id: number; readonly bodyBytes: number }[]): void {
    super.settleAll(entries);
    // So few are written one by one: a crash can come between any two.
    for (const place of this.#history.placesOf(entries)) this.#history.settled([place]);
  }

  override record(fact: Fact): void {
    const before = this.recorded;
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
