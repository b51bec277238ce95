// One AMQP connection: frames in, frames out, its states from the protocol header to the end.

import type { ArgumentsToEncode, Method, MethodName } from '../amqp/command.ts';
import { findMethod } from '../amqp/command.ts';
import { erlangOctets, frameErrorText, frameSnippet } from '../amqp/erlang.ts';
import { SyntaxFault, TableFault, UnknownMethod } from '../amqp/faults.ts';
import { frameBody, frameEnd, frameHeader, frameHeartbeat, frameMethod, heartbeatFrame } from '../amqp/frame.ts';
import { decodeMethod, encodeMethod } from '../amqp/method.ts';
import { replyText } from '../amqp/reply-code.ts';
import { Table } from '../amqp/table.ts';
import type { User } from '../auth/authority.ts';
import {
  AmqpError,
  channelError,
  commandInvalid,
  frameError,
  internalError,
  notAllowed,
  unexpectedFrame,
} from '../broker/errors.ts';
import { Source } from '../broker/memory.ts';
import type { Queue } from '../broker/queue.ts';
import type { Store } from '../broker/store.ts';
import type { Vhost } from '../broker/vhost.ts';
import { Channel } from './channel.ts';
import { outputBytesMax, type SessionContext } from './context.ts';
import { Handshake } from './handshake.ts';
import { Output, type Transport } from './output.ts';
import { FrameFault, type FrameSink, Scanner } from './scanner.ts';

/** The two ends of a connection. */
export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly localHost: string;
  readonly localPort: number;
  readonly loopback: boolean;
}

/**
 * handshake: until connection.open; running; closing: our connection.close waits for its answer; closed: nothing more goes either way.
 */
type State = 'handshake' | 'running' | 'closing' | 'closed';

/** After a fault that leaves nothing to talk about the socket is cut so much later, ms (RabbitMQ behaviour). */
const resetAfterMs = 3000;

export class Connection implements FrameSink {
  readonly context: SessionContext;
  readonly peer: Peer;
  readonly transport: Transport;
  readonly output: Output;
  /** As RabbitMQ names a connection: `ip:port -> ip:port`. */
  readonly name: string;
  readonly connectedAt: number;
  readonly channels: Map<number, Channel> = new Map();
  readonly exclusiveQueues: Set<Queue> = new Set();
  state: State = 'handshake';
  user: User | undefined;
  mechanism = '';
  vhost: Vhost | undefined;
  clientProperties: Table = Table.empty;
  capabilities: Table = Table.empty;
  frameMax: number;
  channelMax: number;
  /** Seconds, as the client chose; 0 is off. */
  heartbeat = 0;
  /** The bytes that messages being received stand in. */
  source: Source;
  received = 0;
  /** The store that it has published into though that accepts no more. */
  outrun: Store | undefined;
  /** While it is not read because of a store; blocked: the client was told of the alarm. */
  #waiting: 'waiting' | 'blocked' | undefined;
  #pausedForStore = false;
  /** Lets the channels go on that wait for the alarm to end while this connection is read. */
  #unblock: (() => void)[] = [];
  readonly #scanner: Scanner;
  readonly #handshake: Handshake;
  #lastChannel: Channel | undefined;
  #lastNumber = -1;
  #congested = false;
  #whenDrained: (() => void)[] = [];
  #pausedFor = 0;
  #lastReceivedAt: number;
  #lastSentAt: number;
  #lastSentTotal = 0;
  /** How much the client had taken when that was last seen to rise, and when that was. */
  #taken = 0;
  #takenAt: number;
  #deadline: number;
  #closeAfterDrain: (() => void) | undefined;

  constructor(context: SessionContext, transport: Transport, peer: Peer) {
    this.context = context;
    this.transport = transport;
    this.peer = peer;
    this.name = `${peer.host}:${peer.port} -> ${peer.localHost}:${peer.localPort}`;
    this.output = new Output(transport, context.pool);
    this.output.onSent = () => this.#sent();
    this.output.onFull = () => this.congest();
    this.frameMax = context.limits.frameMax;
    this.channelMax = context.limits.channelMax;
    this.source = new Source(context.broker.services.memory, 0);
    this.#scanner = new Scanner(this, context.limits.frameMax);
    this.#handshake = new Handshake(this);
    this.connectedAt = context.clock.now;
    this.#lastReceivedAt = context.clock.now;
    this.#lastSentAt = context.clock.now;
    this.#takenAt = context.clock.now;
    this.#deadline = context.clock.now + context.limits.handshakeTimeoutMs;
    context.connections.add(this);
    context.log.info(`accepting AMQP connection ${this.name}`);
  }

  /** Bytes from the client. */
  receive(chunk: Buffer): void {
    if (this.state === 'closed') return;
    this.received += chunk.length;
    this.#lastReceivedAt = this.context.clock.now;
    this.source = new Source(
      this.context.broker.services.memory,
      chunk.buffer.byteLength === chunk.length ? chunk.length : chunk.buffer.byteLength,
    );
    let at = 0;
    if (this.#handshake.expectsProtocolHeader) {
      at = this.#handshake.protocolHeader(chunk);
      if (at < 0) return;
    }
    this.#scan(() => this.#scanner.scan(chunk, at));
    if (this.outrun !== undefined) this.#waitForStore(this.outrun);
  }

  /** Called a few times a second: heartbeats and everything that has a deadline. */
  tick(): void {
    const { now } = this.context.clock;
    if (this.state === 'closed') return;
    if (this.#deadline > 0 && now >= this.#deadline) {
      if (this.state === 'handshake' && !this.#handshake.failed)
        this.context.log.warning(
          `closing AMQP connection ${this.name}: no connection.open within ${this.context.limits.handshakeTimeoutMs} ms`,
        );
      this.#reset();
      return;
    }
    if (this.output.total !== this.#lastSentTotal) {
      this.#lastSentTotal = this.output.total;
      this.#lastSentAt = now;
    }
    if (this.#isStalled(now)) {
      this.context.log.warning(
        `closing AMQP connection ${this.#described()}: the client has not read what was sent to it for ${(now - this.#takenAt) / 1000} s`,
      );
      this.#reset();
      return;
    }
    this.#tellBlocked();
    this.#readAhead();
    if (this.heartbeat > 0 && this.state === 'running') this.#beat(now);
  }

  /** The client's half is gone. */
  lost(error: Error | undefined): void {
    if (this.state === 'closed') return;
    if (this.state === 'running')
      this.context.log.warning(
        `closing AMQP connection ${this.#described()}: client unexpectedly closed TCP connection${error === undefined ? '' : ` (${error.message})`}`,
      );
    this.#end();
  }

  /** Closes from our side, as an operator or a shutdown does. */
  close(error: AmqpError): void {
    if (this.state === 'running') this.#fail(error, 0, 0);
    else if (this.state !== 'closing') this.#reset();
  }

  send<N extends MethodName>(channel: number, name: N, args: ArgumentsToEncode<N>): void {
    const payload = encodeMethod(name, args);
    this.sendFrame(frameMethod, channel, payload);
  }

  sendFrame(type: number, channel: number, payload: Buffer): void {
    const at = this.output.reserve(payload.length + 8);
    const { buffer } = this.output;
    buffer[at] = type;
    buffer.writeUInt16BE(channel, at + 1);
    buffer.writeUInt32BE(payload.length, at + 3);
    buffer.set(payload, at + 7);
    buffer[at + 7 + payload.length] = frameEnd;
  }

  /** Too much output waits: no deliveries and no reading until it has drained. */
  congest(): void {
    if (this.#congested) return;
    this.#congested = true;
    for (const channel of this.channels.values()) channel.credit.open = false;
    this.pause();
  }

  /** Runs it when the output has drained. */
  whenDrained(run: () => void): void {
    this.#whenDrained.push(run);
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** Pauses reading; as many calls of `resume` start it again. */
  pause(): void {
    if (this.#pausedFor++ === 0) this.transport.pause();
  }

  resume(): void {
    if (--this.#pausedFor > 0 || this.state === 'closed') return;
    // What the client said meanwhile is still to be read: its silence counts from now.
    this.#lastReceivedAt = this.context.clock.now;
    this.transport.resume();
  }

  // --- frames ---

  method(number: number, chunk: Buffer, start: number, end: number): void {
    if (number !== 0 && this.state === 'running') {
      const channel = number === this.#lastNumber ? this.#lastChannel : this.#channel(number);
      if (channel !== undefined) {
        channel.method(chunk, start, end);
        return;
      }
    }
    this.#coldMethod(number, chunk, start, end);
  }

  header(number: number, chunk: Buffer, start: number, end: number): void {
    const channel = number === this.#lastNumber ? this.#lastChannel : this.#channel(number);
    if (channel === undefined || this.state !== 'running') this.#strayContent(frameHeader, number, chunk, start, end);
    else channel.header(chunk, start, end);
  }

  body(number: number, chunk: Buffer, start: number, end: number): void {
    const channel = number === this.#lastNumber ? this.#lastChannel : this.#channel(number);
    if (channel === undefined || this.state !== 'running') this.#strayContent(frameBody, number, chunk, start, end);
    else channel.body(chunk, start, end);
  }

  heartbeatFrame(number: number): void {
    if (number !== 0 && this.state === 'running') throw this.#unexpected(frameHeartbeat, Buffer.alloc(0));
  }

  // --- states ---

  /** The handshake has agreed on the limits. */
  tuned(frameMax: number, channelMax: number, heartbeat: number): void {
    this.frameMax = frameMax;
    this.channelMax = channelMax;
    this.heartbeat = heartbeat;
    this.#scanner.payloadBytesMax = frameMax;
  }

  opened(vhost: Vhost): void {
    this.vhost = vhost;
    this.state = 'running';
    this.#deadline = 0;
    this.context.log.info(
      `connection ${this.name}: user '${this.user?.name}' authenticated and granted access to vhost '${vhost.name}'`,
    );
  }

  /** Runs something for this connection outside of `receive`, with the same handling of what it throws. */
  run(step: () => void): void {
    if (this.state === 'closed') return;
    try {
      step();
    } catch (error) {
      this.#frameFailed(error);
    }
  }

  /** Sends connection.close and waits for the answer. */
  closing(args: ArgumentsToEncode<'connection.close'>): void {
    this.state = 'closing';
    this.#dropChannels();
    this.send(0, 'connection.close', args);
    const seconds = this.heartbeat > 0 ? Math.min(this.heartbeat, 30) : 30;
    this.#deadline = this.context.clock.now + seconds * 1000;
  }

  /** The handshake has failed beyond words: nothing more is read, and the socket is cut a little later. */
  resetSoon(): void {
    this.#scanner.stopped = true;
    this.#deadline = this.context.clock.now + resetAfterMs;
  }

  resetNow(): void {
    this.output.flush();
    this.#reset();
  }

  /** Handles what a handler threw, outside of a frame of this connection. */
  handle(error: unknown, channel: Channel | undefined, classId: number, methodId: number): void {
    if (error instanceof AmqpError) {
      if (error.scope === 'channel' && channel !== undefined) {
        this.context.log.error(
          `Channel error on connection ${this.#described()}, channel ${channel.number}: operation ${describe(classId, methodId)} caused a channel exception: ${error.message}`,
        );
        channel.fail(error, classId, methodId);
      } else this.#fail(error, classId, methodId);
      return;
    }
    // A fault of ours: it ends this connection and no other.
    this.context.log.error(`unexpected error on AMQP connection ${this.#described()}`, { err: error });
    this.#fail(internalError(''), classId, methodId);
  }

  /** A channel has nothing more to wait for: a close that waited for it may go on. */
  settled(): void {
    const close = this.#closeAfterDrain;
    if (close === undefined || this.#isParked()) return;
    this.#closeAfterDrain = undefined;
    close();
  }

  /** Ends a channel's life here. */
  removeChannel(channel: Channel): void {
    this.channels.delete(channel.number);
    if (this.#lastNumber === channel.number) {
      this.#lastNumber = -1;
      this.#lastChannel = undefined;
    }
  }

  #scan(scan: () => void): void {
    let step = scan;
    for (;;) {
      try {
        step();
        return;
      } catch (error) {
        this.#frameFailed(error);
        if (this.#scanner.stopped) return;
        step = () => this.#scanner.resume();
      }
    }
  }

  #frameFailed(error: unknown): void {
    if (error instanceof FrameFault) {
      this.#fail(frameError(frameErrorText(error.type, error.payload, error.reason)), 0, 0);
      // What follows cannot be told from noise.
      this.resetSoon();
      return;
    }
    if (error instanceof SyntaxFault) {
      const known = error.classId !== 0;
      this.#fail(
        frameError(known ? `cannot decode ${erlangOctets(error.octets)}` : 'unknown_frame'),
        error.classId,
        error.methodId,
      );
    } else if (error instanceof UnknownMethod) {
      this.#fail(
        commandInvalid(`unknown method: class ${error.classId}, method ${error.methodId}`),
        error.classId,
        error.methodId,
      );
    } else if (error instanceof TableFault) {
      this.#fail(frameError(error.message), 0, 0);
    } else if (error instanceof Error && error.name === 'MalformedUtf8') {
      this.#fail(frameError('Malformed UTF-8 in shortstr'), 0, 0);
    } else if (error instanceof Error && error.name === 'PropertiesFault') {
      this.context.log.error(`connection ${this.name}: ${error.message}`);
      this.#fail(internalError(''), 0, 0);
    } else this.handle(error, undefined, 0, 0);
  }

  #channel(number: number): Channel | undefined {
    const channel = this.channels.get(number);
    this.#lastNumber = number;
    this.#lastChannel = channel;
    return channel;
  }

  #coldMethod(number: number, chunk: Buffer, start: number, end: number): void {
    if (this.state === 'handshake') {
      this.#handshake.method(number, chunk, start, end);
      return;
    }
    if (this.state === 'closing') {
      this.#whileClosing(number, chunk, start, end);
      return;
    }
    if (end - start < 4) throw this.#unknownFrame(frameMethod, chunk.subarray(start, end));
    const method = decodeMethod(chunk, start, end);
    if (number === 0) this.#connectionMethod(method);
    else if (method.name === 'channel.open') this.#openChannel(number);
    else this.#fail(channelError("expected 'channel.open'"), method.classId, method.methodId);
  }

  #connectionMethod(method: Method): void {
    if (method.name === 'connection.close') {
      if (this.#isParked()) this.#closeAfterDrain = () => this.#closedByClient();
      else this.#closedByClient();
    } else if (method.name === 'connection.update-secret') this.send(0, 'connection.update-secret-ok', {});
    else this.#fail(channelError('unexpected method in connection state running'), method.classId, method.methodId);
  }

  #openChannel(number: number): void {
    if (this.channels.size >= this.channelMax) {
      this.#fail(
        notAllowed(
          `number of channels opened (${this.channels.size}) has reached the negotiated channel_max (${this.channelMax})`,
        ),
        0,
        0,
      );
      return;
    }
    const channel = new Channel(this, number, this.vhost as Vhost, this.user as User);
    channel.credit.open = !this.#congested;
    this.channels.set(number, channel);
    this.#lastNumber = -1;
    this.send(number, 'channel.open-ok', { channelId: '' });
  }

  #whileClosing(number: number, chunk: Buffer, start: number, end: number): void {
    if (number !== 0 || end - start < 4) return;
    const shape = findMethod(chunk.readUInt16BE(start), chunk.readUInt16BE(start + 2));
    if (shape?.name === 'connection.close-ok') this.#reset();
    else if (shape?.name === 'connection.close') this.send(0, 'connection.close-ok', {});
  }

  #closedByClient(): void {
    if (this.state !== 'running') return;
    this.#dropChannels();
    this.send(0, 'connection.close-ok', {});
    this.context.log.info(`closing AMQP connection (${this.#described()})`);
    this.output.flush();
    this.#end();
    this.transport.end();
  }

  #strayContent(type: number, number: number, chunk: Buffer, start: number, end: number): void {
    if (this.state !== 'running') {
      if (this.state === 'handshake')
        this.#handshake.hold(type === frameHeader ? 'header' : 'body', number, chunk, start, end);
      return;
    }
    const payload = chunk.subarray(start, end);
    if (number === 0) throw this.#unexpected(type, payload);
    throw channelError("expected 'channel.open'");
  }

  #unexpected(type: number, payload: Buffer): AmqpError {
    return unexpectedFrame(frameSnippet(type, payload));
  }

  #unknownFrame(type: number, payload: Buffer): AmqpError {
    return frameError(frameErrorText(type, payload, ['unknown_frame']));
  }

  #fail(error: AmqpError, classId: number, methodId: number): void {
    if (this.state === 'closed' || this.state === 'closing') return;
    this.context.log.error(
      `Error on AMQP connection ${this.#described()}: operation ${describe(classId, methodId)} caused a connection exception: ${error.message}`,
    );
    this.closing({ replyCode: error.code, replyText: replyText(error.code, error.text), classId, methodId });
  }

  #dropChannels(): void {
    for (const channel of [...this.channels.values()]) channel.terminate();
    this.channels.clear();
    this.#lastNumber = -1;
    this.#lastChannel = undefined;
    for (const queue of this.exclusiveQueues) this.vhost?.deleteQueue(queue);
    this.exclusiveQueues.clear();
  }

  #reset(): void {
    this.#end();
    this.transport.reset();
  }

  #end(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#scanner.stopped = true;
    this.#dropChannels();
    this.context.connections.delete(this);
  }

  #sent(): void {
    if (!this.#congested || this.output.pending > outputBytesMax / 2) return;
    this.#congested = false;
    for (const channel of this.channels.values()) channel.reopen();
    const waiting = this.#whenDrained;
    this.#whenDrained = [];
    for (const run of waiting) run();
    this.resume();
  }

  /** Whether output has waited too long for the client to read. Our own heartbeats add to it, so only what was taken counts. */
  #isStalled(now: number): boolean {
    const { inFlight, total } = this.output;
    if (inFlight === 0 || total - inFlight !== this.#taken) {
      this.#taken = total - inFlight;
      this.#takenAt = now;
    }
    return now - this.#takenAt >= this.context.limits.outputTimeoutMs;
  }

  #beat(now: number): void {
    const interval = this.heartbeat * 1000;
    // Two to three intervals without a byte, as two checks of one interval each would have found.
    if (this.#pausedFor === 0 && now - this.#lastReceivedAt >= interval * 2.5) {
      this.context.log.error(
        `closing AMQP connection ${this.#described()}: missed heartbeats from client, timeout: ${this.heartbeat}s`,
      );
      this.#reset();
      return;
    }
    if (now - this.#lastSentAt >= interval / 2) {
      this.#lastSentAt = now;
      this.output.append(heartbeatFrame);
      this.output.flush();
      this.#lastSentTotal = this.output.total;
    }
  }

  /** A publisher that outruns the disk is not read for a while; under an alarm it is told why. */
  #waitForStore(store: Store): void {
    this.outrun = undefined;
    if (store.accepting) return;
    if (this.#waiting !== undefined) {
      if (!this.#pausedForStore) this.#blockChannels();
      return;
    }
    this.#waiting = 'waiting';
    this.#pausedForStore = true;
    this.pause();
    this.#tellBlocked();
    this.#readAhead();
    store.whenAccepting(() => this.#storeAccepts());
  }

  #storeAccepts(): void {
    const told = this.#waiting === 'blocked';
    this.#waiting = undefined;
    if (told && this.state === 'running') this.send(0, 'connection.unblocked', {});
    for (const unblock of this.#unblock.splice(0)) unblock();
    if (this.#pausedForStore) this.resume();
    this.#pausedForStore = false;
    if (this.outrun !== undefined) this.#waitForStore(this.outrun);
  }

  /** Under an alarm a connection that has deliveries to settle is read on: its settlements are what makes room. */
  #readAhead(): void {
    if (!this.#pausedForStore || this.context.alarm() === undefined || !this.#hasUnsettled()) return;
    this.#pausedForStore = false;
    this.#blockChannels();
    this.resume();
  }

  #blockChannels(): void {
    // One that is closing ignores what comes, and must be able to read the answer to its close.
    for (const channel of this.channels.values())
      if (channel.state === 'open' && !channel.parked) this.#unblock.push(channel.block());
  }

  #hasUnsettled(): boolean {
    for (const channel of this.channels.values()) if (channel.unsettled.count > 0) return true;
    return false;
  }

  #tellBlocked(): void {
    const reason = this.context.alarm();
    if (reason === undefined || this.#waiting !== 'waiting' || this.state !== 'running') return;
    const told = this.capabilities.get('connection.blocked');
    if (told?.type !== 'bool' || !told.value) return;
    this.#waiting = 'blocked';
    this.send(0, 'connection.blocked', { reason });
  }

  #isParked(): boolean {
    for (const channel of this.channels.values()) if (channel.parked) return true;
    return false;
  }

  #described(): string {
    return `${this.name}, vhost: '${this.vhost?.name ?? 'none'}', user: '${this.user?.name ?? 'none'}'`;
  }
}

function describe(classId: number, methodId: number): string {
  return findMethod(classId, methodId)?.name ?? 'none';
}
