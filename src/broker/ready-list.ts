// The messages of a queue that wait, in order of sequence; deep ones as positions only.
import type { Entry } from './entry.ts';
import { chunkEntries, Packed, type Place, type Stores } from './packed.ts';
import type { Queue } from './queue.ts';
import { Returned } from './returned.ts';

/**
 * Rules: new entries join at the tail with rising sequences, entries leave at the head. What comes back was taken from the head, so
 * it always stands before everything in the chunks. A chunk holds its entries either as objects or packed.
 */
class Chunk {
  entries: Entry[] | undefined;
  packed: Packed | undefined;
  head = 0;

  constructor(entries: Entry[] | undefined, packed: Packed | undefined) {
    this.entries = entries;
    this.packed = packed;
  }

  get length(): number {
    return (this.packed?.length ?? (this.entries as Entry[]).length) - this.head;
  }
}

/** Where a store has an entry's record now. */
export interface NewPlace {
  readonly id: number;
  readonly position: number;
  readonly block: number;
}

function firstSequence({ entries, packed, head }: Chunk): number {
  return packed?.sequence(head) ?? ((entries as Entry[])[head] as Entry).sequence;
}

/** Sequences rise within a chunk. */
function relocateIn({ entries, packed, head }: Chunk, sequence: number, oldId: number, to: NewPlace): boolean {
  let low = head;
  let high = packed?.length ?? (entries as Entry[]).length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((packed?.sequence(middle) ?? ((entries as Entry[])[middle] as Entry).sequence) < sequence) low = middle + 1;
    else high = middle;
  }
  if (packed === undefined) {
    const entry = (entries as Entry[])[low];
    return entry !== undefined && entry.sequence === sequence && relocateEntry(entry, oldId, to);
  }
  if (low >= packed.length || packed.id(low) !== oldId) return false;
  packed.move(low, to.id, to.position, to.block);
  return true;
}

/** Notes the new place of an entry that is an object. */
export function relocateEntry(entry: Entry, oldId: number, to: NewPlace): boolean {
  if (entry.id !== oldId) return false;
  entry.id = to.id;
  entry.message.position = to.position;
  entry.message.block = to.block;
  return true;
}

export class ReadyList {
  count = 0;
  /** Sum of the bodies' lengths. */
  bytes = 0;
  /** Entries whose content is not in memory. */
  unloaded = 0;
  readonly #queue: Queue;
  readonly #stores: Stores;
  readonly #returned = new Returned();
  #chunks: Chunk[] = [];
  #first = 0;

  constructor(queue: Queue, stores: Stores) {
    this.#queue = queue;
    this.#stores = stores;
  }

  /** Adds a new entry at the tail. */
  push(entry: Entry): void {
    this.count++;
    this.bytes += entry.message.bodyBytes;
    const tail = this.#chunks[this.#chunks.length - 1];
    if (tail?.entries !== undefined && tail.entries.length < chunkEntries) tail.entries.push(entry);
    else this.#chunks.push(new Chunk([entry], undefined));
  }

  /** Adds an entry that is known by its place only, at the tail. */
  pushPlace(place: Place): void {
    this.count++;
    this.bytes += place.bodyBytes;
    this.unloaded++;
    this.#pack(place, this.#chunks, this.#first);
  }

  /** Puts an entry back where it was. */
  return(entry: Entry): void {
    this.count++;
    this.bytes += entry.message.bodyBytes;
    if (!entry.message.loaded) this.unloaded++;
    this.#returned.push(entry);
  }

  /** The first entry, loaded or not. */
  peek(): Entry | undefined {
    return this.#returned.peek() ?? this.#headChunk()?.entries?.[this.#headChunk()?.head ?? 0];
  }

  /** Takes the first entry if its content is in memory. */
  shift(): Entry | undefined {
    let entry = this.#returned.peek();
    if (entry !== undefined) {
      if (!entry.message.loaded) return undefined;
      this.#returned.pop();
    } else {
      const chunk = this.#headChunk();
      if (chunk === undefined) return undefined;
      entry = (chunk.entries as Entry[])[chunk.head] as Entry;
      if (!entry.message.loaded) return undefined;
      this.#leave(chunk);
    }
    this.count--;
    this.bytes -= entry.message.bodyBytes;
    return entry;
  }

  /** Takes out the first entry though its content cannot be had. */
  shiftDamaged(): Entry | undefined {
    const entry = this.peek();
    if (entry === undefined || entry.message.loaded) return undefined;
    if (this.#returned.length > 0) this.#returned.pop();
    else this.#leave(this.#chunks[this.#first] as Chunk);
    this.count--;
    this.bytes -= entry.message.bodyBytes;
    this.unloaded--;
    return entry;
  }

  /** The next entries in order whose content is not in memory, of about that many bytes; at least one if there is one. */
  toLoad(bytes: number): Entry[] {
    const found: Entry[] = [];
    let left = bytes;
    const add = (entry: Entry): boolean => {
      if (!entry.message.loaded) {
        found.push(entry);
        left -= entry.message.bodyBytes + 64;
      }
      return left > 0;
    };
    for (const entry of this.#returned) if (!add(entry)) return found;
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] as Chunk;
      const entries = this.#unpack(chunk);
      for (let i = chunk.head; i < entries.length; i++) if (!add(entries[i] as Entry)) return found;
    }
    return found;
  }

  /** Removes everything; the callback is told of each the id (0 without a store), the size and whether it is in the scratch file. */
  clear(gone: (id: number, bodyBytes: number, inScratch: boolean) => void): void {
    const drop = (entry: Entry): void => {
      gone(entry.id, entry.message.bodyBytes, entry.id !== 0 && entry.message.store === this.#stores.scratch);
      entry.message.release();
    };
    for (const entry of this.#returned) drop(entry);
    while (this.#returned.length > 0) this.#returned.pop();
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const { entries, packed, head } = this.#chunks[c] as Chunk;
      if (packed !== undefined)
        for (let i = head; i < packed.length; i++) gone(packed.id(i), packed.bodyBytes(i), packed.isInScratch(i));
      else for (let i = head; i < (entries as Entry[]).length; i++) drop((entries as Entry[])[i] as Entry);
    }
    this.#chunks = [];
    this.#first = 0;
    this.count = 0;
    this.bytes = 0;
    this.unloaded = 0;
  }

  /**
   * Keeps only positions of the entries whose content can be read back, newest chunks last; what no store has yet is given to the
   * scratch file and goes the next time. The chunk at the head stays as it is when it is being delivered from.
   */
  pageOut(keepHead: boolean): void {
    const chunks = this.#chunks;
    // Packing goes from the head on, so what is not packed stands at the tail, and at the head where it was read back.
    let from = chunks.length;
    while (from > this.#first && chunks[from - 1]?.packed === undefined) from--;
    if (keepHead && from === this.#first) from++;
    const tail = chunks.splice(from);
    const firstPacked = Math.max(this.#first + (keepHead ? 1 : 0), 0);
    while (tail.length > 0 && this.#storeAll(tail[0] as Chunk))
      this.#packInto(chunks, tail.shift() as Chunk, firstPacked);
    if (!keepHead)
      for (let c = this.#first; c < from && chunks[c]?.packed === undefined; c++) {
        const packed: Chunk[] = [];
        if (!this.#storeAll(chunks[c] as Chunk)) break;
        this.#packInto(packed, chunks[c] as Chunk, 0);
        if (packed.length === 1) chunks[c] = packed[0] as Chunk;
        else chunks.splice(c, 1, ...packed);
      }
    for (const chunk of tail) chunks.push(chunk);
    for (const { message } of this.#returned)
      if (message.loaded && message.store?.readable(message) === true && message.entries === 1) {
        message.unload();
        this.unloaded++;
      }
  }

  /** Every entry that waits; packed ones as objects made for the occasion. */
  *[Symbol.iterator](): Generator<Entry> {
    yield* [...this.#returned].sort((a, b) => a.sequence - b.sequence);
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const { entries, packed, head } = this.#chunks[c] as Chunk;
      if (packed !== undefined)
        for (let i = head; i < packed.length; i++) yield packed.entry(i, this.#queue, this.#stores);
      else for (let i = head; i < (entries as Entry[]).length; i++) yield (entries as Entry[])[i] as Entry;
    }
  }

  /** Counts again what is not in memory, after a store has read some of it. */
  countUnloaded(): void {
    let unloaded = 0;
    for (const { message } of this.#returned) if (!message.loaded) unloaded++;
    for (let c = this.#first; c < this.#chunks.length; c++) {
      const { entries, packed, head } = this.#chunks[c] as Chunk;
      if (packed !== undefined) unloaded += packed.length - head;
      else
        for (let i = head; i < (entries as Entry[]).length; i++)
          if (!(entries as Entry[])[i]?.message.loaded) unloaded++;
    }
    this.unloaded = unloaded;
  }

  /** A store has copied the record of an entry: notes its new id and place. False when the entry does not wait here. */
  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    let low = this.#first;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (firstSequence(this.#chunks[middle] as Chunk) <= sequence) low = middle + 1;
      else high = middle;
    }
    const chunk = low > this.#first ? (this.#chunks[low - 1] as Chunk) : undefined;
    if (chunk !== undefined && relocateIn(chunk, sequence, oldId, to)) return true;
    for (const entry of this.#returned) if (entry.sequence === sequence) return relocateEntry(entry, oldId, to);
    return false;
  }

  /** Journal ids of the entries that were delivered before. */
  *redeliveredIds(): Generator<number> {
    const { scratch } = this.#stores;
    for (const { id, message } of this.#returned) if (message.store !== scratch) yield id;
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

  #headChunk(): Chunk | undefined {
    const chunk = this.#chunks[this.#first];
    if (chunk?.packed !== undefined) this.#unpack(chunk);
    return chunk;
  }

  #leave(chunk: Chunk): void {
    chunk.head++;
    if (chunk.length > 0) {
      // Do not keep what was delivered alive for as long as its chunk lives.
      (chunk.entries as (Entry | undefined)[])[chunk.head - 1] = undefined;
      return;
    }
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

  #unpack(chunk: Chunk): Entry[] {
    const packed = chunk.packed;
    if (packed === undefined) return chunk.entries as Entry[];
    const entries: Entry[] = [];
    for (let i = chunk.head; i < packed.length; i++) entries.push(packed.entry(i, this.#queue, this.#stores));
    chunk.entries = entries;
    chunk.packed = undefined;
    chunk.head = 0;
    return entries;
  }

  #pack(place: Place, chunks: Chunk[], from: number): void {
    let tail = chunks.length > from ? chunks[chunks.length - 1] : undefined;
    if (tail?.packed === undefined || tail.head > 0 || !tail.packed.takes(place.sequence)) {
      tail = new Chunk(undefined, new Packed(place.sequence));
      chunks.push(tail);
    }
    (tail.packed as Packed).push(place);
  }

  #packInto(chunks: Chunk[], chunk: Chunk, from: number): void {
    for (let i = chunk.head; i < (chunk.entries as Entry[]).length; i++) {
      const entry = (chunk.entries as Entry[])[i] as Entry;
      if (entry.message.loaded) this.unloaded++;
      this.#pack(this.#place(entry), chunks, from);
      entry.message.release();
    }
  }

  #place(entry: Entry): Place {
    const { message } = entry;
    return {
      sequence: entry.sequence,
      id: entry.id,
      position: message.position,
      block: message.block,
      bodyBytes: message.bodyBytes,
      redelivered: entry.redelivered,
      persistent: message.persistent,
      scratch: message.store === this.#stores.scratch,
    };
  }

  /** Whether all entries of the chunk can be read back; gives those to the scratch file that no store keeps for this queue. */
  #storeAll(chunk: Chunk): boolean {
    let all = true;
    const entries = chunk.entries as Entry[];
    for (let i = chunk.head; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.id === 0) {
        if (this.#stores.scratch === undefined) return false;
        // The journal may have the message for other queues, but will not keep it for this one: it needs a copy of its own.
        entry.message = entry.message.copy();
        this.#stores.scratch.publish(entry);
        all = false;
      } else if (entry.message.store?.readable(entry.message) !== true) all = false;
    }
    return all;
  }
}
