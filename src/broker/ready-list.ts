// The messages of a queue that wait, in order of sequence; deep ones as positions only.
import type { Entry } from './entry.ts';
import { type Gone, Line } from './line.ts';
import type { Place, Stores } from './packed.ts';
import type { Queue } from './queue.ts';
import { Returned } from './returned.ts';
import type { ReturnedInTurn } from './returned-in-turn.ts';
import type { NewPlace } from './store.ts';

/** What the objects of an unpacked message count beside its body when it is decided how many are read at a time, bytes. */
const objectWeight = 448;

/**
 * Rules: new entries join at the tail with rising sequences, entries leave at the head. What comes back was taken from the head, so
 * it always stands before everything that never left.
 */
export class ReadyList {
  count = 0;
  /** Sum of the bodies' lengths. */
  bytes = 0;
  /** Entries whose content is not in memory. */
  unloaded = 0;
  readonly #returned: Returned | ReturnedInTurn;
  readonly #line: Line;

  constructor(queue: Queue, stores: Stores, returned: Returned | ReturnedInTurn = new Returned(queue, stores)) {
    this.#returned = returned;
    this.#line = new Line(queue, stores);
  }

  /** Adds a new entry at the tail. */
  push(entry: Entry): void {
    this.count++;
    this.bytes += entry.message.bodyBytes;
    this.unloaded += this.#line.push(entry);
  }

  /** Adds an entry that is known by its place only, at the tail. */
  pushPlace(place: Place): void {
    this.count++;
    this.bytes += place.bodyBytes;
    this.unloaded++;
    this.#line.pushPlace(place);
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
    return this.#returned.length > 0 ? this.#returned.peek() : this.#line.peek();
  }

  /** Takes the first entry if its content is in memory. */
  shift(): Entry | undefined {
    const entry = this.peek();
    if (entry === undefined || !entry.message.loaded) return undefined;
    this.#leave(entry);
    return entry;
  }

  /** Takes the first entry, its content in memory or not. */
  take(): Entry | undefined {
    const entry = this.peek();
    if (entry === undefined) return undefined;
    this.#leave(entry);
    if (!entry.message.loaded) this.unloaded--;
    return entry;
  }

  /** When the first entry expires, ms since the epoch; 0 is never. Leaves packed entries as they are. */
  get headDeadline(): number {
    return this.#returned.length > 0 ? this.#returned.headDeadline : this.#line.headDeadline;
  }

  /** Takes the first entry if it has expired, its content in memory or not. */
  takeExpired(now: number): Entry | undefined {
    const deadline = this.headDeadline;
    return deadline !== 0 && deadline <= now ? this.take() : undefined;
  }

  /**
   * The next entries in order whose content is not in memory, of about that many bytes; at least one if there is one. What follows in the
   * last one's block comes along, for the block is read as a whole.
   */
  toLoad(bytes: number): Entry[] {
    const found: Entry[] = [];
    let left = bytes;
    let block = -1;
    const wanted = (entry: Entry): boolean => {
      const { message } = entry;
      if (left <= 0 && message.block !== block) return false;
      found.push(entry);
      left -= message.bodyBytes + objectWeight;
      block = message.block;
      return true;
    };
    if (this.#returned.eachUnloaded(wanted)) this.#line.eachUnloaded(wanted);
    return found;
  }

  /** Removes everything. */
  clear(gone: Gone): void {
    this.#returned.clear(gone);
    this.#line.clear(gone);
    this.count = 0;
    this.bytes = 0;
    this.unloaded = 0;
  }

  /**
   * Keeps only positions of the entries whose content can be read back; what no store has yet is given to the scratch file and goes
   * the next time. Where it is being delivered from, the head stays as it is.
   */
  pageOut(keepHead: boolean): void {
    this.#returned.pack();
    this.#line.pack(keepHead);
    this.countUnloaded();
  }

  /** Every entry that waits, in order; packed ones as objects made for the occasion. */
  [Symbol.iterator](): Generator<Entry> {
    return this.after(0);
  }

  /** Those with a higher sequence, as the iterator gives them. */
  *after(sequence: number): Generator<Entry> {
    yield* this.#returned.after(sequence);
    yield* this.#line.after(sequence);
  }

  has(sequence: number): boolean {
    return this.#line.has(sequence) || this.#returned.has(sequence);
  }

  /** The sequence of the first entry; 0 when there is none. Unlike `peek`, leaves packed entries as they are. */
  get firstSequence(): number {
    return this.#returned.length > 0 ? this.#returned.firstSequence : this.#line.firstSequence;
  }

  /** When the first entry was published, ms; 0 when that is not known in memory. */
  get firstPublishedAt(): number {
    return this.#returned.length > 0 ? this.#returned.firstPublishedAt : this.#line.firstPublishedAt;
  }

  /** Takes out the entry with that sequence, wherever it stands; undefined when it does not wait here. */
  remove(sequence: number): Entry | undefined {
    const entry = this.#line.remove(sequence) ?? this.#returned.remove(sequence);
    if (entry === undefined) return undefined;
    this.count--;
    this.bytes -= entry.message.bodyBytes;
    if (!entry.message.loaded) this.unloaded--;
    return entry;
  }

  /** Counts again what is not in memory, after a store has read some of it. */
  countUnloaded(): void {
    this.unloaded = this.#returned.unloaded + this.#line.unloaded;
  }

  /** A store has copied the record of an entry: notes its new id and place. False when the entry does not wait here. */
  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    return this.#line.relocate(sequence, oldId, to) || this.#returned.relocate(sequence, oldId, to);
  }

  /** Journal ids of the entries that were delivered before. */
  *redeliveredIds(): Generator<number> {
    yield* this.#returned.redeliveredIds();
    yield* this.#line.redeliveredIds();
  }

  /** The first entry, which was peeked at, goes. */
  #leave(entry: Entry): void {
    if (this.#returned.length > 0) this.#returned.leave();
    else this.#line.leave();
    this.count--;
    this.bytes -= entry.message.bodyBytes;
  }
}
