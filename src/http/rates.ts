// How fast the counters of objects rise: for every object of one kind its values at the last sample and the rates since the one before.

/** The counters of a kind of objects: their names, and how to read them. Reading must not take time that grows with anything. */
export type Counters<T> = Readonly<Record<string, (object: T) => number>>;

/** What has not changed for so long is idle, ms. */
const idleAfterMs = 5_000;
/** An average forgets what is older than about so long, ms. */
const averagedMs = 60_000;

/** Before the values of a row: time and round of the last sample, and the time of the last at which a counter had changed. */
const headCells = 3;

/**
 * Rows of one kind of objects, packed: head, values, rates, averages. What is averaged is read as a number at each sample, such as 1 where
 * something is so and 0 where not; NaN where there is nothing to tell, and the average begins anew.
 */
export class Rates<T extends object> {
  readonly names: readonly string[];
  readonly #read: readonly ((object: T) => number)[];
  readonly #averages: readonly string[];
  readonly #readAveraged: readonly ((object: T) => number)[];
  readonly #stride: number;
  readonly #rows = new Map<T, number>();
  readonly #free: number[] = [];
  #cells: Float64Array;
  #used = 0;
  /** Objects that were sampled in this round. */
  #seen = 0;
  #round = 0;

  constructor(counters: Counters<T>, averaged: Counters<T> = {}) {
    this.names = Object.keys(counters);
    this.#read = Object.values(counters);
    this.#averages = Object.keys(averaged);
    this.#readAveraged = Object.values(averaged);
    this.#stride = headCells + 2 * this.names.length + this.#averages.length;
    this.#cells = new Float64Array(16 * this.#stride);
  }

  get width(): number {
    return this.names.length;
  }

  /** The values of all objects; those of one begin where `sample` says. */
  get cells(): Float64Array {
    return this.#cells;
  }

  begin(): void {
    this.#round++;
    this.#seen = 0;
  }

  /** Reads the object's counters at a time in ms; returns where in `cells` they stand until the next call. */
  sample(object: T, now: number): number {
    let row = this.#rows.get(object);
    const isNew = row === undefined;
    row ??= this.#claim(object);
    const cells = this.#cells;
    const width = this.#read.length;
    const ms = now - cells[row]!;
    const seconds = ms / 1000;
    cells[row] = now;
    if (isNew) cells[row + 2] = now;
    if (cells[row + 1] !== this.#round) this.#seen++;
    cells[row + 1] = this.#round;
    for (let i = 0; i < width; i++) {
      const value = this.#read[i]!(object);
      const at = row + headCells + i;
      if (value !== cells[at]) cells[row + 2] = now;
      cells[at + width] = isNew || !(seconds > 0) ? 0 : (value - cells[at]!) / seconds;
      cells[at] = value;
    }
    const averages = row + headCells + 2 * width;
    // What was read now counts for the time since the last sample.
    const share = Math.min(1, Math.max(0, ms / averagedMs));
    for (let i = 0; i < this.#readAveraged.length; i++) {
      const value = this.#readAveraged[i]!(object);
      const before = isNew ? Number.NaN : cells[averages + i]!;
      cells[averages + i] = Number.isNaN(before) ? value : before + (value - before) * share;
    }
    return row + headCells;
  }

  /** Forgets the objects that were not sampled since `begin`, and tells of each. */
  end(gone: (object: T) => void): void {
    if (this.#seen === this.#rows.size) return;
    for (const [object, row] of this.#rows) {
      if (this.#cells[row + 1] === this.#round) continue;
      this.#rows.delete(object);
      this.#free.push(row);
      gone(object);
    }
  }

  has(object: object): object is T {
    return this.#rows.has(object as T);
  }

  /** Per second between the last two samples; 0 for what was not sampled twice. */
  rate(object: T, counter: string): number {
    const row = this.#rows.get(object);
    const at = this.names.indexOf(counter);
    return row === undefined || at < 0 ? 0 : this.#cells[row + headCells + this.width + at]!;
  }

  /** Of what is averaged; 0 for what was not sampled, or where there is nothing to tell. */
  average(object: T, name: string): number {
    const row = this.#rows.get(object);
    const at = this.#averages.indexOf(name);
    return row === undefined || at < 0 ? 0 : this.#cells[row + headCells + 2 * this.width + at] || 0;
  }

  /** When a counter was first seen as it is, ms; undefined for what was not sampled, or has changed from one of the last samples to the next. */
  unchangedSince(object: T): number | undefined {
    const row = this.#rows.get(object);
    if (row === undefined) return undefined;
    const since = this.#cells[row + 2]!;
    return this.#cells[row]! - since >= idleAfterMs ? since : undefined;
  }

  #claim(object: T): number {
    let row = this.#free.pop();
    if (row === undefined) {
      row = this.#used;
      this.#used += this.#stride;
      if (this.#used > this.#cells.length) {
        const cells = new Float64Array(this.#cells.length * 2);
        cells.set(this.#cells);
        this.#cells = cells;
      }
    }
    this.#rows.set(object, row);
    return row;
  }
}
