// What came against what should have come: missing, doubled, out of order, damaged.

/** What a run may have done wrong; all zero in a correct one, but `redelivered`, which is information. */
export interface Faults {
  missing: number;
  duplicates: number;
  redelivered: number;
  disorder: number;
  corrupt: number;
  /** Publishes the broker answered with basic.nack, or did not answer. */
  unconfirmed: number;
  /** Messages in the queues afterwards, over or under what should be there. */
  left: number;
}

/** Counts arrivals by (copy, producer, sequence number). A copy is a queue of a fan-out; elsewhere there is one. */
export class Tally {
  received = 0;
  duplicates = 0;
  redelivered = 0;
  disorder = 0;
  corrupt = 0;
  readonly expected: number;
  readonly #counts: readonly number[];
  readonly #offsets: number[] = [];
  readonly #perCopy: number;
  readonly #seen: Uint8Array;
  readonly #lowest: Float64Array;
  readonly #highest: Float64Array;
  readonly #distinct: Float64Array;

  /** `counts`: how many messages each producer has; `expected`: arrivals that make the run complete. */
  constructor(counts: readonly number[], copies: number, expected: number) {
    this.#counts = counts;
    this.expected = expected;
    let total = 0;
    for (const count of counts) {
      this.#offsets.push(total);
      total += count;
    }
    this.#perCopy = total;
    this.#seen = new Uint8Array(Math.ceil((total * copies) / 8));
    this.#lowest = new Float64Array(counts.length * copies).fill(Number.POSITIVE_INFINITY);
    this.#highest = new Float64Array(counts.length * copies).fill(-1);
    this.#distinct = new Float64Array(counts.length * copies);
  }

  /** How many producers a stamp may name. */
  get producers(): number {
    return this.#counts.length;
  }

  /** Whether a stamp names a message that some producer sent. */
  knows(producer: number, sequence: number): boolean {
    return producer < this.#counts.length && sequence < this.#counts[producer]!;
  }

  /** Counts one intact arrival. */
  add(copy: number, producer: number, sequence: number): void {
    const bit = copy * this.#perCopy + this.#offsets[producer]! + sequence;
    const index = Math.floor(bit / 8);
    const mask = 1 << (bit % 8);
    if (this.#seen[index]! & mask) {
      this.duplicates++;
      return;
    }
    this.#seen[index]! |= mask;
    this.received++;
    const range = copy * this.#counts.length + producer;
    this.#distinct[range]!++;
    if (sequence < this.#lowest[range]!) this.#lowest[range] = sequence;
    if (sequence > this.#highest[range]!) this.#highest[range] = sequence;
  }

  /** Whether as many distinct messages came as the run waits for. */
  get complete(): boolean {
    return this.received >= this.expected;
  }

  /**
   * Messages that should have come and did not. A run that takes only the head of a deep queue is complete at any set of
   * messages, so holes between the lowest and the highest number that came count too.
   */
  get missing(): number {
    let holes = 0;
    for (let range = 0; range < this.#distinct.length; range++) {
      const distinct = this.#distinct[range]!;
      if (distinct > 0) holes += this.#highest[range]! - this.#lowest[range]! + 1 - distinct;
    }
    return Math.max(this.expected - this.received, holes);
  }
}
