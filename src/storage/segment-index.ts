// The index that ends a segment: what recovery needs of it, so that its blocks need not be read.
import { type Marks, marksOf } from '../broker/marks.ts';
import type { Position } from './log.ts';
import { marked, marksBytes, recordHeaderBytes, recordTypes } from './record.ts';
import type { SegmentState } from './segment-state.ts';

/** An entry as recovery sees it. */
export interface IndexedEntry {
  readonly queue: number;
  readonly sequence: number;
  readonly id: number;
  readonly position: Position;
  readonly block: Position;
  readonly bodyBytes: number;
  readonly marks: Marks | undefined;
}

/** A fact or snapshot record: where it stands, its type and payload. */
export interface FactRecord {
  /** Of the block that has it. */
  readonly position: Position;
  readonly type: number;
  readonly payload: Buffer;
}

const rowBytes = 36;

/** Collects the entries of the segment that is being written, in the order of their ids; settled ones are dropped as room is needed. */
export class IndexRows {
  #rows = 0;
  /** Per entry: position, block, sequence, id. */
  #wide: Float64Array = new Float64Array(4 * 1024);
  /** Per entry: queue, body's length. */
  #narrow: Uint32Array = new Uint32Array(2 * 1024);
  /** Per entry its deadline and the other marks; made for the first one that has any. */
  #deadlines: Float64Array | undefined;
  #marks: Uint32Array | undefined;
  facts: FactRecord[] = [];

  push(
    segment: SegmentState,
    id: number,
    position: Position,
    block: Position,
    queue: number,
    sequence: number,
    bodyBytes: number,
    marks: Marks | undefined,
  ): void {
    if (this.#rows * 2 === this.#narrow.length) this.#makeRoom(segment);
    const row = this.#rows++;
    const wide = this.#wide;
    const narrow = this.#narrow;
    wide[row * 4] = position;
    wide[row * 4 + 1] = block;
    wide[row * 4 + 2] = sequence;
    wide[row * 4 + 3] = id;
    narrow[row * 2] = queue;
    narrow[row * 2 + 1] = bodyBytes;
    if (marks !== undefined || this.#marks !== undefined) this.#mark(row, marks);
  }

  /** Drops what stands before a position and below an id: it belongs to a segment that ended there. */
  dropBefore(position: Position, firstId: number): void {
    this.facts = this.facts.filter(fact => fact.position >= position);
    this.#keep(id => id >= firstId);
  }

  clear(): void {
    this.#rows = 0;
    this.facts = [];
    this.#deadlines = undefined;
    this.#marks = undefined;
    if (this.#narrow.length <= 1 << 15) return;
    this.#wide = new Float64Array(4 * 1024);
    this.#narrow = new Uint32Array(2 * 1024);
  }

  /** Bytes that the index may need at most, were every entry still alive. */
  bytesMax(segment: SegmentState): number {
    let bytes = 256 + this.#rows * this.#rowBytes;
    for (const older of segment.settles) bytes += 16 + older.bits.length;
    for (const { payload } of this.facts) bytes += 16 + payload.length;
    return bytes;
  }

  /** The index record: entries that live, what was settled in older segments, facts. What it leaves out was settled. */
  encode(segment: SegmentState): Buffer {
    this.#keep(id => !segment.isSettled(id));
    const record = Buffer.alloc(recordHeaderBytes + this.bytesMax(segment));
    record[4] = recordTypes.index;
    if (this.#marks !== undefined) record[5] = marked;
    let at = recordHeaderBytes + 4;
    for (let row = 0; row < this.#rows; row++) {
      const id = this.#wide[row * 4 + 3] as number;
      const position = this.#wide[row * 4] as number;
      record.writeDoubleLE(position, at);
      record.writeUInt32LE(position - (this.#wide[row * 4 + 1] as number), at + 8);
      record.writeUInt32LE(this.#narrow[row * 2] as number, at + 12);
      record.writeDoubleLE(this.#wide[row * 4 + 2] as number, at + 16);
      record.writeDoubleLE(id, at + 24);
      record.writeUInt32LE(this.#narrow[row * 2 + 1] as number, at + 32);
      if (this.#marks !== undefined) {
        record.writeDoubleLE(this.#deadlines?.[row] as number, at + rowBytes);
        record.writeUInt32LE(this.#marks[row] as number, at + rowBytes + 8);
      }
      at += this.#rowBytes;
    }
    record.writeUInt32LE(this.#rows, recordHeaderBytes);
    record.writeDoubleLE(segment.endId, at);
    record.writeUInt32LE(segment.settles.size, at + 8);
    at += 12;
    for (const older of segment.settles) {
      const bits = older.bits;
      record.writeDoubleLE(older.firstId, at);
      record.writeUInt32LE(bits.length, at + 8);
      record.set(bits, at + 12);
      at += 12 + bits.length;
    }
    record.writeUInt32LE(this.facts.length, at);
    at += 4;
    for (const { position, type, payload } of this.facts) {
      record.writeDoubleLE(position, at);
      record[at + 8] = type;
      record.writeUInt32LE(payload.length, at + 9);
      payload.copy(record, at + 13);
      at += 13 + payload.length;
    }
    record.writeUInt32LE(at, 0);
    return record.subarray(0, at);
  }

  get #rowBytes(): number {
    return this.#marks === undefined ? rowBytes : rowBytes + marksBytes;
  }

  #mark(row: number, marks: Marks | undefined): void {
    const rows = this.#narrow.length / 2;
    this.#deadlines ??= new Float64Array(rows);
    this.#marks ??= new Uint32Array(rows);
    this.#deadlines[row] = marks?.deadline ?? 0;
    this.#marks[row] = marks?.bits ?? 0;
  }

  #makeRoom(segment: SegmentState): void {
    this.#keep(id => !segment.isSettled(id));
    if (this.#rows * 4 < this.#narrow.length) return;
    const wide = new Float64Array(this.#wide.length * 2);
    wide.set(this.#wide);
    this.#wide = wide;
    const narrow = new Uint32Array(this.#narrow.length * 2);
    narrow.set(this.#narrow);
    this.#narrow = narrow;
    if (this.#deadlines === undefined || this.#marks === undefined) return;
    const deadlines = new Float64Array(narrow.length / 2);
    deadlines.set(this.#deadlines);
    this.#deadlines = deadlines;
    const marks = new Uint32Array(narrow.length / 2);
    marks.set(this.#marks);
    this.#marks = marks;
  }

  #keep(test: (id: number) => boolean): void {
    const wide = this.#wide;
    const narrow = this.#narrow;
    let to = 0;
    for (let row = 0; row < this.#rows; row++) {
      if (!test(wide[row * 4 + 3] as number)) continue;
      if (to < row) {
        for (let i = 0; i < 4; i++) wide[to * 4 + i] = wide[row * 4 + i] as number;
        for (let i = 0; i < 2; i++) narrow[to * 2 + i] = narrow[row * 2 + i] as number;
        if (this.#deadlines !== undefined) this.#deadlines[to] = this.#deadlines[row] as number;
        if (this.#marks !== undefined) this.#marks[to] = this.#marks[row] as number;
      }
      to++;
    }
    this.#rows = to;
  }
}

/** What an index says. */
export interface IndexContent {
  readonly endId: number;
  readonly entries: Iterable<IndexedEntry>;
  readonly bitmaps: readonly { readonly firstId: number; readonly bits: Buffer }[];
  readonly facts: readonly FactRecord[];
}

/** Reads the index record at the start of a block's payload; undefined when it is none. */
export function readIndex(payload: Buffer): IndexContent | undefined {
  if (payload.length < recordHeaderBytes + 4 || payload[4] !== recordTypes.index) return undefined;
  const rows = payload.readUInt32LE(recordHeaderBytes);
  const rowsAt = recordHeaderBytes + 4;
  const hasMarks = payload[5] === marked;
  let at = rowsAt + rows * (hasMarks ? rowBytes + marksBytes : rowBytes);
  const endId = payload.readDoubleLE(at);
  const bitmapCount = payload.readUInt32LE(at + 8);
  at += 12;
  const bitmaps: { firstId: number; bits: Buffer }[] = [];
  for (let i = 0; i < bitmapCount; i++) {
    const length = payload.readUInt32LE(at + 8);
    bitmaps.push({ firstId: payload.readDoubleLE(at), bits: payload.subarray(at + 12, at + 12 + length) });
    at += 12 + length;
  }
  const factCount = payload.readUInt32LE(at);
  at += 4;
  const facts: FactRecord[] = [];
  for (let i = 0; i < factCount; i++) {
    const length = payload.readUInt32LE(at + 9);
    facts.push({
      position: payload.readDoubleLE(at),
      type: payload[at + 8] as number,
      payload: payload.subarray(at + 13, at + 13 + length),
    });
    at += 13 + length;
  }
  return { endId, entries: rowsOf(payload, rowsAt, rows, hasMarks), bitmaps, facts };
}

function* rowsOf(payload: Buffer, start: number, rows: number, hasMarks: boolean): Generator<IndexedEntry> {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const bytes = hasMarks ? rowBytes + marksBytes : rowBytes;
  for (let at = start; at < start + rows * bytes; at += bytes) {
    const position = view.getFloat64(at, true);
    yield {
      position,
      block: position - view.getUint32(at + 8, true),
      queue: view.getUint32(at + 12, true),
      sequence: view.getFloat64(at + 16, true),
      id: view.getFloat64(at + 24, true),
      bodyBytes: view.getUint32(at + 32, true),
      marks: hasMarks
        ? marksOf(view.getFloat64(at + rowBytes, true), view.getUint32(at + rowBytes + 8, true))
        : undefined,
    };
  }
}
