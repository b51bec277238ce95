// A log that comes and goes: what is being written keeps it.

import { expect, test } from 'vitest';
import { DeferredLog } from '../../../src/storage/deferred-log.ts';
import type { BlockWrite } from '../../../src/storage/log.ts';
import { emptyLog } from './log-harness.ts';

function blockAt(position: number): BlockWrite {
  return { position, parts: [], length: 8, payloadChecksum: 0, segment: { header: Buffer.alloc(0) } };
}

test('a segment that is being begun keeps the log when the one before is given back', async () => {
  const done: string[] = [];
  const log = emptyLog(1 << 20, {
    append: async ({ position }) => {
      done.push(`append ${position}`);
      return { outcome: 'durable' };
    },
    trim: async position => void done.push(`trim ${position}`),
    close: async () => void done.push('close'),
  });
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
