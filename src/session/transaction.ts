// Classes tx and confirm: the two modes in which a channel can publish with an answer.

import type { Consumer } from '../broker/consumer.ts';
import { DelayLine } from '../broker/delay-line.ts';
import { preconditionFailed } from '../broker/errors.ts';
import type { Message } from '../broker/message.ts';
import type { Queue } from '../broker/queue.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Channel, Handlers } from './channel.ts';
import { Confirms } from './confirms.ts';
import { outputBytesMax, publishedBytes, settlementBytes, transactionBytesMax } from './context.ts';
import { writeDelivery } from './delivery.ts';
import type { Publishing, Target } from './publishing.ts';
import { settleRange, unknownTag, type Verdict } from './settling.ts';

/** A settlement that waits for the commit: of all from one tag up to another that no earlier one has settled. */
interface Settlement {
  readonly from: number;
  readonly upTo: number;
  readonly verdict: Verdict;
}

interface Publish {
  readonly message: Message;
  readonly target: Target;
  /** Where it was routed when it was published; undefined where its keys name the queues. */
  readonly queues: readonly Queue[] | undefined;
  readonly publishing: Publishing;
}

/** A delivery to the channel itself that follows the answer to its commit. */
interface Postponed {
  readonly consumer: Consumer;
  readonly tag: number;
  readonly message: Message;
  readonly redelivered: boolean;
}

/** What a transactional channel has published and settled since the last commit. */
export class Transaction {
  readonly #channel: Channel;
  #publishes: Publish[] = [];
  #settlements: Settlement[] = [];
  /** Deliveries stay with the channel until the commit. All up to this tag were settled here, and these. */
  #settledUpTo = 0;
  readonly #settledAlone = new Set<number>();
  /** A queue refused something of what was committed last. */
  #partial = false;
  /** What all this takes, as the limit counts it, bytes. */
  #bytes = 0;
  /** From the commit to its answer. */
  #postponed: Postponed[] | undefined;
  #postponedBytes = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get uncommittedPublishes(): number {
    return this.#publishes.length;
  }

  get uncommittedSettlements(): number {
    return this.#settlements.length;
  }

  /** Throws 406 when the transaction would be too large. */
  publish(message: Message, target: Target, publishing: Publishing): void {
    this.#grow(message.bodyBytes + publishedBytes);
    message.detach(this.#channel.connection.context.broker.services.memory);
    message.retain();
    const queues = target.exchangeName === '' ? undefined : publishing.route(message, target);
    this.#publishes.push({ message, target, queues, publishing });
  }

  /** An unknown tag fails here, not at commit. Throws 406 when the transaction would be too large. */
  settle(tag: number, multiple: boolean, verdict: Verdict): void {
    const { unsettled } = this.#channel;
    const all = multiple && tag === 0;
    if (!all && (!unsettled.owes(tag) || this.hasSettled(tag))) throw unknownTag(tag);
    this.#grow(settlementBytes);
    const upTo = all ? unsettled.nextTag - 1 : tag;
    this.#settlements.push({ from: multiple ? 0 : tag, upTo, verdict });
    if (multiple) this.#settledUpTo = upTo;
    else this.#settledAlone.add(tag);
  }

  /** Whether the delivery is settled here and waits for the commit. */
  hasSettled(tag: number): boolean {
    return tag <= this.#settledUpTo || this.#settledAlone.has(tag);
  }

  get isPartial(): boolean {
    return this.#partial;
  }

  /** A queue is full and did not take what the commit gave it. */
  refused(): void {
    this.#partial = true;
  }

  /** Publishes, then settles. */
  commit(): void {
    this.#postponed = [];
    this.#postponedBytes = 0;
    const publishes = this.#publishes;
    const settlements = this.#settlements;
    this.#forget();
    const { vhost, connection } = this.#channel;
    for (const { message, target, queues, publishing } of publishes) {
      message.publishedAt = connection.now;
      publishing.handOver(message, target, queues && stillThere(queues, vhost));
      message.release();
    }
    for (const { from, upTo, verdict } of settlements)
      this.#channel.released(settleRange(this.#channel, from, upTo, verdict));
  }

  /** Whether deliveries to the channel are to be postponed. */
  get isCommitting(): boolean {
    return this.#postponed !== undefined;
  }

  /** The message is the consumer's, and is written after the answer. */
  postpone(consumer: Consumer, tag: number, message: Message, redelivered: boolean): void {
    // Its queue may let go of the content meanwhile.
    const twin = message.twin();
    twin.retain();
    this.#postponed?.push({ consumer, tag, message: twin, redelivered });
    this.#postponedBytes += twin.bodyBytes + publishedBytes;
    if (this.#postponedBytes > outputBytesMax) this.#channel.credit.open = false;
  }

  /** The commit is answered: writes what was postponed. */
  answered(): void {
    const { connection, number } = this.#channel;
    for (const { consumer, tag, message, redelivered } of this.#postponed ?? []) {
      // The client was told already that its consumer is gone with its queue: some end the connection over a delivery to nobody.
      if (consumer.cancelled) this.#dropUnsent(tag);
      else writeDelivery(connection, number, consumer.prefix, tag, message, redelivered);
      message.release();
    }
    this.#postponed = undefined;
    if (!connection.congested) this.#channel.reopen();
  }

  /** What was never sent needs no settlement. */
  #dropUnsent(tag: number): void {
    const entry = this.#channel.unsettled.take(tag);
    if (entry === undefined) return;
    entry.queue.drop(entry, this.#channel.connection.now);
    this.#channel.released(1);
  }

  /** Drops the publishes; what was settled can be settled again. */
  rollback(): void {
    for (const { message } of this.#publishes) message.release();
    for (const { message } of this.#postponed ?? []) message.release();
    this.#postponed = undefined;
    this.#forget();
  }

  #grow(bytes: number): void {
    if (this.#bytes + bytes > transactionBytesMax)
      throw preconditionFailed(`transaction is larger than max size ${transactionBytesMax}`);
    this.#bytes += bytes;
  }

  #forget(): void {
    this.#publishes = [];
    this.#settlements = [];
    this.#settledUpTo = 0;
    this.#settledAlone.clear();
    this.#bytes = 0;
  }
}

/** In place of a queue that was deleted meanwhile comes a new one of its name, whatever its bindings are (RabbitMQ behaviour). */
function stillThere(queues: readonly Queue[], vhost: Vhost): readonly Queue[] {
  if (!queues.some(queue => queue.deleted)) return queues;
  const found = queues.map(queue =>
    queue.deleted && !(queue instanceof DelayLine) ? vhost.queues.get(queue.name) : queue,
  );
  return found.filter(queue => queue !== undefined && !queue.deleted) as Queue[];
}

export const transactionHandlers: Handlers = {
  'tx.select': channel => {
    if (channel.confirms !== undefined) throw preconditionFailed('cannot switch from confirm to tx mode');
    channel.transaction ??= new Transaction(channel);
    channel.send('tx.select-ok', {});
  },

  'tx.commit': channel => {
    const transaction = transactionOf(channel);
    const { journal } = channel.connection.context.broker.services;
    transaction.commit();
    const resume = channel.park(90, 20);
    journal.whenDurable({
      durable: () =>
        resume(() => {
          if (transaction.isPartial) throw preconditionFailed('partial tx completion');
          channel.send('tx.commit-ok', {});
          transaction.answered();
        }),
    });
  },

  'tx.rollback': channel => {
    transactionOf(channel).rollback();
    channel.send('tx.rollback-ok', {});
  },

  'confirm.select': (channel, args) => {
    if (channel.transaction !== undefined) throw preconditionFailed('cannot switch from tx to confirm mode');
    channel.confirms ??= new Confirms(channel, channel.connection.context.broker.services);
    if (!args.noWait) channel.send('confirm.select-ok', {});
  },
};

function transactionOf(channel: Channel): Transaction {
  if (channel.transaction === undefined) throw preconditionFailed('channel is not transactional');
  return channel.transaction;
}
