// What the journal finds room for: in the buffer of a block, in a block, in a segment.
import { expect, test } from 'vitest';
import { Entry } from '../../../src/broker/entry.ts';
import { Memory } from '../../../src/broker/memory.ts';
import { Message } from '../../../src/broker/message.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { Journal } from '../../../src/storage/journal.ts';
import { blockHeaderBytes } from '../../../src/storage/log.ts';
import { Content, recordsOf, recordTypes } from '../../../src/storage/record.ts';
import { emptyLog } from './log-harness.ts';

const address = Buffer.from([0, 0]);
const header = Buffer.alloc(14);

/** Bytes of which no two pieces are the same. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

function messageOf(first: Buffer, rest?: readonly Buffer[]): Message {
  const bodyBytes = (rest ?? []).reduce((sum, part) => sum + part.length, first.length);
  return new Message(address, header, 0, 14, first, 0, first.length, rest, bodyBytes, true, undefined, 1);
}

/** A journal, and the payloads of the blocks that it has written to each of its segments. */
function open(segmentBytes: number): { journal: Journal; segments: Buffer[][] } {
  const segments: Buffer[][] = [];
  const log = emptyLog(segmentBytes, {
    append: async block => {
      if (block.segment !== undefined) segments.push([]);
      const bytes = Buffer.concat(block.parts);
      expect(bytes.length).toBe(block.length);
      segments.at(-1)?.push(bytes.subarray(blockHeaderBytes));
      return { outcome: 'durable' };
    },
  });
  const journal = new Journal(
    {
      log,
      volatile: false,
      memory: new Memory(1),
      later: queueMicrotask,
      atEnd: queueMicrotask,
      afterMs: () => {},
      report: () => {},
      facts: () => [],
    },
    { position: 0, nextId: 1, lastQueueId: 0, segments: [], snapshotBytes: 0 },
  );
  return { journal, segments };
}

/** The bodies of all messages, per segment; throws where records do not add up. */
function bodies(segments: readonly Buffer[][]): Buffer[][] {
  return segments.map(blocks =>
    blocks.flatMap(payload =>
      [...recordsOf(payload)]
        .filter(([type]) => type === recordTypes.message || type === recordTypes.moved)
        .map(([, at]) => {
          const content = new Content();
          content.read(payload, at);
          return payload.subarray(content.headerEnd, content.bodyEnd);
        }),
    ),
  );
}

test.each([1500, 4000, 8191, 8192])(
  'a body in parts of %i bytes may be longer than the buffer of a block',
  async part => {
    const { journal, segments } = open(64 << 20);
    const body = bytesOf(3 << 20);
    const rest: Buffer[] = [];
    for (let at = part; at < body.length; at += part) rest.push(body.subarray(at, at + part));
    const last = bytesOf(40);
    const queue = { id: 1 } as Queue;
    journal.publish(new Entry(queue, messageOf(bytesOf(20)), 1, false));
    journal.publish(new Entry(queue, messageOf(body.subarray(0, part), rest), 2, false));
    journal.publish(new Entry(queue, messageOf(last), 3, false));
    await journal.durable();
    const [found = []] = bodies(segments);
    expect(found.map(({ length }) => length)).toEqual([20, body.length, 40]);
    expect(found[1]?.equals(body)).toBe(true);
    expect(found[2]?.equals(last)).toBe(true);
  },
);

test('a segment takes as many short messages as fit', async () => {
  const published = open(16_384);
  const moved = open(16_384);
  for (let n = 1; n <= 6; n++) {
    published.journal.publish(new Entry({ id: 1 } as Queue, messageOf(bytesOf(5000)), n, false));
    const content = Buffer.concat([
      Buffer.from([0, 0, 2, 0]),
      address,
      Buffer.from([14, 0, 0, 0]),
      header,
      bytesOf(5000),
    ]);
    moved.journal.move(1, content, 5000, [{ id: n, queue: 1, sequence: n, marks: undefined }]);
  }
  await published.journal.durable();
  await moved.journal.durable();
  // Behind two of them there is no room for a third one and for the index.
  expect(bodies(published.segments).map(({ length }) => length)).toEqual([2, 2, 2]);
  expect(bodies(moved.segments).map(({ length }) => length)).toEqual([2, 2, 2]);
});
