// Entries as positions: 28 bytes each in one piece of memory, whatever the size of the message; 40 bytes where they have marks.
import { Entry } from './entry.ts';
import { type Marks, marksOf } from './marks.ts';
import { unloadedMessage } from './message.ts';
import type { Queue } from './queue.ts';
import type { NewPlace, Store } from './store.ts';

export const chunkEntries = 512;

const redelivered = 1 << 31;
const persistent = 1 << 30;
const inScratch = 1 << 29;
const sizeMask = inScratch - 1;

/** The two places where a paged-out message can be. */
export interface Stores {
  readonly journal: Store;
  readonly scratch: Store | undefined;
}

/** What is kept of one entry. `bodyBytes` is at most 2^29 - 1. */
export interface Place {
  readonly sequence: number;
  readonly id: number;
  readonly position: number;
  readonly block: number;
  readonly bodyBytes: number;
  readonly redelivered: boolean;
  readonly persistent: boolean;
  readonly scratch: boolean;
  readonly marks: Marks | undefined;
}

export class Packed {
  length = 0;
  readonly #base: number;
  /** Per entry: position, id. */
  readonly #wide: Float64Array;
  /** Per entry: sequence - base, position - block, size and flags. */
  readonly #narrow: Uint32Array;
  /** Per entry its deadline and the other marks; made for the first one that has any. */
  #deadlines: Float64Array | undefined;
  #marks: Uint32Array | undefined;

  constructor(base: number) {
    this.#base = base;
    const buffer = new ArrayBuffer(chunkEntries * 28);
    this.#wide = new Float64Array(buffer, 0, chunkEntries * 2);
    this.#narrow = new Uint32Array(buffer, chunkEntries * 16, chunkEntries * 3);
  }

  /** Whether an entry with that sequence has room and its number fits. */
  takes(sequence: number): boolean {
    return this.length < chunkEntries && sequence - this.#base <= 0xffffffff;
  }

  push(place: Place): void {
    this.set(this.length++, place);
  }

  /** Of the distance of the sequence from the base, 32 bits are kept. */
  set(i: number, place: Place): void {
    this.#wide[i * 2] = place.position;
    this.#wide[i * 2 + 1] = place.id;
    this.#narrow[i * 3] = place.sequence - this.#base;
    this.#narrow[i * 3 + 1] = place.position - place.block;
    this.#narrow[i * 3 + 2] =
      Math.min(place.bodyBytes, sizeMask) |
      (place.redelivered ? redelivered : 0) |
      (place.persistent ? persistent : 0) |
      (place.scratch ? inScratch : 0);
    if (place.marks !== undefined || this.#marks !== undefined) this.#mark(i, place.marks);
  }

  /** Takes an entry out; those behind it move up. */
  remove(i: number): void {
    this.#wide.copyWithin(i * 2, (i + 1) * 2, this.length * 2);
    this.#narrow.copyWithin(i * 3, (i + 1) * 3, this.length * 3);
    this.#deadlines?.copyWithin(i, i + 1, this.length);
    this.#marks?.copyWithin(i, i + 1, this.length);
    this.length--;
  }

  /** Forgets an entry: its id is 0 from now on. */
  clear(i: number): void {
    this.#wide[i * 2 + 1] = 0;
  }

  id(i: number): number {
    return this.#wide[i * 2 + 1] as number;
  }

  position(i: number): number {
    return this.#wide[i * 2] as number;
  }

  sequence(i: number): number {
    return this.#base + (this.#narrow[i * 3] as number);
  }

  bodyBytes(i: number): number {
    return (this.#narrow[i * 3 + 2] as number) & sizeMask;
  }

  isInScratch(i: number): boolean {
    return ((this.#narrow[i * 3 + 2] as number) & inScratch) !== 0;
  }

  isRedelivered(i: number): boolean {
    return ((this.#narrow[i * 3 + 2] as number) & redelivered) !== 0;
  }

  /** When the entry expires, ms since the epoch; 0 is never. */
  deadline(i: number): number {
    return this.#deadlines?.[i] ?? 0;
  }

  /** The store has copied the record: this is where it is now. */
  move(i: number, to: NewPlace): void {
    this.#wide[i * 2] = to.position;
    this.#wide[i * 2 + 1] = to.id;
    this.#narrow[i * 3 + 1] = to.position - to.block;
  }

  /** The entry as an object again; its content is still in the store. `more` is what its sequence has above what is kept here. */
  entry(i: number, queue: Queue, stores: Stores, more = 0): Entry {
    const position = this.#wide[i * 2] as number;
    const bits = this.#narrow[i * 3 + 2] as number;
    const store = (bits & inScratch) !== 0 ? (stores.scratch as Store) : stores.journal;
    const block = position - (this.#narrow[i * 3 + 1] as number);
    const message = unloadedMessage(store, position, block, bits & sizeMask, (bits & persistent) !== 0);
    const entry = new Entry(queue, message, more + this.sequence(i), (bits & redelivered) !== 0);
    entry.id = this.id(i);
    if (this.#marks !== undefined) entry.marks = marksOf(this.deadline(i), this.#marks[i] as number);
    message.retain();
    return entry;
  }

  #mark(i: number, marks: Marks | undefined): void {
    this.#deadlines ??= new Float64Array(chunkEntries);
    this.#marks ??= new Uint32Array(chunkEntries);
    this.#deadlines[i] = marks?.deadline ?? 0;
    this.#marks[i] = marks?.bits ?? 0;
  }
}
