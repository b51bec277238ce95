// Facts that fill whole segments: they are written again now and then, not for ever, and what is kept stays in bounds.

import { expect, test } from 'vitest';
import type { Fact } from '../../../src/broker/facts.ts';
import { Memory } from '../../../src/broker/memory.ts';
import { Compaction } from '../../../src/storage/compaction.ts';
import { Journal } from '../../../src/storage/journal.ts';
import { emptyLog } from './log-harness.ts';

const segmentBytes = 16 << 10;
/** More than any test needs: from there on a snapshot is empty, so that one that is written for ever fails instead of hanging. */
const snapshotsMax = 100;

/** A journal on a log that takes everything, where so many facts hold. */
class Bench {
  readonly journal: Journal;
  readonly reports: string[] = [];
  snapshots = 0;

  constructor(count: number) {
    const facts = Array.from({ length: count }, (_, i): Fact => ({ type: 'vhost.created', name: `vhost ${i}` }));
    this.journal = new Journal(
      {
        log: emptyLog(segmentBytes),
        volatile: false,
        memory: new Memory(1 << 20),
        later: run => queueMicrotask(run),
        atEnd: run => queueMicrotask(run),
        afterMs: () => {},
        report: (level, message) => void this.reports.push(`${level}: ${message}`),
        facts: () => (++this.snapshots > snapshotsMax ? [] : facts),
      },
      { position: 0, nextId: 1, lastQueueId: 0, segments: [], snapshotBytes: 0 },
    );
    this.journal.begin();
    const compaction = new Compaction(this.journal, { relocate: () => false, relocateUnsettled: () => {} });
    this.journal.onDurable = () => compaction.check();
  }

  /** Records so many facts of a kilobyte, and lets compaction come to rest. */
  async record(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.journal.record({ type: 'vhost.deleted', name: 'x'.repeat(980) });
      await this.journal.durable();
    }
    await new Promise(resolve => setImmediate(resolve));
  }

  get segments(): number {
    return this.journal.segments.all.length;
  }
}

// A fact in the list is 40 bytes long: 200 of them take half a segment, 1000 take two and a half.
test.each([1, 100, 200, 300, 400, 1000, 4000])('a snapshot of %i facts is not written for ever', async count => {
  const bench = new Bench(count);
  await bench.record(40);
  expect(bench.snapshots).toBeGreaterThan(0);
  expect(bench.snapshots).toBeLessThan(snapshotsMax);
  const before = bench.snapshots;
  await bench.record(1);
  expect(bench.snapshots - before).toBeLessThanOrEqual(1);
  expect(bench.reports).toEqual([]);
});

test.each([1, 400, 1000])('what segments keep beside %i facts stays in bounds', async count => {
  const bench = new Bench(count);
  await bench.record(40);
  const factBytes = 2 * 40 * count;
  for (let i = 0; i < 20; i++) {
    await bench.record(20);
    expect(bench.segments * segmentBytes).toBeLessThan(3 * factBytes + 3 * segmentBytes);
  }
  expect(bench.snapshots).toBeLessThan(snapshotsMax);
});
