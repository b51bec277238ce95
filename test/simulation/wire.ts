// The client's end of the wire: methods and contents to frames, and frames back.
import type { ArgumentsToEncode, MethodName } from '../../src/amqp/command.ts';
import { encodeFrame, frameBody, frameHeader, frameMethod } from '../../src/amqp/frame.ts';
import { encodeMethod } from '../../src/amqp/method.ts';

export function methodFrame<N extends MethodName>(channel: number, name: N, args: ArgumentsToEncode<N>): Buffer {
  return encodeFrame(frameMethod, channel, encodeMethod(name, args));
}

/** A content in frames of at most `frameMax` bytes. */
export function contentFrames(channel: number, header: Buffer, body: Buffer, frameMax: number): Buffer[] {
  const frames = [encodeFrame(frameHeader, channel, header)];
  for (let at = 0; at < body.length; at += frameMax - 8)
    frames.push(encodeFrame(frameBody, channel, body.subarray(at, at + frameMax - 8)));
  return frames;
}

export interface Frame {
  readonly type: number;
  readonly channel: number;
  readonly payload: Buffer;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  *read(bytes: Buffer): Generator<Frame> {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (at + 7 <= all.length) {
      const end = at + 7 + all.readUInt32BE(at + 3);
      if (end >= all.length) break;
      if (all[end] !== 0xce) throw new Error('the broker has sent a frame without its end');
      const frame = { type: all[at] as number, channel: all.readUInt16BE(at + 1), payload: all.subarray(at + 7, end) };
      at = end + 1;
      this.#rest = all.subarray(at);
      yield frame;
    }
    this.#rest = all.subarray(at);
  }
}
