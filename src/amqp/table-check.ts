// Walks the bytes of a field table: checks that RabbitMQ would decode them, and skips values without decoding.

import { TableFault, UnknownFieldTag } from './faults.ts';

/** How deep tables and arrays may nest. RabbitMQ has no limit; the walk here must not exhaust the stack. */
export const nestingMax = 2048;

/** The type tags of the wire, as character codes. */
export const tags = {
  longstr: 0x53, // S
  signedint: 0x49, // I
  unsignedint: 0x69, // i
  decimal: 0x44, // D
  timestamp: 0x54, // T
  table: 0x46, // F
  array: 0x41, // A
  byte: 0x62, // b
  unsignedbyte: 0x42, // B
  double: 0x64, // d
  float: 0x66, // f
  long: 0x6c, // l
  longUpper: 0x4c, // L, signed as well
  short: 0x73, // s
  unsignedshort: 0x75, // u
  bool: 0x74, // t
  binary: 0x78, // x
  void: 0x56, // V
} as const;

/** Bytes of a value after its tag; -1 when a 32-bit length says it; undefined for an unknown tag. */
const sizes: readonly (number | undefined)[] = (() => {
  const found: (number | undefined)[] = new Array(256).fill(undefined);
  const { longstr, binary, table, array } = tags;
  for (const tag of [longstr, binary, table, array]) found[tag] = -1;
  for (const tag of [tags.byte, tags.unsignedbyte, tags.bool]) found[tag] = 1;
  for (const tag of [tags.short, tags.unsignedshort]) found[tag] = 2;
  for (const tag of [tags.signedint, tags.unsignedint, tags.float]) found[tag] = 4;
  for (const tag of [tags.long, tags.longUpper, tags.double, tags.timestamp]) found[tag] = 8;
  found[tags.decimal] = 5;
  found[tags.void] = 0;
  return found;
})();

/** Where the value whose tag is at `at` ends. The bytes must have been checked. */
export function skipValue(bytes: Buffer, at: number): number {
  const size = sizes[bytes[at]!]!;
  return size < 0 ? at + 5 + bytes.readUInt32BE(at + 1) : at + 1 + size;
}

/** Checks the entries in `bytes[at, end)`. @throws TableFault, UnknownFieldTag */
export function checkTable(bytes: Buffer, at: number, end: number, depth = 1): void {
  checkDepth(depth);
  let next = at;
  while (next < end) {
    const tagAt = next + 1 + bytes[next]!;
    if (tagAt >= end) throw truncated();
    next = checkValue(bytes, tagAt, end, depth);
  }
}

function checkArray(bytes: Buffer, at: number, end: number, depth: number): void {
  checkDepth(depth);
  let next = at;
  while (next < end) next = checkValue(bytes, next, end, depth);
}

/** Checks the value whose tag is at `at` and tells where it ends. */
function checkValue(bytes: Buffer, at: number, end: number, depth: number): number {
  const tag = bytes[at]!;
  const size = sizes[tag];
  if (size === undefined) throw new UnknownFieldTag(tag);
  const start = size < 0 ? at + 5 : at + 1;
  if (start > end) throw truncated();
  const next = size < 0 ? start + bytes.readUInt32BE(at + 1) : start + size;
  if (next > end) throw truncated();
  if (tag === tags.table) checkTable(bytes, start, next, depth + 1);
  else if (tag === tags.array) checkArray(bytes, start, next, depth + 1);
  else if (tag === tags.double) checkFinite(bytes.readDoubleBE(start));
  else if (tag === tags.float) checkFinite(bytes.readFloatBE(start));
  return next;
}

function checkDepth(depth: number): void {
  if (depth > nestingMax) throw new TableFault(`field table nested more than ${nestingMax} levels deep`);
}

/** Erlang has no NaN and no infinity: RabbitMQ cannot decode them either. */
function checkFinite(value: number): void {
  if (!Number.isFinite(value)) throw new TableFault('a float in a field table is no finite number');
}

function truncated(): TableFault {
  return new TableFault('field table ends within a value');
}
