// The block that is being filled: records one after the other, long bodies as slices of the memory they came in.

import { crc32 } from 'node:zlib';
import type { Entry } from '../broker/entry.ts';
import type { Marks } from '../broker/marks.ts';
import type { Message } from '../broker/message.ts';
import type { Waiter } from '../broker/store.ts';
import { blockHeaderBytes, type Position } from './log.ts';
import {
  contentFixedBytes,
  marked,
  marksBytes,
  messageEntryBytes,
  messageFixedBytes,
  movedEntryBytes,
  recordHeaderBytes,
  recordTypes,
} from './record.ts';

/** A block is closed when it has this many bytes. */
export const blockBytesMax: number = 1 << 20;
/** What is copied into a block's own buffer; a record with more that is not a body gets a buffer of its own size. */
const bufferBytes = blockBytesMax + 256 * 1024;
/** Bodies from this length on go to the disk from where they are. */
const sliceBytesMin = 8192;

/** An entry whose message is written again; `id` is the one it had. */
export interface MovedEntry {
  readonly queue: number;
  readonly sequence: number;
  readonly id: number;
  readonly marks: Marks | undefined;
}

const free: Buffer[] = [];

export class OpenBlock {
  readonly number: number;
  readonly position: Position;
  /** The id that the first entry of this block has or would have. */
  readonly firstId: number;
  /** All bytes so far, the log's header included. */
  length: number = blockHeaderBytes;
  readonly parts: Buffer[] = [];
  readonly waiters: Waiter[] = [];
  /** Set for the first block of a segment. */
  startsSegment = false;
  /** Set for the block that is a segment's index. */
  isIndex = false;
  /** A segment was split when this block was closed already. */
  beforeSplit = false;
  #buffer: Buffer;
  #view: DataView;
  #at = blockHeaderBytes;
  #from = 0;
  /** Of all parts so far, the log's header left out. Taken of a long body at once: later it is no longer in the processor's cache. */
  #checksum = 0;
  /** Start of the settled record at the end, to which more ids can be added; -1 when there is none. */
  #settled = -1;

  constructor(number: number, position: Position, firstId: number, bytes: number = bufferBytes) {
    this.number = number;
    this.position = position;
    this.firstId = firstId;
    this.#buffer =
      bytes <= bufferBytes ? (free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)) : Buffer.allocUnsafeSlow(bytes);
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.length);
  }

  get isEmpty(): boolean {
    return this.length === blockHeaderBytes;
  }

  /** Whether so many more bytes fit this block's buffer. */
  fits(bytes: number): boolean {
    return this.#at + bytes <= this.#buffer.length;
  }

  /** How many of the bytes of a record the buffer must have room for, when `run` follow those of its own. */
  static copiedBytes(own: number, run: number): number {
    return run < sliceBytesMin ? own + run : own;
  }

  /** What a message for so many entries takes beside its body. */
  static messageBytes(message: Message, entries: number): number {
    return messageFixedBytes + entries * (messageEntryBytes + marksBytes) + contentFixedBytes(message);
  }

  /** Writes a message for one entry, whose id is `id`; the message gets its place. */
  message(entry: Entry, id: number): void {
    const { message } = entry;
    const at = this.#begin(recordTypes.message, 1);
    this.#place(message);
    const view = this.#view;
    view.setFloat64(at + 8, message.publishedAt, true);
    view.setFloat64(at + 16, id, true);
    view.setUint32(at + 24, entry.queue.id, true);
    view.setFloat64(at + 28, entry.sequence, true);
    this.#content(message, at, entry.marks === undefined ? at + 36 : this.#marks(at, at + 36, entry.marks));
  }

  /** Writes a message once for several entries, whose ids follow each other from `firstId`. */
  messageForAll(message: Message, entries: readonly Entry[], firstId: number): void {
    const at = this.#begin(recordTypes.message, entries.length);
    this.#place(message);
    const view = this.#view;
    view.setFloat64(at + 8, message.publishedAt, true);
    view.setFloat64(at + 16, firstId, true);
    let to = at + messageFixedBytes;
    const anyMarks = entries.some(({ marks }) => marks !== undefined);
    for (const entry of entries) {
      view.setUint32(to, entry.queue.id, true);
      view.setFloat64(to + 4, entry.sequence, true);
      to += messageEntryBytes;
      if (anyMarks) to = this.#marks(at, to, entry.marks);
    }
    this.#content(message, at, to);
  }

  /** Writes a copy of a stored content for the entries that still live; returns the record's position. */
  moved(publishedAt: number, content: Buffer, entries: readonly MovedEntry[], firstId: number): Position {
    const at = this.#begin(recordTypes.moved, entries.length);
    const view = this.#view;
    view.setFloat64(at + 8, publishedAt, true);
    view.setFloat64(at + 16, firstId, true);
    let to = at + messageFixedBytes;
    const anyMarks = entries.some(({ marks }) => marks !== undefined);
    for (const entry of entries) {
      view.setUint32(to, entry.queue, true);
      view.setFloat64(to + 4, entry.sequence, true);
      view.setFloat64(to + 12, entry.id, true);
      to += movedEntryBytes;
      if (anyMarks) to = this.#marks(at, to, entry.marks);
    }
    this.#advance(to);
    const position = this.position + this.length - (to - at);
    view.setUint32(at, to - at + content.length, true);
    this.bytes(content);
    return position;
  }

  /** Writes that the entry with that id is settled. */
  settled(id: number): void {
    let at = this.#settled;
    if (at < 0) {
      at = this.#begin(recordTypes.settled, 0);
      this.#settled = at;
      this.#advance(at + recordHeaderBytes);
    }
    this.#view.setFloat64(this.#at, id, true);
    this.#advance(this.#at + 8);
    this.#view.setUint32(at, this.#at - at, true);
  }

  /** Writes a record of any other type. */
  record(type: number, payload: Buffer): void {
    const at = this.#begin(type, 0);
    this.#view.setUint32(at, recordHeaderBytes + payload.length, true);
    this.#advance(at + recordHeaderBytes);
    this.bytes(payload);
  }

  /** Adds bytes: copied when they are few, else as they are. Of a long body in short parts the buffer takes what it has room for. */
  bytes(bytes: Buffer): void {
    if (bytes.length < sliceBytesMin && this.fits(bytes.length)) {
      this.#buffer.set(bytes, this.#at);
      this.#advance(this.#at + bytes.length);
      return;
    }
    this.#cut();
    this.parts.push(bytes);
    this.length += bytes.length;
    this.#checksum = crc32(bytes, this.#checksum);
  }

  /** The parts to write. */
  close(): readonly Buffer[] {
    this.#cut();
    return this.parts;
  }

  /** CRC-32 of a closed block's bytes behind the log's header. */
  get payloadChecksum(): number {
    return this.#checksum;
  }

  /** The block is on the disk: its buffer can be filled again. */
  recycle(): void {
    if (this.#buffer.length === bufferBytes && free.length < 4) free.push(this.#buffer);
    this.parts.length = 0;
  }

  #begin(type: number, count: number): number {
    this.#settled = -1;
    const at = this.#at;
    const buffer = this.#buffer;
    buffer[at + 4] = type;
    buffer[at + 5] = 0;
    buffer[at + 6] = count & 255;
    buffer[at + 7] = count >> 8;
    return at;
  }

  /** Writes an entry's marks; returns where they end. */
  #marks(record: number, at: number, marks: Marks | undefined): number {
    this.#buffer[record + 5] = marked;
    this.#view.setFloat64(at, marks?.deadline ?? 0, true);
    this.#view.setUint32(at + 8, marks?.bits ?? 0, true);
    return at + marksBytes;
  }

  #place(message: Message): void {
    message.position = this.position + this.length;
    message.block = this.position;
  }

  #content(message: Message, start: number, at: number): void {
    const buffer = this.#buffer;
    const view = this.#view;
    const { address, headerStart, headerEnd, bodyBytes } = message;
    const header = message.header as Buffer;
    view.setUint16(at, 0, true);
    view.setUint16(at + 2, address.length, true);
    let to = at + 4;
    for (let i = 0; i < address.length; i++) buffer[to + i] = address[i]!;
    to += address.length;
    const headerBytes = headerEnd - headerStart;
    view.setUint32(to, headerBytes, true);
    to += 4;
    if (headerBytes < 48) for (let i = 0; i < headerBytes; i++) buffer[to + i] = header[headerStart + i]!;
    else buffer.set(header.subarray(headerStart, headerEnd), to);
    to += headerBytes;
    view.setUint32(start, to - start + bodyBytes, true);
    if (bodyBytes < sliceBytesMin && message.rest === undefined) {
      if (bodyBytes > 0) buffer.set(message.body.subarray(message.bodyStart, message.bodyEnd), to);
      this.#advance(to + bodyBytes);
      return;
    }
    this.#advance(to);
    const { body, bodyStart, bodyEnd } = message;
    this.bytes(bodyStart === 0 && bodyEnd === body.length ? body : body.subarray(bodyStart, bodyEnd));
    for (const part of message.rest ?? []) this.bytes(part);
  }

  #advance(to: number): void {
    this.length += to - this.#at;
    this.#at = to;
  }

  #cut(): void {
    if (this.#at === this.#from) return;
    const part = this.#buffer.subarray(this.#from, this.#at);
    this.parts.push(part);
    this.#checksum = crc32(this.#from === 0 ? part.subarray(blockHeaderBytes) : part, this.#checksum);
    this.#from = this.#at;
  }
}
