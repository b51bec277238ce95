// Times that are packed: exact while they are close, and never far off.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PackedTimes } from '../../../src/broker/packed-times.ts';

const start = 1_800_000_000_000;

test('times within a minute of each other are exact', () => {
  const times = new PackedTimes();
  for (let slot = 0; slot < 512; slot++) times.set(slot, start + slot * 128);
  for (let slot = 0; slot < 512; slot++) expect(times.get(slot)).toBe(start + slot * 128);
});

test('others are off by a share of what they are apart', () => {
  const distances = fc.array(fc.oneof(fc.nat(70_000), fc.nat(30 * 86_400_000)), { minLength: 1, maxLength: 512 });
  fc.assert(
    fc.property(distances, list => {
      const times = new PackedTimes();
      for (const [slot, distance] of [0, ...list.slice(0, 511)].entries()) times.set(slot, start + distance);
      // A unit that was doubled late has rounded what was set before once more.
      const error = Math.max(1, (Math.max(...list) / 65_535) * 4);
      for (const [slot, distance] of list.slice(0, 511).entries())
        expect(Math.abs(times.get(slot + 1) - start - distance)).toBeLessThanOrEqual(error);
    }),
  );
});

test('a clock that was set back makes no time before the first', () => {
  const times = new PackedTimes();
  times.set(3, start);
  times.set(4, start - 1000);
  expect([times.get(3), times.get(4)]).toEqual([start, start]);
});
