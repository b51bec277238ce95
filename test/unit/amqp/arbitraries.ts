// Random field values and tables, and a rendering of them that compares exactly.

import fc from 'fast-check';
import { type FieldValue, Table } from '../../../src/amqp/table.ts';

const int = (min: number, max: number) => fc.integer({ min, max });
const bytes = fc.uint8Array({ maxLength: 20 }).map(value => Buffer.from(value));
const finite = { noNaN: true, noDefaultInfinity: true };

export const keys: fc.Arbitrary<string> = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter(key => Buffer.byteLength(key) <= 255);

const leaves: fc.Arbitrary<FieldValue>[] = [
  fc.record({ type: fc.constantFrom('longstr', 'binary'), value: bytes }),
  fc.record({ type: fc.constant('byte'), value: int(-128, 127) }),
  fc.record({ type: fc.constant('unsignedbyte'), value: int(0, 255) }),
  fc.record({ type: fc.constant('short'), value: int(-32768, 32767) }),
  fc.record({ type: fc.constant('unsignedshort'), value: int(0, 65535) }),
  fc.record({ type: fc.constant('signedint'), value: int(-2147483648, 2147483647) }),
  fc.record({ type: fc.constant('unsignedint'), value: int(0, 4294967295) }),
  fc.record({ type: fc.constant('double'), value: fc.double(finite) }),
  fc.record({ type: fc.constant('float'), value: fc.float(finite) }),
  fc.record({
    type: fc.constant('long'),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    tag: fc.constantFrom('l', 'L'),
  }),
  fc.record({ type: fc.constant('timestamp'), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  fc.record({
    type: fc.constant('decimal'),
    value: fc.record({ scale: int(0, 255), unscaled: int(0, 4294967295) }),
  }),
  fc.record({ type: fc.constant('bool'), value: fc.boolean() }),
  fc.constant({ type: 'void', value: null }),
];

const { value } = fc.letrec<{ value: FieldValue; leaf: FieldValue; table: FieldValue; array: FieldValue }>(tie => ({
  leaf: fc.oneof(...leaves),
  table: fc.record({
    type: fc.constant('table'),
    value: fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map(entries => Table.from(entries)),
  }),
  array: fc.record({ type: fc.constant('array'), value: fc.array(tie('value'), { maxLength: 4 }) }),
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('table'), tie('array')),
}));

export const fieldValues: fc.Arbitrary<FieldValue> = value;

export const entries: fc.Arbitrary<[string, FieldValue][]> = fc.array(fc.tuple(keys, value), { maxLength: 8 });

export const tables: fc.Arbitrary<Table> = entries.map(list => Table.from(list));

/** A field value with nested tables as lists of entries and bytes as hex, so that toEqual compares all of it. */
function rendered(field: FieldValue): unknown {
  if (field.type === 'table') return { type: field.type, value: renderedEntries(field.value) };
  if (field.type === 'array') return { type: field.type, value: field.value.map(rendered) };
  if (field.value instanceof Uint8Array) return { type: field.type, value: Buffer.from(field.value).toString('hex') };
  return field;
}

export function renderedEntries(table: Iterable<readonly [string, FieldValue]>): unknown[] {
  return [...table].map(([key, field]) => [key, rendered(field)]);
}
