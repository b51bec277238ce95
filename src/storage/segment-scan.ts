// What a folder of segment files holds: which are segments, where each begins and ends, which are empty.

import { blockIntact, blockLength, claimedBlock } from './block.ts';
import type { Disk, DiskFile } from './disk.ts';
import { blockHeaderBytes, type Damage, nextPosition, type Position } from './log.ts';
import { decodeFooter, decodeHeader, pageBytes } from './segment-page.ts';
import { readBlocks, readBytes } from './segment-reader.ts';
import { segmentPath } from './segment-spares.ts';

/** A segment that has blocks, or may have. */
export interface Segment {
  readonly number: number;
  readonly epoch: number;
  readonly start: Position;
  readonly header: Uint8Array;
  path: string;
  fileBytes: number;
  /** Where its blocks end, when that is known. */
  end: Position | undefined;
  index: Position | undefined;
  /** Whether this process has written its end into its footer, so that the segment after it need not say it. */
  sealed: boolean;
  /** Its file may hold other blocks once this segment is trimmed. */
  recyclable: boolean;
  /** Settled when nothing of this process writes to the file any more; never rejected. Undefined while it is written. */
  released: Promise<void> | undefined;
}

/** What `scanFolder` found. */
export interface FolderScan {
  /** In the order of their positions. */
  readonly segments: Segment[];
  /** Numbers of the files that hold nothing, with their sizes. */
  readonly empty: readonly { number: number; bytes: number }[];
  /** Numbers of the files whose blocks all stand again in a later one. */
  readonly overwritten: readonly number[];
  readonly damage: readonly Damage[];
  readonly highestEpoch: number;
  readonly highestNumber: number;
  /** The highest number of a file that holds something. */
  readonly highestUsed: number;
}

const fileName = /^(\d{8,10})\.log$/;

/** Reads the header and footer of every segment file of the folder. */
export async function scanFolder(disk: Disk, folder: string, fileBytes: number): Promise<FolderScan> {
  const numbers = (await disk.list(folder)).map(numberOf).filter(number => number !== undefined);
  numbers.sort((a, b) => a - b);
  const found: Segment[] = [];
  const empty: { number: number; bytes: number }[] = [];
  const damage: Damage[] = [];
  let highestEpoch = 0;
  for (const number of numbers) {
    const path = segmentPath(folder, number);
    const file = await disk.open(path, { readOnly: true });
    try {
      const bytes = await file.size();
      const { segment, epoch, headerDamage } = await readSegment(file, number, path, bytes, fileBytes);
      if (segment === undefined) empty.push({ number, bytes });
      else found.push(segment);
      if (headerDamage !== undefined) damage.push(headerDamage);
      highestEpoch = Math.max(highestEpoch, epoch);
    } finally {
      await file.close();
    }
  }
  for (let last = found.at(-1); last !== undefined && !(await hasBlocks(disk, last)); last = found.at(-1)) {
    found.pop();
    empty.push({ number: last.number, bytes: last.fileBytes });
  }
  const { segments, overwritten } = cut(found);
  return {
    segments,
    empty,
    overwritten,
    // What is overwritten is not missed.
    damage: damage.filter(({ place }) => segments.some(({ path }) => path === place)),
    highestEpoch,
    highestNumber: numbers.at(-1) ?? 0,
    highestUsed: found.at(-1)?.number ?? 0,
  };
}

/**
 * A last segment without any block is none. Its header may be in the system's memory only, by a failed write of a process that was killed
 * then, and after a power cut be gone: then the segment before it, which that header would have ended, must be what it is now.
 */
async function hasBlocks(disk: Disk, segment: Segment): Promise<boolean> {
  const file = await disk.open(segment.path, { readOnly: true });
  try {
    return (await readBlocks(file, segment, segment.start, blockHeaderBytes)).blocks.length > 0;
  } finally {
    await file.close();
  }
}

function numberOf(name: string): number | undefined {
  const match = fileName.exec(name);
  return match === null ? undefined : Number(match[1]);
}

async function readSegment(
  file: DiskFile,
  number: number,
  path: string,
  bytes: number,
  standardBytes: number,
): Promise<{ segment?: Segment; epoch: number; headerDamage?: Damage }> {
  const page = await readBytes(file, 0, pageBytes);
  const header = decodeHeader(page, path);
  // A footer may be in the system's memory only, by a failed write of a process that was killed then: no seal yet.
  const released = Promise.resolve();
  const rest = { path, released, sealed: false, fileBytes: bytes, recyclable: bytes === standardBytes };
  if (header?.number === number) {
    return { segment: { ...header, ...rest, ...(await readEnd(file, bytes, header)) }, epoch: header.epoch };
  }
  const first = await readFirstBlock(file, number, bytes);
  if (first === undefined) return { epoch: header?.epoch ?? 0 };
  const known = { number, epoch: first.epoch, start: first.position };
  const reason = 'the header page of the segment is damaged; its place is taken from its first block';
  return {
    segment: { ...known, header: new Uint8Array(), ...rest, ...(await readEnd(file, bytes, known)) },
    epoch: first.epoch,
    headerDamage: { place: path, offset: 0, reason },
  };
}

/** The first block when it is intact, whatever position it claims: it carries the file's own number. */
async function readFirstBlock(
  file: DiskFile,
  number: number,
  bytes: number,
): Promise<{ position: Position; epoch: number } | undefined> {
  const page = await readBytes(file, pageBytes, pageBytes);
  if (page.length < blockHeaderBytes) return undefined;
  const { position, epoch } = claimedBlock(page, 0);
  const length = blockLength(page, 0, position, { number, epoch });
  if (length === 0 || length > bytes - pageBytes) return undefined;
  const block = await readBytes(file, pageBytes, length);
  return block.length === length && blockIntact(block, 0, length) ? { position, epoch } : undefined;
}

async function readEnd(
  file: DiskFile,
  bytes: number,
  of: { number: number; epoch: number; start: Position },
): Promise<{ end: Position | undefined; index: Position | undefined }> {
  const footer = decodeFooter(await readBytes(file, bytes - pageBytes, pageBytes));
  if (footer === undefined || footer.number !== of.number || footer.epoch !== of.epoch || footer.start !== of.start) {
    return { end: undefined, index: undefined };
  }
  return { end: footer.end, index: footer.index };
}

/**
 * A segment ends where a later one starts: that is how a block whose write failed is written again. One whose blocks all stand
 * in later segments is overwritten.
 */
function cut(byNumber: readonly Segment[]): { segments: Segment[]; overwritten: number[] } {
  const segments: Segment[] = [];
  const overwritten: number[] = [];
  let next: Segment | undefined;
  for (const segment of [...byNumber].reverse()) {
    if (next !== undefined && segment.start >= next.start) {
      overwritten.push(segment.number);
      continue;
    }
    if (next !== undefined) endAt(segment, next.start);
    segments.push(segment);
    next = segment;
  }
  return { segments: segments.reverse(), overwritten };
}

/** Makes the segment's known end `position` when it is later or unknown. */
export function endAt(segment: Segment, position: Position): void {
  if (segment.end !== undefined && segment.end <= position) return;
  // A footer that says more than what is valid is no seal: the later segment is what says the end.
  segment.sealed = false;
  segment.end = position;
  if (segment.index !== undefined && nextPosition(segment.index, 1) > position) segment.index = undefined;
}
