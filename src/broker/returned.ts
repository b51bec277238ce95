// Entries that came back to their queue, lowest sequence first: those with their content in a heap, the others packed.
import type { Entry } from './entry.ts';
import { drop, type Gone, Line } from './line.ts';
import type { Stores } from './packed.ts';
import { isStored, placeOf, relocateEntry, unload } from './paging.ts';
import type { Queue } from './queue.ts';
import type { NewPlace } from './store.ts';

/** Objects in the heap up to which it is left alone without need. */
const heapMin = 4096;

export class Returned {
  readonly #queue: Queue;
  readonly #stores: Stores;
  #heap: Entry[] = [];
  #line: Line;
  #lineLength = 0;
  /** What has no content in memory is packed when the heap has grown to this. */
  #packAt = heapMin;

  constructor(queue: Queue, stores: Stores) {
    this.#queue = queue;
    this.#stores = stores;
    this.#line = new Line(queue, stores);
  }

  get length(): number {
    return this.#heap.length + this.#lineLength;
  }

  peek(): Entry | undefined {
    const top = this.#heap[0];
    const head = this.#line.peek();
    return top === undefined || (head !== undefined && head.sequence < top.sequence) ? head : top;
  }

  /** The sequence of the first entry; 0 when there is none. */
  get firstSequence(): number {
    return this.#heapFirst ? (this.#heap[0] as Entry).sequence : this.#line.firstSequence;
  }

  /** When the first entry was published, ms; 0 when that is not known here. */
  get firstPublishedAt(): number {
    return this.#heapFirst ? (this.#heap[0] as Entry).message.publishedAt : this.#line.firstPublishedAt;
  }

  /** When the first entry expires, ms since the epoch; 0 is never. */
  get headDeadline(): number {
    return this.#heapFirst ? ((this.#heap[0] as Entry).marks?.deadline ?? 0) : this.#line.headDeadline;
  }

  /** Takes in an entry. What has no content in memory stays so: only its place is kept when it comes in order. */
  push(entry: Entry): void {
    if (!entry.message.loaded && entry.sequence > this.#line.lastSequence) {
      this.#line.pushPlace(placeOf(entry, this.#stores));
      this.#lineLength++;
      entry.message.release();
      return;
    }
    this.#rise(entry);
    if (this.#heap.length >= this.#packAt && !this.#isShort()) this.#merge(({ message }) => !message.loaded);
  }

  /** Takes out the first entry, which was peeked at. */
  leave(): void {
    if (this.peek() === this.#heap[0]) this.#sink();
    else {
      this.#line.leave();
      this.#lineLength--;
    }
  }

  /** Gives the entries without their content as objects that stay, about in order but the lowest first, for as long as the callback wants more. */
  eachUnloaded(wanted: (entry: Entry) => boolean): boolean {
    const heapFirst = this.peek() === this.#heap[0];
    if (!heapFirst && !this.#line.eachUnloaded(wanted)) return false;
    for (const entry of this.#heap) if (!entry.message.loaded && !wanted(entry)) return false;
    return heapFirst ? this.#line.eachUnloaded(wanted) : true;
  }

  clear(gone: Gone): void {
    for (const entry of this.#heap) drop(entry, this.#stores, gone);
    this.#heap = [];
    this.#line.clear(gone);
    this.#lineLength = 0;
  }

  /** Keeps only places of what is stored. */
  pack(): void {
    if (this.#heap.length > 0 && !this.#isShort()) {
      this.#merge(entry => isStored(entry, this.#stores));
      return;
    }
    for (const entry of this.#heap) if (isStored(entry, this.#stores)) unload(entry);
    this.#line.pack(false);
  }

  /** In order; packed ones as objects made for the occasion. */
  [Symbol.iterator](): Generator<Entry> {
    return this.after(0);
  }

  /** Those with a higher sequence, as the iterator gives them. */
  *after(sequence: number): Generator<Entry> {
    const sorted = this.#heap.filter(entry => entry.sequence > sequence).sort(bySequence);
    let at = 0;
    for (const entry of this.#line.after(sequence)) {
      while (at < sorted.length && (sorted[at] as Entry).sequence < entry.sequence) yield sorted[at++] as Entry;
      yield entry;
    }
    for (; at < sorted.length; at++) yield sorted[at] as Entry;
  }

  has(sequence: number): boolean {
    return this.#line.has(sequence) || this.#heap.some(entry => entry.sequence === sequence);
  }

  /** Takes out the entry with that sequence, wherever it stands; undefined when it is not here. */
  remove(sequence: number): Entry | undefined {
    const packed = this.#line.remove(sequence);
    if (packed !== undefined) {
      this.#lineLength--;
      return packed;
    }
    const at = this.#heap.findIndex(entry => entry.sequence === sequence);
    if (at < 0) return undefined;
    const [entry] = this.#heap.splice(at, 1);
    // In order, so it is a heap.
    this.#heap.sort(bySequence);
    return entry;
  }

  get unloaded(): number {
    let count = this.#line.unloaded;
    for (const { message } of this.#heap) if (!message.loaded) count++;
    return count;
  }

  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    if (this.#line.relocate(sequence, oldId, to)) return true;
    for (const entry of this.#heap) if (entry.sequence === sequence) return relocateEntry(entry, oldId, to);
    return false;
  }

  *redeliveredIds(): Generator<number> {
    for (const { id, message } of this.#heap) if (message.store !== this.#stores.scratch) yield id;
    yield* this.#line.redeliveredIds();
  }

  get #heapFirst(): boolean {
    const top = this.#heap[0];
    return top !== undefined && (this.#lineLength === 0 || top.sequence < this.#line.firstSequence);
  }

  /** Whether the heap is too short for going through the whole line. */
  #isShort(): boolean {
    return this.#heap.length * 8 < this.#lineLength;
  }

  /** Of all entries those that can go are packed; the others are the heap. */
  #merge(canGo: (entry: Entry) => boolean): void {
    const line = new Line(this.#queue, this.#stores);
    const heap: Entry[] = [];
    for (const entry of this) {
      if (canGo(entry)) {
        line.pushPlace(placeOf(entry, this.#stores));
        entry.message.release();
      } else heap.push(entry);
    }
    this.#lineLength += this.#heap.length - heap.length;
    this.#line = line;
    // In order, so it is a heap.
    this.#heap = heap;
    this.#packAt = Math.max(heapMin, heap.length * 2);
  }

  #rise(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry;
      if (above.sequence <= entry.sequence) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #sink(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Entry).sequence < (heap[child] as Entry).sequence) child++;
      const below = heap[child] as Entry;
      if (below.sequence >= last.sequence) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function bySequence(a: Entry, b: Entry): number {
  return a.sequence - b.sequence;
}
