// Finds the frames in the bytes of a connection, without copying those that arrive whole.
import { frameBody, frameEnd, frameHeader, frameHeaderBytes, frameHeartbeat, frameMethod } from '../amqp/frame.ts';

/** Takes frames in as they are found. `start` and `end` bound the payload in `chunk`. */
export interface FrameSink {
  method(channel: number, chunk: Buffer, start: number, end: number): void;
  header(channel: number, chunk: Buffer, start: number, end: number): void;
  /**
   * A body frame's payload, or a part of one: a long one that does not arrive at once is handed on in parts. The last one comes when the
   * frame's end was seen: before, nobody may count the content as whole.
   */
  body(channel: number, chunk: Buffer, start: number, end: number): void;
  heartbeatFrame(channel: number): void;
}

/** Bytes that are no frame. `reason` is RabbitMQ's word for it. */
export class FrameFault extends Error {
  override readonly name = 'FrameFault';
  readonly type: number;
  readonly payload: Buffer;
  readonly reason: readonly [name: string, ...numbers: number[]];

  constructor(type: number, payload: Buffer, reason: readonly [name: string, ...numbers: number[]]) {
    super(reason.join(' '));
    this.type = type;
    this.payload = payload;
    this.reason = reason;
  }
}

/** A body frame that is longer than this and only partly there is handed on in parts; shorter frames are put together first. */
const partsBytesMin = 4096;

/**
 * Rules: `#at` stands behind a frame before the frame is handed to the sink, so that after an exception of the sink `resume` goes on
 * with the next one. Of a frame that is not whole yet, either its bytes so far are in `#partial`, or `#bodyLeft` says what is still to come,
 * or all but its end has come and `#lastPart` is what was not handed on.
 */
export class Scanner {
  /** Largest payload accepted, bytes. */
  payloadBytesMax: number;
  /** Set to stop: nothing more is handed on. */
  stopped = false;
  readonly #sink: FrameSink;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #partial: Buffer | undefined;
  #partialLength = 0;
  #bodyLeft = 0;
  #bodyChannel = 0;
  #lastPart: Buffer | undefined;

  constructor(sink: FrameSink, payloadBytesMax: number) {
    this.#sink = sink;
    this.payloadBytesMax = payloadBytesMax;
  }

  /** Scans more bytes. Throws what the sink throws, and FrameFault. */
  scan(chunk: Buffer, at = 0): void {
    this.#chunk = chunk;
    this.#at = at;
    this.resume();
  }

  /** Goes on after an exception. */
  resume(): void {
    if (this.#bodyLeft > 0 || this.#lastPart !== undefined) this.#continueBody();
    if (this.#partial !== undefined) this.#continuePartial();
    const chunk = this.#chunk;
    const length = chunk.length;
    let at = this.#at;
    while (at + frameHeaderBytes <= length && !this.stopped) {
      const bytes = ((chunk[at + 3]! << 24) | (chunk[at + 4]! << 16) | (chunk[at + 5]! << 8) | chunk[at + 6]!) >>> 0;
      if (bytes > this.payloadBytesMax) this.#tooLarge(chunk, at, bytes);
      const start = at + frameHeaderBytes;
      const end = start + bytes;
      if (end >= length) break;
      if (chunk[end] !== frameEnd) this.#badEnd(chunk, at, start, end);
      const channel = (chunk[at + 1]! << 8) | chunk[at + 2]!;
      const type = chunk[at];
      at = end + 1;
      this.#at = at;
      if (type === frameMethod) this.#sink.method(channel, chunk, start, end);
      else if (type === frameHeader) this.#sink.header(channel, chunk, start, end);
      else if (type === frameBody) this.#sink.body(channel, chunk, start, end);
      else this.#other(type!, channel, chunk, start, end);
    }
    if (at < length && !this.stopped) this.#keep(at);
  }

  /** Bytes that were received of a frame that is not whole yet. */
  get partialBytes(): number {
    return this.#partialLength;
  }

  #other(type: number, channel: number, chunk: Buffer, start: number, end: number): void {
    if (type !== frameHeartbeat || end > start)
      throw new FrameFault(type, chunk.subarray(start, end), ['unknown_frame']);
    this.#sink.heartbeatFrame(channel);
  }

  /** The chunk ends within a frame. */
  #keep(at: number): void {
    const chunk = this.#chunk;
    const rest = chunk.length - at;
    this.#at = chunk.length;
    let size = frameHeaderBytes;
    if (rest >= frameHeaderBytes) {
      const bytes = chunk.readUInt32BE(at + 3);
      if (chunk[at] === frameBody && bytes > partsBytesMin && rest < frameHeaderBytes + bytes) {
        this.#bodyChannel = chunk.readUInt16BE(at + 1);
        this.#bodyLeft = bytes - (rest - frameHeaderBytes);
        if (rest > frameHeaderBytes) this.#sink.body(this.#bodyChannel, chunk, at + frameHeaderBytes, chunk.length);
        return;
      }
      size = frameHeaderBytes + bytes + 1;
    }
    this.#partial = Buffer.allocUnsafeSlow(size);
    chunk.copy(this.#partial, 0, at);
    this.#partialLength = rest;
  }

  #continueBody(): void {
    const chunk = this.#chunk;
    const part = this.#lastPart ?? chunk;
    let start = 0;
    let end = part.length;
    if (this.#bodyLeft > 0) {
      start = this.#at;
      end = Math.min(chunk.length, start + this.#bodyLeft);
      if (end === start) return;
      this.#bodyLeft -= end - start;
      this.#at = end;
      if (this.#bodyLeft > 0) {
        this.#sink.body(this.#bodyChannel, chunk, start, end);
        return;
      }
    }
    if (this.#at === chunk.length) {
      // A copy: the chunk is let go.
      if (part === chunk) this.#lastPart = Buffer.from(chunk.subarray(start, end));
      return;
    }
    this.#lastPart = undefined;
    const octet = chunk[this.#at++]!;
    if (octet !== frameEnd)
      throw new FrameFault(frameBody, part.subarray(Math.max(start, end - 16), end), invalidEnd(octet));
    this.#sink.body(this.#bodyChannel, part, start, end);
  }

  #continuePartial(): void {
    const chunk = this.#chunk;
    let partial = this.#partial as Buffer;
    for (;;) {
      const taken = Math.min(partial.length - this.#partialLength, chunk.length - this.#at);
      chunk.copy(partial, this.#partialLength, this.#at, this.#at + taken);
      this.#partialLength += taken;
      this.#at += taken;
      if (this.#partialLength < partial.length) return;
      if (partial.length > frameHeaderBytes) break;
      const bytes = partial.readUInt32BE(3);
      if (bytes > this.payloadBytesMax) this.#tooLarge(partial, 0, bytes);
      const whole = Buffer.allocUnsafeSlow(frameHeaderBytes + bytes + 1);
      partial.copy(whole);
      partial = whole;
      this.#partial = whole;
    }
    this.#partial = undefined;
    this.#partialLength = 0;
    const end = partial.length - 1;
    if (partial[end] !== frameEnd) this.#badEnd(partial, 0, frameHeaderBytes, end);
    const channel = partial.readUInt16BE(1);
    const type = partial[0]!;
    if (type === frameMethod) this.#sink.method(channel, partial, frameHeaderBytes, end);
    else if (type === frameHeader) this.#sink.header(channel, partial, frameHeaderBytes, end);
    else if (type === frameBody) this.#sink.body(channel, partial, frameHeaderBytes, end);
    else this.#other(type, channel, partial, frameHeaderBytes, end);
  }

  #tooLarge(chunk: Buffer, at: number, bytes: number): never {
    // RabbitMQ prints the size of the whole frame less its header's first byte and what it would allow as payload.
    throw new FrameFault(chunk[at]!, chunk.subarray(0, 0), ['frame_too_large', bytes, this.payloadBytesMax - 8]);
  }

  #badEnd(chunk: Buffer, at: number, start: number, end: number): never {
    throw new FrameFault(chunk[at]!, chunk.subarray(start, end), invalidEnd(chunk[end]!));
  }
}

function invalidEnd(octet: number): [string, number] {
  return ['invalid_frame_end_marker', octet];
}
