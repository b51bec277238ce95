// Publishes of a channel: method, header and body put together, and the message handed to its queues.

import { SyntaxFault } from '../amqp/faults.ts';
import { peekFlags, propertyFlags } from '../amqp/properties.ts';
import { copyKeys, hasCopyKeys, withoutBcc } from '../broker/copy-keys.ts';
import { preconditionFailed, unexpectedFrame } from '../broker/errors.ts';
import type { Exchange } from '../broker/exchange.ts';
import { Source } from '../broker/memory.ts';
import { Message } from '../broker/message.ts';
import { publishVia } from '../broker/publish.ts';
import type { Queue } from '../broker/queue.ts';
import { deliverReplies } from '../broker/reply-to.ts';
import { BodyParts } from './body-parts.ts';
import type { Channel } from './channel.ts';
import {
  announcedBytes,
  asksForDirectReply,
  bodyTooLarge,
  checkShape,
  checkUserId,
  expirationOf,
  isPersistent,
  strangeHeader,
  withReplyTo,
} from './content-header.ts';
import { bodyBytesMax } from './context.ts';
import { writeReturn } from './delivery.ts';
import { handlerFailed } from './failures.ts';
import { sliceBytesMin } from './output.ts';
import { checkTarget, Published, routeTarget, sameBytes, type Target, Targets } from './publish-target.ts';

export type { Target };

/** Class and method of basic.publish, as the first four bytes of its frames. */
export const publishIds: number = (60 << 16) | 40;
const nothing = Buffer.alloc(0);

/** Of the properties that have a say in what happens to a publish, all but the delivery mode. */
const heededFlags = propertyFlags.headers | propertyFlags.replyTo | propertyFlags.expiration | propertyFlags.userId;

export class Publishing {
  readonly #channel: Channel;
  #stage: 'idle' | 'header' | 'body' = 'idle';
  /** By exchange, what was published to it here. */
  readonly published: Published = new Published();
  #target: Target | undefined;
  #targets: Targets | undefined;
  #header: Buffer = nothing;
  #headerStart = 0;
  #headerEnd = 0;
  #headerSource: Source | undefined;
  #body: Buffer = nothing;
  #bodyStart = 0;
  #bodyEnd = 0;
  readonly #rest = new BodyParts();
  #bodyBytes = 0;
  #received = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Whether no content is being received. */
  get idle(): boolean {
    return this.#stage === 'idle';
  }

  /** basic.publish: remembers the target, or finds it among the earlier ones, without making a string. */
  method(chunk: Buffer, start: number, end: number): void {
    if (this.#stage !== 'idle') return this.outOfOrder();
    if (this.#target === undefined || !sameBytes(this.#target.bytes, chunk, start, end)) {
      this.#targets ??= new Targets();
      this.#target = this.#targets.find(chunk, start, end);
    }
    this.#stage = 'header';
  }

  header(chunk: Buffer, start: number, end: number): void {
    if (this.#stage !== 'header') return this.outOfOrder();
    if (end - start < 14) throw new SyntaxFault('short content header', chunk.subarray(start, end));
    const strange = strangeHeader(chunk, start);
    if (strange !== undefined) return this.#unexpected(strange);
    const bytes = announcedBytes(chunk, start);
    if (bytes > bodyBytesMax) {
      this.drop();
      throw bodyTooLarge(chunk, start);
    }
    checkShape(chunk, start, end);
    this.#header = chunk;
    this.#headerStart = start;
    this.#headerEnd = end;
    this.#headerSource = this.#channel.connection.source;
    this.#bodyBytes = bytes;
    this.#received = 0;
    if (bytes === 0) {
      this.#body = chunk;
      this.#bodyStart = end;
      this.#bodyEnd = end;
      this.#complete();
    } else this.#stage = 'body';
  }

  body(chunk: Buffer, start: number, end: number): void {
    if (this.#stage !== 'body') return this.outOfOrder();
    const bytes = end - start;
    if (this.#received === 0) {
      this.#body = chunk;
      this.#bodyStart = start;
      this.#bodyEnd = end;
    } else if (bytes > 0) this.#bodyGoesOn(chunk.subarray(start, end));
    this.#received += bytes;
    // More than was announced is swallowed: the next method is then out of order (RabbitMQ 3.10).
    if (this.#received === this.#bodyBytes) this.#complete();
    else if (this.#headerSource === this.#channel.connection.source && this.#header === chunk) this.#keepHeader();
  }

  /** Keeps a further part of a body that can still become a message. */
  #bodyGoesOn(part: Buffer): void {
    if (this.#received + part.length > this.#bodyBytes) this.#rest.drop();
    else if (this.#bodyBytes <= this.#channel.connection.context.limits.messageBytesMax) this.#rest.add(part);
  }

  /** Forgets a half-received message. */
  drop(): void {
    this.#stage = 'idle';
    this.#rest.drop();
    this.#body = nothing;
    this.#header = nothing;
  }

  /** A frame came that the content so far does not allow. */
  outOfOrder(): void {
    if (this.#stage === 'idle')
      handlerFailed(this.#channel, unexpectedFrame('expected method frame, got non method frame instead'), 0, 0);
    else if (this.#stage === 'header')
      this.#unexpected('expected content header for class 60, got non content header frame instead');
    else this.#unexpected('expected content body, got non content body frame instead');
  }

  #unexpected(text: string): void {
    this.drop();
    handlerFailed(this.#channel, unexpectedFrame(text), 60, 40);
  }

  #keepHeader(): void {
    this.#replaceHeader(Buffer.from(this.#header.subarray(this.#headerStart, this.#headerEnd)));
  }

  #replaceHeader(header: Buffer): void {
    this.#header = header;
    this.#headerStart = 0;
    this.#headerEnd = header.length;
  }

  #sliceBody(): void {
    this.#body = this.#body.subarray(this.#bodyStart, this.#bodyEnd);
    this.#bodyStart = 0;
    this.#bodyEnd = this.#body.length;
  }

  #complete(): void {
    this.#stage = 'idle';
    let target = this.#target as Target;
    const { vhost, connection } = this.#channel;
    const rest = this.#rest.take();
    if (this.#channel.state !== 'open') return;
    let persistent: boolean;
    try {
      if (this.#bodyBytes > connection.context.limits.messageBytesMax) this.#tooBig();
      if (target.checked !== vhost.version || target.permissions !== connection.context.authority.version)
        checkTarget(this.#channel, target);
      if ((peekFlags(this.#header, this.#headerStart) & heededFlags) !== 0) target = this.#heed(target);
      persistent = isPersistent(this.#header, this.#headerStart, this.#headerEnd);
    } catch (error) {
      handlerFailed(this.#channel, error, 60, 40);
      return;
    }
    const { source } = connection;
    if (this.#headerSource !== source && this.#header.length > 512) this.#keepHeader();
    // A long body goes to the journal and to consumers as one and the same slice.
    if (this.#bodyEnd - this.#bodyStart >= sliceBytesMin) this.#sliceBody();
    const message = new Message(
      target.address,
      this.#header,
      this.#headerStart,
      this.#headerEnd,
      this.#body,
      this.#bodyStart,
      this.#bodyEnd,
      rest,
      this.#bodyBytes,
      persistent,
      rest === undefined ? source : new Source(connection.context.broker.services.memory, this.#bodyBytes + 512),
      connection.now,
    );
    const { transaction } = this.#channel;
    if (transaction === undefined) return this.handOver(message, target);
    try {
      transaction.publish(message, target, this);
    } catch (error) {
      handlerFailed(this.#channel, error, 60, 40);
    }
  }

  /** Does what properties ask for that most messages do not have; gives where the message goes. Throws AmqpError. */
  #heed(target: Target): Target {
    if (asksForDirectReply(this.#header, this.#headerStart)) this.#askForReply();
    checkUserId(this.#header, this.#headerStart, this.#headerEnd, this.#channel.user);
    expirationOf(this.#header, this.#headerStart, this.#headerEnd);
    return hasCopyKeys(this.#header, this.#headerStart) ? this.#copied(target) : target;
  }

  /** Puts the channel's own name for replies into the header. */
  #askForReply(): void {
    const name = this.#channel.replies?.name;
    this.#replaceHeader(withReplyTo(this.#header, this.#headerStart, this.#headerEnd, name));
  }

  /** The target of a message with CC or BCC, of which the latter is taken out of the header. */
  #copied(target: Target): Target {
    const more = copyKeys(this.#header, this.#headerStart, this.#headerEnd);
    for (const key of more) this.#channel.mayTopicOr403('write', target.exchange as Exchange, key);
    this.#replaceHeader(withoutBcc(this.#header, this.#headerStart, this.#headerEnd));
    return target.withKeys(more);
  }

  /** The queues that the message is to go to. */
  route(message: Message, target: Target): readonly Queue[] {
    if (target.routed !== this.#channel.vhost.version) routeTarget(this.#channel, target, message);
    return target.queues;
  }

  /** Gives the message to its queues, or back to its publisher, and counts it for confirms. */
  handOver(message: Message, target: Target, routed?: readonly Queue[]): void {
    const channel = this.#channel;
    const { broker } = channel.connection.context;
    const { journal, memory } = broker.services;
    const exchange = target.exchange as Exchange;
    if (exchange.deduplication?.isDuplicate(message)) return this.#duplicate(target, exchange, message);
    // `route`, without its call: that is felt at millions of messages a second.
    if (routed === undefined && target.routed !== channel.vhost.version) routeTarget(channel, target, message);
    const queues = routed ?? target.queues;
    exchange.stats.publishedIn++;
    channel.stats.published++;
    target.stats.publishedIn++;
    const replied = target.replies && deliverReplies(broker.replyConsumers, target.keys, message);
    if (queues.length === 0) {
      this.#nowhere(target, message, replied);
      channel.confirms?.immediate();
      return;
    }
    exchange.stats.publishedOut += queues.length;
    target.stats.publishedOut += queues.length;
    channel.stats.routed += queues.length;
    const outcome = publishVia(exchange, queues, message, journal);
    if (outcome === 'kept') {
      channel.confirms?.journaled();
      if (!journal.accepting) channel.connection.publisherPause.outrun = journal;
      return;
    }
    if (outcome === 'known') return channel.confirms?.duplicate();
    if (outcome === 'refused') {
      channel.confirms?.refused();
      channel.transaction?.refused();
    } else channel.confirms?.immediate();
    // A transient message needs no disk, unless there is no room for it in memory.
    if (memory.bytes > memory.limit) this.#makeRoom();
  }

  #makeRoom(): void {
    const { connection } = this.#channel;
    const { scratch, memory } = connection.context.broker.services;
    memory.check();
    if (scratch?.accepting === false) connection.publisherPause.outrun = scratch;
  }

  /** The exchange has seen the message's value: it is dropped, and to its publisher that is as good as published. */
  #duplicate(target: Target, exchange: Exchange, { persistent }: Message): void {
    const { stats, confirms } = this.#channel;
    exchange.stats.publishedIn++;
    target.stats.publishedIn++;
    stats.published++;
    exchange.stats.deduplicated++;
    stats.deduplicated++;
    if (persistent) confirms?.duplicate();
    else confirms?.immediate();
  }

  /** No queue gets the message. A reply that was delivered is no less returned for that (RabbitMQ 3.10). */
  #nowhere(target: Target, message: Message, replied: boolean): void {
    const { connection, number, stats } = this.#channel;
    const all = connection.context.broker.stats;
    if (!target.mandatory) {
      if (replied) return;
      stats.unroutable++;
      all.unroutable++;
      return;
    }
    stats.returned++;
    all.returned++;
    writeReturn(connection, number, message);
  }

  #tooBig(): never {
    const { messageBytesMax } = this.#channel.connection.context.limits;
    throw preconditionFailed(`message size ${this.#bodyBytes} is larger than configured max size ${messageBytesMax}`);
  }
}
