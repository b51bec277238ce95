// What is known of each segment while the broker runs: which entries are settled, how much of it still lives.
import type { Position } from './log.ts';

/** What a record weighs beside its body when the live part of a segment is estimated, bytes. */
const recordWeight = 64;

/**
 * Rule: entry ids rise with the position in the log, so a segment has the ids from its `firstId` up to the next segment's.
 * Bits are only ever set.
 */
export class SegmentState {
  readonly start: Position;
  readonly firstId: number;
  /** One above its last entry's id. */
  endId: number;
  /** Bytes of its blocks. */
  bytes = 0;
  /** Entries that are not settled. */
  live = 0;
  liveWeight = 0;
  weight = 0;
  sealed = false;
  /** It has facts of the topology or of users that count: a snapshot must follow before it goes. */
  hasFacts = false;
  /** Older segments whose settlements it has: they must be carried along before it goes. */
  readonly settles: Set<SegmentState> = new Set();
  #bits: Uint8Array = new Uint8Array(1024);
  /** Set for the first entry of each record. */
  #starts: Uint8Array = new Uint8Array(1024);

  constructor(start: Position, firstId: number) {
    this.start = start;
    this.firstId = firstId;
    this.endId = firstId;
  }

  /** Takes in a new entry under `endId`; the entries of one record share a body. */
  add(bodyBytes: number, startsRecord: boolean): void {
    const id = this.endId++;
    this.live++;
    if (!startsRecord) return;
    this.#start(id);
    this.liveWeight += bodyBytes + recordWeight;
    this.weight += bodyBytes + recordWeight;
  }

  isSettled(id: number): boolean {
    const bit = id - this.firstId;
    const at = bit >>> 3;
    return at < this.#bits.length && ((this.#bits[at] as number) & (1 << (bit & 7))) !== 0;
  }

  /** Marks the entry as settled. False when it was before. */
  settle(id: number, bodyBytes: number): boolean {
    const bit = id - this.firstId;
    const at = bit >>> 3;
    if (at >= this.#bits.length) this.#grow(at + 1);
    const mask = 1 << (bit & 7);
    const byte = this.#bits[at] as number;
    if ((byte & mask) !== 0) return false;
    this.#bits[at] = byte | mask;
    this.live--;
    if (this.#recordIsSettled(id)) this.liveWeight -= bodyBytes + recordWeight;
    return true;
  }

  /** Whether no entry of the record that has this one lives. */
  #recordIsSettled(id: number): boolean {
    for (let first = id; !this.#isStart(first) && first > this.firstId; ) if (!this.isSettled(--first)) return false;
    for (let next = id + 1; next < this.endId && !this.#isStart(next); next++) if (!this.isSettled(next)) return false;
    return true;
  }

  #isStart(id: number): boolean {
    const bit = id - this.firstId;
    return ((this.#starts[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  #start(id: number): void {
    const bit = id - this.firstId;
    const at = bit >>> 3;
    if (at >= this.#starts.length) {
      const larger = new Uint8Array(Math.max(at + 1, this.#starts.length * 2));
      larger.set(this.#starts);
      this.#starts = larger;
    }
    this.#starts[at]! |= 1 << (bit & 7);
  }

  /** Ends this segment before a position and an id; what it had from there on is the new segment's. */
  split(start: Position, firstId: number): SegmentState {
    const rest = new SegmentState(start, firstId);
    rest.endId = this.endId;
    for (let id = firstId; id < this.endId; id++) {
      if (this.isSettled(id)) rest.mark(id);
      else rest.live++;
      if (this.#isStart(id)) rest.#start(id);
    }
    const share = this.live === 0 ? 0 : rest.live / this.live;
    rest.liveWeight = this.liveWeight * share;
    rest.weight = rest.liveWeight;
    this.liveWeight -= rest.liveWeight;
    this.weight -= rest.weight;
    this.live -= rest.live;
    this.endId = firstId;
    rest.hasFacts = this.hasFacts;
    rest.sealed = this.sealed;
    this.sealed = true;
    for (const older of this.settles) rest.settles.add(older);
    rest.settles.add(this);
    return rest;
  }

  /** Sets bits before it is known which entries there are; `add` and `count` come after. */
  merge(bits: Uint8Array): void {
    if (bits.length > this.#bits.length) this.#grow(bits.length);
    for (let i = 0; i < bits.length; i++) this.#bits[i]! |= bits[i] as number;
  }

  /** Marks an entry as settled during recovery, when live entries are not counted yet. */
  mark(id: number): void {
    const bit = id - this.firstId;
    if (bit >>> 3 >= this.#bits.length) this.#grow((bit >>> 3) + 1);
    this.#bits[bit >>> 3]! |= 1 << (bit & 7);
  }

  /** Counts an entry that recovery has found alive. */
  recovered(id: number, bodyBytes: number, startsRecord: boolean): void {
    this.live++;
    if (!startsRecord) return;
    this.#start(id);
    this.liveWeight += bodyBytes + recordWeight;
    this.weight = Math.max(this.bytes, this.liveWeight);
  }

  /** The bits up to the last entry. */
  get bits(): Uint8Array {
    return this.#bits.subarray(0, Math.min(this.#bits.length, (this.endId - this.firstId + 7) >>> 3));
  }

  /** The estimated share of its bytes that still lives, 0 to 1. */
  get liveShare(): number {
    return this.weight === 0 ? 0 : this.liveWeight / this.weight;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(Math.max(bytes, this.#bits.length * 2));
    larger.set(this.#bits);
    this.#bits = larger;
  }
}

/** All segments, oldest first; the last one is being written. */
export class Segments {
  readonly all: SegmentState[] = [];
  #last: SegmentState | undefined;

  get current(): SegmentState {
    return this.all[this.all.length - 1] as SegmentState;
  }

  /** A snapshot stands in the last segment: facts before that one no longer count. */
  supersedeFacts(): void {
    for (const segment of this.all) if (segment !== this.current) segment.hasFacts = false;
  }

  /** The segment that has the entry with that id, if it is still there. */
  find(id: number): SegmentState | undefined {
    const last = this.#last;
    if (last !== undefined && id >= last.firstId && id < last.endId) return last;
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.all[middle] as SegmentState).firstId <= id) low = middle + 1;
      else high = middle;
    }
    // Segments without entries share their first id with the one after them; the last of those has the entry.
    const found = this.all[low - 1];
    if (found === undefined || id >= found.endId) return undefined;
    this.#last = found;
    return found;
  }

  remove(segment: SegmentState): void {
    this.all.splice(this.all.indexOf(segment), 1);
    if (this.#last === segment) this.#last = undefined;
    for (const other of this.all) other.settles.delete(segment);
  }
}
