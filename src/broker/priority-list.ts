// The messages of a queue with priorities: a ready list for each level, the highest first. Seen from outside it is one ready list.
import type { Entry } from './entry.ts';
import type { Gone } from './line.ts';
import type { Place, Stores } from './packed.ts';
import type { Queue } from './queue.ts';
import { ReadyList } from './ready-list.ts';
import type { NewPlace } from './store.ts';

export class PriorityList {
  count = 0;
  /** Sum of the bodies' lengths. */
  bytes = 0;
  /** Entries whose content is not in memory. */
  unloaded = 0;
  readonly #queue: Queue;
  readonly #stores: Stores;
  /** By priority; made when first needed. */
  readonly #levels: (ReadyList | undefined)[] = [];

  constructor(queue: Queue, stores: Stores) {
    this.#queue = queue;
    this.#stores = stores;
  }

  push(entry: Entry): void {
    this.#change(this.#level(entry.marks?.priority ?? 0), list => list.push(entry));
  }

  pushPlace(place: Place): void {
    this.#change(this.#level(place.marks?.priority ?? 0), list => list.pushPlace(place));
  }

  return(entry: Entry): void {
    this.#change(this.#level(entry.marks?.priority ?? 0), list => list.return(entry));
  }

  peek(): Entry | undefined {
    return this.#top?.peek();
  }

  shift(): Entry | undefined {
    const top = this.#top;
    return top && this.#change(top, list => list.shift());
  }

  take(): Entry | undefined {
    const top = this.#top;
    return top && this.#change(top, list => list.take());
  }

  /** Only the first message of all counts: one behind a message of a higher priority does not expire (RabbitMQ behaviour). */
  get headDeadline(): number {
    return this.#top?.headDeadline ?? 0;
  }

  takeExpired(now: number): Entry | undefined {
    const deadline = this.headDeadline;
    return deadline !== 0 && deadline <= now ? this.take() : undefined;
  }

  toLoad(bytes: number): Entry[] {
    // The first level that has something to load: what stands below is delivered later.
    for (const list of this.#lists()) {
      const entries = list.toLoad(bytes);
      if (entries.length > 0) return entries;
    }
    return [];
  }

  clear(gone: Gone): void {
    for (const list of this.#lists()) this.#change(list, () => list.clear(gone));
  }

  pageOut(keepHead: boolean): void {
    const top = this.#top;
    for (const list of this.#lists()) this.#change(list, () => list.pageOut(keepHead && list === top));
  }

  [Symbol.iterator](): Generator<Entry> {
    return this.after(0);
  }

  /** In the order of the sequences, whatever the priorities: who goes on after a sequence misses none. */
  *after(sequence: number): Generator<Entry> {
    const open = [...this.#lists()].map(list => {
      const entries = list.after(sequence);
      return { entries, next: entries.next() };
    });
    for (;;) {
      let first: (typeof open)[number] | undefined;
      for (const one of open)
        if (one.next.done !== true && (first === undefined || one.next.value.sequence < first.next.value.sequence))
          first = one;
      if (first === undefined) return;
      yield first.next.value;
      first.next = first.entries.next();
    }
  }

  has(sequence: number): boolean {
    for (const list of this.#lists()) if (list.has(sequence)) return true;
    return false;
  }

  get firstSequence(): number {
    return this.#top?.firstSequence ?? 0;
  }

  get firstPublishedAt(): number {
    return this.#top?.firstPublishedAt ?? 0;
  }

  remove(sequence: number): Entry | undefined {
    for (const list of this.#lists()) {
      const entry = this.#change(list, () => list.remove(sequence));
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  countUnloaded(): void {
    for (const list of this.#lists()) this.#change(list, () => list.countUnloaded());
  }

  relocate(sequence: number, oldId: number, to: NewPlace): boolean {
    for (const list of this.#lists()) if (list.relocate(sequence, oldId, to)) return true;
    return false;
  }

  *redeliveredIds(): Generator<number> {
    for (const list of this.#lists()) yield* list.redeliveredIds();
  }

  /** How many messages wait at each priority, lowest first; levels without any are left out. */
  *counts(): Generator<readonly [priority: number, count: number]> {
    for (const [priority, list] of this.#levels.entries())
      if (list !== undefined && list.count > 0) yield [priority, list.count];
  }

  /** The highest level that has a message. */
  get #top(): ReadyList | undefined {
    for (let priority = this.#levels.length - 1; priority >= 0; priority--) {
      const list = this.#levels[priority];
      if (list !== undefined && list.count > 0) return list;
    }
    return undefined;
  }

  /** Highest first. */
  *#lists(): Generator<ReadyList> {
    for (let priority = this.#levels.length - 1; priority >= 0; priority--) {
      const list = this.#levels[priority];
      if (list !== undefined) yield list;
    }
  }

  #level(priority: number): ReadyList {
    while (this.#levels.length <= priority) this.#levels.push(undefined);
    this.#levels[priority] ??= new ReadyList(this.#queue, this.#stores);
    return this.#levels[priority] as ReadyList;
  }

  /** Does something with a level and takes its sums over. */
  #change<T>(list: ReadyList, change: (list: ReadyList) => T): T {
    const { count, bytes, unloaded } = list;
    const result = change(list);
    this.count += list.count - count;
    this.bytes += list.bytes - bytes;
    this.unloaded += list.unloaded - unloaded;
    return result;
  }
}
