// What a content header says that the broker heeds: delivery mode, user, expiration, priority.
import { describe, expect, test } from 'vitest';
import { encodeProperties, type Properties } from '../../../src/amqp/properties.ts';
import { longstr, Table } from '../../../src/amqp/table.ts';
import { checkUserId, expirationOf, isPersistent, priorityOf } from '../../../src/session/content-header.ts';

/** Class, weight, body size, flags, then the properties. */
function header(flags: number, ...properties: number[]): Buffer {
  const bytes = Buffer.alloc(14 + properties.length);
  bytes.writeUInt16BE(60, 0);
  bytes.writeUInt16BE(flags, 12);
  bytes.set(properties, 14);
  return bytes;
}

const persistent = (bytes: Buffer): boolean => isPersistent(bytes, 0, bytes.length);

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

test('an unknown delivery mode is refused', () => {
  expect(() => persistent(header(0x1000, 3))).toThrow('invalid message: {delivery_mode_unknown,3}');
});

/** The properties, in the middle of a buffer as after a read from a socket. */
function placed(properties: Properties): [Buffer, number, number] {
  const bytes = encodeProperties(properties, 0);
  return [Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(7, 0xff)]), 7, 7 + bytes.length];
}

describe('expiration', () => {
  const others: Properties = {
    contentType: 'text/plain',
    headers: Table.from({ a: longstr('b') }),
    deliveryMode: 2,
    appId: 'app',
  };
  const of = (expiration: string): number => expirationOf(...placed({ ...others, expiration }));

  test('absent is -1', () => {
    expect(expirationOf(...placed(others))).toBe(-1);
    expect(expirationOf(...placed({}))).toBe(-1);
  });

  test.each([
    ['0', 0],
    ['5', 5],
    ['+5', 5],
    ['-0', 0],
    ['0005', 5],
    ['0'.repeat(200) + 7, 7],
    ['315360000000', 315_360_000_000],
  ])('%s', (text, ms) => {
    expect(of(text)).toBe(ms);
  });

  test.each([
    ['', 'no_integer'],
    ['abc', 'no_integer'],
    [' 5', 'no_integer'],
    ['1.5', '{leftover_string,".5"}'],
    ['5 ', '{leftover_string," "}'],
    ['-1', '{value_negative,-1}'],
    ['315360000001', '{value_too_large,315360000001}'],
    ['99999999999999999999', '{value_too_large,99999999999999999999}'],
  ])('%s is refused', (text, why) => {
    expect(() => of(text)).toThrow(`invalid expiration '${text}': ${why}`);
  });
});

test('priority: the octet, or -1 when absent', () => {
  expect(priorityOf(...placed({ priority: 0 }))).toBe(0);
  expect(priorityOf(...placed({ contentType: 'a', deliveryMode: 2, priority: 255, appId: 'b' }))).toBe(255);
  expect(priorityOf(...placed({ deliveryMode: 2 }))).toBe(-1);
});

test('user_id must be the one who publishes, unless that one may impersonate', () => {
  const user = { name: 'ann', tags: [] as string[] } as unknown as Parameters<typeof checkUserId>[3];
  checkUserId(...placed({}), user);
  checkUserId(...placed({ userId: 'ann', appId: 'x' }), user);
  expect(() => checkUserId(...placed({ userId: 'bob' }), user)).toThrow(
    "user_id property set to 'bob' but authenticated user was 'ann'",
  );
  checkUserId(...placed({ userId: 'bob' }), { ...user, tags: ['impersonator'] });
});
