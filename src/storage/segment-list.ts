// The segments of the log in the order of their positions.

import type { Position } from './log.ts';
import { endAt, type Segment } from './segment-scan.ts';

export class SegmentList {
  #segments: Segment[] = [];

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get last(): Segment | undefined {
    return this.#segments.at(-1);
  }

  /** Bytes of all files together. */
  get bytes(): number {
    let bytes = 0;
    for (const segment of this.#segments) bytes += segment.fileBytes;
    return bytes;
  }

  /** Takes what the folder holds, in order. */
  fill(segments: readonly Segment[]): void {
    this.#segments = [...segments];
  }

  /** Adds one at the end; the one before it ends there. Returns those that are out because they start there or later. */
  add(segment: Segment): Segment[] {
    const overwritten: Segment[] = [];
    while (this.last !== undefined && this.last.start >= segment.start) overwritten.push(this.#segments.pop()!);
    if (this.last !== undefined) endAt(this.last, segment.start);
    this.#segments.push(segment);
    return overwritten;
  }

  remove(segment: Segment): void {
    const at = this.#segments.indexOf(segment);
    if (at !== -1) this.#segments.splice(at, 1);
  }

  includes(segment: Segment): boolean {
    return this.#segments.includes(segment);
  }

  startingAt(start: Position): Segment | undefined {
    const segment = this.at(start);
    return segment?.start === start ? segment : undefined;
  }

  before(segment: Segment): Segment | undefined {
    return this.#segments[this.#segments.indexOf(segment) - 1];
  }

  /** The one whose range the position is in, or the last one that starts before it. */
  at(position: Position): Segment | undefined {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.start <= position) low = middle + 1;
      else high = middle;
    }
    return this.#segments[low - 1];
  }
}
