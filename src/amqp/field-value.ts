// Field values compared as RabbitMQ compares them, and shown as JSON.

import type { FieldValue, Table } from './table.ts';

/**
 * Whether Erlang's `==` holds between the two decoded values. Types do not count: integers and floats of all tags and
 * timestamps are numbers, long strings and binaries are bytes. Within tables and arrays the types count as well.
 */
export function equalValues(a: FieldValue, b: FieldValue): boolean {
  if (isNumber(a)) return isNumber(b) && equalNumbers(a.value, b.value);
  if (isBytes(a)) return isBytes(b) && Buffer.compare(a.value, b.value) === 0;
  if (isList(a)) return isList(b) && equalLists(a, b);
  if (a.type === 'decimal') {
    return b.type === 'decimal' && a.value.scale === b.value.scale && a.value.unscaled === b.value.unscaled;
  }
  return a.value === b.value;
}

/** Whether two arguments of a declaration mean the same: equal values of the same class of types (integer, float, ...). */
export function equivalentValues(a: FieldValue, b: FieldValue): boolean {
  return typeClass(a) === typeClass(b) && equalValues(a, b);
}

function typeClass(field: FieldValue): string {
  if (field.type === 'float' || field.type === 'double') return 'float';
  if (isNumber(field)) return field.type === 'timestamp' ? 'timestamp' : 'int';
  return field.type;
}

type NumberValue = Extract<FieldValue, { readonly value: number | bigint }>;
type BytesValue = Extract<FieldValue, { readonly value: Uint8Array }>;
type ListValue = Extract<FieldValue, { readonly type: 'table' | 'array' }>;

function isNumber(field: FieldValue): field is NumberValue {
  return typeof field.value === 'number' || typeof field.value === 'bigint';
}

function isBytes(field: FieldValue): field is BytesValue {
  return field.type === 'longstr' || field.type === 'binary';
}

function isList(field: FieldValue): field is ListValue {
  return field.type === 'table' || field.type === 'array';
}

/** Exact, also where an integer has more bits than a float can hold. */
function equalNumbers(a: number | bigint, b: number | bigint): boolean {
  if (typeof a === typeof b) return a === b;
  const [float, integer] = typeof a === 'number' ? [a, b as bigint] : [b as number, a];
  return Number.isInteger(float) && BigInt(float) === integer;
}

/** An empty table and an empty array are the same empty list in Erlang. */
function equalLists(a: ListValue, b: ListValue): boolean {
  const one = items(a);
  const other = items(b);
  if (one.length !== other.length) return false;
  if (one.length > 0 && a.type !== b.type) return false;
  return one.every(([key, value], index) => {
    const [otherKey, otherValue] = other[index]!;
    return key === otherKey && value.type === otherValue.type && equalValues(value, otherValue);
  });
}

function items(list: ListValue): (readonly [string, FieldValue])[] {
  return list.type === 'table' ? [...list.value] : list.value.map(value => ['', value] as const);
}

/** What JSON can say. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * The value for a JSON view: text as UTF-8 (base64 where it is none), integers above 2^53 as decimal strings, decimals as
 * numbers. Not meant to be read back.
 */
export function toPlain(field: FieldValue): Plain {
  switch (field.type) {
    case 'longstr':
    case 'binary':
      return plainBytes(field.value);
    case 'long':
    case 'timestamp':
      return plainInteger(field.value);
    case 'decimal':
      return field.value.unscaled / 10 ** field.value.scale;
    case 'table':
      return tableToPlain(field.value);
    case 'array':
      return field.value.map(toPlain);
    default:
      return field.value;
  }
}

/** The table as an object for a JSON view; of duplicate keys the first counts. */
export function tableToPlain(table: Table): { readonly [key: string]: Plain } {
  const plain = new Map<string, Plain>();
  for (const [key, value] of table) if (!plain.has(key)) plain.set(key, toPlain(value));
  return Object.fromEntries(plain);
}

function plainInteger(value: bigint): Plain {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function plainBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  const isText = !text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(buffer);
  return isText ? text : buffer.toString('base64');
}
