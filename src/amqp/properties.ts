// The content header of class basic: checked without decoding, decoded on demand, and edited in place of re-encoding.

import { PropertiesFault } from './faults.ts';
import { Table } from './table.ts';
import { checkTable } from './table-check.ts';
import { bufferOf } from './text.ts';
import { Writer } from './writer.ts';

/** The property flags. Bit 0 announces more flags (there never are any), bit 1 has no meaning. */
export const propertyFlags = {
  contentType: 0x8000,
  contentEncoding: 0x4000,
  headers: 0x2000,
  deliveryMode: 0x1000,
  priority: 0x0800,
  correlationId: 0x0400,
  replyTo: 0x0200,
  expiration: 0x0100,
  messageId: 0x0080,
  timestamp: 0x0040,
  type: 0x0020,
  userId: 0x0010,
  appId: 0x0008,
  clusterId: 0x0004,
} as const;

/** Bytes of a content header payload before the properties: class, weight, body size, flags. */
export const headerFixedBytes = 14;

/** The properties of a message; an absent one was not sent. Text is read as UTF-8, replacing what is none. */
export interface Properties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: Table;
  readonly deliveryMode?: number;
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly expiration?: string;
  readonly messageId?: string;
  /** Seconds since 1970, 64 bits unsigned. */
  readonly timestamp?: bigint;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  readonly clusterId?: string;
}

export type PropertyName = keyof Properties;

/** In the order of the flags, which is that of the wire. */
const order = Object.entries(propertyFlags) as (readonly [PropertyName, number])[];

/** The flags of a content header payload at `start`. */
export function peekFlags(payload: Uint8Array, start: number): number {
  return (payload[start + 12]! << 8) | payload[start + 13]!;
}

/** Where a property of a checked header begins, lengths before it included; -1 when absent. `flag` is one of `propertyFlags`. */
export function propertyAt(payload: Uint8Array, start: number, flag: number): number {
  const flags = peekFlags(payload, start);
  if ((flags & flag) === 0) return -1;
  let at = start + headerFixedBytes;
  for (let before = 0x8000; before > flag; before >>= 1)
    if ((flags & before) !== 0) at = propertyEnd(payload, before, at, payload.length);
  return at;
}

/**
 * Checks that flags and properties of a content header payload fit each other and that its headers are a proper table.
 * @throws PropertiesFault for flag bit 0, properties that are too short, or bytes left over
 * @throws TableFault for malformed headers
 */
export function validateHeader(payload: Uint8Array, start: number, end: number): void {
  if (end - start < headerFixedBytes) throw new PropertiesFault('content header without property flags');
  const flags = peekFlags(payload, start);
  const at = start + headerFixedBytes;
  if (flags === propertyFlags.deliveryMode && at + 1 === end) return;
  if (flags === 0 && at === end) return;
  if ((flags & 1) !== 0) throw new PropertiesFault('content header announces property flags that do not exist');
  validateProperties(payload, flags, at, end);
}

/** Every property is a short string but these four. */
const { headers, deliveryMode: mode, priority, timestamp } = propertyFlags;

function validateProperties(payload: Uint8Array, flags: number, start: number, end: number): void {
  let at = start;
  for (let flag = 0x8000; flag > 2; flag >>= 1) {
    if ((flags & flag) === 0) continue;
    const next = propertyEnd(payload, flag, at, end);
    if (next > end) throw new PropertiesFault('content header ends within its properties');
    if (flag === headers) checkTable(bufferOf(payload), at + 4, next);
    at = next;
  }
  if (at !== end) throw new PropertiesFault(`content header has ${end - at} octets after its properties`);
}

/** Where the property at `at` ends; beyond `end` when it is cut off. */
function propertyEnd(payload: Uint8Array, flag: number, at: number, end: number): number {
  if (flag === mode || flag === priority) return at + 1;
  if (flag === timestamp) return at + 8;
  if (flag === headers) return at + 4 > end ? end + 1 : at + 4 + length32(payload, at);
  return at >= end ? end + 1 : at + 1 + payload[at]!;
}

function length32(payload: Uint8Array, at: number): number {
  return payload[at]! * 16777216 + ((payload[at + 1]! << 16) | (payload[at + 2]! << 8) | payload[at + 3]!);
}

/** The bytes of one property of a checked header, lengths before it included; undefined when absent. Decodes nothing. */
export function propertyBytes(
  payload: Uint8Array,
  start: number,
  end: number,
  name: PropertyName,
): Uint8Array | undefined {
  const flag = propertyFlags[name];
  const at = propertyAt(payload, start, flag);
  return at < 0 ? undefined : payload.subarray(at, propertyEnd(payload, flag, at, end));
}

/** One property of a checked header. Decodes nothing else. */
export function peekProperty<N extends PropertyName>(
  payload: Uint8Array,
  start: number,
  end: number,
  name: N,
): Properties[N] | undefined {
  const bytes = propertyBytes(payload, start, end, name);
  return bytes === undefined ? undefined : (decodeProperty(name, bufferOf(bytes)) as Properties[N]);
}

/** All properties of a checked content header payload. Headers are a view of it. */
export function decodeProperties(payload: Uint8Array, start = 0, end: number = payload.length): Properties {
  const flags = peekFlags(payload, start);
  const properties: [PropertyName, unknown][] = [];
  let at = start + headerFixedBytes;
  for (const [name, flag] of order) {
    if ((flags & flag) === 0) continue;
    const next = propertyEnd(payload, flag, at, end);
    properties.push([name, decodeProperty(name, bufferOf(payload.subarray(at, next)))]);
    at = next;
  }
  return Object.fromEntries(properties) as Properties;
}

function decodeProperty(name: PropertyName, bytes: Buffer): string | number | bigint | Table {
  switch (name) {
    case 'headers':
      return Table.read(bytes.subarray(4));
    case 'deliveryMode':
    case 'priority':
      return bytes[0]!;
    case 'timestamp':
      return bytes.readBigUInt64BE(0);
    default:
      return bytes.toString('utf8', 1);
  }
}

/** A content header payload. @throws RangeError for a short string above 255 bytes or a number out of range */
export function encodeProperties(properties: Properties, bodySize: number | bigint): Buffer {
  let flags = 0;
  const writer = new Writer().short(60).short(0).longlong(bodySize).short(0);
  for (const [name, flag] of order) {
    if (properties[name] === undefined) continue;
    flags |= flag;
    writeProperty(writer, name, properties[name]);
  }
  const payload = writer.finish();
  payload.writeUInt16BE(flags, 12);
  return payload;
}

function writeProperty(writer: Writer, name: PropertyName, value: Properties[PropertyName]): void {
  if (name === 'headers') writer.table(value as Table);
  else if (name === 'deliveryMode' || name === 'priority') writer.octet(value as number);
  else if (name === 'timestamp') writer.longlong(value as bigint);
  else writer.shortstr(value as string);
}

/** Changes for `editProperties`: a value sets the property, undefined removes it. */
export type PropertyChanges = { readonly [N in PropertyName]?: Properties[N] | undefined };

/** A copy of a checked content header payload with some properties changed; all others keep their exact bytes. */
export function editProperties(payload: Uint8Array, start: number, end: number, changes: PropertyChanges): Buffer {
  let flags = peekFlags(payload, start);
  const writer = new Writer(end - start + 64).bytes(payload.subarray(start, start + headerFixedBytes));
  for (const [name, flag] of order) {
    if (name in changes) {
      flags = changes[name] === undefined ? flags & ~flag : flags | flag;
      if (changes[name] !== undefined) writeProperty(writer, name, changes[name]);
    } else {
      const bytes = propertyBytes(payload, start, end, name);
      if (bytes !== undefined) writer.bytes(bytes);
    }
  }
  const edited = writer.finish();
  edited.writeUInt16BE(flags, 12);
  return edited;
}
