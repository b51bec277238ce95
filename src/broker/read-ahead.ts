// Reads the contents of a queue's next messages back from a store before their turn comes.
import type { Entry } from './entry.ts';
import type { PriorityList } from './priority-list.ts';
import type { ReadyList } from './ready-list.ts';

/** This much is asked for at a time, bytes, but whole blocks: what is read long before its turn outlives the young objects. */
const stepBytes = 128 << 10;

/** The queue as its reader sees it. */
interface Reader {
  /** The first message can never be delivered: it was taken out. */
  lose(entry: Entry): void;
  /** Contents have come. */
  loaded(): void;
}

export class ReadAhead {
  readonly #ready: ReadyList | PriorityList;
  readonly #reader: Reader;
  #loading = false;
  /** Loaded entries left over which the next read is not needed yet. */
  #ahead = 0;
  #aheadMark = 0;
  #whenLoaded: (() => void)[] = [];

  constructor(ready: ReadyList | PriorityList, reader: Reader) {
    this.#ready = ready;
    this.#reader = reader;
  }

  /** Whether the first message is in memory; where it is not, it is being read now. False when there is none. */
  headIsLoaded(): boolean {
    for (;;) {
      const head = this.#ready.peek();
      if (head === undefined) return false;
      if (head.message.loaded) return true;
      if (!head.message.damaged) break;
      this.#reader.lose(this.#ready.take() as Entry);
    }
    this.#load();
    return false;
  }

  /** The first message was taken, and some behind it are not in memory. */
  taken(): void {
    if (--this.#ahead < this.#aheadMark) this.#load();
  }

  /** Calls back when contents have come, after `headIsLoaded` has said that they are read. */
  whenLoaded(run: () => void): void {
    this.#whenLoaded.push(run);
  }

  #load(): void {
    if (this.#loading) return;
    const entries = this.#ready.toLoad(stepBytes);
    const store = entries[0]?.message.store;
    if (store === undefined) return;
    let same = 1;
    while (same < entries.length && entries[same]?.message.store === store) same++;
    this.#loading = true;
    store.load(same === entries.length ? entries : entries.slice(0, same), damaged => {
      this.#loading = false;
      for (const entry of damaged) entry.message.damaged = true;
      this.#ready.countUnloaded();
      this.#ahead += same;
      this.#aheadMark = same >> 1;
      // Who waits must hear of it though the queue is gone by now.
      for (const run of this.#whenLoaded.splice(0)) run();
      this.#reader.loaded();
    });
  }
}
