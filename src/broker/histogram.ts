// How long things took: counts of milliseconds in buckets that grow with the value, so that a percentile is off by 7 % at most.

/** Longer times count as this, ms: 30 days. */
export const histogramMsMax: number = 30 * 24 * 60 * 60 * 1000;

/** Values below 8 have a bucket each; from there on every doubling is parted into 8. */
const bucketCount = bucketOf(histogramMsMax) + 1;

/** Takes no memory to speak of before the first value. */
export class Histogram {
  /** The sum of the values, ms. */
  sum = 0;
  #buckets: Uint32Array | undefined;

  /** Counts a time in whole ms; one below 0, as a clock that was set back makes it, counts as 0. */
  record(ms: number): void {
    this.#buckets ??= new Uint32Array(bucketCount);
    if (ms < 1) {
      this.#buckets[0]!++;
      return;
    }
    const value = Math.min(ms, histogramMsMax) >>> 0;
    this.#buckets[bucketOf(value)]!++;
    this.sum += value;
  }

  /** Takes in the values of another one. */
  add(other: Histogram): void {
    const from = other.#buckets;
    if (from === undefined) return;
    this.#buckets ??= new Uint32Array(bucketCount);
    for (let i = 0; i < bucketCount; i++) this.#buckets[i]! += from[i] as number;
    this.sum += other.sum;
  }

  /** How many values there are. */
  get count(): number {
    let count = 0;
    if (this.#buckets !== undefined) for (const each of this.#buckets) count += each;
    return count;
  }

  /** The time that a share `p` (0 to 1) of the values does not exceed, ms; undefined without values. */
  percentile(p: number): number | undefined {
    if (this.#buckets === undefined) return undefined;
    let left = Math.max(1, Math.ceil(p * this.count));
    for (let i = 0; i < bucketCount; i++) {
      left -= this.#buckets[i] as number;
      if (left <= 0) return (lowestOf(i) + lowestOf(i + 1) - 1) / 2;
    }
    return histogramMsMax;
  }

  /** How many values are below `ms`, with those of the bucket that it falls into shared out evenly. */
  countBelow(ms: number): number {
    if (this.#buckets === undefined || ms <= 0) return 0;
    if (ms > histogramMsMax) return this.count;
    const last = bucketOf(Math.floor(ms));
    let count = 0;
    for (let i = 0; i < last; i++) count += this.#buckets[i] as number;
    const from = lowestOf(last);
    return count + Math.round((this.#buckets[last] as number) * ((ms - from) / (lowestOf(last + 1) - from)));
  }
}

function bucketOf(ms: number): number {
  if (ms < 8) return ms;
  const exponent = 31 - Math.clz32(ms);
  return ((exponent - 2) << 3) + ((ms >>> (exponent - 3)) & 7);
}

/** The lowest value of a bucket. */
function lowestOf(bucket: number): number {
  if (bucket < 8) return bucket;
  return (8 + (bucket & 7)) * 2 ** ((bucket >> 3) - 1);
}
