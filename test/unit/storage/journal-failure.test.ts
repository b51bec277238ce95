// A journal whose log refuses to write: when it tries again, how long the alarm stays, and that it can be closed.

import { expect, test } from 'vitest';
import { Memory } from '../../../src/broker/memory.ts';
import { Journal } from '../../../src/storage/journal.ts';
import type { AppendOutcome, BlockWrite } from '../../../src/storage/log.ts';
import { emptyLog } from './log-harness.ts';

/** A journal on a log that answers as told, with timers that go off when the test says so. */
class Bench {
  readonly appends: BlockWrite[] = [];
  readonly reports: string[] = [];
  readonly timers: (() => void)[] = [];
  answer: (block: BlockWrite) => AppendOutcome = () => ({ outcome: 'durable' });
  spare = true;
  readonly journal: Journal;

  constructor() {
    const log = emptyLog(1 << 20, {
      append: async block => {
        this.appends.push(block);
        return this.answer(block);
      },
      hasSpare: async () => this.spare,
    });
    this.journal = new Journal(
      {
        log,
        volatile: false,
        memory: new Memory(1 << 20),
        later: run => queueMicrotask(run),
        atEnd: run => queueMicrotask(run),
        afterMs: (_, run) => void this.timers.push(run),
        report: (level, message) => void this.reports.push(`${level}: ${message}`),
        facts: () => [],
      },
      { position: 0, nextId: 1, lastQueueId: 0, segments: [], snapshotBytes: 0 },
    );
    this.journal.begin();
  }

  /** Records something; the promise resolves when it is durable. */
  record(): Promise<void> {
    this.journal.record({ type: 'vhost.created', name: 'v' });
    return this.journal.durable();
  }

  /** Lets everything happen that waits for no timer. */
  async settle(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
  }

  /** The timers that wait go off. */
  async tick(): Promise<void> {
    for (const run of this.timers.splice(0)) run();
    await this.settle();
  }
}

const failure = (code: string): AppendOutcome => ({
  outcome: 'failed',
  error: Object.assign(new Error(code), { code }),
});

test('a write that keeps failing is tried again at once, and from then on after a pause each', async () => {
  const bench = new Bench();
  // Bounded, so that a journal that makes no pause fails here instead of turning for ever.
  bench.answer = () => (bench.appends.length < 100 ? failure('EIO') : { outcome: 'durable' });
  let durable = false;
  void bench.record().then(() => {
    durable = true;
  });
  await bench.settle();
  expect(bench.appends.length).toBe(2);
  expect(bench.journal.accepting).toBe(false);
  await bench.tick();
  expect(bench.appends.length).toBe(3);
  expect(durable).toBe(false);
  bench.answer = () => ({ outcome: 'durable' });
  await bench.tick();
  expect(durable).toBe(true);
  expect(bench.journal.accepting).toBe(true);
  expect(bench.reports[0]).toMatch(/^error: the journal cannot be written \(EIO\).*check the disk$/);
  expect(bench.reports.at(-1)).toMatch(/^info: the disk takes writes again/);
});

test('while only the reserve takes blocks they are durable, but nothing more is accepted until there is a spare', async () => {
  const bench = new Bench();
  bench.spare = false;
  bench.answer = block => (block.fromReserve === true ? { outcome: 'durable' } : failure('ENOSPC'));
  let accepted = false;
  await bench.record();
  bench.journal.whenAccepting(() => {
    accepted = true;
  });
  bench.answer = () => ({ outcome: 'durable' });
  await bench.record();
  await bench.tick();
  await bench.tick();
  expect([bench.journal.failing, accepted]).toEqual([true, false]);
  bench.spare = true;
  await bench.tick();
  expect([bench.journal.failing, accepted]).toEqual([false, true]);
});

test('closing gives up on a disk that takes no more writes, and says what was not written', async () => {
  const bench = new Bench();
  bench.answer = () => failure('ENOSPC');
  void bench.record();
  await bench.settle();
  const closed = bench.journal.close();
  await bench.tick();
  await closed;
  expect(bench.reports.at(-1)).toMatch(/^error: \d+ bytes could not be written/);
});

test('behind the record that ends it nothing more is accepted, and who waits is not called', async () => {
  const bench = new Bench();
  let accepted = false;
  bench.journal.closed([]);
  bench.journal.whenAccepting(() => {
    accepted = true;
  });
  await bench.journal.close();
  await bench.settle();
  expect([bench.journal.accepting, accepted]).toEqual([false, false]);
});
