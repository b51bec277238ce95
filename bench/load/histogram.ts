// Latencies in constant memory: 64 steps per power of two, so an error under 1.6 %.

const stepBits = 6;
const steps = 1 << stepBits;

/** Counts of microseconds, 0 to 2^32 - 1. */
export class Histogram {
  readonly #counts: Uint32Array = new Uint32Array((32 - stepBits + 1) * steps);
  #total = 0;
  #max = 0;

  /** How many values were added. */
  get total(): number {
    return this.#total;
  }

  /** Adds one value in microseconds; a negative one (two clocks) counts as zero. */
  add(us: number): void {
    const value = us > 0 ? us >>> 0 : 0;
    const shift = Math.max(0, 32 - stepBits - Math.clz32(value) - 1);
    const index = shift === 0 ? value : shift * steps + (value >>> shift);
    this.#counts[index]!++;
    this.#total++;
    if (value > this.#max) this.#max = value;
  }

  /** The value below which the share `q` (0 to 1) of all lies; NaN when there are none. */
  quantile(q: number): number {
    if (this.#total === 0) return Number.NaN;
    const wanted = q * this.#total;
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index]!;
      if (seen > wanted) return Math.min(this.#max, lowest(index));
    }
    return this.#max;
  }
}

/** The smallest value that falls into bucket `index`. */
function lowest(index: number): number {
  const shift = Math.floor(index / steps) - 1;
  return shift <= 0 ? index : (index - shift * steps) * 2 ** shift;
}
