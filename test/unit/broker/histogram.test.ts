// The histogram of times: its percentiles against sorted values, and its ends.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram, histogramMsMax } from '../../../src/broker/histogram.ts';

const times = fc.array(fc.oneof(fc.nat(20), fc.nat(5000), fc.nat(histogramMsMax)), { minLength: 1, maxLength: 200 });

test('a percentile is off by 7 % at most, and small ones are exact', () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (values, p) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(p * values.length)) - 1]!;
      const found = histogram.percentile(p)!;
      if (exact < 16) expect(found).toBe(exact);
      else expect(Math.abs(found - exact) / exact).toBeLessThan(0.07);
      expect([histogram.count, histogram.sum]).toEqual([values.length, values.reduce((sum, value) => sum + value, 0)]);
    }),
  );
});

test('what is below a bound is counted to within the bucket of the bound', () => {
  fc.assert(
    fc.property(times, fc.nat(histogramMsMax), (values, bound) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      const below = (limit: number): number => values.filter(value => value < limit).length;
      const found = histogram.countBelow(bound);
      expect(found).toBeGreaterThanOrEqual(below(Math.floor(bound / 1.15)));
      expect(found).toBeLessThanOrEqual(below(Math.ceil(bound * 1.15)));
      if (bound <= 16) expect(found).toBe(below(bound));
    }),
  );
});

test('without values nothing is known', () => {
  const histogram = new Histogram();
  expect(histogram.percentile(0.5)).toBeUndefined();
  expect(histogram.countBelow(1000)).toBe(0);
});

test('times below 0 count as 0, and above 30 days as 30 days', () => {
  const histogram = new Histogram();
  histogram.record(-5000);
  expect([histogram.percentile(1), histogram.sum]).toEqual([0, 0]);
  histogram.record(Number.MAX_SAFE_INTEGER);
  expect(histogram.percentile(1)! / histogramMsMax).toBeCloseTo(1, 1);
  expect(histogram.countBelow(histogramMsMax + 1)).toBe(2);
});
