// Writes AMQP values one after the other into a buffer that grows.

/** Collects bytes. `finish` gives a view of them; the writer is not to be used after it. */
export class Writer {
  #bytes: Buffer;
  #length = 0;
  #bitAt = -1;
  #bit = 0;

  /** @param size bytes that are expected; more are allowed */
  constructor(size = 64) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  octet(value: number): this {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  short(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeUInt16BE(value, at);
    return this;
  }

  long(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32BE(value, at);
    return this;
  }

  longlong(value: bigint | number): this {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64BE(BigInt(value), at);
    return this;
  }

  /** At most 255 bytes of UTF-8. @throws RangeError when longer */
  shortstr(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    if (bytes.length > 255) throw new RangeError(`a short string has at most 255 bytes, this one has ${bytes.length}`);
    return this.octet(bytes.length).bytes(bytes);
  }

  longstr(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    return this.long(bytes.length).bytes(bytes);
  }

  /** A field table with its length before it. */
  table(value: { readonly encoded: Uint8Array }): this {
    return this.longstr(value.encoded);
  }

  /** One bit. Bits that follow each other share an octet, the first one lowest. */
  bit(value: boolean): this {
    if (this.#bitAt < 0 || this.#bitAt !== this.#length - 1 || this.#bit === 8) {
      this.#bit = 0;
      this.octet(0);
      this.#bitAt = this.#length - 1;
    }
    if (value) this.#bytes[this.#bitAt]! |= 1 << this.#bit;
    this.#bit += 1;
    return this;
  }

  /** Several bits that start a new octet. */
  bits(...values: readonly boolean[]): this {
    this.#bitAt = -1;
    for (const value of values) this.bit(value);
    return this;
  }

  /** The bytes as they are, with no length before them. */
  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#length;
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room for that many bytes and tells where. It may replace `#bytes`, so it is called before those are touched. */
  #room(length: number): number {
    const start = this.#length;
    const needed = start + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#length = needed;
    return start;
  }
}
