// Messages that wait for a time of their own each: a line in the order of their sequences, and a heap of when each is due.
import type { Entry } from './entry.ts';
import { type Gone, Line } from './line.ts';
import type { Place, Stores } from './packed.ts';
import type { Queue } from './queue.ts';
import type { NewPlace } from './store.ts';

/** Seen from outside it is a ready list whose first entry is the one that is due first. */
export class DelayedList {
  count = 0;
  /** Sum of the bodies' lengths. */
  bytes = 0;
  /** Contents are read when they are due, not before. */
  readonly unloaded = 0;
  readonly #line: Line;
  /** Pairs of time in ms and sequence, the earliest first; those of entries that are gone are passed over. */
  #heap = new Float64Array(64);
  #length = 0;

  constructor(queue: Queue, stores: Stores) {
    this.#line = new Line(queue, stores);
  }

  push(entry: Entry): void {
    this.count++;
    this.bytes += entry.message.bodyBytes;
    this.#line.push(entry);
    this.#add(entry.marks?.deadline ?? 0, entry.sequence);
  }

  pushPlace(place: Place): void {
    this.count++;
    this.bytes += place.bodyBytes;
    this.#line.pushPlace(place);
    this.#add(place.marks?.deadline ?? 0, place.sequence);
  }

  /** When the first one is due, ms since the epoch; 0 when there is none. */
  get headDeadline(): number {
    this.#skipGone();
    return this.#length === 0 ? 0 : (this.#heap[0] as number);
  }

  /** Takes the first one if it is due, its content in memory or not. */
  takeExpired(now: number): Entry | undefined {
    const due = this.headDeadline;
    return due !== 0 && due <= now ? this.take() : undefined;
  }

  take(): Entry | undefined {
    this.#skipGone();
    return this.#length === 0 ? undefined : this.remove(this.#heap[1] as number);
  }

  /** Nothing is delivered from here. */
  peek(): Entry | undefined {
    return undefined;
  }

  shift(): Entry | undefined {
    return undefined;
  }

  toLoad(): Entry[] {
    return [];
  }

  /** What was taken from here does not come back. */
  return(entry: Entry): void {
    throw new Error(`message ${entry.sequence} cannot come back: nobody was given it`);
  }

  remove(sequence: number): Entry | undefined {
    const entry = this.#line.remove(sequence);
    if (entry === undefined) return undefined;
    this.count--;
    this.bytes -= entry.message.bodyBytes;
    return entry;
  }

  clear(gone: Gone): void {
    this.#line.clear(gone);
    this.count = 0;
    this.bytes = 0;
    this.#length = 0;
  }

  pageOut(): void {
    this.#line.pack(false);
  }

  countUnloaded(): void {}

  [Symbol.iterator](): Generator<Entry> {
    return this.after(0);
  }

  /** In the order of the sequences. */
  after(sequence: number): Generator<Entry> {
    return this.#line.after(sequence);
  }

  has(sequence: number): boolean {
    return this.#line.has(sequence);
  }

  get firstSequence(): number {
    return this.#line.firstSequence;
  }

  get firstPublishedAt(): number {
    return this.#line.firstPublishedAt;
  }

  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    return this.#line.relocate(sequence, oldId, to);
  }

  redeliveredIds(): Generator<number> {
    return this.#line.redeliveredIds();
  }

  #skipGone(): void {
    while (this.#length > 0 && !this.#line.has(this.#heap[1] as number)) this.#dropFirst();
  }

  #add(at: number, sequence: number): void {
    if (this.#length * 2 === this.#heap.length) {
      const larger = new Float64Array(this.#heap.length * 2);
      larger.set(this.#heap);
      this.#heap = larger;
    }
    const heap = this.#heap;
    let i = this.#length++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(at, sequence, heap, parent)) break;
      move(heap, parent, i);
      i = parent;
    }
    heap[i * 2] = at;
    heap[i * 2 + 1] = sequence;
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const last = --this.#length;
    const at = heap[last * 2] as number;
    const sequence = heap[last * 2 + 1] as number;
    let i = 0;
    for (;;) {
      let child = i * 2 + 1;
      if (child >= last) break;
      const right = child + 1;
      if (right < last && isBefore(heap[right * 2] as number, heap[right * 2 + 1] as number, heap, child))
        child = right;
      if (isBefore(at, sequence, heap, child)) break;
      move(heap, child, i);
      i = child;
    }
    heap[i * 2] = at;
    heap[i * 2 + 1] = sequence;
  }
}

/** What is due at the same time goes in the order in which it came. */
function isBefore(at: number, sequence: number, heap: Float64Array, i: number): boolean {
  const other = heap[i * 2] as number;
  return at < other || (at === other && sequence < (heap[i * 2 + 1] as number));
}

function move(heap: Float64Array, from: number, to: number): void {
  heap[to * 2] = heap[from * 2] as number;
  heap[to * 2 + 1] = heap[from * 2 + 1] as number;
}
