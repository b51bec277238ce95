// The two pages of a segment file that are not blocks: the header page at its beginning, the footer page at its end.

import { crc32 } from 'node:zlib';
import type { Position } from './log.ts';

/** Bytes of the header page and of the footer page. */
export const pageBytes = 4096;

/** The most that a segment's opaque header may hold. */
export const headerBytesMax = 2048;

const formatVersion = 2;
const headerMagic = Buffer.from('LVRTSEG1', 'latin1');
const footerMagic = Buffer.from('LVRTEND1', 'latin1');
const crcAt = 8;
const checkedFrom = 12;
const opaqueAt = 64;
const none = -1;

/** What the header page says. */
export interface SegmentHeader {
  readonly number: number;
  readonly epoch: number;
  readonly start: Position;
  /** The journal's own bytes. */
  readonly header: Uint8Array;
}

/** What the footer page says of the segment that it ends. */
export interface SegmentFooter {
  readonly number: number;
  readonly epoch: number;
  readonly start: Position;
  /** Where the index block stands, if there is one. */
  readonly index: Position | undefined;
  /** Where the blocks end. */
  readonly end: Position;
}

function seal(page: Buffer, checkedTo: number): Buffer {
  page.writeUInt32LE(crc32(page.subarray(checkedFrom, checkedTo)), crcAt);
  return page;
}

function isSealed(page: Buffer, magic: Buffer, checkedTo: number): boolean {
  if (
    page.length < pageBytes ||
    checkedTo > page.length ||
    page.compare(magic, 0, magic.length, 0, magic.length) !== 0
  ) {
    return false;
  }
  return crc32(page.subarray(checkedFrom, checkedTo)) === page.readUInt32LE(crcAt);
}

function startPage(magic: Buffer, of: { number: number; epoch: number; start: Position }): Buffer {
  const page = Buffer.alloc(pageBytes);
  magic.copy(page);
  page.writeUInt32LE(formatVersion, 12);
  page.writeUInt32LE(of.number, 16);
  page.writeUInt32LE(of.epoch, 20);
  page.writeDoubleLE(of.start, 24);
  return page;
}

/** The header page of a segment. */
export function encodeHeader(of: SegmentHeader): Buffer {
  if (of.header.length > headerBytesMax) throw new Error(`A segment header holds at most ${headerBytesMax} bytes`);
  const page = startPage(headerMagic, of);
  page.writeUInt32LE(of.header.length, 32);
  page.set(of.header, opaqueAt);
  return seal(page, opaqueAt + of.header.length);
}

/** The header that the page holds, or undefined when it is not an intact one. Throws for a format this version cannot read. */
export function decodeHeader(page: Buffer, path: string): SegmentHeader | undefined {
  if (page.length < pageBytes) return undefined;
  const length = page.readUInt32LE(32);
  if (length > headerBytesMax || !isSealed(page, headerMagic, opaqueAt + length)) return undefined;
  const version = page.readUInt32LE(12);
  if (version !== formatVersion) {
    throw new Error(
      `${path} has format version ${version}; this version of Leveret reads ${formatVersion}. Start the version that wrote it.`,
    );
  }
  return {
    number: page.readUInt32LE(16),
    epoch: page.readUInt32LE(20),
    start: page.readDoubleLE(24),
    header: Buffer.from(page.subarray(opaqueAt, opaqueAt + length)),
  };
}

const footerCheckedTo = 48;

/** The footer page of a segment. */
export function encodeFooter(of: SegmentFooter): Buffer {
  const page = startPage(footerMagic, of);
  page.writeDoubleLE(of.index ?? none, 32);
  page.writeDoubleLE(of.end, 40);
  return seal(page, footerCheckedTo);
}

/** The footer that the page holds, or undefined when it is not an intact one. */
export function decodeFooter(page: Buffer): SegmentFooter | undefined {
  if (!isSealed(page, footerMagic, footerCheckedTo)) return undefined;
  const index = page.readDoubleLE(32);
  return {
    number: page.readUInt32LE(16),
    epoch: page.readUInt32LE(20),
    start: page.readDoubleLE(24),
    index: index === none ? undefined : index,
    end: page.readDoubleLE(40),
  };
}
