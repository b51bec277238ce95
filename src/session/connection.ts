// One AMQP connection: frames in, frames out, its states from the protocol header to the end.

import type { ArgumentsToEncode, MethodName } from '../amqp/command.ts';
import { frameMethod } from '../amqp/frame.ts';
import { encodeMethod } from '../amqp/method.ts';
import { Table } from '../amqp/table.ts';
import type { User } from '../auth/authority.ts';
import type { AmqpError } from '../broker/errors.ts';
import { Source } from '../broker/memory.ts';
import type { Queue } from '../broker/queue.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Channel } from './channel.ts';
import { ConnectionStats } from './connection-stats.ts';
import type { SessionContext } from './context.ts';
import { connectionClosed, connectionCreated } from './event-source.ts';
import { failConnection, frameFailed } from './failures.ts';
import { FrameDispatch } from './frame-dispatch.ts';
import { Handshake } from './handshake.ts';
import { Liveness } from './liveness.ts';
import { Output, type Transport } from './output.ts';
import { PublisherPause } from './publisher-pause.ts';
import { Reading } from './reading.ts';
import { Scanner } from './scanner.ts';

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

export class Connection {
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
  /** The time of what is being handled, ms since the epoch: read once per piece of input, for all that is in it. */
  now: number;
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
  readonly stats: ConnectionStats = new ConnectionStats();
  /** Takes the frames of all channels, 0 included. */
  readonly dispatch: FrameDispatch;
  readonly reading: Reading;
  readonly liveness: Liveness;
  readonly publisherPause: PublisherPause;
  readonly #scanner: Scanner;
  readonly #handshake: Handshake;
  /** The client has closed; commands that wait for the disk are answered before it is. */
  #closeWaits = false;

  constructor(context: SessionContext, transport: Transport, peer: Peer) {
    this.context = context;
    this.transport = transport;
    this.peer = peer;
    this.name = `${peer.host}:${peer.port} -> ${peer.localHost}:${peer.localPort}`;
    this.output = new Output(transport, context.pool, this.stats);
    this.output.onSent = () => this.reading.sent();
    this.output.onFull = () => this.reading.congest();
    this.frameMax = context.limits.frameMax;
    this.channelMax = context.limits.channelMax;
    this.source = new Source(context.broker.services.memory, 0);
    this.now = context.clock.now;
    this.connectedAt = this.now;
    this.reading = new Reading(this);
    this.liveness = new Liveness(this);
    this.publisherPause = new PublisherPause(this);
    this.#handshake = new Handshake(this);
    this.dispatch = new FrameDispatch(this, this.#handshake);
    this.#scanner = new Scanner(this.dispatch, context.limits.frameMax);
    const { handshakeTimeoutMs } = context.limits;
    this.liveness.expireIn(handshakeTimeoutMs, `no connection.open within ${handshakeTimeoutMs} ms`);
    context.connections.add(this);
    context.log.info(`accepting AMQP connection ${this.name}`);
  }

  /** As the log describes it. */
  get description(): string {
    return `${this.name}, vhost: '${this.vhost?.name ?? 'none'}', user: '${this.user?.name ?? 'none'}'`;
  }

  /** Whether no deliveries are to be made until output has drained. */
  get congested(): boolean {
    return this.reading.congested;
  }

  /** Bytes from the client. */
  receive(chunk: Buffer): void {
    if (this.state === 'closed') return;
    this.now = this.context.clock.now;
    this.stats.receivedChunks++;
    this.stats.receivedBytes += chunk.length;
    this.liveness.heard();
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
    const { outrun } = this.publisherPause;
    if (outrun !== undefined) this.publisherPause.begin(outrun);
  }

  /** Called a few times a second: heartbeats and everything that has a deadline. */
  tick(): void {
    if (this.state === 'closed') return;
    if (this.liveness.isOver()) {
      this.cut();
      return;
    }
    this.publisherPause.tick();
    if (this.heartbeat > 0 && this.state === 'running' && !this.liveness.beat()) this.cut();
  }

  /** The client's half is gone. */
  lost(error: Error | undefined): void {
    if (this.state === 'closed') return;
    if (this.state === 'running')
      this.context.log.warning(
        `closing AMQP connection ${this.description}: client unexpectedly closed TCP connection${error === undefined ? '' : ` (${error.message})`}`,
      );
    this.#end();
  }

  /** Closes from our side, as an operator or a shutdown does. */
  close(error: AmqpError): void {
    if (this.state === 'running') failConnection(this, error, 0, 0);
    else if (this.state !== 'closing') this.cut();
  }

  /** Sends a method; channel 0 is the connection itself. */
  send<N extends MethodName>(channel: number, name: N, args: ArgumentsToEncode<N>): void {
    this.output.frame(frameMethod, channel, encodeMethod(name, args));
  }

  // --- states ---

  /** The handshake has agreed on the limits. */
  tuned(frameMax: number, channelMax: number, heartbeat: number): void {
    this.frameMax = frameMax;
    this.channelMax = channelMax;
    this.heartbeat = heartbeat;
    this.#scanner.payloadBytesMax = frameMax;
  }

  /** The handshake has ended well: the client is in the vhost. */
  opened(vhost: Vhost): void {
    this.vhost = vhost;
    this.state = 'running';
    this.context.broker.stats.connectionsOpened++;
    this.liveness.expireNever();
    this.context.log.info(
      `connection ${this.name}: user '${this.user?.name}' authenticated and granted access to vhost '${vhost.name}'`,
    );
    connectionCreated(this, vhost);
  }

  /** What the client has called itself. */
  get givenName(): string | undefined {
    const named = this.clientProperties.get('connection_name');
    return named?.type === 'longstr' ? Buffer.from(named.value).toString() : undefined;
  }

  /** Runs something for this connection outside of `receive`, with the same handling of what it throws. */
  run(step: () => void): void {
    if (this.state === 'closed') return;
    this.now = this.context.clock.now;
    try {
      step();
    } catch (error) {
      frameFailed(this, error);
    }
  }

  /** Sends connection.close and waits for the answer. */
  closing(args: ArgumentsToEncode<'connection.close'>): void {
    this.state = 'closing';
    this.#dropChannels();
    this.send(0, 'connection.close', args);
    const seconds = this.heartbeat > 0 ? Math.min(this.heartbeat, 30) : 30;
    this.liveness.expireIn(seconds * 1000);
  }

  /** The handshake has failed beyond words: nothing more is read, and the socket is cut a little later. */
  resetSoon(): void {
    this.#scanner.stopped = true;
    this.liveness.expireIn(resetAfterMs);
  }

  /** Sends what there is to say and cuts the connection. */
  resetNow(): void {
    this.output.flush();
    this.cut();
  }

  /** Cuts the connection at once; output that was not flushed is lost. */
  cut(): void {
    this.#end();
    this.transport.reset();
  }

  /** connection.close of the client: answered at once, or when no command waits for the disk any more. */
  closedByClient(): void {
    this.#closeWaits = this.#isParked();
    if (this.#closeWaits || this.state !== 'running') return;
    this.#dropChannels();
    this.send(0, 'connection.close-ok', {});
    this.context.log.info(`closing AMQP connection (${this.description})`);
    this.output.flush();
    this.#end();
    this.transport.end();
  }

  /** A channel has nothing more to wait for: a close that waited for it may go on. */
  settled(): void {
    if (this.#closeWaits) this.closedByClient();
  }

  /** Ends a channel's life here. */
  removeChannel(channel: Channel): void {
    this.channels.delete(channel.number);
    this.dispatch.channelsChanged();
  }

  #scan(scan: () => void): void {
    let step = scan;
    for (;;) {
      try {
        step();
        return;
      } catch (error) {
        frameFailed(this, error);
        if (this.#scanner.stopped) return;
        step = () => this.#scanner.resume();
      }
    }
  }

  #dropChannels(): void {
    for (const channel of [...this.channels.values()]) channel.terminate();
    this.channels.clear();
    this.dispatch.channelsChanged();
    for (const queue of this.exclusiveQueues) this.vhost?.deleteQueue(queue);
    this.exclusiveQueues.clear();
  }

  #end(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#scanner.stopped = true;
    this.#dropChannels();
    this.context.connections.delete(this);
    connectionClosed(this);
    const { stats } = this.context.broker;
    if (this.vhost !== undefined) stats.connectionsClosed++;
    stats.receivedChunks += this.stats.receivedChunks;
    stats.receivedBytes += this.stats.receivedBytes;
    stats.sentChunks += this.stats.sentChunks;
    stats.sentBytes += this.stats.sentBytes;
  }

  #isParked(): boolean {
    for (const channel of this.channels.values()) if (channel.parked) return true;
    return false;
  }
}
