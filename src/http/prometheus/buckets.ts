// Histograms of times as Prometheus' buckets.
import type { Histogram } from '../../broker/histogram.ts';
import type { Buckets } from './text.ts';

/** Bounds of the buckets of wait and processing times, ms: a task may take a millisecond or a day. */
const boundsMs: readonly number[] = [
  1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 3_600_000, 21_600_000, 86_400_000,
];

/** Times are whole ms, so what is not above a bound is below the next ms. */
export function queueBuckets(times: Histogram): Buckets {
  return {
    count: times.count,
    sum: times.sum / 1000,
    upTo: boundsMs.map(ms => [ms / 1000, times.countBelow(ms + 1)] as const),
  };
}
