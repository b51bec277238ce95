// Tables and text for a terminal: widths, cuts, numbers in few characters, and names that must not steer it.
import { expect, it } from 'vitest';
import { type TableColumn, tableLines } from '../../../src/cli/table.ts';
import { bytes, cut, duration, json, pad, plain, plainLines, rate, widthOf } from '../../../src/cli/text.ts';

const text = (title: string, ...cells: string[]): TableColumn => ({ title, cells });
const number = (title: string, ...cells: string[]): TableColumn => ({ title, cells, right: true });

it('aligns numbers to the right, and is as wide as it gets without a width', () => {
  expect(tableLines([text('name', 'a', 'bbbbbb'), number('n', '1', '1000'), text('x', 'y', '')], undefined)).toEqual([
    'name       n  x',
    'a          1  y',
    'bbbbbb  1000',
  ]);
});

it('cuts the longest text first, numbers never, and the line where nothing else helps', () => {
  const columns = [text('name', 'x'.repeat(30)), text('other', 'y'.repeat(12)), number('n', '12345')];
  expect(tableLines(columns, 34)).toEqual(['name           other             n', 'xxxxxxxxxxxx…  yyyyyyyyyyyy  12345']);
  for (const width of [1, 2, 5, 10, 20, 30, 50]) {
    for (const line of tableLines(columns, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
  }
  expect(tableLines([text('empty')], 20)).toEqual(['empty']);
});

it('knows how wide text is, also where a character takes two columns or none', () => {
  expect(['abc', '漢字', 'e\u0301', '👩‍🚀', '한글', ''].map(widthOf)).toEqual([3, 4, 1, 2, 4, 0]);
  expect([cut('漢字漢字', 5), cut('abcdef', 4), cut('abc', 3), cut('abc', 0)]).toEqual(['漢字…', 'abc…', 'abc', '']);
  expect(pad('漢', 4, true)).toBe('  漢');
});

it('writes out what would steer a terminal', () => {
  expect(plain('a\x1b[31m\n\t\u009b\u202eb\u2028')).toBe('a\\x1b[31m\\n\\t\\x9b\\u202eb\\u2028');
  expect(plainLines('a\r\nb\tc\x1b')).toBe('a\nb\tc\\x1b');
  const hostile = { name: '\u009b2J\u202e\x7f\u2066', 'k\u0085': ['\x1b'] };
  expect(json(hostile)).toMatch(/^[\n\x20-\x7e]*$/);
  expect(JSON.parse(json(hostile))).toEqual(hostile);
});

it('says numbers in few characters', () => {
  expect([0, 1023, 1024, 1536, 104_857_600, 2 ** 40].map(bytes)).toEqual([
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '100 MiB',
    '1.0 TiB',
  ]);
  expect([0, -5, 340, 4200, 9949, 9950, 59_400, 59_600, 192_000, 7_260_000, 187_200_000].map(duration)).toEqual([
    '0ms',
    '0ms',
    '340ms',
    '4.2s',
    '9.9s',
    '10s',
    '59s',
    '1m0s',
    '3m12s',
    '2h1m',
    '2d4h',
  ]);
  expect([0, 0.04, 12.34, 1234.5].map(rate)).toEqual(['0', '0.0', '12.3', '1235']);
});
