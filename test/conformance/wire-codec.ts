// A codec of AMQP 0-9-1 for tests, written from the specification and RabbitMQ's errata; it shares nothing with Leveret's own.
import { type FieldSpec, methodNamed, methodWithIds } from './wire-methods.ts';

/** A tagged value of a field table or array, for instance `['l', 5n]`. */
export type Tagged = readonly [tag: string, value: unknown];
/** One entry of a field table: key, type tag, value. Order and duplicates are kept. */
export type Entry = readonly [key: string, tag: string, value: unknown];
/** A field table exactly as on the wire. */
export type Table = readonly Entry[];
/** What a test may write for a table: exact entries, or a record whose values get the usual tags (S, I, l, t, d, F, V). */
export type TableInput = Table | { readonly [key: string]: unknown };
/** The fields of one method by name. */
export type Fields = { readonly [name: string]: unknown };

function plainTagged(value: unknown): Tagged {
  if (value === null) return ['V', null];
  if (typeof value === 'string') return ['S', value];
  if (typeof value === 'boolean') return ['t', value];
  if (typeof value === 'bigint') return ['l', value];
  if (typeof value === 'number') return Number.isInteger(value) ? ['I', value] : ['d', value];
  if (Array.isArray(value)) return ['A', value];
  if (typeof value === 'object') return ['F', toTable(value as TableInput)];
  throw new Error(`cannot put ${String(value)} into a field table`);
}

/** The exact table that `input` stands for. */
export function toTable(input: TableInput): Table {
  if (Array.isArray(input)) return input as Table;
  return Object.entries(input).map(([key, value]) => [key, ...plainTagged(value)] as Entry);
}

const bytes = (size: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(size);
  write(buffer);
  return buffer;
};
const u8 = (value: number): Buffer => Buffer.from([value & 0xff]);
const u16 = (value: number): Buffer => bytes(2, b => b.writeUInt16BE(value));
const u32 = (value: number): Buffer => bytes(4, b => b.writeUInt32BE(value));
const u64 = (value: number | bigint): Buffer => bytes(8, b => b.writeBigUInt64BE(BigInt(value)));
const octets = (value: unknown): Buffer => (Buffer.isBuffer(value) ? value : Buffer.from(String(value)));
const long = (value: Buffer): Buffer => Buffer.concat([u32(value.length), value]);

/** A short string: one length octet and at most 255 octets. */
function shortstr(value: unknown): Buffer {
  const content = octets(value);
  if (content.length > 255) throw new Error(`a short string of ${content.length} octets`);
  return Buffer.concat([u8(content.length), content]);
}

function encodeTagged([tag, value]: Tagged): Buffer {
  return Buffer.concat([Buffer.from(tag), encodeValue(tag, value)]);
}

function encodeValue(tag: string, value: unknown): Buffer {
  switch (tag) {
    case 't':
      return u8(value ? 1 : 0);
    case 'b':
      return bytes(1, b => b.writeInt8(value as number));
    case 'B':
      return u8(value as number);
    case 's':
      return bytes(2, b => b.writeInt16BE(value as number));
    case 'u':
      return u16(value as number);
    case 'I':
      return bytes(4, b => b.writeInt32BE(value as number));
    case 'i':
      return u32(value as number);
    case 'l':
    case 'L':
      return bytes(8, b => b.writeBigInt64BE(BigInt(value as bigint)));
    case 'T':
      return u64(value as bigint);
    case 'f':
      return bytes(4, b => b.writeFloatBE(value as number));
    case 'd':
      return bytes(8, b => b.writeDoubleBE(value as number));
    case 'D': {
      const [scale, unscaled] = value as [number, number];
      return Buffer.concat([u8(scale), u32(unscaled)]);
    }
    case 'S':
    case 'x':
      return long(octets(value));
    case 'A':
      return long(Buffer.concat((value as Tagged[]).map(encodeTagged)));
    case 'F':
      return encodeTable(value as TableInput);
    case 'V':
      return Buffer.alloc(0);
    default:
      return octets(value); // an unknown tag, sent on purpose
  }
}

/** A field table with its length. */
export function encodeTable(input: TableInput): Buffer {
  return long(
    Buffer.concat(
      toTable(input).map(([key, tag, value]) => Buffer.concat([shortstr(key), encodeTagged([tag, value])])),
    ),
  );
}

/** Reads AMQP values one after the other; throws when the octets run out. */
class Cursor {
  readonly buffer: Buffer;
  at = 0;
  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }
  get left(): number {
    return this.buffer.length - this.at;
  }
  take(size: number): Buffer {
    if (size > this.left) throw new Error(`${size} octets wanted, ${this.left} left`);
    this.at += size;
    return this.buffer.subarray(this.at - size, this.at);
  }
  u8(): number {
    return this.take(1).readUInt8();
  }
  u16(): number {
    return this.take(2).readUInt16BE();
  }
  u32(): number {
    return this.take(4).readUInt32BE();
  }
  u64(): bigint {
    return this.take(8).readBigUInt64BE();
  }
  shortstr(): string {
    return this.take(this.u8()).toString();
  }
  longstr(): Buffer {
    return this.take(this.u32());
  }
  table(): Table {
    const inner = new Cursor(this.longstr());
    const entries: Entry[] = [];
    while (inner.left > 0) entries.push([inner.shortstr(), ...inner.tagged()]);
    return entries;
  }
  tagged(): Tagged {
    const tag = String.fromCharCode(this.u8());
    return [tag, this.value(tag)];
  }
  private value(tag: string): unknown {
    switch (tag) {
      case 't':
        return this.u8() !== 0;
      case 'b':
        return this.take(1).readInt8();
      case 'B':
        return this.u8();
      case 's':
        return this.take(2).readInt16BE();
      case 'u':
        return this.u16();
      case 'I':
        return this.take(4).readInt32BE();
      case 'i':
        return this.u32();
      case 'l':
      case 'L':
        return this.take(8).readBigInt64BE();
      case 'T':
        return this.u64();
      case 'f':
        return this.take(4).readFloatBE();
      case 'd':
        return this.take(8).readDoubleBE();
      case 'D':
        return [this.u8(), this.u32()];
      case 'S':
        return this.longstr().toString();
      case 'x':
        return Buffer.from(this.longstr());
      case 'A': {
        const inner = new Cursor(this.longstr());
        const items: Tagged[] = [];
        while (inner.left > 0) items.push(inner.tagged());
        return items;
      }
      case 'F':
        return this.table();
      case 'V':
        return null;
      default:
        throw new Error(`field tag ${JSON.stringify(tag)} from the broker is not known`);
    }
  }
}

function encodeField(type: FieldSpec['type'], value: unknown): Buffer {
  switch (type) {
    case 'octet':
      return u8(Number(value ?? 0));
    case 'short':
      return u16(Number(value ?? 0));
    case 'long':
      return u32(Number(value ?? 0));
    case 'longlong':
    case 'timestamp':
      return u64((value as bigint | undefined) ?? 0n);
    case 'shortstr':
      return shortstr(value ?? '');
    case 'longstr':
      return long(octets(value ?? ''));
    case 'table':
      return encodeTable((value as TableInput | undefined) ?? {});
    case 'bit':
      throw new Error('bits are packed by their caller');
  }
}

function decodeField(type: FieldSpec['type'], cursor: Cursor): unknown {
  switch (type) {
    case 'octet':
      return cursor.u8();
    case 'short':
      return cursor.u16();
    case 'long':
      return cursor.u32();
    case 'longlong':
      return Number(cursor.u64());
    case 'timestamp':
      return cursor.u64();
    case 'shortstr':
      return cursor.shortstr();
    case 'longstr':
      return cursor.longstr().toString();
    case 'table':
      return cursor.table();
    case 'bit':
      throw new Error('bits are unpacked by their caller');
  }
}

/** The payload of a method frame. Fields left out are 0, empty or false; a field that the method has not is refused. */
export function encodeMethod(name: string, fields: Fields): Buffer {
  const spec = methodNamed(name);
  for (const given of Object.keys(fields)) {
    if (!spec.fields.some(field => field.name === given)) throw new Error(`${name} has no field ${given}`);
  }
  const parts = [u16(spec.classId), u16(spec.methodId)];
  let bits: boolean[] = [];
  const flush = (): void => {
    if (bits.length > 0) parts.push(u8(bits.reduce((sum, bit, index) => sum | (bit ? 1 << index : 0), 0)));
    bits = [];
  };
  for (const field of spec.fields) {
    if (field.type === 'bit') bits.push(Boolean(fields[field.name]));
    else {
      flush();
      parts.push(encodeField(field.type, fields[field.name]));
    }
  }
  flush();
  return Buffer.concat(parts);
}

/** The name and fields of a method frame's payload; throws when octets are missing or left over. */
export function decodeMethod(payload: Buffer): { name: string; fields: Fields } {
  const cursor = new Cursor(payload);
  const [classId, methodId] = [cursor.u16(), cursor.u16()];
  const spec = methodWithIds(classId, methodId);
  if (!spec) throw new Error(`the broker sent the unknown method ${classId},${methodId}`);
  const fields: Record<string, unknown> = {};
  let bit = 8;
  let octet = 0;
  for (const field of spec.fields) {
    if (field.type === 'bit') {
      if (bit === 8) [octet, bit] = [cursor.u8(), 0];
      fields[field.name] = ((octet >> bit++) & 1) === 1;
    } else {
      bit = 8;
      fields[field.name] = decodeField(field.type, cursor);
    }
  }
  if (cursor.left > 0) throw new Error(`${spec.name} came with ${cursor.left} octets too many`);
  return { name: spec.name, fields };
}

/** The properties of a message in the order of their flags, from bit 15 down. */
const propertySpecs: readonly FieldSpec[] = [
  { name: 'contentType', type: 'shortstr' },
  { name: 'contentEncoding', type: 'shortstr' },
  { name: 'headers', type: 'table' },
  { name: 'deliveryMode', type: 'octet' },
  { name: 'priority', type: 'octet' },
  { name: 'correlationId', type: 'shortstr' },
  { name: 'replyTo', type: 'shortstr' },
  { name: 'expiration', type: 'shortstr' },
  { name: 'messageId', type: 'shortstr' },
  { name: 'timestamp', type: 'timestamp' },
  { name: 'type', type: 'shortstr' },
  { name: 'userId', type: 'shortstr' },
  { name: 'appId', type: 'shortstr' },
  { name: 'clusterId', type: 'shortstr' },
];

/** The payload of a content header frame of class 60 (unless told otherwise). */
export function encodeHeader(size: number | bigint, properties: Fields, classId = 60, weight = 0): Buffer {
  let flags = 0;
  const parts: Buffer[] = [];
  propertySpecs.forEach((spec, index) => {
    if (properties[spec.name] === undefined) return;
    flags |= 1 << (15 - index);
    parts.push(encodeField(spec.type, properties[spec.name]));
  });
  return Buffer.concat([u16(classId), u16(weight), u64(size), u16(flags), ...parts]);
}

/** Body size and properties of a content header frame's payload. */
export function decodeHeader(payload: Buffer): { size: number; properties: Fields } {
  const cursor = new Cursor(payload);
  const [classId, weight] = [cursor.u16(), cursor.u16()];
  if (classId !== 60 || weight !== 0) throw new Error(`content header of class ${classId}, weight ${weight}`);
  const size = Number(cursor.u64());
  const flags = cursor.u16();
  const properties: Record<string, unknown> = {};
  propertySpecs.forEach((spec, index) => {
    if (flags & (1 << (15 - index))) properties[spec.name] = decodeField(spec.type, cursor);
  });
  if (cursor.left > 0) throw new Error(`a content header came with ${cursor.left} octets too many`);
  return { size, properties };
}

/** A whole frame. `end` is 0xCE in a correct one. */
export function encodeFrame(type: number, channel: number, payload: Buffer, end = 0xce): Buffer {
  return Buffer.concat([u8(type), u16(channel), u32(payload.length), payload, u8(end)]);
}
