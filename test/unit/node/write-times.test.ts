// Times of the journal's writes in buckets.
import { expect, test } from 'vitest';
import { WriteTimes } from '../../../src/node/write-times.ts';

test('counts each write once, up to every bound that it keeps to', () => {
  let now = 0;
  const times = new WriteTimes(() => now);
  for (const ms of [0.1, 0.15, 3, 60_000]) {
    times.begin();
    now += ms;
    times.end(1000);
  }
  const upTo = new Map(times.upTo());
  expect(upTo.get(0.0001)).toBe(1);
  expect(upTo.get(0.0002)).toBe(2);
  expect(upTo.get(0.002)).toBe(2);
  expect(upTo.get(0.005)).toBe(3);
  expect(upTo.get(10)).toBe(3);
  expect(times).toMatchObject({ count: 4, bytes: 4000 });
  expect(times.sumS).toBeCloseTo(60.00325);
});
