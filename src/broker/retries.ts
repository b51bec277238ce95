// Messages that came back to their queue and wait before they are delivered again (RabbitMQ 4.3, `x-delayed-retry-type`). After a restart
// they wait no longer.
import type { Entry } from './entry.ts';
import { drop, type Gone } from './line.ts';
import type { Stores } from './packed.ts';
import { isStored, relocateEntry, unload } from './paging.ts';
import type { NewPlace } from './store.ts';

interface Retry {
  readonly at: number;
  readonly entry: Entry;
}

export class Retries {
  readonly #stores: Stores;
  /** The earliest last: it is taken first. What comes back later mostly waits longer, so it goes to the front. */
  #waiting: Retry[] = [];

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** When the first one is due, ms since the epoch; Infinity when there is none. */
  get next(): number {
    return this.#waiting[this.#waiting.length - 1]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(entry: Entry, at: number): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#waiting[middle] as Retry).at > at) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, { at, entry });
  }

  takeDue(now: number): Entry | undefined {
    return this.next <= now ? this.#waiting.pop()?.entry : undefined;
  }

  pageOut(): void {
    for (const { entry } of this.#waiting) if (isStored(entry, this.#stores)) unload(entry);
  }

  clear(gone: Gone): void {
    for (const { entry } of this.#waiting) drop(entry, this.#stores, gone);
    this.#waiting = [];
  }

  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    const found = this.#waiting.find(({ entry }) => entry.sequence === sequence);
    return found !== undefined && relocateEntry(found.entry, oldId, to);
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#waiting.map(({ entry }) => entry)[Symbol.iterator]();
  }
}
