// Field tables: kept as the bytes they came as, decoded when somebody looks.

import { checkTable, skipValue, tags } from './table-check.ts';
import type { ScalarValue } from './table-value.ts';
import { bufferOf } from './text.ts';
import { Writer } from './writer.ts';

export { tableToPlain, toPlain } from './table-plain.ts';
export { equalValues, equivalentValues } from './table-value.ts';

/** A value with its wire type, under RabbitMQ's names of the types. */
export type FieldValue =
  | ScalarValue
  | { readonly type: 'table'; readonly value: Table }
  | { readonly type: 'array'; readonly value: readonly FieldValue[] };

/** A key (at most 255 bytes of UTF-8) and its value. */
export type TableEntry = readonly [key: string, value: FieldValue];

/** An immutable field table. Order, duplicate keys and type tags are those of the wire. */
export class Table {
  static readonly empty: Table = new Table(Buffer.alloc(0));
  /** The entries as on the wire, without the length that precedes them there. */
  readonly encoded: Buffer;
  #entries: readonly TableEntry[] | undefined;

  private constructor(encoded: Buffer) {
    this.encoded = encoded;
  }

  /** A table on received bytes, which are checked and not copied. @throws TableFault, UnknownFieldTag */
  static read(encoded: Uint8Array): Table {
    if (encoded.length === 0) return Table.empty;
    const bytes = bufferOf(encoded);
    checkTable(bytes, 0, bytes.length);
    return new Table(bytes);
  }

  /** A table of values. @throws RangeError for a value out of its type's range or a key above 255 bytes */
  static from(entries: Readonly<Record<string, FieldValue>> | Iterable<TableEntry>): Table {
    const writer = new Writer();
    const list = Symbol.iterator in entries ? (entries as Iterable<TableEntry>) : Object.entries(entries);
    for (const [key, value] of list) writeValue(writer.shortstr(key), value);
    return writer.length === 0 ? Table.empty : new Table(writer.finish());
  }

  /** The first value of that key. Decodes nothing else. */
  get(key: string): FieldValue | undefined {
    if (this.#entries !== undefined) return this.#entries.find(entry => entry[0] === key)?.[1];
    const bytes = this.encoded;
    const wanted = Buffer.from(key, 'utf8');
    for (let at = 0; at < bytes.length; ) {
      const tagAt = at + 1 + bytes[at]!;
      if (tagAt - at - 1 === wanted.length && wanted.compare(bytes, at + 1, tagAt) === 0)
        return readValue(bytes, tagAt);
      at = skipValue(bytes, tagAt);
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** How many entries there are, duplicates included. */
  get size(): number {
    return this.#decoded().length;
  }

  /** The same table on memory of its own: to keep it without keeping the chunk that it was received in. */
  copy(): Table {
    return this.encoded.length === 0 ? Table.empty : new Table(Buffer.from(this.encoded));
  }

  /** Whether both are the same bytes. */
  equals(other: Table): boolean {
    return this.encoded.equals(other.encoded);
  }

  [Symbol.iterator](): Iterator<TableEntry> {
    return this.#decoded()[Symbol.iterator]();
  }

  #decoded(): readonly TableEntry[] {
    this.#entries ??= readEntries(this.encoded);
    return this.#entries;
  }
}

/** A text as a value. */
export function longstr(text: string): FieldValue {
  return { type: 'longstr', value: Buffer.from(text, 'utf8') };
}

/** A truth as a value. */
export function bool(value: boolean): FieldValue {
  return { type: 'bool', value };
}

function readEntries(bytes: Buffer): TableEntry[] {
  const entries: TableEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tagAt = at + 1 + bytes[at]!;
    entries.push([bytes.toString('utf8', at + 1, tagAt), readValue(bytes, tagAt)]);
    at = skipValue(bytes, tagAt);
  }
  return entries;
}

/** Decodes the value whose tag is at `at`; the bytes are checked ones. */
function readValue(bytes: Buffer, at: number): FieldValue {
  const start = at + 1;
  const tag = bytes[at]!;
  switch (tag) {
    case tags.longstr:
      return { type: 'longstr', value: bytes.subarray(at + 5, skipValue(bytes, at)) };
    case tags.binary:
      return { type: 'binary', value: bytes.subarray(at + 5, skipValue(bytes, at)) };
    case tags.table:
      return { type: 'table', value: Table.read(bytes.subarray(at + 5, skipValue(bytes, at))) };
    case tags.array:
      return { type: 'array', value: readArray(bytes.subarray(at + 5, skipValue(bytes, at))) };
    case tags.byte:
      return { type: 'byte', value: bytes.readInt8(start) };
    case tags.unsignedbyte:
      return { type: 'unsignedbyte', value: bytes.readUInt8(start) };
    case tags.short:
      return { type: 'short', value: bytes.readInt16BE(start) };
    case tags.unsignedshort:
      return { type: 'unsignedshort', value: bytes.readUInt16BE(start) };
    case tags.signedint:
      return { type: 'signedint', value: bytes.readInt32BE(start) };
    case tags.unsignedint:
      return { type: 'unsignedint', value: bytes.readUInt32BE(start) };
    case tags.double:
      return { type: 'double', value: bytes.readDoubleBE(start) };
    case tags.float:
      return { type: 'float', value: bytes.readFloatBE(start) };
    case tags.timestamp:
      return { type: 'timestamp', value: bytes.readBigUInt64BE(start) };
    case tags.decimal:
      return { type: 'decimal', value: { scale: bytes.readUInt8(start), unscaled: bytes.readUInt32BE(start + 1) } };
    case tags.bool:
      return { type: 'bool', value: bytes[start] !== 0 };
    case tags.void:
      return { type: 'void', value: null };
    default:
      return { type: 'long', value: bytes.readBigInt64BE(start), tag: tag === tags.long ? 'l' : 'L' };
  }
}

function readArray(bytes: Buffer): FieldValue[] {
  const values: FieldValue[] = [];
  for (let at = 0; at < bytes.length; at = skipValue(bytes, at)) values.push(readValue(bytes, at));
  return values;
}

/** Writes tag and value. */
function writeValue(writer: Writer, field: FieldValue): void {
  writer.octet(field.type === 'long' && field.tag === 'L' ? tags.longUpper : tags[field.type]);
  switch (field.type) {
    case 'longstr':
    case 'binary':
      writer.longstr(field.value);
      break;
    case 'table':
      writer.table(field.value);
      break;
    case 'array': {
      const items = new Writer();
      for (const item of field.value) writeValue(items, item);
      writer.longstr(items.finish());
      break;
    }
    case 'decimal':
      writer.octet(field.value.scale).long(field.value.unscaled);
      break;
    case 'bool':
      writer.octet(field.value ? 1 : 0);
      break;
    case 'void':
      break;
    default:
      writer.bytes(encodeNumber(field));
  }
}

type NumberField = Extract<ScalarValue, { readonly value: number | bigint }>;

function encodeNumber(field: NumberField): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  return bytes.subarray(0, writeNumber(bytes, field));
}

/** Returns how many bytes it wrote. */
function writeNumber(bytes: Buffer, field: NumberField): number {
  switch (field.type) {
    case 'byte':
      return bytes.writeInt8(field.value);
    case 'unsignedbyte':
      return bytes.writeUInt8(field.value);
    case 'short':
      return bytes.writeInt16BE(field.value);
    case 'unsignedshort':
      return bytes.writeUInt16BE(field.value);
    case 'signedint':
      return bytes.writeInt32BE(field.value);
    case 'unsignedint':
      return bytes.writeUInt32BE(field.value);
    case 'float':
      return bytes.writeFloatBE(field.value);
    case 'double':
      return bytes.writeDoubleBE(field.value);
    case 'timestamp':
      return bytes.writeBigUInt64BE(field.value);
    case 'long':
      return bytes.writeBigInt64BE(field.value);
  }
}
