// A channel: its mode and limits, the order of its commands, and its end.

import type { ArgumentsToEncode, Method, MethodName } from '../amqp/command.ts';
import { frameErrorText } from '../amqp/erlang.ts';
import { decodeMethod } from '../amqp/method.ts';
import { replyText } from '../amqp/reply-code.ts';
import type { User } from '../auth/authority.ts';
import { PermissionCache } from '../auth/permission-cache.ts';
import type { Consumer, Recipient } from '../broker/consumer.ts';
import { Credit } from '../broker/credit.ts';
import type { Entry } from '../broker/entry.ts';
import {
  type AmqpError,
  accessRefused,
  channelError,
  commandInvalid,
  frameError,
  topicRefused,
} from '../broker/errors.ts';
import type { Exchange } from '../broker/exchange.ts';
import type { Holder } from '../broker/memory.ts';
import type { Queue } from '../broker/queue.ts';
import { ChannelStats } from '../broker/stats.ts';
import type { Actor } from '../broker/tracer.ts';
import { Unsettled } from '../broker/unsettled.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Confirms } from './confirms.ts';
import type { Connection } from './connection.ts';
import { basicHandlers } from './consuming.ts';
import { delivered, writeDelivery } from './delivery.ts';
import { channelClosed, consumerDeleted } from './event-source.ts';
import { guarded, handlerFailed } from './failures.ts';
import { Parking } from './parking.ts';
import { Publishing, publishIds } from './publishing.ts';
import type { DirectReplies } from './reply-consumer.ts';
import { ackIds, ackOne, settleRange } from './settling.ts';
import { topologyHandlers } from './topology.ts';
import { type Transaction, transactionHandlers } from './transaction.ts';

/** A method's handler; throws AmqpError. */
export type Handler<N extends MethodName> = (channel: Channel, args: Extract<Method, { name: N }>['args']) => void;
export type Handlers = { readonly [N in MethodName]?: Handler<N> };

/** closing: our channel.close waits for its answer; everything else is ignored until then. */
type State = 'open' | 'closing' | 'closed';

export class Channel implements Recipient, Holder {
  readonly connection: Connection;
  readonly number: number;
  readonly vhost: Vhost;
  readonly user: User;
  readonly credit: Credit = new Credit();
  readonly unsettled: Unsettled;
  readonly consumers: Map<string, Consumer> = new Map();
  readonly publishing: Publishing;
  readonly stats: ChannelStats = new ChannelStats();
  state: State = 'open';
  /** Limit of consumers made from now on; 0 is none. */
  prefetch = 0;
  confirms: Confirms | undefined;
  transaction: Transaction | undefined;
  /** The consumer of direct reply-to. */
  replies: DirectReplies | undefined;
  /** Name of the queue that was declared last on this channel; stands for an empty queue name. */
  lastQueue: string | undefined;
  readonly #parking: Parking;
  readonly #permissions: PermissionCache;

  constructor(connection: Connection, number: number, vhost: Vhost, user: User) {
    this.connection = connection;
    this.number = number;
    this.vhost = vhost;
    this.user = user;
    this.publishing = new Publishing(this);
    this.#parking = new Parking(this, connection.context.alarms.stopping);
    const { services } = connection.context.broker;
    this.unsettled = new Unsettled(services, this);
    if (services.scratch !== undefined) services.memory.hold(this);
    this.#permissions = new PermissionCache(connection.context.authority, user, vhost.name);
  }

  // --- frames ---

  method(chunk: Buffer, start: number, end: number): void {
    if (this.state !== 'closed' && this.#parking.idle && end - start >= 4) {
      const ids = (chunk[start]! << 24) | (chunk[start + 1]! << 16) | (chunk[start + 2]! << 8) | chunk[start + 3]!;
      if (ids === publishIds) {
        this.publishing.method(chunk, start, end);
        return;
      }
      if (
        ids === ackIds &&
        this.state === 'open' &&
        end - start === 13 &&
        this.publishing.idle &&
        this.transaction === undefined
      ) {
        ackOne(this, chunk, start + 4);
        return;
      }
    }
    this.#coldMethod(chunk, start, end);
  }

  header(chunk: Buffer, start: number, end: number): void {
    if (this.#parking.parked) this.#parking.hold('header', chunk, start, end);
    else if (this.state !== 'closed') this.publishing.header(chunk, start, end);
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (this.#parking.parked) this.#parking.hold('body', chunk, start, end);
    else if (this.state !== 'closed') this.publishing.body(chunk, start, end);
  }

  // --- recipient ---

  deliver(consumer: Consumer, entry: Entry): void {
    const tag = this.unsettled.nextTag;
    if (entry.redelivered) this.stats.redelivered++;
    if (consumer.noAck) {
      this.stats.deliveredNoAck++;
      this.unsettled.skip();
    } else {
      this.stats.delivered++;
      this.unsettled.add(entry);
      if (this.credit.limit !== 0) this.credit.used++;
    }
    const message = delivered(entry);
    if (this.transaction?.isCommitting === true) this.transaction.postpone(consumer, tag, message, entry.redelivered);
    else writeDelivery(this.connection, this.number, consumer.prefix, tag, message, entry.redelivered);
    if (this.vhost.tracer !== undefined) this.vhost.tracer.delivered(entry, this.actor);
  }

  /** As traces name it. */
  get actor(): Actor {
    return { connection: this.connection.name, channel: this.number, user: this.user.name };
  }

  cancelled(consumer: Consumer): void {
    this.consumers.delete(consumer.tag);
    consumerDeleted(this, consumer);
    const told = this.connection.capabilities.get('consumer_cancel_notify');
    if (this.state !== 'open' || told?.type !== 'bool' || !told.value) return;
    // On the channel that deletes the queue the cancel follows the delete-ok, which may wait for the disk.
    this.#parking.afterReply(() => {
      if (this.state === 'open') this.send('basic.cancel', { consumerTag: consumer.tag, noWait: true });
    });
  }

  /** Lets go of the contents of deliveries that can be read back should they return to their queues. */
  pageOut(): void {
    this.unsettled.pageOut();
  }

  /** The connection's output has drained: deliveries go on. */
  reopen(): void {
    if (this.state !== 'open') return;
    this.credit.open = true;
    this.replies?.resume();
    this.resume();
  }

  /** Settled deliveries to consumers give back room under the limit that the channel's consumers share. */
  released(count: number): void {
    const { credit } = this;
    if (credit.limit === 0) return;
    const wasFull = credit.used >= credit.limit;
    credit.used = Math.max(0, credit.used - count);
    if (wasFull && credit.used < credit.limit) this.resume();
  }

  /** There is room: the consumers that wait for it get their turns, and the queue that has waited longest comes first. */
  resume(): void {
    const waiting = [...this.consumers.values()].filter(consumer => consumer.waiting > 0);
    waiting.sort((a, b) => a.waiting - b.waiting);
    const byQueue = new Map<Queue, Consumer[]>();
    for (const consumer of waiting) {
      const others = byQueue.get(consumer.queue);
      if (others === undefined) byQueue.set(consumer.queue, [consumer]);
      else others.push(consumer);
    }
    for (const [queue, consumers] of byQueue) queue.resume(consumers);
  }

  // --- answers ---

  send<N extends MethodName>(name: N, args: ArgumentsToEncode<N>): void {
    this.connection.send(this.number, name, args);
  }

  /**
   * Answers a command that may have recorded facts: at once, or when they are durable. What somebody else has recorded may be what
   * the answer says, so that has to be durable as well.
   */
  reply<N extends MethodName>(recordedBefore: number, noWait: boolean, name: N, args: ArgumentsToEncode<N>): void {
    if (noWait) return;
    const { journal } = this.connection.context.broker.services;
    if (journal.recorded === recordedBefore && !journal.factsPending) {
      this.send(name, args);
      return;
    }
    const resume = this.park();
    journal.whenDurable({ durable: () => resume(() => this.send(name, args)) });
  }

  /**
   * Holds later commands of this channel until the function returned is called; what that function is given runs first.
   * Other channels go on. The ids are those of the command that waits.
   */
  park(classId = 0, methodId = 0): (first: () => void) => void {
    return this.#parking.park(classId, methodId);
  }

  /** Holds publishes and what follows them, but for settlements, until the function returned is called. */
  block(): () => void {
    return this.#parking.block();
  }

  /** Whether the connection waits from the channel's next publish on. */
  watchPublishes(watching: boolean): void {
    this.#parking.watching = watching;
  }

  /** Whether a command waits and later ones are held. */
  get parked(): boolean {
    return this.#parking.parked;
  }

  // --- permissions and names ---

  mayOr403(right: 'configure' | 'write' | 'read', kind: 'queue' | 'exchange', name: string): void {
    const resource = kind === 'exchange' && name === '' ? 'amq.default' : name;
    if (this.#permissions.may(right, resource)) return;
    throw accessRefused(
      `access to ${kind} '${resource}' in vhost '${this.vhost.name}' refused for user '${this.user.name}'`,
    );
  }

  /** Topic exchanges may have a say of their own. The key has one character per byte. */
  mayTopicOr403(right: 'write' | 'read', { name, type }: Exchange, key: string): void {
    if (type !== 'topic') return;
    const topic = Buffer.from(key, 'latin1').toString();
    const { vhost, user } = this;
    if (!this.connection.context.authority.mayTopic(user, vhost.name, name, right, topic))
      throw topicRefused(topic, vhost.exchangeResource(name), user.name);
  }

  // --- ends ---

  /** Closes the channel with an error: what it had goes back to its queues at once. */
  fail(error: AmqpError, classId: number, methodId: number): void {
    if (this.state !== 'open') return;
    const held = this.#parking.takeHeld();
    this.terminate();
    this.state = 'closing';
    this.send('channel.close', {
      replyCode: error.code,
      replyText: replyText(error.code, error.text),
      classId,
      methodId,
    });
    // The client's own close may be among what waited: it is answered, the rest is ignored.
    this.#parking.replay(held);
  }

  /** Takes the channel out of everything: consumers first, so that what it had goes to others. */
  terminate(): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.state = 'closed';
    if (!wasOpen) return;
    this.connection.context.broker.services.memory.leave(this);
    this.credit.open = false;
    this.#parking.end();
    this.replies?.end();
    const queues = new Set<Queue>();
    for (const consumer of this.consumers.values()) {
      consumer.queue.removeConsumer(consumer);
      consumerDeleted(this, consumer);
      queues.add(consumer.queue);
    }
    this.consumers.clear();
    this.transaction?.rollback();
    settleRange(this, 0, this.unsettled.nextTag, 'fail');
    for (const queue of queues) {
      this.deleteIfUnused(queue);
      queue.dispatch();
    }
    const { stats } = this.connection.context.broker;
    stats.channelsClosed++;
    channelClosed(this);
    this.stats.toConfirm = this.confirms?.published ?? 0;
    stats.endedChannels.add(this.stats);
    this.vhost.stats.add(this.stats);
  }

  /** An auto-delete queue goes with its last consumer. */
  deleteIfUnused(queue: Queue): void {
    if (queue.autoDelete && queue.consumers.size === 0) {
      this.vhost.deleteQueue(queue);
      this.connection.exclusiveQueues.delete(queue);
    }
  }

  /** Gives a method to its handler. */
  handle(method: Method): void {
    const handler = handlers[method.name] as Handler<MethodName> | undefined;
    if (handler === undefined) this.#refuse(commandInvalid('unimplemented method'), method);
    else {
      const { events } = this.connection.context.broker;
      events.by(this.user.name, () => guarded(this, () => handler(this, method.args), method.classId, method.methodId));
    }
  }

  #coldMethod(chunk: Buffer, start: number, end: number): void {
    if (end - start < 4) throw frameError(frameErrorText(1, chunk.subarray(start, end), ['unknown_frame']));
    if (this.#parking.parked) {
      this.#parking.hold('method', chunk, start, end);
      return;
    }
    if (chunk.readUInt32BE(start) === publishIds) {
      // It came under an alarm, and is held unless it only keeps the frames in order.
      if (this.state !== 'open' || !this.publishing.idle) return this.publishing.method(chunk, start, end);
      this.connection.publisherPause.block();
      this.#parking.hold('method', chunk, start, end);
      return;
    }
    const method = decodeMethod(chunk, start, end);
    // Frames are put in order while the close waits for its answer, too.
    if (!this.publishing.idle) return this.publishing.outOfOrder();
    if (this.state === 'closing') {
      this.#whileClosing(method);
      return;
    }
    if (method.name === 'channel.open') this.#refuse(channelError("second 'channel.open' seen"), method);
    else if (method.name === 'channel.close') this.#closedByClient();
    else this.handle(method);
  }

  #whileClosing(method: Method): void {
    if (method.name === 'channel.close-ok') {
      this.state = 'closed';
      this.connection.removeChannel(this);
    } else if (method.name === 'channel.close') {
      this.send('channel.close-ok', {});
    } else if (method.name === 'channel.open') this.#refuse(channelError("second 'channel.open' seen"), method);
  }

  #closedByClient(): void {
    this.terminate();
    this.connection.removeChannel(this);
    this.send('channel.close-ok', {});
  }

  #refuse(error: AmqpError, method: Method): void {
    handlerFailed(this, error, method.classId, method.methodId);
  }
}

const handlers: Handlers = { ...topologyHandlers, ...basicHandlers, ...transactionHandlers };
