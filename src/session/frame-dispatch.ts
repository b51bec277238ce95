// Who takes a frame: a channel, or by the state of the connection the handshake, the connection itself, or nobody.

import { findMethod, type Method } from '../amqp/command.ts';
import { frameErrorText, frameSnippet } from '../amqp/erlang.ts';
import { frameBody, frameHeader, frameHeartbeat, frameMethod } from '../amqp/frame.ts';
import { decodeMethod } from '../amqp/method.ts';
import type { User } from '../auth/authority.ts';
import { type AmqpError, channelError, frameError, notAllowed, unexpectedFrame } from '../broker/errors.ts';
import type { Vhost } from '../broker/vhost.ts';
import { Channel } from './channel.ts';
import type { Connection } from './connection.ts';
import { channelCreated } from './event-source.ts';
import { failConnection } from './failures.ts';
import type { Handshake } from './handshake.ts';
import { channelRefused } from './limits.ts';
import type { FrameSink } from './scanner.ts';

export class FrameDispatch implements FrameSink {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  /**
   * The channel of the last frame: most often that of the next as well. Rule: it is one of a running connection, so that whoever ends
   * channels or that state calls `channelsChanged`.
   */
  #lastChannel: Channel | undefined;
  #lastNumber = -1;

  constructor(connection: Connection, handshake: Handshake) {
    this.#connection = connection;
    this.#handshake = handshake;
  }

  method(number: number, chunk: Buffer, start: number, end: number): void {
    const channel = number === this.#lastNumber ? this.#lastChannel : this.#find(number);
    if (channel === undefined) this.#coldMethod(number, chunk, start, end);
    else channel.method(chunk, start, end);
  }

  header(number: number, chunk: Buffer, start: number, end: number): void {
    const channel = number === this.#lastNumber ? this.#lastChannel : this.#find(number);
    if (channel === undefined) this.#strayContent(frameHeader, number, chunk, start, end);
    else channel.header(chunk, start, end);
  }

  body(number: number, chunk: Buffer, start: number, end: number): void {
    const channel = number === this.#lastNumber ? this.#lastChannel : this.#find(number);
    if (channel === undefined) this.#strayContent(frameBody, number, chunk, start, end);
    else channel.body(chunk, start, end);
  }

  heartbeatFrame(number: number): void {
    if (number !== 0 && this.#connection.state === 'running')
      throw unexpectedFrame(frameSnippet(frameHeartbeat, Buffer.alloc(0)));
  }

  /** The connection's channels are others than before. */
  channelsChanged(): void {
    this.#lastNumber = -1;
    this.#lastChannel = undefined;
  }

  /** The channel of that number, while the connection is running. */
  #find(number: number): Channel | undefined {
    if (this.#connection.state !== 'running') return undefined;
    const channel = this.#connection.channels.get(number);
    if (channel === undefined) return undefined;
    this.#lastNumber = number;
    this.#lastChannel = channel;
    return channel;
  }

  #coldMethod(number: number, chunk: Buffer, start: number, end: number): void {
    const connection = this.#connection;
    if (connection.state === 'handshake') {
      this.#handshake.method(number, chunk, start, end);
      return;
    }
    if (connection.state === 'closing') {
      this.#whileClosing(number, chunk, start, end);
      return;
    }
    if (end - start < 4) throw unknownFrame(chunk.subarray(start, end));
    const method = decodeMethod(chunk, start, end);
    if (number === 0) this.#connectionMethod(method);
    else if (method.name === 'channel.open') this.#openChannel(number);
    else failConnection(connection, channelError("expected 'channel.open'"), method.classId, method.methodId);
  }

  #connectionMethod(method: Method): void {
    const connection = this.#connection;
    if (method.name === 'connection.close') connection.closedByClient();
    else if (method.name === 'connection.update-secret') connection.send(0, 'connection.update-secret-ok', {});
    else {
      const error = channelError('unexpected method in connection state running');
      failConnection(connection, error, method.classId, method.methodId);
    }
  }

  #openChannel(number: number): void {
    const connection = this.#connection;
    const { channels, channelMax } = connection;
    if (channels.size >= channelMax) {
      const text = `number of channels opened (${channels.size}) has reached the negotiated channel_max (${channelMax})`;
      failConnection(connection, notAllowed(text), 0, 0);
      return;
    }
    const refused = channelRefused(connection);
    if (refused !== undefined) {
      failConnection(connection, notAllowed(refused), 0, 0);
      return;
    }
    const channel = new Channel(connection, number, connection.vhost as Vhost, connection.user as User);
    channelCreated(channel);
    channel.credit.open = !connection.congested;
    channels.set(number, channel);
    connection.context.broker.stats.channelsOpened++;
    this.channelsChanged();
    connection.send(number, 'channel.open-ok', { channelId: '' });
  }

  #whileClosing(number: number, chunk: Buffer, start: number, end: number): void {
    if (number !== 0 || end - start < 4) return;
    const shape = findMethod(chunk.readUInt16BE(start), chunk.readUInt16BE(start + 2));
    if (shape?.name === 'connection.close-ok') this.#connection.cut();
    else if (shape?.name === 'connection.close') this.#connection.send(0, 'connection.close-ok', {});
  }

  #strayContent(type: number, number: number, chunk: Buffer, start: number, end: number): void {
    if (this.#connection.state !== 'running') {
      if (this.#connection.state === 'handshake')
        this.#handshake.hold(type === frameHeader ? 'header' : 'body', number, chunk, start, end);
      return;
    }
    if (number === 0) throw unexpectedFrame(frameSnippet(type, chunk.subarray(start, end)));
    throw channelError("expected 'channel.open'");
  }
}

function unknownFrame(payload: Buffer): AmqpError {
  return frameError(frameErrorText(frameMethod, payload, ['unknown_frame']));
}
