// What a log holds: the fold of its records, oldest first, from indexes where there are some and from blocks where not.
import type { Fact } from '../broker/facts.ts';
import type { JournalStart } from './journal.ts';
import { type BlockRead, blockHeaderBytes, type Damage, type Log, nextPosition, type SegmentFound } from './log.ts';
import { bodyLength, readEntries, recordHeaderBytes, recordsOf, recordTypes } from './record.ts';
import { RecoveredEntries } from './recovered-entries.ts';
import { type FactRecord, readIndex } from './segment-index.ts';
import { SegmentState, Segments } from './segment-state.ts';

export interface Recovered {
  readonly start: JournalStart;
  /** All facts that count, in order. */
  readonly facts: readonly Fact[];
  /** Entries that were not settled, of whatever queue. */
  readonly entries: RecoveredEntries;
  /** Whether the last stop was a clean one. */
  readonly clean: boolean;
  /** After a clean stop: whether an entry was delivered before. */
  readonly wasDelivered: (id: number) => boolean;
  readonly segments: Segments;
  /** Nothing was ever written. */
  readonly isNew: boolean;
}

const scanBytes = 4 << 20;

/** Claims the log and reads it. Rejects with code DATA_DIR_LOCKED when another process has it. */
export async function recover(log: Log, damaged: (damage: Damage) => void): Promise<Recovered> {
  const claim = await log.claim();
  for (const damage of claim.damage) damaged(damage);
  const fold = new Fold(log, damaged);
  for (const found of claim.segments) await fold.segment(found);
  return fold.result();
}

class Fold {
  readonly #log: Log;
  readonly #damaged: (damage: Damage) => void;
  readonly #segments = new Segments();
  readonly #entries = new RecoveredEntries();
  #facts: FactRecord[] = [];
  #closed: Buffer | undefined;
  /** No block was ever written whole: a start that was cut short may leave a segment without one. */
  #isNew = true;
  #nextId = 1;
  #lastQueueId = 0;
  #snapshotBytes = 0;
  #end = 0;

  constructor(log: Log, damaged: (damage: Damage) => void) {
    this.#log = log;
    this.#damaged = damaged;
  }

  async segment(found: SegmentFound): Promise<void> {
    const header = readHeader(found.header);
    this.#lastQueueId = Math.max(this.#lastQueueId, header?.lastQueueId ?? 0);
    this.#nextId = Math.max(this.#nextId, header?.firstId ?? 0);
    const segment = new SegmentState(found.start, header?.firstId ?? this.#nextId);
    segment.sealed = true;
    segment.bytes = found.bytes;
    this.#segments.all.push(segment);
    this.#end = Math.max(this.#end, found.start);
    this.#closed = undefined;
    if (found.index === undefined || !(await this.#indexed(segment, found.index))) await this.#scanned(segment, found);
    if (found.end !== undefined) this.#end = Math.max(this.#end, found.end);
    this.#nextId = Math.max(this.#nextId, segment.endId);
  }

  result(): Recovered {
    const closed = this.#closed;
    const isNew = this.#isNew;
    const facts = this.#factList();
    return {
      start: {
        position: this.#end,
        nextId: this.#nextId,
        lastQueueId: this.#lastQueueId,
        segments: this.#segments.all,
        snapshotBytes: this.#snapshotBytes,
      },
      facts,
      entries: this.#entries,
      clean: closed !== undefined || isNew,
      wasDelivered: closed === undefined ? () => false : ranges(closed),
      segments: this.#segments,
      isNew,
    };
  }

  async #indexed(segment: SegmentState, position: number): Promise<boolean> {
    const { blocks, damage } = await this.#log.read(position, 64 << 10);
    for (const one of damage) this.#damaged(one);
    const block = blocks.find(read => read.position === position);
    const index = block && readIndex(block.payload);
    if (index === undefined) return false;
    this.#isNew = false;
    segment.endId = index.endId;
    // What stands before the segment's start was written again elsewhere, or belongs to the segment before.
    let next = segment.firstId;
    for (const entry of index.entries) {
      if (entry.position < segment.start) continue;
      this.#entries.push(entry);
      // An entry that the index leaves out was settled. Its record is still there: who reads the blocks must know.
      while (next < entry.id) segment.mark(next++);
      next = entry.id + 1;
    }
    while (next < index.endId) segment.mark(next++);
    for (const { firstId, bits } of index.bitmaps) this.#merge(segment, firstId, bits);
    for (const fact of index.facts) if (fact.position >= segment.start) this.#fact(segment, fact);
    return true;
  }

  async #scanned(segment: SegmentState, found: SegmentFound): Promise<void> {
    let next: number | undefined = found.start;
    while (next !== undefined) {
      const result = await this.#log.read(next, scanBytes);
      for (const one of result.damage) this.#damaged(one);
      for (const block of result.blocks) this.#block(segment, block);
      next = result.next;
    }
  }

  #block(segment: SegmentState, { position, payload }: BlockRead): void {
    this.#isNew = false;
    this.#end = Math.max(this.#end, nextPosition(position, payload.length + blockHeaderBytes));
    for (const [type, at, end] of recordsOf(payload)) {
      this.#closed = undefined;
      if (type === recordTypes.message || type === recordTypes.moved) this.#message(segment, position, payload, at);
      else if (type === recordTypes.settled) this.#settled(segment, payload, at, end);
      else if (type === recordTypes.bitmap)
        this.#merge(segment, payload.readDoubleLE(at + 8), payload.subarray(at + 16, end));
      else if (type === recordTypes.fact || type === recordTypes.snapshot)
        this.#fact(segment, { position, type, payload: payload.subarray(at + recordHeaderBytes, end) });
      else if (type === recordTypes.closed) this.#closed = payload.subarray(at + recordHeaderBytes, end);
    }
  }

  #message(segment: SegmentState, block: number, payload: Buffer, at: number): void {
    const bodyBytes = bodyLength(payload, at);
    for (const { queue, sequence, id, from, marks } of readEntries(payload, at)) {
      segment.endId = Math.max(segment.endId, id + 1);
      this.#entries.push({
        queue,
        sequence,
        id,
        position: block + blockHeaderBytes + at,
        block,
        bodyBytes,
        marks,
      });
      if (from > 0) this.#settle(segment, from);
    }
  }

  #settled(segment: SegmentState, payload: Buffer, at: number, end: number): void {
    for (let to = at + recordHeaderBytes; to < end; to += 8) this.#settle(segment, payload.readDoubleLE(to));
  }

  #settle(by: SegmentState, id: number): void {
    const of = this.#segments.find(id);
    if (of === undefined) return;
    of.mark(id);
    if (of !== by) by.settles.add(of);
  }

  /** Bits from `firstId` on: of a segment that is still there, or that was split since, or whose first id is not known any more. */
  #merge(by: SegmentState, firstId: number, bits: Buffer): void {
    const end = firstId + bits.length * 8;
    for (const of of this.#segments.all) {
      if (of.endId <= firstId || of.firstId >= end) continue;
      if (of.firstId === firstId) of.merge(bits);
      else
        for (let id = Math.max(firstId, of.firstId); id < Math.min(end, of.endId); id++)
          if (((bits[(id - firstId) >>> 3] as number) & (1 << ((id - firstId) & 7))) !== 0) of.mark(id);
      if (of !== by) by.settles.add(of);
    }
  }

  #fact(segment: SegmentState, fact: FactRecord): void {
    segment.hasFacts = true;
    if (fact.type === recordTypes.snapshot) {
      this.#facts = [];
      this.#snapshotBytes = fact.payload.length;
      this.#segments.supersedeFacts();
    }
    // A copy: the block that it stands in is large.
    this.#facts.push({ ...fact, payload: Buffer.from(fact.payload) });
  }

  #factList(): Fact[] {
    const facts: Fact[] = [];
    for (const { type, payload } of this.#facts) {
      const json: unknown = JSON.parse(payload.toString());
      if (type === recordTypes.fact) {
        const fact = json as Fact;
        if ('id' in fact) this.#lastQueueId = Math.max(this.#lastQueueId, fact.id);
        facts.push(fact);
      } else {
        const snapshot = json as { lastQueueId: number; facts: Fact[] };
        this.#lastQueueId = Math.max(this.#lastQueueId, snapshot.lastQueueId);
        facts.push(...snapshot.facts);
      }
    }
    return facts;
  }
}

function readHeader(header: Uint8Array): { firstId: number; lastQueueId: number } | undefined {
  if (header.length === 0) return undefined;
  return JSON.parse(Buffer.from(header).toString()) as { firstId: number; lastQueueId: number };
}

function ranges(closed: Buffer): (id: number) => boolean {
  const starts: number[] = [];
  const counts: number[] = [];
  for (let at = 0; at < closed.length; at += 16) {
    starts.push(closed.readDoubleLE(at));
    counts.push(closed.readDoubleLE(at + 8));
  }
  return id => {
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= id) low = middle + 1;
      else high = middle;
    }
    return low > 0 && id < (starts[low - 1] as number) + (counts[low - 1] as number);
  };
}
