// A queue: what waits, who consumes, and the round robin between them.

import type { Table } from '../amqp/table.ts';
import type { Consumer } from './consumer.ts';
import type { DeathReason } from './dead-letter.ts';
import { QueueDeduplication, type WaitingValue } from './deduplication.ts';
import type { DelayedList } from './delayed-list.ts';
import { settingsOf } from './effective.ts';
import { Entry } from './entry.ts';
import { Histogram } from './histogram.ts';
import type { Gone } from './line.ts';
import type { Holder } from './memory.ts';
import type { Message } from './message.ts';
import { hasExpiration, newMarks } from './new-marks.ts';
import type { Place } from './packed.ts';
import type { Policy } from './policy.ts';
import { PriorityList } from './priority-list.ts';
import { plainSettings, type QueueSettings } from './queue-settings.ts';
import { ReadAhead } from './read-ahead.ts';
import { ReadyList } from './ready-list.ts';
import { ReturnedInTurn } from './returned-in-turn.ts';
import type { Services } from './services.ts';
import { DeathStats, QueueStats } from './stats.ts';
import type { NewPlace, Store } from './store.ts';
import type { Tracer } from './tracer.ts';
import { Turns } from './turns.ts';
import { Upkeep } from './upkeep.ts';

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
  policy: Policy | undefined;
  operatorPolicy: Policy | undefined;
  /** Changed by `configure` alone. */
  settings: QueueSettings = plainSettings;
  ready: ReadyList | PriorityList | DelayedList;
  readonly consumers: Set<Consumer> = new Set();
  /** Deliveries that are not settled, and the sum of their bodies' lengths. */
  unsettled = 0;
  unsettledBytes = 0;
  exclusiveConsumer: Consumer | undefined;
  /** Who alone is delivered to, where the queue has a single active consumer. */
  activeConsumer: Consumer | undefined;
  deleted = false;
  /** Whether a consumer or a get may have been given messages since the queue was recovered. */
  consumed = false;
  nextSequence = 1;
  readonly stats: QueueStats = new QueueStats();
  /** Where its arguments ask for it. */
  readonly deduplication: QueueDeduplication | undefined;
  readonly deaths: DeathStats = new DeathStats();
  /** From publish to first delivery. */
  readonly waitTimes: Histogram = new Histogram();
  /** From delivery to ack. */
  readonly processingTimes: Histogram = new Histogram();
  readonly services: Services;
  /** That of the vhost. */
  tracer: Tracer | undefined;
  /** When a message was published that was the first when that was noted. */
  #oldest = { sequence: 0, publishedAt: 0 };
  /** Whether a full queue refuses messages instead of dropping its first ones. */
  refusing = false;
  /** Whether a message may be kept out: by `refuses`, or by what is here already. */
  guarded = false;
  /** Consumers that were not found without credit when last tried. */
  readonly #turns = new Turns();
  #readAhead: ReadAhead;
  readonly #upkeep: Upkeep;
  /** Whether new messages get marks whatever they say themselves. */
  #marks = false;
  #isConfigured = false;

  constructor(options: QueueOptions, services: Services) {
    this.id = options.id;
    this.vhost = options.vhost;
    this.name = options.name;
    this.durable = options.durable;
    this.autoDelete = options.autoDelete;
    this.owner = options.owner;
    this.arguments = options.arguments;
    this.deduplication = QueueDeduplication.of(options.arguments);
    this.services = services;
    this.ready = new ReadyList(this, services);
    this.#upkeep = new Upkeep(this, services.clock.now);
    this.#readAhead = new ReadAhead(this.ready, this);
    // Without a disk there is nowhere to page to.
    if (services.scratch !== undefined) services.memory.hold(this);
  }

  /** What its arguments and policies say has changed, or is known for the first time: what waits is treated by it from now on. */
  configure(settings: QueueSettings): void {
    this.settings = settings;
    const { messageTtlMs, maxPriority } = settings;
    this.#marks = messageTtlMs !== Number.POSITIVE_INFINITY || maxPriority !== undefined;
    this.#upkeep.configure(settings);
    const limited =
      settings.maxLength !== Number.POSITIVE_INFINITY || settings.maxLengthBytes !== Number.POSITIVE_INFINITY;
    this.refusing = limited && !this.#upkeep.drops;
    this.guarded = this.refusing || this.deduplication !== undefined;
    if (!this.#isConfigured) this.#arrange();
    this.#isConfigured = true;
    this.tidy();
  }

  /** Type and priorities are no matter of policies: what holds at the declaration holds for good. */
  #arrange(): void {
    const { services } = this;
    const { type, maxPriority } = this.settings;
    if (maxPriority !== undefined) this.ready = new PriorityList(this, services);
    else if (type === 'quorum') this.ready = new ReadyList(this, services, new ReturnedInTurn(services));
    else return;
    this.#readAhead = new ReadAhead(this.ready, this);
  }

  /** A declaration or a get: the time that the queue may be unused begins again. */
  touch(): void {
    this.#upkeep.touch();
  }

  /** Other policies hold for it from now on. */
  govern(policy: Policy | undefined, operatorPolicy: Policy | undefined): void {
    this.policy = policy;
    this.operatorPolicy = operatorPolicy;
    this.configure(settingsOf(this));
  }

  /** Whether a message with that persistence must survive in this queue. */
  keeps(message: Message): boolean {
    return this.durable && message.persistent;
  }

  /** Makes the entry of a new message; `enqueue` puts it in once the journal has it. */
  newEntry(message: Message): Entry {
    const entry = new Entry(this, message, this.nextSequence++, false);
    if (this.#marks || hasExpiration(message)) entry.marks = newMarks(message, this.settings, this.services.clock.now);
    return entry;
  }

  /** Whether the queue is full for that message and gives it back to its publisher. */
  refuses(message: Message): boolean {
    const { ready, settings } = this;
    return ready.count + 1 > settings.maxLength || ready.bytes + message.bodyBytes > settings.maxLengthBytes;
  }

  /** Whether a message published to the queue would be in it: it is neither too much nor there already. */
  takes(message: Message): boolean {
    return !this.guarded || (!(this.refusing && this.refuses(message)) && !this.deduplication?.isDuplicate(message));
  }

  /** A message was refused: it is dead-lettered where the queue says so. */
  refused(message: Message): void {
    if (this.settings.overflow !== 'reject-publish-dlx') return;
    const entry = this.newEntry(message);
    message.retain();
    this.leave(entry, 'maxlen');
  }

  /** Takes in a new message: to the consumer whose turn it is, or to the end of what waits. */
  enqueue(entry: Entry): void {
    this.stats.published++;
    if (this.ready.count === 0) {
      const consumer = this.#turns.next();
      if (consumer !== undefined) {
        if (!consumer.noAck) entry.message.retain();
        // It was published in this turn.
        this.#deliver(consumer, entry, entry.message.publishedAt);
        return;
      }
    }
    entry.message.retain();
    // Without a time to live at all it does not join those that have one (RabbitMQ behaviour).
    if (this.#marks && this.settings.messageTtlMs === 0 && this.settings.deadLetterExchange === undefined)
      return this.leave(entry, 'expired');
    this.ready.push(entry);
    if (entry.marks !== undefined) this.#upkeep.joined(entry.marks);
    // At the end of a line in the order of arrival it changes nothing at the head.
    const isHead = this.ready.count === 1 || !(this.ready instanceof ReadyList);
    if (this.#upkeep.drops || (this.#upkeep.timed && isHead)) this.tidy();
  }

  /** Takes in a message that recovery has found, by its place. */
  recover(place: Place): void {
    this.ready.pushPlace(place);
    this.nextSequence = Math.max(this.nextSequence, place.sequence + 1);
    this.#upkeep.joined(place.marks);
  }

  /** Takes in what recovery has found of values. The place of a message that had one is not given again: the journal still has its value. */
  recoverSeen(values: readonly WaitingValue[]): void {
    this.deduplication?.recover(values);
    for (const [sequence] of values) this.nextSequence = Math.max(this.nextSequence, sequence + 1);
  }

  /** Hands out what waits for as long as a consumer has credit. Who knows the time gives it: asking the clock for each ack is dear. */
  dispatch(now: number = this.services.clock.now): void {
    const ready = this.ready;
    while (ready.count > 0) {
      if (this.#upkeep.timed && this.#upkeep.headIsDue(now)) {
        if (!this.tidy(now)) break;
        continue;
      }
      if (ready.unloaded > 0 && !this.#readAhead.headIsLoaded()) break;
      const consumer = this.#turns.next();
      if (consumer === undefined) break;
      const entry = ready.shift() as Entry;
      if (ready.unloaded > 0) this.#readAhead.taken();
      this.#deliver(consumer, entry, now);
      if (consumer.noAck) entry.message.release();
    }
    if (this.#upkeep.timed) this.#upkeep.watch();
  }

  /** Takes the first message for basic.get: undefined when the queue is empty, 'paged' when it has to be read first. */
  take(noAck: boolean): Entry | 'paged' | undefined {
    this.touch();
    if (this.#upkeep.timed) this.tidy(this.services.clock.now, true);
    if (this.first() === 'paged') return 'paged';
    const entry = this.ready.shift();
    if (entry === undefined) {
      this.stats.gotEmpty++;
      return undefined;
    }
    // What comes to the head now may have expired: it is not among those that are left.
    if (this.#upkeep.timed) this.tidy(this.services.clock.now, true);
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

  /** An unsettled delivery was rejected for good. */
  reject(entry: Entry, now: number): void {
    this.unsettled--;
    this.unsettledBytes -= entry.message.bodyBytes;
    this.leave(entry, 'rejected');
    if (entry.consumer !== undefined) this.answered(entry.consumer, now);
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
    this.letGo(entry);
  }

  /** An entry that was taken out is nobody's any more. */
  letGo(entry: Entry): void {
    this.#done(entry);
    entry.message.release();
  }

  /** A client has settled a delivery: its consumer may have room again. */
  answered(consumer: Consumer, now: number): void {
    consumer.unsettled--;
    if (consumer.waiting > 0 && this.#rejoin(consumer)) this.dispatch(now);
  }

  /** An unsettled delivery comes back to its old place: as it was, or because its consumer has failed with it. Nobody gets it before `redistribute`. */
  giveBack(entry: Entry, failed: boolean): void {
    if (entry.consumer !== undefined) entry.consumer.unsettled--;
    this.#return(entry, failed);
  }

  /**
   * An unsettled delivery comes back to its old place against the will of who has it, and goes to whoever is free. Who had it is free for
   * another one only when it has settled this one, and comes last where it is free all the same.
   */
  takeBack(entry: Entry): void {
    const { consumer } = entry;
    this.#return(entry, false);
    if (consumer !== undefined && this.#turns.remove(consumer)) this.#turns.push(consumer);
    if (!this.deleted) this.dispatch();
  }

  /** All of one requeue came back: whoever has credit gets what waits, in order. */
  redistribute(): void {
    if (this.deleted) return;
    if (this.#upkeep.drops) this.tidy();
    for (const consumer of this.consumers) this.#rejoin(consumer);
    this.dispatch();
  }

  addConsumer(consumer: Consumer): void {
    this.consumers.add(consumer);
    if (consumer.exclusive && this.settings.type !== 'quorum') this.exclusiveConsumer = consumer;
    if (!this.settings.singleActiveConsumer) this.#turns.push(consumer);
    else if (this.activeConsumer === undefined) this.#activate(consumer);
  }

  /** As a declaration tells it: of a quorum queue with a single active consumer only that one counts (RabbitMQ behaviour). */
  get consumerCount(): number {
    const { type, singleActiveConsumer } = this.settings;
    if (type === 'quorum' && singleActiveConsumer) return this.activeConsumer === undefined ? 0 : 1;
    return this.consumers.size;
  }

  /** Takes the consumer out of the turns; what it has unsettled stays with its channel. */
  removeConsumer(consumer: Consumer): void {
    if (!this.consumers.delete(consumer)) return;
    consumer.cancelled = true;
    if (this.exclusiveConsumer === consumer) this.exclusiveConsumer = undefined;
    if (consumer.waiting === 0) this.#turns.remove(consumer);
    if (this.activeConsumer === consumer) this.#activate(firstOf(this.consumers));
    if (this.consumers.size === 0) this.touch();
  }

  /** These consumers may have got credit: all of them join the turns again at their end before any is delivered to. */
  resume(consumers: readonly Consumer[]): void {
    let joined = false;
    for (const consumer of consumers) if (this.#rejoin(consumer)) joined = true;
    if (joined) this.dispatch();
  }

  /** Drops the message with that sequence, wherever it waits. False when it does not. */
  remove(sequence: number): boolean {
    const entry = this.ready.remove(sequence);
    if (entry === undefined) return false;
    this.letGo(entry);
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
    this.deduplication?.keepOnly(sequence => !this.ready.has(sequence));
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
    this.#upkeep.end();
    const forget: Gone = (id, bodyBytes, inScratch) => {
      if (id !== 0) (inScratch ? (this.services.scratch as Store) : this.services.journal).forget(id, bodyBytes);
    };
    this.ready.clear(forget);
    this.#upkeep.retries?.clear(forget);
    return count;
  }

  /** Messages that came back and wait before they are delivered again. */
  get retrying(): number {
    return this.#upkeep.retries?.count ?? 0;
  }

  /** Journal ids of what waits here and was delivered before. */
  *redeliveredIds(): Generator<number> {
    yield* this.ready.redeliveredIds();
    for (const { id, message } of this.#upkeep.retries ?? []) if (message.store !== this.services.scratch) yield id;
  }

  pageOut(): void {
    const { firstSequence, firstPublishedAt } = this.ready;
    if (firstPublishedAt !== 0) this.noteAge(firstSequence, firstPublishedAt);
    this.ready.pageOut(this.consumers.size > 0);
    this.#upkeep.retries?.pageOut();
  }

  lose(entry: Entry): void {
    this.services.damaged(entry);
    this.letGo(entry);
    // What comes to the head now may have expired.
    if (this.#upkeep.timed) this.tidy(this.services.clock.now, true);
  }

  /** A store has copied the record of an entry that waits or is on its way out: notes its new id and place. False when it is neither. */
  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    return (
      this.ready.relocate(sequence, oldId, to) ||
      this.#upkeep.retries?.relocate(sequence, oldId, to) === true ||
      this.services.deadLetters.relocate(this, sequence, oldId, to)
    );
  }

  /**
   * Lets go of what is too much, and of what has expired at the head. False when what has expired is still there, because too much is on
   * its way to dead-letter exchanges; `anyhow` says that it has to go all the same.
   */
  tidy(now: number = this.services.clock.now, anyhow = false): boolean {
    return this.#upkeep.tidy(now, anyhow);
  }

  loaded(): void {
    if (!this.deleted) this.dispatch();
  }

  #return(entry: Entry, failed: boolean): void {
    this.unsettled--;
    this.unsettledBytes -= entry.message.bodyBytes;
    entry.consumer = undefined;
    if (this.deleted) return this.letGo(entry);
    entry.redelivered = true;
    const fate = this.#upkeep.cameBack(entry, failed);
    if (fate === 'too often') return this.leave(entry, 'delivery_limit');
    if (fate === 'waits') return;
    this.ready.return(entry);
    this.#upkeep.joined(entry.marks);
  }

  /** An entry that was taken out has died: it goes to the dead-letter exchange, or nowhere. */
  leave(entry: Entry, reason: DeathReason): void {
    this.deduplication?.settled(entry.sequence);
    this.tracer?.died(entry, reason);
    this.deaths[reason]++;
    const { deadLetters, dropped } = this.services;
    const lettered = this.settings.deadLetterExchange !== undefined && !this.deleted;
    this.services.died(this, reason, lettered);
    if (lettered) return deadLetters.add(entry, reason);
    dropped(reason);
    this.letGo(entry);
  }

  #activate(consumer: Consumer | undefined): void {
    this.activeConsumer = consumer;
    if (consumer !== undefined) this.#turns.push(consumer);
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
    if (consumer.waiting === 0 || consumer.cancelled || !consumer.hasCredit) return false;
    consumer.waiting = 0;
    this.#turns.push(consumer);
    return true;
  }

  #done(entry: Entry): void {
    this.deduplication?.settled(entry.sequence);
    if (entry.id === 0) return;
    const store = entry.message.store as Store;
    if (this.deleted) store.forget(entry.id, entry.message.bodyBytes);
    else store.settle(entry);
  }
}

function firstOf(consumers: ReadonlySet<Consumer>): Consumer | undefined {
  for (const consumer of consumers) return consumer;
  return undefined;
}
