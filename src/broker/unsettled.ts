// The deliveries of a channel that were not settled yet, found by delivery tag in O(1): a ring of objects, and packed ones beside it.
import type { Consumer, Recipient } from './consumer.ts';
import type { Entry } from './entry.ts';
import type { Stores } from './packed.ts';
import { deliverySlots, PackedDeliveries } from './packed-deliveries.ts';
import { isStored, relocateEntry, unload } from './paging.ts';
import type { Queue } from './queue.ts';
import type { NewPlace, Store } from './store.ts';

const slotsMin = 64;

/**
 * Rules: tags rise by one; `#base` is the tag of the slot at `#head`; a slot whose delivery was settled or packed is undefined until
 * all older ones are, then it leaves the ring. So the slot at the head, if there is one, is never empty.
 */
export class Unsettled {
  readonly channel: Recipient;
  readonly #stores: Stores;
  #slots: (Entry | undefined)[] = new Array(slotsMin).fill(undefined);
  #head = 0;
  #length = 0;
  #base = 1;
  /** Those that were paged out: at i the tags from (#firstPacked + i) * 512 on. The first one is never undefined. */
  readonly #packed: (PackedDeliveries | undefined)[] = [];
  #firstPacked = 0;
  /** Deliveries that are not settled. */
  count = 0;
  /** Tags of deliveries that were taken back and that the client has not settled yet, with who had them. */
  readonly #takenBack = new Map<number, Consumer | undefined>();

  constructor(stores: Stores, channel: Recipient) {
    this.#stores = stores;
    this.channel = channel;
  }

  /** The tag that the next delivery will carry. */
  get nextTag(): number {
    return this.#base + this.#length;
  }

  /** No delivery has a lower tag. */
  get firstTag(): number {
    return this.#packed.length > 0 ? Math.min(this.#firstPacked * deliverySlots, this.#base) : this.#base;
  }

  /** Adds a delivery under `nextTag`. */
  add(entry: Entry): void {
    if (this.#length === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = entry;
    this.count++;
  }

  /** Uses up a tag for a delivery that needs no settlement. */
  skip(): void {
    if (this.#length === 0) {
      this.#base++;
      return;
    }
    if (this.#length === this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = undefined;
  }

  /** Takes out the delivery with that tag; undefined when there is none. */
  take(tag: number): Entry | undefined {
    const index = tag - this.#base;
    if (!(index >= 0 && index < this.#length)) return this.#takePacked(tag);
    const mask = this.#slots.length - 1;
    const at = (this.#head + index) & mask;
    const entry = this.#slots[at];
    if (entry === undefined) return this.#takePacked(tag);
    this.#slots[at] = undefined;
    this.count--;
    if (index === 0) this.#trim();
    return entry;
  }

  /** The delivery with that tag, a packed one as an object made for the occasion. */
  get(tag: number): Entry | undefined {
    const index = tag - this.#base;
    const inRing = index >= 0 && index < this.#length;
    const entry = inRing ? this.#slots[(this.#head + index) & (this.#slots.length - 1)] : undefined;
    return entry ?? this.#packedAt(tag)?.entry(tag % deliverySlots, this.#stores);
  }

  /** Takes out a delivery though the client has not settled it: it still may, and that means nothing. */
  takeBack(tag: number): Entry | undefined {
    const entry = this.take(tag);
    if (entry !== undefined) this.#takenBack.set(tag, entry.consumer);
    return entry;
  }

  /** Whether the client may settle that tag. */
  owes(tag: number): boolean {
    return this.has(tag) || this.#takenBack.has(tag);
  }

  /** The client has settled all from one tag up to another, but for what is excepted: who had those of them that were taken back. */
  answered(from: number, upTo: number, excepted?: (tag: number) => boolean): readonly Consumer[] {
    if (this.#takenBack.size === 0) return [];
    const consumers: Consumer[] = [];
    for (const [tag, consumer] of this.#takenBack) {
      if (tag < from || tag > upTo || excepted?.(tag) === true) continue;
      this.#takenBack.delete(tag);
      if (consumer !== undefined) consumers.push(consumer);
    }
    return consumers;
  }

  /** Tags and sequences of the deliveries from that queue, in no particular order. */
  *of(queue: Queue): Generator<readonly [tag: number, sequence: number]> {
    for (const [i, packed] of this.#packed.entries())
      for (const [slot, sequence] of packed?.of(queue) ?? [])
        yield [(this.#firstPacked + i) * deliverySlots + slot, sequence];
    for (let i = 0; i < this.#length; i++) {
      const entry = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
      if (entry?.queue === queue) yield [this.#base + i, entry.sequence];
    }
  }

  has(tag: number): boolean {
    const index = tag - this.#base;
    if (
      index >= 0 &&
      index < this.#length &&
      this.#slots[(this.#head + index) & (this.#slots.length - 1)] !== undefined
    )
      return true;
    return this.#packedAt(tag)?.has(tag % deliverySlots) === true;
  }

  /** How many a consumer was given, and not a basic.get. Those taken back count: for all we know the client works at them. */
  get consumed(): number {
    let count = 0;
    for (const consumer of this.#takenBack.values()) if (consumer !== undefined) count++;
    for (const packed of this.#packed) count += packed?.consumed ?? 0;
    for (let i = 0; i < this.#length; i++)
      if (this.#slots[(this.#head + i) & (this.#slots.length - 1)]?.consumer !== undefined) count++;
    return count;
  }

  /**
   * Keeps only positions of the deliveries whose content can be read back should they return; the others can go the next time. A few
   * stay objects, without their content.
   */
  pageOut(): void {
    const few = this.#length < deliverySlots;
    const mask = this.#slots.length - 1;
    for (let index = 0; index < this.#length; index++) {
      const at = (this.#head + index) & mask;
      const entry = this.#slots[at];
      if (entry === undefined || !isStored(entry, this.#stores)) continue;
      if (few) unload(entry);
      else {
        this.#pack(this.#base + index, entry);
        entry.message.release();
        this.#slots[at] = undefined;
      }
    }
    this.#trim();
    if (this.#slots.length > slotsMin && this.#length < this.#slots.length / 4)
      this.#resize(Math.max(slotsMin, 2 ** Math.ceil(Math.log2(this.#length * 2 + 1))));
  }

  /** A store has copied records: notes their new places, given by the old ids. */
  relocate(store: Store, places: ReadonlyMap<number, NewPlace>): void {
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (const id of places.keys()) {
      low = Math.min(low, id);
      high = Math.max(high, id);
    }
    for (const packed of this.#packed) packed?.relocate(store === this.#stores.scratch, places, low, high);
    for (let i = 0; i < this.#length; i++) {
      const entry = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
      if (entry === undefined || entry.id < low || entry.id > high || entry.message.store !== store) continue;
      const place = places.get(entry.id);
      if (place !== undefined) relocateEntry(entry, entry.id, place);
    }
  }

  /** Journal ids of deliveries from durable queues. */
  *durableIds(): Generator<number> {
    for (const packed of this.#packed) if (packed !== undefined) yield* packed.durableIds(false);
    for (let i = 0; i < this.#length; i++) {
      const entry = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
      if (entry !== undefined && entry.id !== 0 && entry.queue.durable && entry.message.store === this.#stores.journal)
        yield entry.id;
    }
  }

  /** In no particular order; packed ones as objects made for the occasion. */
  *[Symbol.iterator](): Generator<Entry> {
    for (const packed of this.#packed)
      for (let slot = 0; packed !== undefined && slot < deliverySlots; slot++) {
        const entry = packed.entry(slot, this.#stores);
        if (entry !== undefined) yield entry;
      }
    for (let i = 0; i < this.#length; i++) {
      const entry = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
      if (entry !== undefined) yield entry;
    }
  }

  #packedAt(tag: number): PackedDeliveries | undefined {
    return this.#packed[Math.floor(tag / deliverySlots) - this.#firstPacked];
  }

  #takePacked(tag: number): Entry | undefined {
    const packed = this.#packedAt(tag);
    const entry = packed?.take(tag % deliverySlots, this.#stores);
    if (packed === undefined || entry === undefined) return undefined;
    this.count--;
    if (packed.count > 0) return entry;
    this.#packed[Math.floor(tag / deliverySlots) - this.#firstPacked] = undefined;
    let gone = 0;
    while (gone < this.#packed.length && this.#packed[gone] === undefined) gone++;
    this.#packed.splice(0, gone);
    this.#firstPacked += gone;
    return entry;
  }

  #pack(tag: number, entry: Entry): void {
    const number = Math.floor(tag / deliverySlots);
    if (this.#packed.length === 0) this.#firstPacked = number;
    // What could not be packed before may be older than what was.
    while (number < this.#firstPacked) {
      this.#packed.unshift(undefined);
      this.#firstPacked--;
    }
    while (number >= this.#firstPacked + this.#packed.length) this.#packed.push(undefined);
    const at = number - this.#firstPacked;
    this.#packed[at] ??= new PackedDeliveries();
    (this.#packed[at] as PackedDeliveries).put(tag % deliverySlots, entry, this.#stores);
  }

  #trim(): void {
    const mask = this.#slots.length - 1;
    while (this.#length > 0 && this.#slots[this.#head] === undefined) {
      this.#head = (this.#head + 1) & mask;
      this.#length--;
      this.#base++;
    }
  }

  #resize(capacity: number): void {
    const slots = new Array<Entry | undefined>(capacity).fill(undefined);
    for (let i = 0; i < this.#length; i++) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}
