// The journal's records: their types, and messages to bytes and back. All numbers are little endian.
import { type Marks, marksOf } from '../broker/marks.ts';
import type { Message } from '../broker/message.ts';

/**
 * A record is `length u32 (all of it), type u8, flags u8, count u16`, then by type:
 * - message: time f64, first id f64, per entry `queue u32, sequence f64`, then the content;
 * - moved: the same with `queue u32, sequence f64, old id f64` per entry: the old ids are settled with it;
 *   with the flag `marked` both have `deadline f64, marks u32` behind each entry;
 * - settled: ids f64;
 * - fact: one fact as JSON;
 * - snapshot: all facts as a JSON array: what came before them no longer counts;
 * - bitmap: first id f64 of a segment, then the bits of its settled entries;
 * - closed: pairs `first id f64, count f64` of entries that were delivered before; the last record of a clean stop;
 * - index: see segment-index.
 * A content is `extensions u16 + bytes, address u16 + bytes, header u32 + bytes, body to the record's end`.
 */
export const recordTypes = {
  message: 1,
  moved: 2,
  settled: 3,
  fact: 4,
  snapshot: 5,
  bitmap: 6,
  closed: 7,
  index: 8,
} as const;

/** Flag of message and moved records: their entries have marks. */
export const marked = 1;

export const recordHeaderBytes = 8;
/** Up to the first entry of a message record. */
export const messageFixedBytes: number = recordHeaderBytes + 16;
export const messageEntryBytes = 12;
export const movedEntryBytes = 20;
/** What marks add to an entry. */
export const marksBytes = 12;

/** Bytes of a message's content in a record, without the body. */
export function contentFixedBytes(message: Message): number {
  return 2 + 2 + message.address.length + 4 + (message.headerEnd - message.headerStart);
}

/** A message's content as a record has it. */
export function encodeContent(message: Message): Buffer {
  const { address, header, headerStart, headerEnd, body, bodyStart, bodyEnd, rest } = message;
  const lengths = Buffer.alloc(8);
  lengths.writeUInt16LE(address.length, 2);
  lengths.writeUInt32LE(headerEnd - headerStart, 4);
  return Buffer.concat([
    lengths.subarray(0, 4),
    address,
    lengths.subarray(4),
    (header as Buffer).subarray(headerStart, headerEnd),
    body.subarray(bodyStart, bodyEnd),
    ...(rest ?? []),
  ]);
}

/** Where in a block's payload the parts of a content stand; the body follows the header. Read into again and again. */
export class Content {
  publishedAt = 0;
  addressStart = 0;
  addressEnd = 0;
  headerStart = 0;
  headerEnd = 0;
  bodyEnd = 0;

  /** Reads the content of a message or moved record that starts at `at`. False when no such record stands there. */
  read(payload: Buffer, at: number): boolean {
    if (at < 0 || at + messageFixedBytes > payload.length) return false;
    const type = payload[at + 4];
    if (type !== recordTypes.message && type !== recordTypes.moved) return false;
    const end = at + payload.readUInt32LE(at);
    let to = contentOffset(payload, at);
    to += 2 + payload.readUInt16LE(to);
    const addressEnd = to + 2 + payload.readUInt16LE(to);
    const headerEnd = addressEnd + 4 + payload.readUInt32LE(addressEnd);
    if (headerEnd > end || end > payload.length) return false;
    this.publishedAt = payload.readDoubleLE(at + 8);
    this.addressStart = to + 2;
    this.addressEnd = addressEnd;
    this.headerStart = addressEnd + 4;
    this.headerEnd = headerEnd;
    this.bodyEnd = end;
    return true;
  }
}

/** One entry of a message record. */
export interface RecordEntry {
  readonly queue: number;
  readonly sequence: number;
  readonly id: number;
  /** Of a moved record: the id it had before; else 0. */
  readonly from: number;
  readonly marks: Marks | undefined;
}

/** The entries of a message or moved record that starts at `at`. */
export function readEntries(payload: Buffer, at: number): RecordEntry[] {
  const moved = payload[at + 4] === recordTypes.moved;
  const own = moved ? movedEntryBytes : messageEntryBytes;
  const hasMarks = payload[at + 5] === marked;
  const bytes = entryBytes(payload, at);
  const count = payload.readUInt16LE(at + 6);
  const firstId = payload.readDoubleLE(at + 16);
  const entries: RecordEntry[] = [];
  for (let i = 0; i < count; i++) {
    const entryAt = at + messageFixedBytes + i * bytes;
    entries.push({
      queue: payload.readUInt32LE(entryAt),
      sequence: payload.readDoubleLE(entryAt + 4),
      id: firstId + i,
      from: moved ? payload.readDoubleLE(entryAt + 12) : 0,
      marks: hasMarks
        ? marksOf(payload.readDoubleLE(entryAt + own), payload.readUInt32LE(entryAt + own + 8))
        : undefined,
    });
  }
  return entries;
}

/** Where the content of a message or moved record that starts at `at` begins. */
export function contentOffset(payload: Buffer, at: number): number {
  return at + messageFixedBytes + payload.readUInt16LE(at + 6) * entryBytes(payload, at);
}

function entryBytes(payload: Buffer, at: number): number {
  const own = payload[at + 4] === recordTypes.moved ? movedEntryBytes : messageEntryBytes;
  return payload[at + 5] === marked ? own + marksBytes : own;
}

/** The length of the body of a message or moved record that starts at `at`. */
export function bodyLength(payload: Buffer, at: number): number {
  let to = contentOffset(payload, at);
  to += 2 + payload.readUInt16LE(to);
  to += 2 + payload.readUInt16LE(to);
  to += 4 + payload.readUInt32LE(to);
  return at + payload.readUInt32LE(at) - to;
}

/** Every record of a block's payload: type and offset. Throws RangeError when lengths do not add up. */
export function* recordsOf(payload: Buffer): Generator<readonly [type: number, at: number, end: number]> {
  for (let at = 0; at + recordHeaderBytes <= payload.length; ) {
    const length = payload.readUInt32LE(at);
    if (length < recordHeaderBytes || at + length > payload.length)
      throw new RangeError(`a record of ${length} bytes at offset ${at} of a block with ${payload.length}`);
    yield [payload[at + 4] as number, at, at + length];
    at += length;
  }
}
