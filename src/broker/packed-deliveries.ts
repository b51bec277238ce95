// Unsettled deliveries as positions: 32 bytes each, at the slots of their delivery tags.
import type { Consumer } from './consumer.ts';
import type { Entry } from './entry.ts';
import { chunkEntries, Packed, type Stores } from './packed.ts';
import { PackedTimes } from './packed-times.ts';
import { placeOf } from './paging.ts';
import type { Queue } from './queue.ts';
import type { NewPlace } from './store.ts';

/** What many deliveries have in common: where they came from, who has them, and their sequences from 32 bits on. */
interface Origin {
  readonly queue: Queue;
  readonly consumer: Consumer | undefined;
  readonly high: number;
}

/** As many slots as a `Packed` has. */
export const deliverySlots: number = chunkEntries;

export class PackedDeliveries {
  /** Slots in use. */
  count = 0;
  /** Those of them that a consumer has. */
  consumed = 0;
  readonly #packed = new Packed(0);
  readonly #origins: Origin[] = [];
  readonly #originAt = new Uint16Array(chunkEntries);
  readonly #deliveredAt = new PackedTimes();

  put(slot: number, entry: Entry, stores: Stores): void {
    this.#packed.set(slot, placeOf(entry, stores));
    this.#originAt[slot] = this.#origin(entry);
    this.#deliveredAt.set(slot, entry.deliveredAt);
    this.count++;
    if (entry.consumer !== undefined) this.consumed++;
  }

  has(slot: number): boolean {
    return this.#packed.id(slot) !== 0;
  }

  /** The delivery as an object again, or undefined when there is none. */
  entry(slot: number, stores: Stores): Entry | undefined {
    if (!this.has(slot)) return undefined;
    const { queue, consumer, high } = this.#origins[this.#originAt[slot] as number] as Origin;
    const entry = this.#packed.entry(slot, queue, stores, high);
    entry.consumer = consumer;
    entry.deliveredAt = this.#deliveredAt.get(slot);
    return entry;
  }

  /** Slots and sequences of the deliveries from that queue. */
  *of(queue: Queue): Generator<readonly [slot: number, sequence: number]> {
    if (!this.#origins.some(origin => origin.queue === queue)) return;
    for (let slot = 0; slot < chunkEntries; slot++) {
      const origin = this.#origins[this.#originAt[slot] as number];
      if (origin?.queue === queue && this.has(slot)) yield [slot, origin.high + this.#packed.sequence(slot)];
    }
  }

  take(slot: number, stores: Stores): Entry | undefined {
    const entry = this.entry(slot, stores);
    if (entry === undefined) return undefined;
    this.#packed.clear(slot);
    this.count--;
    if (entry.consumer !== undefined) this.consumed--;
    return entry;
  }

  /** Notes new places, given by the old ids, which are from `low` to `high`. */
  relocate(inScratch: boolean, places: ReadonlyMap<number, NewPlace>, low: number, high: number): void {
    const packed = this.#packed;
    for (let slot = 0; slot < chunkEntries; slot++) {
      const id = packed.id(slot);
      if (id < low || id > high || packed.isInScratch(slot) !== inScratch) continue;
      const place = places.get(id);
      if (place !== undefined) packed.move(slot, place);
    }
  }

  /** Ids of that store's entries in durable queues. */
  *durableIds(inScratch: boolean): Generator<number> {
    for (let slot = 0; slot < chunkEntries; slot++)
      if (
        this.has(slot) &&
        this.#packed.isInScratch(slot) === inScratch &&
        this.#origins[this.#originAt[slot] as number]?.queue.durable
      )
        yield this.#packed.id(slot);
  }

  #origin({ queue, consumer, sequence }: Entry): number {
    const high = sequence - (sequence % 2 ** 32);
    const known = this.#origins.findLastIndex(
      origin => origin.queue === queue && origin.consumer === consumer && origin.high === high,
    );
    return known < 0 ? this.#origins.push({ queue, consumer, high }) - 1 : known;
  }
}
