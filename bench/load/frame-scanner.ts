// Finds frames in large reads without an allocation per frame.
import { frameEnd, frameMaxBytes, frameOverheadBytes } from './wire.ts';

/** Takes the frames a scanner finds. The payload is `scanner.bytes` from `start` up to `end`, valid during the call only. */
export interface FrameSink {
  frame(type: number, channel: number, start: number, end: number): void;
}

/** One buffer that the socket reads into; a frame cut off at its end is moved to the front and completed by the next read. */
export class FrameScanner {
  readonly bytes: Buffer;
  readonly view: DataView;
  #filled = 0;

  /** `capacityBytes` bounds a read and has to exceed the largest frame that will come. */
  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  /** The free part of the buffer: where the next read goes. */
  room(): Uint8Array {
    return this.bytes.subarray(this.#filled);
  }

  /** Says that `count` bytes were read into `room()`; hands every whole frame to `sink`. Throws on bytes that are no frame. */
  take(count: number, sink: FrameSink): void {
    const { bytes, view } = this;
    const filled = this.#filled + count;
    let at = 0;
    while (filled - at >= frameOverheadBytes) {
      const length = view.getUint32(at + 3);
      if (length > frameMaxBytes) throw new Error(`the broker sent a frame of ${length} bytes, over frame-max`);
      const end = at + 7 + length;
      if (end >= filled) break;
      if (bytes[end] !== frameEnd) throw new Error(`the broker sent a frame without its end mark (type ${bytes[at]})`);
      sink.frame(bytes[at]!, view.getUint16(at + 1), at + 7, end);
      at = end + 1;
    }
    if (at > 0 && at < filled) bytes.copyWithin(0, at, filled);
    this.#filled = filled - at;
  }
}
