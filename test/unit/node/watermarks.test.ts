// The limits that publishers are stopped at: how they are found, and when an alarm begins and ends.
import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/node/config.ts';
import { availableMemory, isOver, watermarksOf } from '../../../src/node/watermarks.ts';

function limits(content: string): ReturnType<typeof watermarksOf> {
  return watermarksOf(loadConfig({ file: { name: 'leveret.conf', content } }).config, 1000);
}

test('the limits are those of the settings, absolute or of the memory there is', () => {
  expect(limits('')).toEqual({ memoryBytes: 600, diskBytes: 50_000_000 });
  expect(limits('vm_memory_high_watermark.relative = 0.25\ndisk_free_limit.relative = 1.5')).toEqual({
    memoryBytes: 250,
    diskBytes: 1500,
  });
  expect(limits('vm_memory_high_watermark.absolute = 2GB\ndisk_free_limit.absolute = 3TB')).toEqual({
    memoryBytes: 2e9,
    diskBytes: 3e12,
  });
  expect(limits('vm_memory_high_watermark.absolute = 0\nmemory = true')).toEqual({ memoryBytes: 0, diskBytes: 0 });
});

test('the memory there is is what the container has, where it has less than the machine', () => {
  const files = (contents: Record<string, string>) => (file: string) => {
    const found = Object.entries(contents).find(([end]) => file.endsWith(end));
    if (found === undefined) throw new Error('no such file');
    return found[1];
  };
  expect(availableMemory(files({}))).toBe(totalmem());
  expect(availableMemory(files({ 'memory.max': 'max\n' }))).toBe(totalmem());
  expect(availableMemory(files({ 'memory.max': '1048576\n' }))).toBe(1_048_576);
  expect(availableMemory(files({ 'memory.limit_in_bytes': '2097152\n' }))).toBe(2_097_152);
  expect(availableMemory(files({ 'memory.limit_in_bytes': '9223372036854771712\n' }))).toBe(totalmem());
});

test('an alarm ends clearly below where it begins', () => {
  expect([999, 1000, 1001].map(used => isOver(used, 1000, false))).toEqual([false, false, true]);
  expect([949, 951, 1001].map(used => isOver(used, 1000, true))).toEqual([false, true, true]);
  // What is free counts downwards.
  expect([1001, 1000, 999].map(free => isOver(-free, -1000, false))).toEqual([false, false, true]);
  expect([1051, 1049, 999].map(free => isOver(-free, -1000, true))).toEqual([false, true, true]);
});
