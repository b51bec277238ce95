// Reads AMQP values one after the other from a stretch of bytes.

import { SyntaxFault } from './faults.ts';
import { Table } from './table.ts';
import { bufferOf, textOf } from './text.ts';

/** A 64-bit unsigned as a number: exact to 2^53, above that the nearest number. The bytes must be there. Buffer's own methods cost a call each. */
export function longlongAt(bytes: Buffer, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const low = (bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!;
  return (high >>> 0) * 4294967296 + (low >>> 0);
}

/** A cursor over `bytes[start, end)`. Reading past the end throws SyntaxFault; what it returns are views, never copies. */
export class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bufferOf(bytes);
    this.#at = start;
    this.#end = end;
  }

  /** Bytes that are not read yet. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  octet(): number {
    return this.#bytes[this.#take(1)]!;
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  longlong(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  /** A 64-bit unsigned as a number, see `longlongAt`. No delivery tag gets beyond what is exact. */
  tag(): number {
    return longlongAt(this.#bytes, this.#take(8));
  }

  /** A short string's bytes, unchecked. */
  shortBytes(): Buffer {
    return this.view(this.octet());
  }

  /** @throws MalformedUtf8 */
  shortstr(): string {
    return textOf(this.shortBytes());
  }

  longstr(): Buffer {
    return this.view(this.long());
  }

  /** A field table, validated. @throws TableFault, UnknownFieldTag */
  table(): Table {
    return Table.read(this.longstr());
  }

  /** The next `length` bytes. */
  view(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw new SyntaxFault(`${length} more octets expected, ${this.remaining} left`);
    this.#at = start + length;
    return start;
  }
}
