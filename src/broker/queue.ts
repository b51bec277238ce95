// A queue: what waits, who consumes, and the round robin between them.
import type { Table } from '../amqp/table.ts';
import type { Clock } from './clock.ts';
import type { Consumer } from './consumer.ts';
import { Entry } from './entry.ts';
import { Histogram } from './histogram.ts';
import type { Journal } from './journal.ts';
import type { Holder, Memory } from './memory.ts';
import type { Message } from './message.ts';
import { ReadAhead } from './read-ahead.ts';
import { ReadyList } from './ready-list.ts';
import { Ring } from './ring.ts';
import { QueueStats } from './stats.ts';
import type { Store } from './store.ts';
import type { Unsettled } from './unsettled.ts';

/** What every queue needs from the outside. */
export interface Services {
  readonly journal: Journal;
  /** Where transient messages are paged out to; undefined without a disk. */
  readonly scratch: Store | undefined;
  readonly memory: Memory;
  readonly clock: Clock;
  /** Runs it at the end of this turn of the event loop. */
  readonly later: (run: () => void) => void;
  /** Told of messages that cannot be delivered because their bytes are damaged. */
  readonly damaged: (entry: Entry) => void;
  /** What all channels have unsettled. */
  readonly unsettled: () => Iterable<Unsettled>;
}

export interface QueueOptions {
  readonly id: number;
  readonly vhost: string;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  /** The connection that owns an exclusive queue. */
  readonly owner: object | undefined;
  readonly arguments: Table;
}

export class Queue implements Holder {
  readonly kind = 'queue';
  readonly id: number;
  readonly vhost: string;
  readonly name: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly owner: object | undefined;
  readonly arguments: Table;
  readonly ready: ReadyList;
  readonly consumers: Set<Consumer> = new Set();
  /** Deliveries that are not settled, and the sum of their bodies' lengths. */
  unsettled = 0;
  unsettledBytes = 0;
  exclusiveConsumer: Consumer | undefined;
  deleted = false;
  /** Whether a consumer or a get may have been given messages since the queue was recovered. */
  consumed = false;
  nextSequence = 1;
  readonly stats: QueueStats = new QueueStats();
  /** From publish to first delivery. */
  readonly waitTimes: Histogram = new Histogram();
  /** From delivery to ack. */
  readonly processingTimes: Histogram = new Histogram();
  readonly services: Services;
  /** When a message was published that was the first when that was noted. */
  #oldest = { sequence: 0, publishedAt: 0 };
  /** Consumers that were not found without credit when last tried, in the order of their turns. */
  readonly #turns = new Ring<Consumer>();
  readonly #readAhead: ReadAhead;

  constructor(options: QueueOptions, services: Services) {
    this.id = options.id;
    this.vhost = options.vhost;
    this.name = options.name;
    this.durable = options.durable;
    this.autoDelete = options.autoDelete;
    this.owner = options.owner;
    this.arguments = options.arguments;
    this.services = services;
    this.ready = new ReadyList(this, services);
    this.#readAhead = new ReadAhead(this.ready, this);
    // Without a disk there is nowhere to page to.
    if (services.scratch !== undefined) services.memory.hold(this);
  }

  /** Whether a message with that persistence must survive in this queue. */
  keeps(message: Message): boolean {
    return this.durable && message.persistent;
  }

  /** Makes the entry of a new message; `enqueue` puts it in once the journal has it. */
  newEntry(message: Message): Entry {
    return new Entry(this, message, this.nextSequence++, false);
  }

  /** Takes in a new message: to the consumer whose turn it is, or to the end of what waits. */
  enqueue(entry: Entry): void {
    this.stats.published++;
    if (this.ready.count === 0) {
      const consumer = this.#nextConsumer();
      if (consumer !== undefined) {
        if (!consumer.noAck) entry.message.retain();
        // It was published in this turn.
        this.#deliver(consumer, entry, entry.message.publishedAt);
        return;
      }
    }
    entry.message.retain();
    this.ready.push(entry);
  }

  /** Hands out what waits for as long as a consumer has credit. Who knows the time gives it: asking the clock for each ack is dear. */
  dispatch(now: number = this.services.clock.now): void {
    const ready = this.ready;
    while (ready.count > 0) {
      if (ready.unloaded > 0 && !this.#readAhead.headIsLoaded()) return;
      const consumer = this.#nextConsumer();
      if (consumer === undefined) return;
      const entry = ready.shift() as Entry;
      if (ready.unloaded > 0) this.#readAhead.taken();
      this.#deliver(consumer, entry, now);
      if (consumer.noAck) entry.message.release();
    }
  }

  /** Takes the first message for basic.get: undefined when the queue is empty, 'paged' when it has to be read first. */
  take(noAck: boolean): Entry | 'paged' | undefined {
    if (this.first() === 'paged') return 'paged';
    const entry = this.ready.shift();
    if (entry === undefined) {
      this.stats.gotEmpty++;
      return undefined;
    }
    this.#handOut(entry, this.services.clock.now);
    if (noAck) {
      this.stats.gotNoAck++;
      this.#done(entry);
      entry.message.release();
    } else {
      this.stats.got++;
      this.unsettled++;
      this.unsettledBytes += entry.message.bodyBytes;
    }
    return entry;
  }

  /** Calls back when the first message is in memory, after `take` said 'paged'. */
  whenLoaded(run: () => void): void {
    this.#readAhead.whenLoaded(run);
  }

  /** An unsettled delivery was acknowledged. */
  ack(entry: Entry, now: number): void {
    const { consumer } = entry;
    const ms = now - entry.deliveredAt;
    this.stats.acked++;
    this.processingTimes.record(ms);
    if (consumer !== undefined) {
      consumer.stats.acked++;
      consumer.processingTimes.record(ms);
    }
    this.drop(entry, now);
  }

  /** An unsettled delivery need not come back. */
  drop(entry: Entry, now: number): void {
    this.discard(entry);
    if (entry.consumer !== undefined) this.answered(entry.consumer, now);
  }

  /** The same, but its consumer is not free for another one yet. */
  discard(entry: Entry): void {
    this.unsettled--;
    this.unsettledBytes -= entry.message.bodyBytes;
    this.#done(entry);
    entry.message.release();
  }

  /** A client has settled a delivery: its consumer may have room again. */
  answered(consumer: Consumer, now: number): void {
    consumer.unsettled--;
    if (consumer.waiting && this.#rejoin(consumer)) this.dispatch(now);
  }

  /** An unsettled delivery comes back to its old place. Nobody gets it before `redistribute`. */
  giveBack(entry: Entry): void {
    if (entry.consumer !== undefined) entry.consumer.unsettled--;
    this.#return(entry);
  }

  /**
   * An unsettled delivery comes back to its old place against the will of who has it, and goes to whoever is free. Who had it is free for
   * another one only when it has settled this one, and comes last where it is free all the same.
   */
  takeBack(entry: Entry): void {
    const { consumer } = entry;
    this.#return(entry);
    if (consumer !== undefined && this.#turns.remove(consumer)) this.#turns.push(consumer);
    if (!this.deleted) this.dispatch();
  }

  /** All of one requeue came back: whoever has credit gets what waits, in order. */
  redistribute(): void {
    if (this.deleted) return;
    for (const consumer of this.consumers) this.#rejoin(consumer);
    this.dispatch();
  }

  addConsumer(consumer: Consumer): void {
    this.consumers.add(consumer);
    if (consumer.exclusive) this.exclusiveConsumer = consumer;
    this.#turns.push(consumer);
  }

  /** Takes the consumer out of the turns; what it has unsettled stays with its channel. */
  removeConsumer(consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return;
    consumer.cancelled = true;
    if (this.exclusiveConsumer === consumer) this.exclusiveConsumer = undefined;
    if (!consumer.waiting) this.#turns.remove(consumer);
  }

  /** The consumer may have got credit: it joins the turns again at their end. */
  resume(consumer: Consumer): void {
    if (this.#rejoin(consumer)) this.dispatch();
  }

  /** Drops the message with that sequence, wherever it waits. False when it does not. */
  remove(sequence: number): boolean {
    const entry = this.ready.remove(sequence);
    if (entry === undefined) return false;
    this.#done(entry);
    entry.message.release();
    return true;
  }

  /** The first message, for a look at it: undefined when the queue is empty, 'paged' when it has to be read first. */
  first(): Entry | 'paged' | undefined {
    if (this.ready.unloaded > 0 && !this.#readAhead.headIsLoaded() && this.ready.count > 0) return 'paged';
    return this.ready.peek();
  }

  /** When the first message that waits was published, ms; undefined when there is none, or it is paged out and nobody has looked. */
  get oldestPublishedAt(): number | undefined {
    const { firstPublishedAt, firstSequence } = this.ready;
    if (firstPublishedAt !== 0) return firstPublishedAt;
    return firstSequence !== 0 && firstSequence === this.#oldest.sequence ? this.#oldest.publishedAt : undefined;
  }

  /** Somebody knows when a message was published: remembers it while that is the first one. */
  noteAge(sequence: number, publishedAt: number): void {
    if (sequence === this.ready.firstSequence) this.#oldest = { sequence, publishedAt };
  }

  /** Drops all that waits, not what is unsettled. Returns how many. */
  purge(): number {
    const count = this.ready.count;
    const kept: { id: number; bodyBytes: number }[] = [];
    const scratch: { id: number; bodyBytes: number }[] = [];
    this.ready.clear((id, bodyBytes, inScratch) => {
      if (id !== 0) (inScratch ? scratch : kept).push({ id, bodyBytes });
    });
    this.services.journal.settleAll(kept);
    this.services.scratch?.settleAll(scratch);
    return count;
  }

  /** The queue is deleted: the stores forget what it had. Unsettled deliveries are forgotten as their channels let go of them. */
  forget(): number {
    const count = this.ready.count;
    this.deleted = true;
    this.services.memory.leave(this);
    this.ready.clear((id, bodyBytes, inScratch) => {
      if (id !== 0) (inScratch ? (this.services.scratch as Store) : this.services.journal).forget(id, bodyBytes);
    });
    return count;
  }

  pageOut(): void {
    const { firstSequence, firstPublishedAt } = this.ready;
    if (firstPublishedAt !== 0) this.noteAge(firstSequence, firstPublishedAt);
    this.ready.pageOut(this.consumers.size > 0);
  }

  lose(entry: Entry): void {
    this.services.damaged(entry);
    this.#done(entry);
    entry.message.release();
  }

  loaded(): void {
    if (!this.deleted) this.dispatch();
  }

  #return(entry: Entry): void {
    this.unsettled--;
    this.unsettledBytes -= entry.message.bodyBytes;
    entry.consumer = undefined;
    if (this.deleted) {
      this.#done(entry);
      entry.message.release();
      return;
    }
    entry.redelivered = true;
    this.ready.return(entry);
  }

  #nextConsumer(): Consumer | undefined {
    for (;;) {
      const consumer = this.#turns.shift();
      if (consumer === undefined || consumer.hasCredit) return consumer;
      consumer.waiting = true;
    }
  }

  #deliver(consumer: Consumer, entry: Entry, now: number): void {
    this.#turns.push(consumer);
    this.#handOut(entry, now);
    consumer.stats.delivered++;
    if (entry.redelivered) consumer.stats.redelivered++;
    if (consumer.noAck) {
      this.stats.deliveredNoAck++;
      consumer.channel.deliver(consumer, entry);
      this.#done(entry);
      return;
    }
    this.stats.delivered++;
    this.unsettled++;
    this.unsettledBytes += entry.message.bodyBytes;
    consumer.unsettled++;
    entry.consumer = consumer;
    consumer.channel.deliver(consumer, entry);
  }

  /** Notes when it goes out, and how long it has waited for that. */
  #handOut(entry: Entry, now: number): void {
    entry.deliveredAt = now;
    if (entry.redelivered) this.stats.redelivered++;
    else this.waitTimes.record(now - entry.message.publishedAt);
  }

  #rejoin(consumer: Consumer): boolean {
    if (!consumer.waiting || consumer.cancelled || !consumer.hasCredit) return false;
    consumer.waiting = false;
    this.#turns.push(consumer);
    return true;
  }

  #done(entry: Entry): void {
    if (entry.id === 0) return;
    const store = entry.message.store as Store;
    if (this.deleted) store.forget(entry.id, entry.message.bodyBytes);
    else store.settle(entry);
  }
}
