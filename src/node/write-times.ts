// How long the journal's writes take, in buckets, with the time that it was made with.

/** Upper bounds of the buckets, s: a sync takes from a tenth of a millisecond to seconds. */
const boundsS: readonly number[] = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10,
];

/** Takes one write at a time. */
export class WriteTimes {
  count = 0;
  bytes = 0;
  /** Seconds. */
  sumS = 0;
  readonly #now: () => number;
  readonly #counts = new Float64Array(boundsS.length + 1);
  #beganMs = 0;

  /** `now`: ms of any clock that does not run backwards. */
  constructor(now: () => number) {
    this.#now = now;
  }

  begin(): void {
    this.#beganMs = this.#now();
  }

  end(bytes: number): void {
    const seconds = (this.#now() - this.#beganMs) / 1000;
    let bucket = 0;
    while (bucket < boundsS.length && seconds > boundsS[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.count++;
    this.bytes += bytes;
    this.sumS += seconds;
  }

  /** How many writes took no longer than each bound. */
  upTo(): (readonly [bound: number, count: number])[] {
    let sum = 0;
    return boundsS.map((bound, i) => {
      sum += this.#counts[i]!;
      return [bound, sum] as const;
    });
  }
}
