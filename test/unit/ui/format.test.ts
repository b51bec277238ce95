// Numbers, bytes, rates and times of the web page, at the places where their form changes.
import { describe, expect, test } from 'vitest';
import * as format from '../../../ui/format.ts';

describe('format', () => {
  test.each([
    [0, '0'],
    [1234, '1,234'],
    [99_999, '99,999'],
    [100_000, '100 k'],
    [123_456, '123 k'],
    [999_499, '999 k'],
    [999_500, '1 M'],
    [1_234_567, '1.2 M'],
    [2_500_000_000, '2.5 G'],
    [-1500, '-1,500'],
    [undefined, '–'],
    [null, '–'],
    [Number.NaN, '–'],
  ])('count of %s', (value, text) => expect(format.count(value)).toBe(text));

  test.each([
    [0, '–'],
    [0.01, '–'],
    [0.2, '0.2/s'],
    [9.94, '9.9/s'],
    [9.96, '10/s'],
    [1234.4, '1,234/s'],
    [-3, '-3/s'],
    [undefined, '–'],
  ])('rate of %s', (value, text) => expect(format.rate(value)).toBe(text));

  test.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [20 * 1024 * 1024, '20 MiB'],
    [1024 ** 5 * 3, '3,072 TiB'],
  ])('bytes of %s', (value, text) => expect(format.bytes(value)).toBe(text));

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1500, '1.5 s'],
    [12_000, '12 s'],
    [59_499, '59 s'],
    [59_600, '1 m'],
    [192_000, '3 m 12 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 m'],
    [100 * 3_600_000, '4 d 4 h'],
    [-5, '0 ms'],
    [null, '–'],
  ])('duration of %s ms', (value, text) => expect(format.duration(value)).toBe(text));

  test('an age ticks in whole seconds', () => {
    expect([999, 1999, 9999, 192_999].map(format.age)).toEqual(['0 s', '1 s', '9 s', '3 m 12 s']);
  });

  test('words', () => {
    expect(format.plural(1, 'message')).toBe('1 message');
    expect(format.plural(1204, 'message')).toBe('1,204 messages');
    expect(format.phrase([])).toBe('');
    expect(format.phrase(['a', 'b', 'c'])).toBe('a, b and c');
  });

  test('a moment is the local one', () => {
    const ms = new Date(2026, 10, 5, 8, 3, 9).getTime();
    expect(format.moment(ms)).toBe('2026-11-05 08:03:09');
  });
});
