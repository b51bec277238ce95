// A disk that is full or fails: nothing is confirmed that is not there, and one segment is kept back to drain it.

import { expect, test } from 'vitest';
import type { AppendOutcome, Position } from '../../../src/storage/log.ts';
import { SegmentFiles } from '../../../src/storage/segment-files.ts';
import { SimulatedDisk, seededRandom } from '../../simulation/simulated-disk.ts';
import { after, textBlock } from './log-harness.ts';

const fileBytes = 32 * 1024;
const segment = { header: Buffer.from('ids') };

function open(disk: SimulatedDisk): SegmentFiles {
  const lock = async () => ({ release: async () => {} });
  return new SegmentFiles({ disk, folder: '/data/segments', fileBytes, sync: 'commit', lock, report: () => {} });
}

/** Lets what goes on in the background come to its end: each operation of the disk takes a turn. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(resolve => setImmediate(resolve));
}

test('on a full disk only the reserve takes a segment, until a trim has made room', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1), schedule: setImmediate, capacity: 4 * fileBytes });
  const log = open(disk);
  await log.claim();
  const starts: Position[] = [];
  let position = 0;
  const append = async (fromReserve: boolean): Promise<AppendOutcome> => {
    const block = textBlock(position, 'x'.repeat(log.segmentBytes - 32), { segment, fromReserve });
    await turns(300);
    const result = await log.append(block);
    if (result.outcome === 'durable') {
      starts.push(position);
      position = after(block);
    }
    return result;
  };
  let result = await append(false);
  while (result.outcome === 'durable') result = await append(false);
  expect(result).toMatchObject({ outcome: 'failed', error: { code: 'ENOSPC' } });
  expect(starts.length).toBe(3);
  expect(await append(true)).toEqual({ outcome: 'durable' });
  expect(await append(true)).toMatchObject({ outcome: 'failed', error: { code: 'ENOSPC' } });
  await log.trim(starts[0]!);
  await log.trim(starts[1]!);
  expect(await append(false)).toEqual({ outcome: 'durable' });
  await log.close();
});

test('a block whose write failed is written again, and what was before it stays', async () => {
  const disk = new SimulatedDisk({ random: seededRandom(2), schedule: setImmediate });
  const log = open(disk);
  await log.claim();
  const first = textBlock(0, 'first', { segment });
  expect(await log.append(first)).toEqual({ outcome: 'durable' });
  disk.fault = ({ kind, path }) => (kind === 'write' && path.endsWith('1.log') ? 'EIO' : undefined);
  const second = textBlock(after(first), 'second');
  expect(await log.append(second)).toMatchObject({ outcome: 'failed', error: { code: 'EIO' } });
  expect(log.room()).toBe(0);
  expect((await log.append(second)).outcome).toBe('failed');
  expect(await log.append({ ...second, segment })).toEqual({ outcome: 'durable' });
  const texts: string[] = [];
  for (const position of [0, second.position]) {
    const { blocks, next, damage } = await log.read(position, 1000);
    texts.push(...blocks.map(block => block.payload.toString()));
    expect({ next, damage }).toEqual({ next: undefined, damage: [] });
  }
  expect(texts).toEqual(['first', 'second']);
});
