// Which content headers make a message persistent.
import { expect, test } from 'vitest';
import { isPersistent } from '../../../src/session/content-header.ts';

const user = { name: 'guest', tags: [] } as unknown as Parameters<typeof isPersistent>[3];

/** Class, weight, body size, flags, then the properties. */
function header(flags: number, ...properties: number[]): Buffer {
  const bytes = Buffer.alloc(14 + properties.length);
  bytes.writeUInt16BE(60, 0);
  bytes.writeUInt16BE(flags, 12);
  bytes.set(properties, 14);
  return bytes;
}

const persistent = (bytes: Buffer): boolean => isPersistent(bytes, 0, bytes.length, user);

test('delivery mode 2 alone is persistent, 1 and none are not', () => {
  expect(persistent(header(0x1000, 2))).toBe(true);
  expect(persistent(header(0x1000, 1))).toBe(false);
  expect(persistent(header(0))).toBe(false);
});

test('a priority of 2 alone is no delivery mode', () => {
  expect(persistent(header(0x0800, 2))).toBe(false);
  expect(persistent(header(0x0800, 1))).toBe(false);
});

test('delivery mode beside other properties counts', () => {
  expect(persistent(header(0x1800, 2, 1))).toBe(true);
  expect(persistent(header(0x1800, 1, 2))).toBe(false);
});
