// The one byte budget of the broker: what message contents may take in memory before they are paged out.

/** Something that holds message contents and can let go of those that are safe elsewhere. */
export interface Holder {
  /** Drops contents that can be read back. Called only while the budget is exceeded. */
  pageOut(): void;
}

/** What a message and its entry take as objects beside the content, roughly, bytes. */
const entryBytes = 256;

export class Memory {
  /** Bytes of received chunks that at least one message still needs, and of the objects of the entries that need them. */
  bytes = 0;
  /** The budget in bytes. */
  readonly limit: number;
  readonly #holders = new Set<Holder>();
  #notBefore = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  hold(holder: Holder): void {
    this.#holders.add(holder);
  }

  leave(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /** Asks for room when the budget is exceeded, but not again before it has grown by some more or `retry` was called. */
  check(): void {
    if (this.bytes <= this.limit || this.bytes < this.#notBefore) return;
    this.reclaim();
    this.#notBefore = this.bytes + this.limit / 64;
  }

  /** What could not be let go of before may be safe elsewhere by now. */
  retry(): void {
    this.#notBefore = 0;
    this.check();
  }

  /** Asks the holders in turn, the one asked longest ago first, until an eighth of the budget is free again. */
  reclaim(): void {
    if (this.bytes <= this.limit) return;
    const enough = this.limit - this.limit / 8;
    let asked = this.#holders.size;
    for (const holder of this.#holders) {
      if (this.bytes <= enough || asked-- === 0) return;
      this.#holders.delete(holder);
      this.#holders.add(holder);
      holder.pageOut();
    }
  }
}

/** A piece of memory that several messages share slices of: it is let go of when the last of their entries is. */
export class Source {
  readonly #memory: Memory;
  readonly #bytes: number;
  #pins = 0;

  constructor(memory: Memory, bytes: number) {
    this.#memory = memory;
    this.#bytes = bytes;
  }

  /** So many more entries need it. */
  pin(entries: number): void {
    if (entries > 0 && this.#pins === 0) this.#memory.bytes += this.#bytes;
    this.#pins += entries;
    this.#memory.bytes += entries * entryBytes;
  }

  /** So many entries less need it. */
  unpin(entries: number): void {
    this.#pins -= entries;
    this.#memory.bytes -= entries * entryBytes;
    if (entries > 0 && this.#pins === 0) this.#memory.bytes -= this.#bytes;
  }
}
