// The segment files on a real folder.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from '../../../src/storage/folder-lock.ts';
import type { Position } from '../../../src/storage/log.ts';
import { NodeDisk } from '../../../src/storage/node-disk.ts';
import { SegmentFiles, type SegmentFilesOptions } from '../../../src/storage/segment-files.ts';
import { after, textBlock } from './log-harness.ts';

let dataDir: string;
let logs: SegmentFiles[];
const errors: Error[] = [];

beforeEach(() => {
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'segments-'));
  logs = [];
  errors.length = 0;
});

afterEach(async () => {
  for (const log of logs) await log.close();
  fs.rmSync(dataDir, { recursive: true });
  expect(errors).toEqual([]);
});

function open(options: Partial<SegmentFilesOptions> = {}): SegmentFiles {
  const log = new SegmentFiles({
    disk: new NodeDisk(),
    folder: path.join(dataDir, 'segments'),
    fileBytes: 64 * 1024,
    sync: 'commit',
    lock: () => lockFolder(dataDir),
    report: error => errors.push(error),
    ...options,
  });
  logs.push(log);
  return log;
}

const segment = { header: Buffer.from('ids') };

async function write(log: SegmentFiles, position: Position, text: string, more: object = {}): Promise<Position> {
  const one = textBlock(position, text, more);
  expect(await log.append(one)).toEqual({ outcome: 'durable' });
  return after(one);
}

async function readAll(log: SegmentFiles, from: Position): Promise<string[]> {
  const texts: string[] = [];
  let at: Position | undefined = from;
  while (at !== undefined) {
    const { blocks, next, damage } = await log.read(at, 100);
    expect(damage).toEqual([]);
    texts.push(...blocks.map(one => one.payload.toString()));
    at = next;
  }
  return texts;
}

test('what was appended is read back, while it is written and after the next claim', async () => {
  const log = open();
  expect(await log.claim()).toEqual({ epoch: 1, segments: [], damage: [] });
  expect(log.room()).toBe(0);
  let position = await write(log, 0, 'first', { segment });
  for (const text of ['a', 'second', 'x'.repeat(1000)]) position = await write(log, position, text);
  expect(log.room()).toBe(64 * 1024 - 8192 - position);
  const expected = ['first', 'a', 'second', 'x'.repeat(1000)];
  expect(await readAll(log, 0)).toEqual(expected);
  await log.close();

  const again = open();
  const { epoch, segments } = await again.claim();
  expect(epoch).toBe(2);
  expect(segments).toEqual([
    { start: 0, end: position, index: undefined, header: Buffer.from('ids'), bytes: expect.any(Number) },
  ]);
  expect(await readAll(again, 0)).toEqual(expected);
  await write(again, position, 'next', { segment });
  expect(await readAll(again, 0)).toEqual(expected);
  expect(await readAll(again, position)).toEqual(['next']);
});

test('an index ends its segment and is found by the next claim', async () => {
  const log = open();
  await log.claim();
  const index = await write(log, 0, 'facts', { segment });
  const end = await write(log, index, 'index', { index: true });
  expect(log.room()).toBe(0);
  await write(log, end, 'more', { segment });
  await log.close();

  const { segments } = await open().claim();
  expect(segments.map(({ start, end, index }) => ({ start, end, index }))).toEqual([
    { start: 0, end, index },
    { start: end, end: end + 40, index: undefined },
  ]);
});

test('a block that fits no segment gets one of its own size', async () => {
  const log = open();
  await log.claim();
  const large = 'y'.repeat(300_000);
  const end = await write(log, 0, large, { segment });
  expect(log.room()).toBeGreaterThan(10_000);
  await write(log, end, 'after', { index: true });
  await log.close();

  const again = open();
  expect((await again.claim()).segments[0]?.index).toBe(end);
  expect(await readAll(again, 0)).toEqual([large, 'after']);
});

test('a trimmed segment does not come back and its file is used again', async () => {
  const log = open();
  await log.claim();
  const ends: Position[] = [];
  let position = 0;
  for (const text of ['a', 'b', 'c', 'd', 'e']) {
    position = await write(log, position, text, { segment });
    ends.push(position);
    if (ends.length > 1) await log.trim(ends.length === 2 ? 0 : ends[ends.length - 3]!);
  }
  const files = fs.readdirSync(path.join(dataDir, 'segments'));
  expect(files.length).toBeLessThanOrEqual(3);
  expect(log.bytes).toBeLessThanOrEqual(3 * 64 * 1024);
  await log.close();

  const again = open();
  expect((await again.claim()).segments.map(one => one.start)).toEqual([ends[3]]);
  expect(await readAll(again, ends[3]!)).toEqual(['e']);
});

test('a folder in use is refused with the pid of its holder', async () => {
  await open().claim();
  await expect(open().claim()).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringContaining(String(process.pid)),
  });
});
