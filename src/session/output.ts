// What a connection has to say: bytes collected over a turn of the event loop, handed to the transport in large pieces.

import { frameEnd } from '../amqp/frame.ts';
import type { ConnectionStats } from './connection-stats.ts';
import { outputBytesMax } from './context.ts';

/** Where the output goes, and who is asked for a turn's end. */
export interface Transport {
  /** Sends the pieces in order. They are not to be changed until `sent` is called with their bytes. */
  write(pieces: readonly Buffer[], bytes: number, sent: () => void): void;
  /** Asks for `flush` at the end of this turn. */
  flushSoon(): void;
  /** Stops and starts reading from the client. */
  pause(): void;
  resume(): void;
  /** Sends what was written, then ends our half of the connection. */
  end(): void;
  /** Cuts the connection at once, with a reset. */
  reset(): void;
}

const bufferBytes = 128 * 1024;
/** Slices of at least this many bytes go out as they are; shorter ones are copied into the buffer. */
export const sliceBytesMin = 8192;

/** Buffers that were sent and can be filled again. Shared by all connections. */
export class BufferPool {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < 32) this.#free.push(buffer);
  }
}

export class Output {
  /** The buffer that is being filled; valid after `reserve`. */
  buffer: Buffer;
  /** Bytes handed to the transport that were not sent yet. */
  inFlight = 0;
  readonly #pool: BufferPool;
  readonly #transport: Transport;
  #length = 0;
  #from = 0;
  #pieces: Buffer[] = [];
  #piecesBytes = 0;
  #asked = false;
  /** Called when more waits in the transport than a connection may have waiting. */
  onFull: () => void = () => {};
  /** Called when bytes were sent. */
  onSent: () => void = () => {};
  readonly #stats: ConnectionStats;

  constructor(transport: Transport, pool: BufferPool, stats: ConnectionStats) {
    this.#stats = stats;
    this.#transport = transport;
    this.#pool = pool;
    this.buffer = none;
  }

  /** Bytes that wait here or in the transport. */
  get pending(): number {
    return this.#piecesBytes + this.#length - this.#from + this.inFlight;
  }

  /** Room for `bytes` in one piece: the offset in `buffer` where they are to be written. */
  reserve(bytes: number): number {
    if (this.#length + bytes > this.buffer.length) this.#next(bytes);
    if (!this.#asked) {
      this.#asked = true;
      this.#transport.flushSoon();
    }
    const at = this.#length;
    this.#length = at + bytes;
    return at;
  }

  /** Adds bytes; long ones as they are, so they must not change until sent. */
  append(bytes: Buffer): void {
    if (bytes.length < sliceBytesMin) {
      const at = this.reserve(bytes.length);
      this.buffer.set(bytes, at);
      return;
    }
    this.reserve(0);
    this.#cut();
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
    if (this.#piecesBytes >= bufferBytes * 2) this.flush();
  }

  /** Adds a whole frame. */
  frame(type: number, channel: number, payload: Buffer): void {
    const at = this.reserve(payload.length + 8);
    const { buffer } = this;
    buffer[at] = type;
    buffer.writeUInt16BE(channel, at + 1);
    buffer.writeUInt32BE(payload.length, at + 3);
    buffer.set(payload, at + 7);
    buffer[at + 7 + payload.length] = frameEnd;
  }

  /** Hands everything to the transport. */
  flush(): void {
    this.#asked = false;
    this.#cut();
    if (this.#piecesBytes === 0) return;
    const { buffer } = this;
    const pieces = this.#pieces;
    const bytes = this.#piecesBytes;
    this.buffer = none;
    this.#length = 0;
    this.#from = 0;
    this.#pieces = [];
    this.#piecesBytes = 0;
    this.inFlight += bytes;
    this.#stats.sentChunks++;
    this.#stats.sentBytes += bytes;
    this.#transport.write(pieces, bytes, () => {
      this.inFlight -= bytes;
      if (buffer.length === bufferBytes) this.#pool.give(buffer);
      this.onSent();
    });
    if (this.inFlight > outputBytesMax) this.onFull();
  }

  #cut(): void {
    if (this.#length === this.#from) return;
    this.#pieces.push(this.buffer.subarray(this.#from, this.#length));
    this.#piecesBytes += this.#length - this.#from;
    this.#from = this.#length;
  }

  #next(bytes: number): void {
    if (this.#length > 0 || this.#pieces.length > 0) {
      const asked = this.#asked;
      this.flush();
      this.#asked = asked;
    }
    this.buffer = bytes > bufferBytes ? Buffer.allocUnsafeSlow(bytes) : this.#pool.take();
  }
}

const none = Buffer.alloc(0);
