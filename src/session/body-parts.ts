// The parts of a body after its first: kept as they come, short ones put together.

/** Parts shorter than this are put together, into pieces of so many bytes. */
const shortPartBytes = 1024;
const joinedBytesMax = 16_384;
const nothing = Buffer.alloc(0);

export class BodyParts {
  #parts: Buffer[] | undefined;
  /** The last of `#parts` while it is put together of short ones, and how much of it is filled. */
  #joined: Buffer = nothing;
  #joinedBytes = 0;

  add(part: Buffer): void {
    this.#parts ??= [];
    if (part.length >= shortPartBytes) {
      this.#parts.push(part);
      this.#joinedBytes = 0;
      return;
    }
    // A body in frames of one octet each would otherwise take a hundred times its size.
    if (this.#joinedBytes === 0 || this.#joinedBytes + part.length > this.#joined.length) {
      this.#joined = Buffer.allocUnsafeSlow(joinedBytesMax);
      this.#joinedBytes = 0;
      this.#parts.push(nothing);
    }
    part.copy(this.#joined, this.#joinedBytes);
    this.#joinedBytes += part.length;
    this.#parts[this.#parts.length - 1] = this.#joined.subarray(0, this.#joinedBytes);
  }

  /** Hands them over; undefined when the body has one part only. */
  take(): Buffer[] | undefined {
    const parts = this.#parts;
    if (parts !== undefined) this.drop();
    return parts;
  }

  drop(): void {
    this.#parts = undefined;
    this.#joined = nothing;
    this.#joinedBytes = 0;
  }
}
