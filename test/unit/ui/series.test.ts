// Charts, rows and bodies of the web page: samples become lines, rows keep their places, bytes become readable.
import { describe, expect, test } from 'vitest';
import { hexDump, jsonOf, payloadBytes, textOf } from '../../../ui/payload.ts';
import { align, lengths, rates } from '../../../ui/series.ts';
import { steady } from '../../../ui/steady.ts';

describe('samples', () => {
  const samples = [
    { sample: 40, timestamp: 3000 },
    { sample: 10, timestamp: 2000 },
    { sample: 0, timestamp: 1000 },
  ];

  test('of a length are turned round', () => {
    expect(lengths({ samples })).toEqual({ times: [1, 2, 3], values: [0, 10, 40] });
    expect(lengths(undefined)).toEqual({ times: [], values: [] });
  });

  test('of a counter are what was counted in a second', () => {
    expect(rates({ samples })).toEqual({ times: [2, 3], values: [10, 30] });
  });

  test('of a counter that was begun anew leave a gap', () => {
    expect(rates({ samples: [...samples, { sample: 5, timestamp: 0 }] }).values).toEqual([null, 10, 30]);
  });

  test('of several lines share their times', () => {
    const lines = [
      { times: [1, 2], values: [5, 6] },
      { times: [2, 3], values: [7, 8] },
    ];
    expect(align(lines)).toEqual({
      times: [1, 2, 3],
      values: [
        [5, 6, null],
        [null, 7, 8],
      ],
    });
  });
});

describe('rows under a pointer', () => {
  const keyOf = (row: { id: string }): string => row.id;
  const rows = (text: string): { id: string }[] => [...text].map(id => ({ id }));
  const order = (shown: string, now: string): [string, boolean] => {
    const result = steady([...shown], rows(now), keyOf);
    return [result.rows.map(keyOf).join(''), result.changed];
  };

  test('keep their places', () => {
    expect(order('abc', 'cab')).toEqual(['abc', true]);
    expect(order('abc', 'abc')).toEqual(['abc', false]);
  });

  test('leave when they are gone, and come last when they are new', () => {
    expect(order('abc', 'dca')).toEqual(['acd', true]);
    expect(order('', 'ab')).toEqual(['ab', false]);
  });
});

describe('a body', () => {
  test('is JSON only when it is an object or a list', () => {
    expect(jsonOf(' {"a": 1}')).toEqual({ a: 1 });
    expect(jsonOf('[1]')).toEqual([1]);
    expect(jsonOf('12')).toBeUndefined();
    expect(jsonOf('{broken')).toBeUndefined();
  });

  test('is text when all of it can be printed', () => {
    expect(textOf(payloadBytes('grüße\n', 'string'))).toBe('grüße\n');
    expect(textOf(payloadBytes('AAEC', 'base64'))).toBeUndefined();
    expect(textOf(new Uint8Array([0xff]))).toBeUndefined();
  });

  test('is shown byte by byte', () => {
    expect(hexDump(payloadBytes('Hello, leveret!\nx', 'string'))).toBe(
      [
        '00000000  48 65 6c 6c 6f 2c 20 6c  65 76 65 72 65 74 21 0a  Hello, leveret!.',
        `00000010  78${' '.repeat(21)}  ${' '.repeat(23)}  x`,
      ].join('\n'),
    );
  });
});
