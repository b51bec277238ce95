// Entries that came back to a quorum queue: served before all others, in the order in which they came back (RabbitMQ 4).
import type { Entry } from './entry.ts';
import { drop, type Gone } from './line.ts';
import type { Stores } from './packed.ts';
import { isStored, relocateEntry, unload } from './paging.ts';
import type { NewPlace } from './store.ts';

/** As `Returned` to its ready list. Entries stay objects; their contents are let go of when memory is short. */
export class ReturnedInTurn {
  readonly #stores: Stores;
  #entries: Entry[] = [];
  #first = 0;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  get length(): number {
    return this.#entries.length - this.#first;
  }

  peek(): Entry | undefined {
    return this.#entries[this.#first];
  }

  get firstSequence(): number {
    return this.peek()?.sequence ?? 0;
  }

  get firstPublishedAt(): number {
    return this.peek()?.message.publishedAt ?? 0;
  }

  get headDeadline(): number {
    return this.peek()?.marks?.deadline ?? 0;
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Takes out the first entry, which was peeked at. */
  leave(): void {
    this.#first++;
    if (this.#first < 64 || this.#first * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#first);
    this.#first = 0;
  }

  eachUnloaded(wanted: (entry: Entry) => boolean): boolean {
    for (let i = this.#first; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry;
      if (!entry.message.loaded && !wanted(entry)) return false;
    }
    return true;
  }

  clear(gone: Gone): void {
    for (let i = this.#first; i < this.#entries.length; i++) drop(this.#entries[i] as Entry, this.#stores, gone);
    this.#entries = [];
    this.#first = 0;
  }

  pack(): void {
    for (let i = this.#first; i < this.#entries.length; i++) {
      const entry = this.#entries[i] as Entry;
      if (isStored(entry, this.#stores)) unload(entry);
    }
  }

  /** In the order of the sequences, as those who go on after one need it. */
  *after(sequence: number): Generator<Entry> {
    yield* this.#entries
      .slice(this.#first)
      .filter(entry => entry.sequence > sequence)
      .sort((a, b) => a.sequence - b.sequence);
  }

  has(sequence: number): boolean {
    return this.#indexOf(sequence) >= 0;
  }

  remove(sequence: number): Entry | undefined {
    const at = this.#indexOf(sequence);
    return at < 0 ? undefined : this.#entries.splice(at, 1)[0];
  }

  get unloaded(): number {
    let count = 0;
    for (let i = this.#first; i < this.#entries.length; i++) if (!this.#entries[i]?.message.loaded) count++;
    return count;
  }

  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    const entry = this.#entries[this.#indexOf(sequence)];
    return entry !== undefined && relocateEntry(entry, oldId, to);
  }

  *redeliveredIds(): Generator<number> {
    for (let i = this.#first; i < this.#entries.length; i++) {
      const { id, message } = this.#entries[i] as Entry;
      if (message.store !== this.#stores.scratch) yield id;
    }
  }

  #indexOf(sequence: number): number {
    for (let i = this.#first; i < this.#entries.length; i++) if (this.#entries[i]?.sequence === sequence) return i;
    return -1;
  }
}
