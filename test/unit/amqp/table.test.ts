import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TableFault, UnknownFieldTag } from '../../../src/amqp/faults.ts';
import {
  bool,
  equalValues,
  equivalentValues,
  type FieldValue,
  longstr,
  Table,
  tableToPlain,
  toPlain,
} from '../../../src/amqp/table.ts';
import { entries, fieldValues, keys, renderedEntries, tables } from './arbitraries.ts';

const int = (value: number): FieldValue => ({ type: 'signedint', value });
const long = (value: bigint): FieldValue => ({ type: 'long', value, tag: 'l' });
const double = (value: number): FieldValue => ({ type: 'double', value });

describe('field tables', () => {
  test('entries come back with their types, order and duplicates', () => {
    fc.assert(
      fc.property(entries, list => {
        const table = Table.read(Buffer.from(Table.from(list).encoded));
        expect(renderedEntries(table)).toEqual(renderedEntries(list));
        expect(table.size).toBe(list.length);
      }),
      { numRuns: 500 },
    );
  });

  test('decoded and encoded again they are the same bytes', () => {
    fc.assert(
      fc.property(tables, table => {
        expect(Table.from(Table.read(table.encoded)).encoded.toString('hex')).toBe(table.encoded.toString('hex'));
      }),
    );
  });

  test('get finds the first value of a key, before and after the rest was decoded', () => {
    fc.assert(
      fc.property(entries, keys, (list, key) => {
        const table = Table.from(list);
        const check = () => {
          for (const [name] of [...list, [key] as const]) {
            const first = list.filter(entry => entry[0] === name).slice(0, 1);
            const found = table.get(name);
            expect(table.has(name)).toBe(first.length === 1);
            expect(renderedEntries(found === undefined ? [] : [[name, found]])).toEqual(renderedEntries(first));
          }
        };
        check();
        expect([...table].length).toBe(list.length);
        check();
      }),
    );
  });

  test('whatever is cut off is refused, and random bytes never do worse', () => {
    fc.assert(
      fc.property(tables, fc.nat(), fc.uint8Array({ maxLength: 60 }), (table, cut, junk) => {
        for (const bytes of [table.encoded.subarray(0, cut % (table.encoded.length + 1)), Buffer.from(junk)]) {
          try {
            const kept = [...Table.read(bytes)];
            expect(Table.from(kept).size).toBe(kept.length);
          } catch (error) {
            expect(error).toBeInstanceOf(TableFault);
          }
        }
        for (let end = table.encoded.length - 1; end > 0 && end > table.encoded.length - 4; end -= 1) {
          const last = [...table][table.size - 1]!;
          const start = table.encoded.length - Table.from([last]).encoded.length;
          if (end > start) expect(() => Table.read(table.encoded.subarray(0, end))).toThrow(TableFault);
        }
      }),
    );
  });

  test('each tag has the size and sign that RabbitMQ gives it', () => {
    const value = (hex: string) => [...Table.read(Buffer.from(`0161${hex}`, 'hex'))][0]![1];
    expect(value('62ff')).toEqual({ type: 'byte', value: -1 });
    expect(value('42ff')).toEqual({ type: 'unsignedbyte', value: 255 });
    expect(value('73ffff')).toEqual({ type: 'short', value: -1 });
    expect(value('75ffff')).toEqual({ type: 'unsignedshort', value: 65535 });
    expect(value('49ffffffff')).toEqual({ type: 'signedint', value: -1 });
    expect(value('69ffffffff')).toEqual({ type: 'unsignedint', value: 4294967295 });
    expect(value('6cffffffffffffffff')).toEqual({ type: 'long', value: -1n, tag: 'l' });
    expect(value('4cffffffffffffffff')).toEqual({ type: 'long', value: -1n, tag: 'L' });
    expect(value('54ffffffffffffffff')).toEqual({ type: 'timestamp', value: 2n ** 64n - 1n });
    expect(value('663f800000')).toEqual({ type: 'float', value: 1 });
    expect(value('643ff0000000000000')).toEqual({ type: 'double', value: 1 });
    expect(value('7402')).toEqual({ type: 'bool', value: true });
    expect(value('440200000005')).toEqual({ type: 'decimal', value: { scale: 2, unscaled: 5 } });
    expect(value('56')).toEqual({ type: 'void', value: null });
    expect(value('780000000100')).toEqual({ type: 'binary', value: Buffer.from([0]) });
  });

  test('unknown tags and floats that Erlang does not have are refused', () => {
    const read = (hex: string) => () => Table.read(Buffer.from(`0161${hex}`, 'hex'));
    expect(read('7a')).toThrow(UnknownFieldTag);
    expect(read('41000000017a')).toThrow(UnknownFieldTag);
    expect(read('667f800000')).toThrow(TableFault);
    expect(read('647ff8000000000000')).toThrow(TableFault);
  });

  test('2,048 levels are read, one more is not', () => {
    const nested = (levels: number) => {
      let table = Table.empty;
      for (let level = 1; level < levels; level += 1) table = Table.from([['', { type: 'table', value: table }]]);
      return table.encoded;
    };
    expect(Table.read(nested(2048)).size).toBe(1);
    expect(() => Table.read(nested(2049))).toThrow(TableFault);
  });

  test('a copy does not change with the memory that the table was read from', () => {
    const bytes = Buffer.from(Table.from({ a: int(1) }).encoded);
    const copy = Table.read(bytes).copy();
    bytes.fill(0);
    expect(copy.get('a')).toEqual(int(1));
  });

  test('values out of range are not written', () => {
    expect(() => Table.from({ a: { type: 'byte', value: 128 } })).toThrow(RangeError);
    expect(() => Table.from({ ['k'.repeat(256)]: int(1) })).toThrow(RangeError);
  });
});

describe('equality', () => {
  test('is reflexive and symmetric', () => {
    fc.assert(
      fc.property(fieldValues, fieldValues, (a, b) => {
        expect(equalValues(a, a)).toBe(true);
        expect(equivalentValues(a, a)).toBe(true);
        expect(equalValues(a, b)).toBe(equalValues(b, a));
      }),
    );
  });

  test('numbers are compared exactly', () => {
    expect(equalValues(long(2n ** 53n), double(2 ** 53))).toBe(true);
    expect(equalValues(long(2n ** 53n + 1n), double(2 ** 53))).toBe(false);
    expect(equalValues(int(1), double(1.5))).toBe(false);
    expect(equalValues(int(0), double(-0))).toBe(true);
  });

  test('within lists the types count, and all empty lists are equal', () => {
    const array = (...value: FieldValue[]): FieldValue => ({ type: 'array', value });
    const table = (value: Record<string, FieldValue>): FieldValue => ({ type: 'table', value: Table.from(value) });
    expect(equalValues(array(int(1)), array(int(1)))).toBe(true);
    expect(equalValues(array(int(1)), array(long(1n)))).toBe(false);
    expect(equalValues(array(), table({}))).toBe(true);
    expect(equalValues(array(int(1)), array(int(1), int(1)))).toBe(false);
    expect(equalValues(table({ a: int(1) }), table({ b: int(1) }))).toBe(false);
    expect(equalValues(longstr('a'), { type: 'binary', value: Buffer.from('a') })).toBe(true);
  });

  test('equivalence asks for the same class of types', () => {
    expect(equivalentValues(int(1), long(1n))).toBe(true);
    expect(equivalentValues(int(1), double(1))).toBe(false);
    expect(equivalentValues(int(1), { type: 'timestamp', value: 1n })).toBe(false);
    expect(equivalentValues(double(1), { type: 'float', value: 1 })).toBe(true);
  });
});

test('a JSON view of every value', () => {
  fc.assert(
    fc.property(tables, table => {
      const shown = JSON.parse(JSON.stringify(tableToPlain(table)));
      expect(Object.keys(shown).sort()).toEqual([...new Set([...table].map(([key]) => key))].sort());
    }),
  );
  expect(toPlain(long(2n ** 60n))).toBe('1152921504606846976');
  expect(toPlain(long(-5n))).toBe(-5);
  expect(toPlain(longstr('ä'))).toBe('ä');
  expect(toPlain({ type: 'binary', value: Buffer.from([0xff]) })).toBe('/w==');
  expect(toPlain({ type: 'decimal', value: { scale: 2, unscaled: 314 } })).toBe(3.14);
  const first = Table.from([
    ['a', bool(true)],
    ['a', bool(false)],
    ['__proto__', int(1)],
  ]);
  expect(JSON.stringify(tableToPlain(first))).toBe('{"a":true,"__proto__":1}');
});
