// How fast the counters of objects rise: for every object of one kind its values at the last sample and the rates since the one before.

/** The counters of a kind of objects: their names, and how to read them. Reading must not take time that grows with anything. */
export type Counters<T> = Readonly<Record<string, (object: T) => number>>;

/** Rows of one kind of objects, packed: time of the last sample, round of the last sample, values, rates. */
export class Rates<T extends object> {
  readonly names: readonly string[];
  readonly #read: readonly ((object: T) => number)[];
  readonly #stride: number;
  readonly #rows = new Map<T, number>();
  readonly #free: number[] = [];
  #cells: Float64Array;
  #used = 0;
  /** Objects that were sampled in this round. */
  #seen = 0;
  #round = 0;

  constructor(counters: Counters<T>) {
    this.names = Object.keys(counters);
    this.#read = Object.values(counters);
    this.#stride = 2 + 2 * this.names.length;
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
    const seconds = (now - cells[row]!) / 1000;
    cells[row] = now;
    if (cells[row + 1] !== this.#round) this.#seen++;
    cells[row + 1] = this.#round;
    for (let i = 0; i < width; i++) {
      const value = this.#read[i]!(object);
      const at = row + 2 + i;
      cells[at + width] = isNew || !(seconds > 0) ? 0 : (value - cells[at]!) / seconds;
      cells[at] = value;
    }
    return row + 2;
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
    return row === undefined || at < 0 ? 0 : this.#cells[row + 2 + this.width + at]!;
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
