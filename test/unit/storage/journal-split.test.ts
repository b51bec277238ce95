// A block that has to be written again splits its segment: what is settled in either part stays settled after the next start.
import { expect, test } from 'vitest';
import { Entry } from '../../../src/broker/entry.ts';
import { Memory } from '../../../src/broker/memory.ts';
import { Message } from '../../../src/broker/message.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { Journal } from '../../../src/storage/journal.ts';
import type { AppendOutcome, BlockWrite } from '../../../src/storage/log.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { SegmentFiles } from '../../../src/storage/segment-files.ts';
import type { SegmentState } from '../../../src/storage/segment-state.ts';
import { SimulatedDisk, seededRandom } from '../../simulation/simulated-disk.ts';

/** Fails the append with that number, before anything of it is on the disk. */
class FailingFiles extends SegmentFiles {
  failAt = 0;
  #appends = 0;

  override append(block: BlockWrite): Promise<AppendOutcome> {
    if (++this.#appends !== this.failAt) return super.append(block);
    return Promise.resolve({ outcome: 'failed', error: Object.assign(new Error('EIO'), { code: 'EIO' }) });
  }
}

class Bench {
  readonly #disk = new SimulatedDisk({ random: seededRandom(1), schedule: setImmediate });
  readonly log: FailingFiles = this.#files();
  readonly entries: Entry[] = [];
  readonly #settled: number[] = [];
  journal!: Journal;

  #files(): FailingFiles {
    const lock = async () => ({ release: async () => {} });
    const report = (error: Error): void => {
      throw error;
    };
    return new FailingFiles({ disk: this.#disk, folder: '/segments', fileBytes: 32_768, sync: 'commit', lock, report });
  }

  async open(): Promise<void> {
    const { start } = await recover(this.log, () => {});
    const { log } = this;
    const afterMs = (ms: number, run: () => void): void => void setTimeout(run, ms);
    const later = { later: queueMicrotask, atEnd: queueMicrotask, afterMs };
    const memory = new Memory(1);
    this.journal = new Journal({ log, volatile: false, memory, ...later, report: () => {}, facts: () => [] }, start);
    this.journal.begin();
  }

  /** Publishes up to that many messages in all: two fill a block, and about twenty a segment. */
  publish(count: number): void {
    const header = Buffer.alloc(14);
    while (this.entries.length < count) {
      const body = Buffer.alloc(1000);
      const message = new Message(
        header.subarray(0, 2),
        header,
        0,
        14,
        body,
        0,
        1000,
        undefined,
        1000,
        true,
        undefined,
        1,
      );
      const entry = new Entry({ id: 1 } as Queue, message, this.entries.length + 1, false);
      this.journal.publish(entry);
      this.entries.push(entry);
    }
  }

  /** Settles those whose numbers these are. */
  settle(...numbers: number[]): void {
    for (const number of numbers) this.journal.settle(this.entries[number - 1] as Entry);
    this.#settled.push(...numbers);
  }

  /** Writes that they are settled as the bits of their segment. */
  carry(...numbers: number[]): void {
    for (const number of numbers) this.journal.forget((this.entries[number - 1] as Entry).id, 1000);
    this.#settled.push(...numbers);
    this.journal.carry(this.journal.segments.all[0] as SegmentState);
  }

  /** Whether each message is settled for the next start as it is for this journal. */
  async expectRecovered(): Promise<void> {
    await this.journal.close();
    const { segments } = await recover(this.#files(), () => {});
    const settled = this.entries.filter(({ id }) => segments.find(id)?.isSettled(id) !== false);
    expect(settled.map(({ sequence }) => sequence)).toEqual(this.#settled.sort((a, b) => a - b));
  }
}

/** The third block of the first segment is written again: it has messages 5 and 6. */
async function split(during: (bench: Bench) => void): Promise<Bench> {
  const bench = new Bench();
  bench.log.failAt = 3;
  await bench.open();
  during(bench);
  await bench.journal.durable();
  const [first, second] = bench.journal.segments.all;
  expect([first?.firstId, first?.endId, second?.firstId]).toEqual([1, 5, 5]);
  return bench;
}

test('entries of the first part that were settled in the second, before their segment was sealed', async () => {
  const bench = await split(it => {
    it.publish(10);
    it.settle(2, 8);
    it.publish(70);
  });
  await bench.expectRecovered();
});

test('entries of either part that were settled in a later segment, which was sealed by the time of the split', async () => {
  const bench = await split(it => {
    it.publish(25);
    it.settle(3, 9);
    it.publish(70);
  });
  await bench.expectRecovered();
});

test('entries of either part that were settled in a later segment, which is sealed after the split', async () => {
  const bench = await split(it => {
    it.publish(45);
    it.settle(4, 10);
  });
  bench.publish(70);
  await bench.expectRecovered();
});

test('entries of either part whose settlements were carried along before the split', async () => {
  const bench = await split(it => {
    it.publish(45);
    it.carry(1, 11);
  });
  await bench.expectRecovered();
});
