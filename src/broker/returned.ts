// Entries that came back to their queue, lowest sequence first: a binary heap.
import type { Entry } from './entry.ts';

export class Returned {
  readonly #heap: Entry[] = [];

  get length(): number {
    return this.#heap.length;
  }

  peek(): Entry | undefined {
    return this.#heap[0];
  }

  push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry;
      if (above.sequence <= entry.sequence) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || last === top) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Entry).sequence < (heap[child] as Entry).sequence) child++;
      const below = heap[child] as Entry;
      if (below.sequence >= last.sequence) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  /** All of them, in no particular order but the lowest first. */
  [Symbol.iterator](): IterableIterator<Entry> {
    return this.#heap.values();
  }
}
