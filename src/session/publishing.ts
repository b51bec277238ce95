// Publishes of a channel: method, header and body put together, the route found and remembered, the message handed to its queues.

import { SyntaxFault } from '../amqp/faults.ts';
import { decodeProperties, deliveryMode, validateHeader } from '../amqp/properties.ts';
import type { Table } from '../amqp/table.ts';
import { accessRefused, frameError, notImplemented, preconditionFailed, unexpectedFrame } from '../broker/errors.ts';
import type { Exchange } from '../broker/exchange.ts';
import { Source } from '../broker/memory.ts';
import { Message } from '../broker/message.ts';
import { publish } from '../broker/publish.ts';
import type { Queue } from '../broker/queue.ts';
import { route } from '../broker/route.ts';
import type { Channel } from './channel.ts';
import { bodyBytesMax } from './context.ts';
import { writeReturn } from './delivery.ts';
import { sliceBytesMin } from './output.ts';

/** A basic.publish as it was received, and where its messages go. */
interface Target {
  /** The method's bytes, ids included. */
  readonly bytes: Buffer;
  /** Exchange and routing key as encoded short strings. */
  readonly address: Buffer;
  readonly exchangeName: string;
  /** One character per byte. */
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly immediate: boolean;
  exchange: Exchange | undefined;
  queues: readonly Queue[];
  /** Versions of the topology that `exchange` and `queues` hold for, and of the permissions; -1 is never. */
  checked: number;
  routed: number;
  permissions: number;
}

const targetsMax = 4096;
/** Parts of a body shorter than this are put together, into pieces of so many bytes. */
const shortPartBytes = 1024;
const joinedBytesMax = 16_384;
const nothing = Buffer.alloc(0);

export class Publishing {
  readonly #channel: Channel;
  #stage: 'idle' | 'header' | 'body' = 'idle';
  #target: Target | undefined;
  #targets: (Target | undefined)[] | undefined;
  #header: Buffer = nothing;
  #headerStart = 0;
  #headerEnd = 0;
  #headerSource: Source | undefined;
  #body: Buffer = nothing;
  #bodyStart = 0;
  #bodyEnd = 0;
  #rest: Buffer[] | undefined;
  /** The last of `#rest` while it is put together of short parts, and how much of it is filled. */
  #joined: Buffer = nothing;
  #joinedBytes = 0;
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
    if (this.#target === undefined || !sameBytes(this.#target.bytes, chunk, start, end)) this.#find(chunk, start, end);
    this.#stage = 'header';
  }

  header(chunk: Buffer, start: number, end: number): void {
    if (this.#stage !== 'header') return this.outOfOrder();
    if (end - start < 14) throw new SyntaxFault('short content header', chunk.subarray(start, end));
    const classId = (chunk[start]! << 8) | chunk[start + 1]!;
    if (classId !== 60)
      return this.#unexpected(`expected content header for class 60, got one for class ${classId} instead`);
    if (chunk[start + 2] !== 0 || chunk[start + 3] !== 0)
      return this.#unexpected('expected content header for class 60, got non content header frame instead');
    const bytes = chunk.readUInt32BE(start + 4) * 4294967296 + chunk.readUInt32BE(start + 8);
    if (bytes > bodyBytesMax) {
      this.drop();
      throw frameError(
        `content body size ${chunk.readBigUInt64BE(start + 4)} exceeds maximum allowed size ${bodyBytesMax}`,
      );
    }
    // Flags 0 and delivery mode alone are what most publishers send; anything else is checked in full.
    const flags = (chunk[start + 12]! << 8) | chunk[start + 13]!;
    if (!((flags === 0 && end - start === 14) || (flags === 0x1000 && end - start === 15)))
      validateHeader(chunk, start, end);
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
    if (this.#received + part.length > this.#bodyBytes) {
      this.#rest = undefined;
      return;
    }
    if (this.#bodyBytes > this.#channel.connection.context.limits.messageBytesMax) return;
    this.#rest ??= [];
    if (part.length >= shortPartBytes) {
      this.#rest.push(part);
      this.#joinedBytes = 0;
      return;
    }
    // Short parts are put together: a body in frames of one octet each would take a hundred times its size.
    if (this.#joinedBytes === 0 || this.#joinedBytes + part.length > this.#joined.length) {
      this.#joined = Buffer.allocUnsafeSlow(joinedBytesMax);
      this.#joinedBytes = 0;
      this.#rest.push(nothing);
    }
    part.copy(this.#joined, this.#joinedBytes);
    this.#joinedBytes += part.length;
    this.#rest[this.#rest.length - 1] = this.#joined.subarray(0, this.#joinedBytes);
  }

  /** Forgets a half-received message. */
  drop(): void {
    this.#stage = 'idle';
    this.#rest = undefined;
    this.#joined = nothing;
    this.#joinedBytes = 0;
    this.#body = nothing;
    this.#header = nothing;
  }

  /** A frame came that the content so far does not allow. */
  outOfOrder(): void {
    const { connection } = this.#channel;
    if (this.#stage === 'idle')
      connection.handle(unexpectedFrame('expected method frame, got non method frame instead'), this.#channel, 0, 0);
    else if (this.#stage === 'header')
      this.#unexpected('expected content header for class 60, got non content header frame instead');
    else this.#unexpected('expected content body, got non content body frame instead');
  }

  #unexpected(text: string): void {
    this.drop();
    this.#channel.connection.handle(unexpectedFrame(text), this.#channel, 60, 40);
  }

  #keepHeader(): void {
    this.#header = Buffer.from(this.#header.subarray(this.#headerStart, this.#headerEnd));
    this.#headerStart = 0;
    this.#headerEnd = this.#header.length;
  }

  #sliceBody(): void {
    this.#body = this.#body.subarray(this.#bodyStart, this.#bodyEnd);
    this.#bodyStart = 0;
    this.#bodyEnd = this.#body.length;
  }

  #complete(): void {
    this.#stage = 'idle';
    const target = this.#target as Target;
    const { vhost, connection } = this.#channel;
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      this.#joined = nothing;
      this.#joinedBytes = 0;
    }
    if (this.#channel.state !== 'open') return;
    try {
      if (this.#bodyBytes > connection.context.limits.messageBytesMax) this.#tooBig();
      if (target.checked !== vhost.version || target.permissions !== connection.context.authority.version)
        this.#check(target);
    } catch (error) {
      connection.handle(error, this.#channel, 60, 40);
      return;
    }
    const { source } = connection;
    let persistent = false;
    const properties = this.#headerEnd - this.#headerStart;
    if (properties === 15) persistent = this.#header[this.#headerStart + 14] === 2;
    if (properties > 15 || (properties === 15 && !persistent && this.#header[this.#headerStart + 14] !== 1)) {
      try {
        persistent = this.#checkProperties();
      } catch (error) {
        connection.handle(error, this.#channel, 60, 40);
        return;
      }
    }
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
      connection.context.clock.now,
    );
    const { transaction } = this.#channel;
    if (transaction === undefined) return this.handOver(message, target);
    try {
      transaction.publish(message, target, this);
    } catch (error) {
      connection.handle(error, this.#channel, 60, 40);
    }
  }

  /** Gives the message to its queues, or back to its publisher, and counts it for confirms. */
  handOver(message: Message, target: Target): void {
    const channel = this.#channel;
    const { broker } = channel.connection.context;
    const { journal, scratch, memory } = broker.services;
    let queues = target.queues;
    const exchange = target.exchange as Exchange;
    if (target.routed !== channel.vhost.version) {
      const found = route(channel.vhost, exchange, target.routingKey, () => headersOf(message));
      queues = found.queues;
      target.queues = queues;
      if (found.reusable) target.routed = channel.vhost.version;
    }
    exchange.stats.publishedIn++;
    if (queues.length === 0) {
      if (target.mandatory) writeReturn(channel.connection, channel.number, message);
      channel.confirms?.immediate();
      return;
    }
    exchange.stats.publishedOut++;
    if (publish(queues, message, journal)) {
      channel.confirms?.journaled();
      if (!journal.accepting) channel.connection.outrun = journal;
      return;
    }
    channel.confirms?.immediate();
    // A transient message needs no disk, unless there is no room for it in memory.
    if (memory.bytes <= memory.limit) return;
    memory.check();
    if (scratch?.accepting === false) channel.connection.outrun = scratch;
  }

  #find(chunk: Buffer, start: number, end: number): void {
    this.#targets ??= new Array<Target | undefined>(64).fill(undefined);
    let targets = this.#targets;
    const hash = hashBytes(chunk, start, end);
    let slot = hash & (targets.length - 1);
    let found = targets[slot];
    if (found !== undefined && !sameBytes(found.bytes, chunk, start, end) && targets.length < targetsMax) {
      targets = grow(targets);
      this.#targets = targets;
      slot = hash & (targets.length - 1);
      found = targets[slot];
    }
    if (found === undefined || !sameBytes(found.bytes, chunk, start, end)) {
      found = readTarget(chunk, start, end);
      targets[slot] = found;
    }
    this.#target = found;
  }

  /** Asks again what depends on the topology and on permissions only. */
  #check(target: Target): void {
    const channel = this.#channel;
    if (target.immediate) throw notImplemented('immediate=true');
    channel.mayOr403('write', 'exchange', target.exchangeName);
    const exchange = channel.vhost.exchange(target.exchangeName);
    if (exchange.internal)
      throw accessRefused(`cannot publish to internal ${channel.vhost.exchangeResource(target.exchangeName)}`);
    target.exchange = exchange;
    target.checked = channel.vhost.version;
    target.permissions = channel.connection.context.authority.version;
  }

  #tooBig(): never {
    const { messageBytesMax } = this.#channel.connection.context.limits;
    throw preconditionFailed(`message size ${this.#bodyBytes} is larger than configured max size ${messageBytesMax}`);
  }

  /** Returns whether the message is persistent. */
  #checkProperties(): boolean {
    const header = this.#header;
    const start = this.#headerStart;
    const flags = (header[start + 12]! << 8) | header[start + 13]!;
    const { user } = this.#channel;
    if ((flags & 0x0110) !== 0) {
      const { userId, expiration } = decodeProperties(header, start, this.#headerEnd);
      if (userId !== undefined && userId !== user.name && !user.tags.includes('impersonator'))
        throw preconditionFailed(`user_id property set to '${userId}' but authenticated user was '${user.name}'`);
      if (expiration !== undefined) checkExpiration(expiration);
    }
    if ((flags & 0x1000) === 0) return false;
    const mode = deliveryMode(header, start, this.#headerEnd);
    if (mode !== 1 && mode !== 2) throw preconditionFailed(`invalid message: {delivery_mode_unknown,${mode}}`);
    return mode === 2;
  }
}

export type { Target };

const expirationMax = 315_360_000_000;

function checkExpiration(text: string): void {
  const digits = /^[+-]?\d+/.exec(text)?.[0];
  const fail = (what: string): never => {
    throw preconditionFailed(`invalid expiration '${text}': ${what}`);
  };
  if (digits === undefined) return fail('no_integer');
  if (digits.length < text.length) return fail(`{leftover_string,"${text.slice(digits.length)}"}`);
  const value = Number(digits);
  if (value < 0) fail(`{value_negative,${BigInt(digits)}}`);
  if (value > expirationMax) fail(`{value_too_large,${BigInt(digits)}}`);
}

function headersOf(message: Message): Table | undefined {
  return decodeProperties(message.header as Buffer, message.headerStart, message.headerEnd).headers;
}

function readTarget(chunk: Buffer, start: number, end: number): Target {
  const bytes = Buffer.from(chunk.subarray(start, end));
  const exchangeLength = bytes[6] ?? 0;
  const keyLength = bytes[7 + exchangeLength] ?? 0;
  const bits = 8 + exchangeLength + keyLength;
  if (bytes.length !== bits + 1) throw new SyntaxFault('basic.publish', bytes.subarray(4), 60, 40);
  return {
    bytes,
    address: bytes.subarray(6, bits),
    exchangeName: bytes.toString('utf8', 7, 7 + exchangeLength).replaceAll(/[\r\n]/g, ''),
    routingKey: bytes.toString('latin1', 8 + exchangeLength, bits),
    mandatory: (bytes[bits]! & 1) !== 0,
    immediate: (bytes[bits]! & 2) !== 0,
    exchange: undefined,
    queues: [],
    checked: -1,
    routed: -1,
    permissions: -1,
  };
}

function sameBytes(known: Buffer, chunk: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (known.length !== length) return false;
  // From the end: what differs between two targets of one publisher is most often the end of the key.
  for (let i = length - 1; i >= 0; i--) if (known[i] !== chunk[start + i]) return false;
  return true;
}

function hashBytes(chunk: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start + 6; i < end; i++) hash = Math.imul(hash ^ chunk[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function grow(targets: readonly (Target | undefined)[]): (Target | undefined)[] {
  const larger = new Array<Target | undefined>(targets.length * 4).fill(undefined);
  for (const target of targets)
    if (target !== undefined) larger[hashBytes(target.bytes, 0, target.bytes.length) & (larger.length - 1)] = target;
  return larger;
}
