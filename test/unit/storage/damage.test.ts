// Bytes that are not what was written: reported with their place, never returned, and the rest is still read.

import { beforeEach, expect, test } from 'vitest';
import type { Damage, Position } from '../../../src/storage/log.ts';
import { SegmentFiles } from '../../../src/storage/segment-files.ts';
import { SimulatedDisk, seededRandom } from '../../simulation/simulated-disk.ts';
import { after, textBlock } from './log-harness.ts';

const folder = '/data/segments';
const fileBytes = 64 * 1024;
const firstFile = `${folder}/00000001.log`;
const headerBytes = 4096;
let disk: SimulatedDisk;

beforeEach(() => {
  disk = new SimulatedDisk({ random: seededRandom(1), schedule: setImmediate });
});

function open(): SegmentFiles {
  const lock = async () => ({ release: async () => {} });
  const report = (error: Error): void => {
    throw error;
  };
  return new SegmentFiles({ disk, folder, fileBytes, sync: 'commit', lock, report });
}

/** One segment for each list of texts; gives the positions in order. */
async function write(log: SegmentFiles, ...segments: string[][]): Promise<Position[]> {
  await log.claim();
  const positions: Position[] = [];
  let position = 0;
  for (const texts of segments) {
    for (const [index, text] of texts.entries()) {
      const segment = { header: Buffer.from('ids') };
      const block = textBlock(position, text, index === 0 ? { segment } : {});
      expect(await log.append(block)).toEqual({ outcome: 'durable' });
      positions.push(position);
      position = after(block);
    }
  }
  return positions;
}

async function readAll(log: SegmentFiles, from: Position): Promise<{ texts: string[]; damage: Damage[] }> {
  const texts: string[] = [];
  const damage: Damage[] = [];
  for (let at: Position | undefined = from; at !== undefined; ) {
    const result = await log.read(at, 200);
    texts.push(...result.blocks.map(block => block.payload.toString()));
    damage.push(...result.damage);
    at = result.next;
  }
  return { texts, damage };
}

const words = ['zero', 'one', 'two'.repeat(1000), 'three', 'four'];

test('any flipped byte of a block is found, and the blocks around it are read', async () => {
  const log = open();
  const positions = await write(log, words, ['next']);
  for (const [index, position] of positions.slice(0, words.length).entries()) {
    const length = 32 + words[index]!.length;
    const offsets = length > 100 ? [0, 4, 8, 12, 16, 24, 28, 32, 1000, length - 1] : [...Array(length).keys()];
    for (const offset of offsets) {
      disk.flip(firstFile, headerBytes + position + offset);
      const { texts, damage } = await readAll(log, 0);
      expect(texts).toEqual(words.filter((_, other) => other !== index));
      expect(damage).toMatchObject([{ place: firstFile, offset: headerBytes + position }]);
      disk.flip(firstFile, headerBytes + position + offset);
    }
  }
  expect(await readAll(log, 0)).toEqual({ texts: words, damage: [] });
});

test('the last block that was appended counts as damaged, not as the torn end, while its writer lives', async () => {
  const log = open();
  const positions = await write(log, ['a', 'b']);
  disk.flip(firstFile, headerBytes + positions[1]!);
  expect(await readAll(log, 0)).toMatchObject({ texts: ['a'], damage: [{ offset: headerBytes + positions[1]! }] });
});

test('a torn last block is the end of the log after a crash, and damage after a clean stop', async () => {
  for (const clean of [false, true]) {
    disk = new SimulatedDisk({ random: seededRandom(1), schedule: setImmediate });
    const log = open();
    const positions = await write(log, ['a', 'b']);
    if (clean) await log.close();
    disk = disk.crash();
    disk.flip(firstFile, headerBytes + positions[1]! + 32);
    const again = open();
    expect((await again.claim()).segments[0]?.end).toBe(clean ? positions[1]! + 40 : positions[1]);
    const { texts, damage } = await readAll(again, 0);
    expect(texts).toEqual(['a']);
    expect(damage.length).toBe(clean ? 1 : 0);
  }
});

test('a damaged header page is reported and the blocks are still found', async () => {
  const log = open();
  await write(log, ['a', 'b'], ['c']);
  await log.close();
  for (const offset of [0, 8, 16, 24, 64]) {
    disk = disk.kill();
    disk.flip(firstFile, offset);
    const again = open();
    const { segments, damage } = await again.claim();
    expect(damage).toMatchObject([{ place: firstFile, offset: 0 }]);
    expect(segments[0]).toMatchObject({ start: 0, header: new Uint8Array() });
    expect((await readAll(again, 0)).texts).toEqual(['a', 'b']);
    await again.close();
    disk.flip(firstFile, offset);
  }
});

test('a damaged footer costs the index, nothing else', async () => {
  const log = open();
  const [start] = await write(log, ['a']);
  const index = after(textBlock(start!, 'a'));
  expect(await log.append(textBlock(index, 'index', { index: true }))).toEqual({ outcome: 'durable' });
  await log.close();
  disk = disk.crash();
  let again = open();
  expect((await again.claim()).segments).toMatchObject([{ start: 0, index, end: 80 }]);
  await again.close();
  disk = disk.crash();
  const bytes = disk.files().find(file => file.path === firstFile)!.bytes;
  disk.flip(firstFile, bytes - 4096 + 40);
  again = open();
  expect((await again.claim()).segments).toMatchObject([{ start: 0, index: undefined, end: 80 }]);
  expect(await readAll(again, 0)).toEqual({ texts: ['a', 'index'], damage: [] });
});

test('pages that the disk cannot read are damage, the rest is read', async () => {
  const log = open();
  const positions = await write(log, ['a', 'x'.repeat(20_000), 'b'], ['c']);
  disk.fault = ({ kind, path, position = 0, length = 0 }) => {
    const bad = headerBytes + 10_000;
    return kind === 'read' && path === firstFile && position <= bad && bad < position + length ? 'EIO' : undefined;
  };
  const { texts, damage } = await readAll(log, 0);
  expect(texts).toEqual(['a', 'b']);
  expect(damage).toMatchObject([{ place: firstFile, offset: headerBytes + positions[1]! }]);
});

test('a file of a newer format is refused and left alone', async () => {
  const log = open();
  await write(log, ['a']);
  await log.close();
  const { encodeHeader } = await import('../../../src/storage/segment-page.ts');
  const { crc32 } = await import('node:zlib');
  const page = encodeHeader({ number: 1, epoch: 1, start: 0, header: Buffer.alloc(0) });
  page.writeUInt32LE(99, 12);
  page.writeUInt32LE(crc32(page.subarray(12, 64)), 8);
  await (await disk.open(firstFile, { durable: true })).write([page], 0);
  const before = disk.files();
  await expect(open().claim()).rejects.toThrow(`${firstFile} has format version 99`);
  expect(disk.files()).toEqual(before);
});

test('a last segment that has a header and no block does not end the one before it', async () => {
  const log = open();
  const positions = await write(log, ['a', 'b', 'c']);
  await log.close();
  // As a write leaves it that failed after its first page: the block 'c' was to be written again there.
  const { encodeHeader } = await import('../../../src/storage/segment-page.ts');
  const page = encodeHeader({ number: 2, epoch: 1, start: positions[2]!, header: Buffer.alloc(0) });
  const path = `${folder}/00000002.log`;
  const there = disk.files().some(file => file.path === path);
  const file = await disk.open(path, there ? {} : { create: true });
  await file.write([page], 0);
  await file.close();

  const again = open();
  expect((await again.claim()).segments.map(({ start }) => start)).toEqual([0]);
  expect((await readAll(again, 0)).texts).toEqual(['a', 'b', 'c']);
});

test('a segment whose footer failed gets it before the next one begins behind a gap, which is then no damage', async () => {
  const reports: string[] = [];
  const log = new SegmentFiles({
    disk,
    folder,
    fileBytes,
    sync: 'commit',
    lock: async () => ({ release: async () => {} }),
    report: error => void reports.push(error.message),
  });
  await log.claim();
  const segment = { header: Buffer.from('ids') };
  const first = textBlock(0, 'zero', { segment });
  expect(await log.append(first)).toEqual({ outcome: 'durable' });
  disk.fault = ({ kind }) => (kind === 'write' ? 'EIO' : undefined);
  // As a journal does whose index finds no room: its position is never written.
  await log.seal();
  disk.fault = () => undefined;
  expect(reports.length).toBe(1);
  expect(await log.append(textBlock(after(first) + 800, 'one', { segment }))).toEqual({ outcome: 'durable' });
  disk = disk.crash();
  const again = open();
  const { segments, damage } = await again.claim();
  expect(damage).toEqual([]);
  const found = [];
  for (const { start } of segments) found.push(await readAll(again, start));
  expect(found).toEqual([
    { texts: ['zero'], damage: [] },
    { texts: ['one'], damage: [] },
  ]);
});
