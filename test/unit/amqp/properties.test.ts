import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PropertiesFault, UnknownFieldTag } from '../../../src/amqp/faults.ts';
import {
  decodeProperties,
  editProperties,
  encodeProperties,
  type Properties,
  type PropertyChanges,
  type PropertyName,
  peekFlags,
  peekProperty,
  propertyAt,
  propertyFlags,
  validateHeader,
} from '../../../src/amqp/properties.ts';
import { Table } from '../../../src/amqp/table.ts';
import { tables } from './arbitraries.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter(value => Buffer.byteLength(value) <= 255);
const names = Object.keys(propertyFlags) as PropertyName[];

const arbitrary: Record<string, fc.Arbitrary<unknown>> = {
  ...Object.fromEntries(names.map(name => [name, text])),
  headers: tables,
  deliveryMode: fc.nat(255),
  priority: fc.nat(255),
  timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};
const some = fc.record(arbitrary, { requiredKeys: [] }) as fc.Arbitrary<Properties>;

function comparable(properties: PropertyChanges): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      value instanceof Table ? value.encoded.toString('hex') : value,
    ]),
  );
}

describe('content headers', () => {
  test('come back as they were encoded, from anywhere in a buffer', () => {
    fc.assert(
      fc.property(some, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array(), (properties, size, around) => {
        const header = encodeProperties(properties, size);
        const bytes = Buffer.concat([around, header, around]);
        const [start, end] = [around.length, around.length + header.length];
        validateHeader(bytes, start, end);
        expect(bytes.readUInt16BE(start)).toBe(60);
        expect(bytes.readBigUInt64BE(start + 4)).toBe(size);
        expect(comparable(decodeProperties(bytes, start, end))).toEqual(comparable(properties));
        const at = propertyAt(bytes, start, propertyFlags.deliveryMode);
        expect(at < 0 ? undefined : bytes[at]).toBe(properties.deliveryMode);
        for (const name of names) {
          expect((peekFlags(bytes, start) & propertyFlags[name]) !== 0).toBe(name in properties);
          const expected = name in properties ? { [name]: properties[name] } : {};
          const peeked = peekProperty(bytes, start, end, name);
          expect(comparable(peeked === undefined ? {} : { [name]: peeked })).toEqual(comparable(expected));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('too short, too long, or with more flags, they are refused', () => {
    fc.assert(
      fc.property(some, fc.uint8Array({ minLength: 1 }), (properties, more) => {
        const header = encodeProperties(properties, 0);
        for (let end = 0; end < header.length; end += 1) {
          expect(() => validateHeader(header, 0, end)).toThrow(PropertiesFault);
        }
        const longer = Buffer.concat([header, more]);
        expect(() => validateHeader(longer, 0, longer.length)).toThrow(PropertiesFault);
        header[13]! |= 1;
        expect(() => validateHeader(header, 0, header.length)).toThrow(PropertiesFault);
      }),
    );
  });

  test('flag bit 1 means nothing, and headers are checked', () => {
    const header = encodeProperties({ deliveryMode: 2 }, 5);
    header[13]! |= 2;
    validateHeader(header, 0, header.length);
    const bad = encodeProperties({ headers: Table.from({ a: { type: 'void', value: null } }) }, 5);
    bad[bad.length - 1] = 0x7a;
    expect(() => validateHeader(bad, 0, bad.length)).toThrow(UnknownFieldTag);
  });

  test('have the wire form of the specification', () => {
    const header = encodeProperties({ contentType: 'a', deliveryMode: 2, timestamp: 1n }, 3);
    expect(header.toString('hex')).toBe(
      ['003c', '0000', '0000000000000003', '9040', '0161', '02', '0000000000000001'].join(''),
    );
  });

  test('an edit changes what it names and keeps the bytes of all others', () => {
    const removals = fc.record(Object.fromEntries(names.map(name => [name, fc.constant(undefined)])), {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(some, fc.oneof(some, removals), (properties, changes: PropertyChanges) => {
        const header = encodeProperties(properties, 7);
        const edited = editProperties(header, 0, header.length, changes);
        validateHeader(edited, 0, edited.length);
        const expected = Object.entries({ ...comparable(properties), ...comparable(changes) });
        const present = Object.fromEntries(expected.filter(([, value]) => value !== undefined));
        expect(comparable(decodeProperties(edited))).toEqual(present);
      }),
    );
    const latin1 = encodeProperties({ appId: 'x', expiration: '5' }, 7);
    latin1[latin1.length - 1] = 0xe4;
    const edited = editProperties(latin1, 0, latin1.length, { expiration: undefined });
    expect(edited.subarray(12).toString('hex')).toBe('000801e4');
  });
});
