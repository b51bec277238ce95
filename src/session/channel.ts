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
import { type AmqpError, accessRefused, channelError, commandInvalid, frameError } from '../broker/errors.ts';
import type { Holder } from '../broker/memory.ts';
import type { Queue } from '../broker/queue.ts';
import { Unsettled } from '../broker/unsettled.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Confirms } from './confirms.ts';
import type { Connection } from './connection.ts';
import { basicHandlers } from './consuming.ts';
import { heldAheadBytesMax, heldBytesMax } from './context.ts';
import { writeDelivery } from './delivery.ts';
import { Publishing } from './publishing.ts';
import { settleOne, settleRange } from './settling.ts';
import { topologyHandlers } from './topology.ts';
import { type Transaction, transactionHandlers } from './transaction.ts';

/** A method's handler; throws AmqpError. */
export type Handler<N extends MethodName> = (channel: Channel, args: Extract<Method, { name: N }>['args']) => void;
export type Handlers = { readonly [N in MethodName]?: Handler<N> };

/** closing: our channel.close waits for its answer; everything else is ignored until then. */
type State = 'open' | 'closing' | 'closed';

const publishIds = (60 << 16) | 40;
const ackIds = (60 << 16) | 80;
/** basic.ack, basic.reject, basic.nack. */
const settlementIds: readonly number[] = [ackIds, (60 << 16) | 90, (60 << 16) | 120];
/** What a held frame takes beside its payload, roughly, bytes. */
const heldFrameBytes = 128;

export class Channel implements Recipient, Holder {
  readonly connection: Connection;
  readonly number: number;
  readonly vhost: Vhost;
  readonly user: User;
  readonly credit: Credit = new Credit();
  readonly unsettled: Unsettled;
  readonly consumers: Map<string, Consumer> = new Map();
  readonly publishing: Publishing;
  state: State = 'open';
  /** Limit of consumers made from now on; 0 is none. */
  prefetch = 0;
  confirms: Confirms | undefined;
  transaction: Transaction | undefined;
  /** Name of the queue that was declared last on this channel; stands for an empty queue name. */
  lastQueue: string | undefined;
  /** A command waits for the disk; later ones are held in order. */
  parked = false;
  readonly #permissions: PermissionCache;
  #held: { kind: 'method' | 'header' | 'body'; payload: Buffer }[] = [];
  #heldBytes = 0;
  /** Parked for an alarm: settlements are carried out until something is held that they must not overtake. */
  #settling = false;
  #afterReply: (() => void)[] = [];
  #readingPaused = false;

  constructor(connection: Connection, number: number, vhost: Vhost, user: User) {
    this.connection = connection;
    this.number = number;
    this.vhost = vhost;
    this.user = user;
    this.publishing = new Publishing(this);
    const { services } = connection.context.broker;
    this.unsettled = new Unsettled(services);
    if (services.scratch !== undefined) services.memory.hold(this);
    this.#permissions = new PermissionCache(connection.context.authority, user, vhost.name);
  }

  // --- frames ---

  method(chunk: Buffer, start: number, end: number): void {
    if (this.state !== 'closed' && !this.parked && end - start >= 4) {
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
        this.#ack(chunk, start + 4);
        return;
      }
    }
    this.#coldMethod(chunk, start, end);
  }

  header(chunk: Buffer, start: number, end: number): void {
    if (this.parked) this.#hold('header', chunk, start, end);
    else if (this.state !== 'closed') this.publishing.header(chunk, start, end);
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (this.parked) this.#hold('body', chunk, start, end);
    else if (this.state !== 'closed') this.publishing.body(chunk, start, end);
  }

  // --- recipient ---

  deliver(consumer: Consumer, entry: Entry): void {
    const tag = this.unsettled.nextTag;
    if (consumer.noAck) this.unsettled.skip();
    else {
      this.unsettled.add(entry);
      if (this.credit.limit !== 0) this.credit.used++;
    }
    writeDelivery(this.connection, this.number, consumer.prefix, tag, entry);
  }

  cancelled(consumer: Consumer): void {
    this.consumers.delete(consumer.tag);
    const told = this.connection.capabilities.get('consumer_cancel_notify');
    if (this.state !== 'open' || told?.type !== 'bool' || !told.value) return;
    const tell = (): void => {
      if (this.state === 'open') this.send('basic.cancel', { consumerTag: consumer.tag, noWait: true });
    };
    // On the channel that deletes the queue the cancel follows the delete-ok, which may wait for the disk.
    if (this.parked) this.#afterReply.push(tell);
    else tell();
  }

  /** Lets go of the contents of deliveries that can be read back should they return to their queues. */
  pageOut(): void {
    this.unsettled.pageOut();
  }

  /** The connection's output has drained: deliveries go on. */
  reopen(): void {
    if (this.state !== 'open') return;
    this.credit.open = true;
    for (const consumer of this.consumers.values()) consumer.queue.resume(consumer);
  }

  /** Settled deliveries to consumers give back room under the limit that the channel's consumers share. */
  released(count: number): void {
    if (this.credit.limit === 0) return;
    this.credit.used = Math.max(0, this.credit.used - count);
    for (const consumer of this.consumers.values()) consumer.queue.resume(consumer);
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
    this.parked = true;
    return first => {
      if (this.state !== 'open') return;
      this.parked = false;
      this.connection.run(() => this.#guarded(first, classId, methodId));
      for (const tell of this.#afterReply.splice(0)) tell();
      this.#unhold();
      this.connection.settled();
    };
  }

  /** Holds publishes and what follows them, but for settlements, until the function returned is called. */
  block(): () => void {
    const resume = this.park();
    this.#settling = true;
    return () => {
      this.#settling = false;
      resume(() => {});
    };
  }

  // --- permissions and names ---

  mayOr403(right: 'configure' | 'write' | 'read', kind: 'queue' | 'exchange', name: string): void {
    const resource = kind === 'exchange' && name === '' ? 'amq.default' : name;
    if (this.#permissions.may(right, resource)) return;
    throw accessRefused(
      `access to ${kind} '${resource}' in vhost '${this.vhost.name}' refused for user '${this.user.name}'`,
    );
  }

  // --- ends ---

  /** Closes the channel with an error: what it had goes back to its queues at once. */
  fail(error: AmqpError, classId: number, methodId: number): void {
    if (this.state !== 'open') return;
    const held = this.#held;
    this.terminate();
    this.state = 'closing';
    this.send('channel.close', {
      replyCode: error.code,
      replyText: replyText(error.code, error.text),
      classId,
      methodId,
    });
    // The client's own close may be among what waited: it is answered, the rest is ignored.
    this.#held = held;
    this.#unhold();
  }

  /** Takes the channel out of everything: consumers first, so that what it had goes to others. */
  terminate(): void {
    if (this.state === 'closed') return;
    const wasOpen = this.state === 'open';
    this.state = 'closed';
    if (!wasOpen) return;
    this.connection.context.broker.services.memory.leave(this);
    this.credit.open = false;
    this.parked = false;
    this.#held = [];
    if (this.#readingPaused) this.connection.resume();
    this.#readingPaused = false;
    const queues = new Set<Queue>();
    for (const consumer of this.consumers.values()) {
      consumer.queue.removeConsumer(consumer);
      queues.add(consumer.queue);
    }
    this.consumers.clear();
    this.transaction?.rollback();
    settleRange(this, 0, this.unsettled.nextTag, 'requeue');
    for (const queue of queues) this.deleteIfUnused(queue);
  }

  /** An auto-delete queue goes with its last consumer. */
  deleteIfUnused(queue: Queue): void {
    if (queue.autoDelete && queue.consumers.size === 0) {
      this.vhost.deleteQueue(queue);
      this.connection.exclusiveQueues.delete(queue);
    }
  }

  #ack(chunk: Buffer, at: number): void {
    const tag = chunk.readUInt32BE(at) * 4294967296 + chunk.readUInt32BE(at + 4);
    if ((chunk[at + 8]! & 1) === 0) {
      const entry = this.unsettled.take(tag);
      if (entry !== undefined) {
        entry.queue.settle(entry);
        if (entry.consumer !== undefined) this.released(1);
        return;
      }
    }
    this.#guarded(() => settleOne(this, tag, (chunk[at + 8]! & 1) === 1, 'ack'), 60, 80);
  }

  #coldMethod(chunk: Buffer, start: number, end: number): void {
    if (end - start < 4) throw frameError(frameErrorText(1, chunk.subarray(start, end), ['unknown_frame']));
    if (this.parked) {
      this.#hold('method', chunk, start, end);
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
    else {
      const handler = handlers[method.name] as Handler<MethodName> | undefined;
      if (handler === undefined) this.#refuse(commandInvalid('unimplemented method'), method);
      else this.#guarded(() => handler(this, method.args), method.classId, method.methodId);
    }
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
    this.connection.handle(error, this, method.classId, method.methodId);
  }

  #guarded(run: () => void, classId = 0, methodId = 0): void {
    try {
      run();
    } catch (error) {
      this.connection.handle(error, this, classId, methodId);
    }
  }

  #hold(kind: 'method' | 'header' | 'body', chunk: Buffer, start: number, end: number): void {
    if (this.#settling && kind === 'method' && this.#settlesNow(chunk, start, end)) return;
    this.#held.push({ kind, payload: Buffer.from(chunk.subarray(start, end)) });
    this.#heldBytes += end - start + heldFrameBytes;
    if (this.#heldBytes < (this.#settling ? heldAheadBytesMax : heldBytesMax) || this.#readingPaused) return;
    this.#readingPaused = true;
    this.connection.pause();
  }

  /** Carries a settlement out although publishes before it wait. */
  #settlesNow(chunk: Buffer, start: number, end: number): boolean {
    const ids = end - start < 4 ? 0 : chunk.readUInt32BE(start);
    if (ids === publishIds) return false;
    if (this.transaction !== undefined || !settlementIds.includes(ids)) {
      this.#settling = false;
      return false;
    }
    const method = decodeMethod(chunk, start, end);
    const handler = handlers[method.name] as Handler<MethodName>;
    this.#guarded(() => handler(this, method.args), method.classId, method.methodId);
    return true;
  }

  #unhold(): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const { kind, payload } of held) this.connection.run(() => this[kind](payload, 0, payload.length));
    if (this.#readingPaused && this.#heldBytes < heldBytesMax) {
      this.#readingPaused = false;
      this.connection.resume();
    }
  }
}

const handlers: Handlers = { ...topologyHandlers, ...basicHandlers, ...transactionHandlers };
