// The values of messages that an exchange or a queue knows, as a model: those that it must know, and those that it may.

/** A value, when it is forgotten (ms since the epoch, Infinity is never), and where its message stands in a queue, 0 for an exchange. */
export interface Known {
  readonly expiresAt: number;
  readonly sequence: number;
}

/** Values in the order in which they were recorded. */
export class Seen {
  /** No more than the cache has room for. */
  readonly required: Map<string, Known> = new Map();
  /** All that were recorded and whose message, in a queue, is there: what had no room may have some after a restart. */
  readonly allowed: Map<string, Known> = new Map();
  readonly #size: number;
  /** For how long a value is remembered, Infinity is for ever. */
  readonly ttlMs: number;

  constructor(size: number, ttlMs: number) {
    this.#size = size;
    this.ttlMs = ttlMs;
  }

  clone(): Seen {
    const other = new Seen(this.#size, this.ttlMs);
    for (const [value, known] of this.required) other.required.set(value, known);
    for (const [value, known] of this.allowed) other.allowed.set(value, known);
    return other;
  }

  record(value: string, known: Known): void {
    for (const all of [this.required, this.allowed]) {
      all.delete(value);
      all.set(value, known);
    }
    for (const oldest of this.required.keys()) {
      if (this.required.size <= this.#size) break;
      this.required.delete(oldest);
    }
  }

  /** The message with that sequence is not in the queue any more. */
  gone(sequence: number): void {
    for (const all of [this.required, this.allowed])
      for (const [value, known] of all) if (known.sequence === sequence) all.delete(value);
  }

  /**
   * What is wrong with what was found. What has expired by now may be forgotten, and the values of messages that `isDying` says are on their
   * way out. After a recovery nothing else may be known, so it `isComplete`.
   */
  mismatch(
    found: Seen | undefined,
    now: number,
    isDying: (sequence: number) => boolean,
    isComplete: boolean,
  ): string | undefined {
    for (const [value, { sequence, expiresAt }] of this.required) {
      const known = found?.allowed.get(value);
      if (known?.expiresAt !== expiresAt && expiresAt > now && !isDying(sequence))
        return `the value ${value} is forgotten`;
    }
    if (!isComplete) return undefined;
    for (const [value, { sequence, expiresAt }] of found?.allowed ?? []) {
      const known = this.allowed.get(value);
      if (known?.expiresAt !== expiresAt || known.sequence !== sequence)
        return `the value ${value} is known, of no message that was taken`;
    }
    return undefined;
  }

  /** What was forgotten need not be known any more. */
  keepOnly(found: Seen | undefined): void {
    for (const value of this.required.keys()) if (found?.allowed.has(value) !== true) this.required.delete(value);
  }
}
