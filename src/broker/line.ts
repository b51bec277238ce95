// Entries of one queue in the order of their sequences, in chunks of 512: as objects, or packed into positions.
import type { Entry } from './entry.ts';
import { chunkEntries, Packed, type Place, type Stores } from './packed.ts';
import { isReadable, isStored, placeOf, relocateEntry } from './paging.ts';
import type { Queue } from './queue.ts';
import type { NewPlace } from './store.ts';

/** Of a longer line only the first so many chunks stay objects if nothing asks for their memory. */
const residentChunks = 32;

/** Told of an entry that is dropped: its id (0 without a store), its size and whether it is in the scratch file. */
export type Gone = (id: number, bodyBytes: number, inScratch: boolean) => void;

/** A chunk is never empty. */
class Chunk {
  entries: Entry[] | undefined;
  packed: Packed | undefined;
  head = 0;
  /** All its entries have their content. They keep it while they wait here: a chunk that lets go of contents is packed. */
  loaded = false;

  constructor(entries: Entry[] | undefined, packed: Packed | undefined) {
    this.entries = entries;
    this.packed = packed;
  }

  get end(): number {
    return this.packed?.length ?? (this.entries as Entry[]).length;
  }

  sequence(i: number): number {
    return this.packed?.sequence(i) ?? ((this.entries as Entry[])[i] as Entry).sequence;
  }

  /** Where the entry with that sequence stands; -1 when it is not here. */
  indexOf(sequence: number): number {
    const i = lastUpTo(sequence, this.head, this.end, at => this.sequence(at));
    return i >= 0 && this.sequence(i) === sequence ? i : -1;
  }
}

/**
 * Rules: entries join at the tail with rising sequences and leave at the head. Chunks are unpacked from the head on, and what joins as an
 * object is in memory: so objects without their content stand before the first packed chunk only.
 */
export class Line {
  readonly #queue: Queue;
  readonly #stores: Stores;
  #chunks: Chunk[] = [];
  #first = 0;
  /** Entries in packed chunks. */
  #packed = 0;

  constructor(queue: Queue, stores: Stores) {
    this.#queue = queue;
    this.#stores = stores;
  }

  /**
   * Adds an entry. Returns how many were packed at this occasion. So far from the head nothing is delivered soon: what a store has, though
   * perhaps on its way to the disk still, is packed at once, and its objects die young.
   */
  push(entry: Entry): number {
    const tail = this.#chunks[this.#chunks.length - 1];
    if (tail?.entries !== undefined && tail.entries.length < chunkEntries) {
      tail.entries.push(entry);
      return 0;
    }
    let packed = 0;
    if (this.#chunks.length - this.#first > residentChunks) {
      if (tail?.entries !== undefined) packed = this.#packTail();
      if (entry.id !== 0 && entry.message.position >= 0) {
        this.pushPlace(placeOf(entry, this.#stores));
        entry.message.release();
        return packed + 1;
      }
    }
    this.#chunks.push(new Chunk([entry], undefined));
    return packed;
  }

  /** Adds an entry that is known by its place only. */
  pushPlace(place: Place): void {
    this.#packed++;
    pack(place, this.#chunks);
  }

  /** The sequence of the last entry; 0 when there is none. */
  get lastSequence(): number {
    const tail = this.#chunks[this.#chunks.length - 1];
    return tail === undefined ? 0 : tail.sequence(tail.end - 1);
  }

  /** The sequence of the first entry; 0 when there is none. */
  get firstSequence(): number {
    const chunk = this.#chunks[this.#first];
    return chunk === undefined ? 0 : chunk.sequence(chunk.head);
  }

  /** When the first entry was published, ms; 0 when it is packed, or read back not yet. */
  get firstPublishedAt(): number {
    const chunk = this.#chunks[this.#first];
    return chunk?.entries?.[chunk.head]?.message.publishedAt ?? 0;
  }

  /** When the first entry expires, ms since the epoch; 0 is never. */
  get headDeadline(): number {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return 0;
    return chunk.packed?.deadline(chunk.head) ?? chunk.entries?.[chunk.head]?.marks?.deadline ?? 0;
  }

  /** The first entry, its content in memory or not. */
  peek(): Entry | undefined {
    const chunk = this.#chunks[this.#first];
    if (chunk === undefined) return undefined;
    return (chunk.packed === undefined ? (chunk.entries as Entry[]) : this.#unpack(chunk))[chunk.head];
  }

  /** Takes out the first entry, which was peeked at. */
  leave(): void {
    const chunk = this.#chunks[this.#first] as Chunk;
    const entries = chunk.entries as (Entry | undefined)[];
    // Do not keep what was delivered alive for as long as its chunk lives.
    entries[chunk.head++] = undefined;
    if (chunk.head < entries.length) return;
    if (this.#first === this.#chunks.length - 1) {
      this.#chunks.length = 0;
      this.#first = 0;
      return;
    }
    (this.#chunks as (Chunk | undefined)[])[this.#first++] = undefined;
    if (this.#first >= 64 && this.#first * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Gives the entries without their content in order, as objects that stay, for as long as the callback wants more. */
  eachUnloaded(wanted: (entry: Entry) => boolean): boolean {
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as Chunk;
      if (chunk.loaded) continue;
      const entries = this.#unpack(chunk);
      let loaded = true;
      for (let i = chunk.head; i < entries.length; i++) {
        const entry = entries[i] as Entry;
        if (entry.message.loaded) continue;
        loaded = false;
        if (!wanted(entry)) return false;
      }
      chunk.loaded = loaded;
    }
    return true;
  }

  /** Removes everything. */
  clear(gone: Gone): void {
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const { entries, packed, head } = this.#chunks[c] as Chunk;
      if (packed !== undefined)
        for (let i = head; i < packed.length; i++) gone(packed.id(i), packed.bodyBytes(i), packed.isInScratch(i));
      else
        for (let i = head; i < (entries as Entry[]).length; i++)
          drop((entries as Entry[])[i] as Entry, this.#stores, gone);
    }
    this.#chunks = [];
    this.#first = 0;
    this.#packed = 0;
  }

  /** Packs what is stored, of each chunk what stands before the first that is not. The head stays when it is being delivered from. */
  pack(keepHead: boolean): void {
    const chunks: Chunk[] = [];
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as Chunk;
      if (chunk.entries === undefined || (keepHead && c === this.#first)) {
        chunks.push(chunk);
        continue;
      }
      const { entries } = chunk;
      const upTo = this.#storedUpTo(entries, chunk.head);
      for (let i = chunk.head; i < upTo; i++) {
        const entry = entries[i] as Entry;
        pack(placeOf(entry, this.#stores), chunks);
        entry.message.release();
      }
      this.#packed += Math.max(0, upTo - chunk.head);
      if (upTo < entries.length) chunks.push(new Chunk(entries.slice(upTo), undefined));
    }
    this.#chunks = chunks;
    this.#first = 0;
  }

  /** In order; packed ones as objects made for the occasion. */
  [Symbol.iterator](): Generator<Entry> {
    return this.after(0);
  }

  /** Those with a higher sequence, as the iterator gives them. */
  *after(sequence: number): Generator<Entry> {
    for (let c = Math.max(this.#first, this.#chunkOf(sequence)); c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as Chunk;
      const from = lastUpTo(sequence, chunk.head, chunk.end, at => chunk.sequence(at)) + 1;
      for (let i = Math.max(chunk.head, from); i < chunk.end; i++) yield this.#entry(chunk, i);
    }
  }

  has(sequence: number): boolean {
    const chunk = this.#chunks[this.#chunkOf(sequence)];
    return chunk !== undefined && chunk.indexOf(sequence) >= 0;
  }

  /** Takes out the entry with that sequence, wherever it stands; undefined when it is not here. */
  remove(sequence: number): Entry | undefined {
    const c = this.#chunkOf(sequence);
    const chunk = this.#chunks[c];
    const i = chunk === undefined ? -1 : chunk.indexOf(sequence);
    if (chunk === undefined || i < 0) return undefined;
    const entry = this.#entry(chunk, i);
    if (chunk.packed === undefined) chunk.entries?.splice(i, 1);
    else {
      chunk.packed.remove(i);
      this.#packed--;
    }
    if (chunk.head === chunk.end) this.#chunks.splice(c, 1);
    return entry;
  }

  /** How many have no content in memory. */
  get unloaded(): number {
    let count = this.#packed;
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const { entries, head, loaded } = this.#chunks[c] as Chunk;
      if (entries === undefined) return count;
      if (loaded) continue;
      for (let i = head; i < entries.length; i++) if (!entries[i]?.message.loaded) count++;
    }
    return count;
  }

  /** Notes the new id and place of an entry; false when it is not here. */
  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    const chunk = this.#chunks[this.#chunkOf(sequence)];
    if (chunk === undefined) return false;
    const i = chunk.indexOf(sequence);
    if (i < 0) return false;
    if (chunk.packed === undefined) return relocateEntry((chunk.entries as Entry[])[i] as Entry, oldId, to);
    if (chunk.packed.id(i) !== oldId) return false;
    chunk.packed.move(i, to);
    return true;
  }

  /** Journal ids of the entries that were delivered before. */
  *redeliveredIds(): Generator<number> {
    const { scratch } = this.#stores;
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const { entries, packed, head } = this.#chunks[c] as Chunk;
      if (packed !== undefined) {
        for (let i = head; i < packed.length; i++)
          if (packed.isRedelivered(i) && !packed.isInScratch(i)) yield packed.id(i);
      } else
        for (let i = head; i < (entries as Entry[]).length; i++) {
          const { id, message, redelivered } = (entries as Entry[])[i] as Entry;
          if (redelivered && message.store !== scratch) yield id;
        }
    }
  }

  /** The chunk that would have that sequence; -1 when it is lower than all. */
  #chunkOf(sequence: number): number {
    return lastUpTo(sequence, this.#first, this.#chunks.length, c => {
      const chunk = this.#chunks[c] as Chunk;
      return chunk.sequence(chunk.head);
    });
  }

  #entry({ packed, entries }: Chunk, i: number): Entry {
    return packed === undefined ? ((entries as Entry[])[i] as Entry) : packed.entry(i, this.#queue, this.#stores);
  }

  /** What joined as objects and is stored by now is packed while it is young, before the budget asks for it. */
  #packTail(): number {
    let c = this.#chunks.length;
    const from = this.#packed > 0 ? this.#first : this.#first + residentChunks;
    while (c > from && this.#chunks[c - 1]?.entries !== undefined) c--;
    let count = 0;
    for (; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as Chunk;
      const entries = chunk.entries as Entry[];
      if (!entries.every(isReadable)) break;
      chunk.packed = new Packed((entries[0] as Entry).sequence);
      for (const entry of entries) {
        chunk.packed.push(placeOf(entry, this.#stores));
        entry.message.release();
      }
      chunk.entries = undefined;
      count += entries.length;
    }
    this.#packed += count;
    return count;
  }

  #unpack(chunk: Chunk): Entry[] {
    const { packed } = chunk;
    if (packed === undefined) return chunk.entries as Entry[];
    const entries: Entry[] = [];
    for (let i = chunk.head; i < packed.length; i++) entries.push(packed.entry(i, this.#queue, this.#stores));
    this.#packed -= entries.length;
    chunk.entries = entries;
    chunk.packed = undefined;
    chunk.head = 0;
    return entries;
  }

  /** Where the first that is not stored stands; all that need it are given to the scratch file. */
  #storedUpTo(entries: readonly Entry[], from: number): number {
    let upTo = entries.length;
    for (let i = from; i < entries.length; i++)
      if (!isStored(entries[i] as Entry, this.#stores)) upTo = Math.min(upTo, i);
    return upTo;
  }
}

/** Tells of a dropped entry that is an object. */
export function drop(entry: Entry, stores: Stores, gone: Gone): void {
  gone(entry.id, entry.message.bodyBytes, entry.id !== 0 && entry.message.store === stores.scratch);
  entry.message.release();
}

function pack(place: Place, chunks: Chunk[]): void {
  let tail = chunks[chunks.length - 1];
  if (tail?.packed?.takes(place.sequence) !== true) {
    tail = new Chunk(undefined, new Packed(place.sequence));
    chunks.push(tail);
  }
  (tail.packed as Packed).push(place);
}

/** The last index from `low` on and below `high` whose sequence is not greater; -1 when there is none. */
function lastUpTo(sequence: number, low: number, high: number, sequenceAt: (i: number) => number): number {
  const first = low;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sequenceAt(middle) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low > first ? low - 1 : -1;
}
