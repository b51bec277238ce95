// The generator's frame scanner, over reads cut at every place.
import { describe, expect, test } from 'vitest';
import { FrameScanner } from '../../../bench/load/frame-scanner.ts';
import { frame, frameMaxBytes, frameType, method, methodId, u8 } from '../../../bench/load/wire.ts';

/** What a scanner finds in `bytes` when they come in reads of `readBytes`. */
function scan(bytes: Buffer, readBytes: number, capacityBytes = 4096): string[] {
  const scanner = new FrameScanner(capacityBytes);
  const found: string[] = [];
  const sink = {
    frame: (type: number, channel: number, start: number, end: number) =>
      void found.push(`${type}/${channel}/${scanner.bytes.toString('latin1', start, end)}`),
  };
  for (let at = 0; at < bytes.length; at += readBytes) {
    const part = bytes.subarray(at, at + readBytes);
    scanner.room().set(part);
    scanner.take(part.length, sink);
  }
  return found;
}

describe('frame scanner', () => {
  const bytes = Buffer.concat([
    frame(frameType.body, 1, Buffer.from('hello')),
    frame(frameType.heartbeat, 0),
    frame(frameType.header, 513, Buffer.from('x'.repeat(300))),
    frame(frameType.body, 2, Buffer.from('end')),
  ]);
  const expected = ['3/1/hello', '8/0/', `2/513/${'x'.repeat(300)}`, '3/2/end'];

  test('finds the same frames however the bytes are cut', () => {
    for (let readBytes = 1; readBytes <= bytes.length; readBytes++) expect(scan(bytes, readBytes)).toEqual(expected);
  });

  test('goes on for longer than its buffer', () => {
    const many = Buffer.concat(Array.from({ length: 100 }, () => bytes));
    expect(scan(many, 97, 512)).toHaveLength(400);
  });

  test('refuses a frame without its end mark', () => {
    const broken = Buffer.from(method(0, methodId.confirmSelect, u8(0)));
    broken[broken.length - 1] = 0;
    expect(() => scan(broken, 100)).toThrow(/end mark/);
  });

  test('refuses a frame over frame-max before its bytes come', () => {
    const head = Buffer.from([3, 0, 1, 0, 0, 0, 0]);
    head.writeUInt32BE(frameMaxBytes + 1, 3);
    expect(() => scan(Buffer.concat([head, u8(0)]), 8)).toThrow(/over frame-max/);
  });
});
