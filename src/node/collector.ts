// How V8's garbage collector is set for a process that is a broker and nothing else.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/**
 * V8 adds the received chunks to the size of the heap when it decides on a full collection. For a heap of 10 MB it would collect all of it
 * once for every 30 MB received: a quarter of the processor at full load. So a small heap may grow by a larger factor, in percent.
 */
const growth: readonly (readonly [heapBytesMax: number, percent: number])[] = [
  [24 << 20, 900],
  [64 << 20, 300],
];
/** V8's own way. */
const defaultPercent = 0;

/** Looks at the heap and sets how far it may grow before the next full collection. To be called now and then. */
export class Collector {
  #percent = defaultPercent;

  look(): void {
    const used = getHeapStatistics().used_heap_size;
    const percent = growth.find(([heapBytesMax]) => used < heapBytesMax)?.[1] ?? defaultPercent;
    if (percent === this.#percent) return;
    this.#percent = percent;
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  }
}
