// Reads the blocks of one segment: verifies each, passes over damage and says where it was.

import { blockIntact, blockLength, nextCandidate } from './block.ts';
import type { DiskFile } from './disk.ts';
import {
  type BlockRead,
  blockAlignment,
  blockHeaderBytes,
  type Damage,
  nextPosition,
  type Position,
  type ReadResult,
} from './log.ts';
import { pageBytes } from './segment-page.ts';

const searchBytes = 1024 * 1024;

/** What reading needs to know of a segment. */
export interface ReadableSegment {
  readonly number: number;
  readonly epoch: number;
  readonly path: string;
  readonly start: Position;
  /** Where the blocks end, when that is known. */
  readonly end: Position | undefined;
  readonly fileBytes: number;
}

/** The offset in the segment's file at which a position stands. */
export function offsetOf(segment: { readonly start: Position }, position: Position): number {
  return pageBytes + position - segment.start;
}

/** The bytes of the file from `offset` on, fewer at its end. Pages that the disk cannot read come as zeros, so that the rest is found. */
export async function readBytes(file: DiskFile, offset: number, length: number): Promise<Buffer> {
  const into = Buffer.allocUnsafeSlow(length);
  try {
    return into.subarray(0, await file.read(into, offset));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
  }
  let done = 0;
  while (done < length) {
    const page = into.subarray(done, Math.min(done + pageBytes, length));
    try {
      const got = await file.read(page, offset + done);
      done += got;
      if (got < page.length) break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
      page.fill(0);
      done += page.length;
    }
  }
  return into.subarray(0, done);
}

/** As `Log.read`, within one segment. */
export async function readBlocks(
  file: DiskFile,
  segment: ReadableSegment,
  from: Position,
  bytes: number,
): Promise<ReadResult> {
  const limit = limitOf(segment);
  const damage: Damage[] = [];
  let position = from;
  let length = Math.max(bytes, blockHeaderBytes);
  while (position < limit) {
    const buffer = await readBytes(file, offsetOf(segment, position), Math.min(length, limit - position));
    const { blocks, next, needs } = parse(buffer, segment, position, limit);
    if (blocks.length > 0) return { blocks, next: next < limit ? next : undefined, damage };
    if (needs > length) {
      length = needs;
      continue;
    }
    const found = await findIntact(file, segment, position + blockAlignment, limit);
    // Zeros or stale bytes up to an end that nobody knows: this is the end, not damage.
    if (found === undefined && segment.end === undefined) return { blocks: [], next: undefined, damage };
    damage.push({
      place: segment.path,
      offset: offsetOf(segment, position),
      reason: `no intact block stands at position ${position}; ${(found ?? limit) - position} bytes are passed over`,
    });
    if (found === undefined) return { blocks: [], next: undefined, damage };
    position = found;
  }
  return { blocks: [], next: undefined, damage };
}

function limitOf(segment: ReadableSegment): Position {
  return segment.end ?? segment.start + segment.fileBytes - pageBytes;
}

/** The whole blocks at the beginning of `buffer`; `needs` are the bytes that the first one takes when it is not whole. */
function parse(
  buffer: Buffer,
  segment: ReadableSegment,
  position: Position,
  limit: Position,
): { blocks: BlockRead[]; next: Position; needs: number } {
  const blocks: BlockRead[] = [];
  let next = position;
  let needs = 0;
  while (next < limit) {
    const at = next - position;
    const length = blockLength(buffer, at, next, segment);
    if (length === 0 || next + length > limit) break;
    if (at + length > buffer.length) {
      needs = length;
      break;
    }
    if (!blockIntact(buffer, at, length)) break;
    blocks.push({ position: next, payload: buffer.subarray(at + blockHeaderBytes, at + length) });
    next = nextPosition(next, length);
  }
  return { blocks, next, needs };
}

/** The first intact block at `from` or after it. */
async function findIntact(
  file: DiskFile,
  segment: ReadableSegment,
  from: Position,
  limit: Position,
): Promise<Position | undefined> {
  for (let position = from; position < limit; position += searchBytes) {
    const window = Math.min(searchBytes + blockHeaderBytes, limit - position);
    const buffer = await readBytes(file, offsetOf(segment, position), window);
    let at = nextCandidate(buffer, 0);
    while (at !== -1 && at < searchBytes) {
      const length = blockLength(buffer, at, position + at, segment);
      if (length > 0 && position + at + length <= limit) {
        const block = await readBytes(file, offsetOf(segment, position + at), length);
        if (block.length === length && blockIntact(block, 0, length)) return position + at;
      }
      at = nextCandidate(buffer, at + blockAlignment);
    }
    if (buffer.length < window) return undefined;
  }
  return undefined;
}
