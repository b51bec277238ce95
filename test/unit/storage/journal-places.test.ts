// Where the journal says that messages and segments are.
import { expect, test } from 'vitest';
import { Entry } from '../../../src/broker/entry.ts';
import { Memory } from '../../../src/broker/memory.ts';
import { Message } from '../../../src/broker/message.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { Journal } from '../../../src/storage/journal.ts';
import { SegmentState } from '../../../src/storage/segment-state.ts';
import { emptyLog } from './log-harness.ts';

function journal(position: number, segments: readonly SegmentState[]): Journal {
  const log = emptyLog(64 << 20);
  const options = {
    log,
    volatile: false,
    memory: new Memory(1),
    later: queueMicrotask,
    atEnd: queueMicrotask,
    afterMs: () => {},
  };
  return new Journal(
    { ...options, report: () => {}, facts: () => [] },
    { position, nextId: 9, lastQueueId: 0, segments, snapshotBytes: 0 },
  );
}

test('a segment that a crash left without a block is forgotten: the next one begins at its place', () => {
  const segments = [new SegmentState(0, 1), new SegmentState(800, 9)];
  const { all } = journal(800, segments).segments;
  expect(all.map(({ start }) => start)).toEqual([0, 800]);
  expect(all[0]).toBe(segments[0]);
  expect(all[1]).not.toBe(segments[1]);
});

test('a message for more entries than a record counts has a place for each of its records', () => {
  const bytes = Buffer.alloc(14);
  const message = new Message(bytes.subarray(0, 2), bytes, 0, 14, bytes, 0, 4, undefined, 4, true, undefined, 1);
  const entries = Array.from({ length: 70_000 }, (_, n) => new Entry({ id: 1 } as Queue, message, n + 1, false));
  journal(0, []).publishToAll(message, entries);
  const [first, last] = [entries[0]!.message, entries.at(-1)!.message];
  expect(entries.filter(entry => entry.message === first).length).toBe(65_535);
  expect(last.position).toBeGreaterThan(first.position);
  expect(last.bodyBytes).toBe(4);
});
