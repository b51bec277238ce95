// A log that comes and goes: what is being written keeps it.

import { expect, test } from 'vitest';
import { DeferredLog } from '../../../src/storage/deferred-log.ts';
import type { BlockWrite, Log } from '../../../src/storage/log.ts';

function blockAt(position: number): BlockWrite {
  return { position, parts: [], length: 8, payloadChecksum: 0, segment: { header: Buffer.alloc(0) } };
}

test('a segment that is being begun keeps the log when the one before is given back', async () => {
  const done: string[] = [];
  const log: Log = {
    claim: async () => ({ epoch: 1, segments: [], damage: [] }),
    append: async ({ position }) => {
      done.push(`append ${position}`);
      return { outcome: 'durable' };
    },
    read: async () => ({ blocks: [], next: undefined, damage: [] }),
    trim: async position => void done.push(`trim ${position}`),
    durability: 'nothing',
    bytes: 0,
    segmentBytes: 1 << 20,
    room: () => 1 << 20,
    seal: async () => {},
    hasSpare: async () => true,
    close: async () => void done.push('close'),
  };
  const deferred = new DeferredLog(
    1 << 20,
    async () => log,
    async () => void done.push('remove'),
  );
  await deferred.append(blockAt(0));
  const begun = deferred.append(blockAt(8));
  await deferred.trim(0);
  await begun;
  expect(new Set(done)).toEqual(new Set(['append 0', 'append 8', 'trim 0']));
  await deferred.trim(8);
  expect(done.slice(-2)).toEqual(['close', 'remove']);
});
