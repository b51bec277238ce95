// The arithmetic behind the table: histogram, median, quotients, counted syncs.
import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../bench/load/histogram.ts';
import { sinceUs } from '../../../bench/load/stamp.ts';
import { heading, median, section, shown } from '../../../bench/report.ts';
import { SyncTrace } from '../../../bench/sync-count.ts';

describe('histogram', () => {
  test('small values are exact', () => {
    const histogram = new Histogram();
    for (let us = 1; us <= 100; us++) histogram.add(us);
    expect(histogram.quantile(0.5)).toBe(51);
    expect(histogram.quantile(0.99)).toBe(100);
    expect(histogram.quantile(1)).toBe(100);
  });

  test('every value up to an hour is told within 1.6 %', () => {
    for (let us = 1; us < 3.6e9; us = Math.ceil(us * 1.37)) {
      const histogram = new Histogram();
      histogram.add(us);
      histogram.add(4e9);
      const told = histogram.quantile(0.1);
      expect(told).toBeLessThanOrEqual(us);
      expect(told).toBeGreaterThan(us * 0.984 - 1);
    }
  });

  test('the largest value, and one from a clock that went back', () => {
    const histogram = new Histogram();
    histogram.add(-5);
    histogram.add(2 ** 32 - 1);
    expect(histogram.total).toBe(2);
    expect(histogram.quantile(0)).toBe(0);
    expect(histogram.quantile(1)).toBe(2 ** 32 - 1);
  });

  test('nothing has no quantile', () => {
    expect(new Histogram().quantile(0.5)).toBeNaN();
  });
});

test('a time is told apart from its lower 32 bits, over their end too', () => {
  for (const now of [5000, 2 ** 32 - 1, 2 ** 32 + 400, 3 * 2 ** 32])
    expect(sinceUs(now, (now - 1000) >>> 0)).toBe(1000);
});

describe('table', () => {
  test('median', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, Number.NaN, 3])).toBe(4);
    expect(median([])).toBeNaN();
  });

  test('numbers', () => {
    expect([2_101_332.4, 99.96, 12.34, 0.876, Number.NaN].map(shown)).toEqual([
      '2,101,332',
      '100.0',
      '12.3',
      '0.88',
      '-',
    ]);
  });

  test('a section shows medians, the quotient and who was held up by the load', () => {
    const scenario = {
      name: 'A',
      title: 'transient',
      figures: [{ key: 'rate', label: 'messages/s', better: 'more' as const }],
      run: async () => {},
    };
    const fast = [
      { rate: 900, generatorBusy: 0.95 },
      { rate: 1000, generatorBusy: 0.95 },
      { rate: 5000, generatorBusy: 0.95 },
    ];
    const result = { scenario: 'A', title: '', failures: [], runs: { fast, rabbitmq: [{ rate: 50 }] } };
    const text = section(scenario, result, ['fast', 'rabbitmq']).replaceAll(/ +/g, ' ');
    expect(text).toContain(' messages/s ↑ 1,000 50.0 20.0x');
    expect(text).toContain('fast may be faster');
    expect(text).not.toContain('rabbitmq may be faster');
    expect(heading(['fast'])).not.toContain('/');
  });
});

describe('sync count', () => {
  const trace = [
    '10 openat(AT_FDCWD, "/d/1", O_WRONLY|O_CREAT|O_DSYNC|O_CLOEXEC, 0644) = 20',
    '10 openat(AT_FDCWD, "/d/2", O_WRONLY|O_CREAT|O_CLOEXEC, 0644) = 21',
    '10 openat(AT_FDCWD, "/d/3", O_RDONLY) = -1 ENOENT (No such file or directory)',
    '10 pwrite64(20, ""..., 1000, 0) = 1000',
    '11 write(21, ""..., 50) = 50',
    '11 pwrite64(5, ""..., 7, 0 <unfinished ...>',
    '10 write(9, ""..., 4000) = 4000',
    '11 <... pwrite64 resumed>) = 7',
  ];

  test('counts synced writes as they come and others when they are synced', () => {
    expect(new SyncTrace([]).count(trace.join('\n'))).toEqual({ syncs: 1, bytes: 1000 });
    const synced = [
      ...trace,
      '12 fdatasync(21 <unfinished ...>',
      '10 write(1, ""..., 1) = 1',
      '12 <... fdatasync resumed>) = 0',
    ];
    expect(new SyncTrace([]).count(synced.join('\n'))).toEqual({ syncs: 2, bytes: 1050 });
    expect(new SyncTrace([]).count([...synced, '12 fdatasync(21) = 0'].join('\n'))).toEqual({ syncs: 3, bytes: 1050 });
  });

  test('knows descriptors that were open before', () => {
    expect(new SyncTrace([5]).count(trace.join('\n'))).toEqual({ syncs: 2, bytes: 1007 });
  });

  test('a failed sync brings nothing', () => {
    const failed = [...trace, '12 fsync(21) = -1 EIO (Input/output error)'];
    expect(new SyncTrace([]).count(failed.join('\n'))).toEqual({ syncs: 1, bytes: 1000 });
  });
});
