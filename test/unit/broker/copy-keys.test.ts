// CC and BCC: found in the bytes, read as keys, and BCC taken out.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeProperties, type Properties, peekProperty } from '../../../src/amqp/properties.ts';
import { type FieldValue, longstr, Table, tableToPlain } from '../../../src/amqp/table.ts';
import { copyKeys, hasCopyKeys, withoutBcc } from '../../../src/broker/copy-keys.ts';
import { tables } from '../amqp/arbitraries.ts';

const list = (...keys: string[]): FieldValue => ({ type: 'array', value: keys.map(longstr) });
const headerOf = (headers: Table, others: Properties = {}): Buffer => encodeProperties({ ...others, headers }, 0);
const keysOf = (headers: Table): string[] => {
  const header = headerOf(headers);
  return copyKeys(header, 0, header.length);
};

test('are found exactly where the table has such a key at its top', () => {
  const names = fc.constantFrom('CC', 'BCC', 'cc', 'C', 'CCC', 'BC', 'ACC', 'BCD', 'a', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(names, tables)), fc.boolean(), (entries, more) => {
      const headers = Table.from(entries.map(([key, value]) => [key, { type: 'table', value }]));
      const header = headerOf(headers, more ? { contentType: 'text/plain', deliveryMode: 2, appId: 'CC' } : {});
      const bytes = Buffer.concat([Buffer.from('\x02CC\x02CC'), header]);
      expect(hasCopyKeys(bytes, 6)).toBe(headers.has('CC') || headers.has('BCC'));
    }),
  );
  expect(hasCopyKeys(encodeProperties({ appId: 'x' }, 0), 0)).toBe(false);
});

test('are read in order, CC first, whatever else is among them', () => {
  expect(keysOf(Table.from({ BCC: list('c', 'd'), CC: list('a', 'b') }))).toEqual(['a', 'b', 'c', 'd']);
  const one: FieldValue = { type: 'signedint', value: 1 };
  expect(keysOf(Table.from({ CC: { type: 'array', value: [one, longstr('ü'), one] } }))).toEqual(['\xc3\xbc']);
  expect(keysOf(Table.from({ CC: list() }))).toEqual([]);
  const twice = Table.from([
    ['CC', list('a')],
    ['CC', list('b')],
  ]);
  expect(keysOf(twice)).toEqual(['a']);
});

test.each([
  ['CC', longstr('a'), 'longstr'],
  ['BCC', { type: 'signedint', value: 1 }, 'signedint'],
  ['CC', { type: 'void', value: null }, 'void'],
] as [string, FieldValue, string][])('%s that is no array is refused', (name, value, type) => {
  const text = `invalid message: {unacceptable_type_in_header,"${name}",${type}}`;
  expect(() => keysOf(Table.from({ [name]: value }))).toThrow(text);
});

test('BCC goes, all else stays as it was', () => {
  const headers = Table.from({ x: longstr('1'), BCC: list('s'), CC: list('a'), y: longstr('2') });
  const header = headerOf(headers, { contentType: 'text/plain', messageId: 'm' });
  const without = withoutBcc(header, 0, header.length);
  const left = peekProperty(without, 0, without.length, 'headers') as Table;
  expect([...left].map(([key]) => key)).toEqual(['x', 'CC', 'y']);
  expect(tableToPlain(left)).toEqual({ x: '1', CC: ['a'], y: '2' });
  expect(without.subarray(-2).toString()).toBe('\x01m');
  const cc = headerOf(Table.from({ CC: list('a') }));
  expect(withoutBcc(cc, 0, cc.length)).toEqual(cc);
});
