// The generator's checks: a consumer fed with deliveries that are right, and wrong in each way.
import { describe, expect, test } from 'vitest';
import { Consumer } from '../../../bench/load/consumer.ts';
import { FrameScanner } from '../../../bench/load/frame-scanner.ts';
import { Histogram } from '../../../bench/load/histogram.ts';
import { type Job, job } from '../../../bench/load/job.ts';
import type { Link } from '../../../bench/load/link.ts';
import { checkByte, filledBody } from '../../../bench/load/stamp.ts';
import { Tally } from '../../../bench/load/tally.ts';
import { frame, frameType, method, methodId, shortString, u8, u16, u32 } from '../../../bench/load/wire.ts';

const bodyBytes = 40;

/** The body the producer makes. */
function body(sequence: number, producer = 0): Buffer {
  const bytes = filledBody(bodyBytes);
  bytes.writeUInt32LE(producer, 0);
  bytes.writeUInt32LE(sequence, 4);
  bytes[bodyBytes - 1] = checkByte(producer, sequence);
  return bytes;
}

/** A delivery as a broker sends it; `cut` splits the body over two frames. */
function delivery(tag: number, bytes: Buffer, { redelivered = 0, cut = bytes.length } = {}): Buffer {
  const args = [shortString('0'), u32(0), u32(tag), u8(redelivered), shortString(''), shortString('q')];
  const header = frame(frameType.header, 1, u16(60), u16(0), u32(0), u32(bytes.length), u16(0));
  const parts = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(part => part.length > 0);
  const bodies = parts.map(part => frame(frameType.body, 1, part));
  return Buffer.concat([method(1, methodId.basicDeliver, ...args), header, ...bodies]);
}

/** Feeds deliveries in one read; returns the tally and the bytes the consumer sent. */
function consume(deliveries: Buffer[], parts: Partial<Job> = {}): { tally: Tally; sent: Buffer } {
  const load = job({ port: 0, queue: 'q', count: 4, bodyBytes, ...parts });
  const scanner = new FrameScanner(65_536);
  const written: Buffer[] = [];
  const link = { scanner, write: (bytes: Buffer) => written.push(Buffer.from(bytes)), onRead: () => {} };
  const tally = new Tally(load.counts, 1, load.count);
  const consumer = new Consumer(link as unknown as Link, load, tally, new Histogram());
  const bytes = Buffer.concat(deliveries);
  scanner.room().set(bytes);
  scanner.take(bytes.length, consumer);
  link.onRead();
  return { tally, sent: Buffer.concat(written) };
}

const faults = ({ missing, duplicates, disorder, corrupt }: Tally) => ({ missing, duplicates, disorder, corrupt });
const none = { missing: 0, duplicates: 0, disorder: 0, corrupt: 0 };
const inOrder = [0, 1, 2, 3].map(sequence => delivery(sequence + 1, body(sequence)));

describe('what the generator checks', () => {
  test('nothing is wrong with what was sent, and each is acked by itself', () => {
    const { tally, sent } = consume(inOrder);
    expect(faults(tally)).toEqual(none);
    expect(tally.complete).toBe(true);
    const acks = [1, 2, 3, 4].map(tag => method(1, methodId.basicAck, u32(0), u32(tag), u8(0)));
    expect(sent).toEqual(Buffer.concat(acks));
  });

  test('auto-ack sends nothing', () => {
    expect(consume(inOrder, { autoAck: true }).sent).toHaveLength(0);
  });

  test('a body over two frames is one message', () => {
    const cuts = [1, 5, 12, 39].map((cut, at) => delivery(at + 1, body(at), { cut }));
    expect(faults(consume(cuts).tally)).toEqual(none);
  });

  test('a missing message', () => {
    expect(faults(consume(inOrder.filter((_, at) => at !== 2)).tally)).toEqual({ ...none, missing: 1 });
  });

  test('a hole in the head of a deep queue', () => {
    const { tally } = consume(
      inOrder.filter((_, at) => at !== 2),
      { count: 3, counts: [100] },
    );
    expect(tally.complete).toBe(true);
    expect(faults(tally)).toEqual({ ...none, missing: 1 });
  });

  test('a message that comes twice', () => {
    const { tally } = consume([inOrder[0]!, inOrder[0]!]);
    expect(faults(tally)).toEqual({ missing: 3, duplicates: 1, disorder: 1, corrupt: 0 });
  });

  test('two messages that change places, and that may do so when redelivered', () => {
    const early = [inOrder[1]!, inOrder[0]!, inOrder[2]!, inOrder[3]!];
    expect(faults(consume(early).tally)).toEqual({ ...none, disorder: 1 });
    early[1] = delivery(2, body(0), { redelivered: 1 });
    const { tally } = consume(early);
    expect(faults(tally)).toEqual(none);
    expect(tally.redelivered).toBe(1);
  });

  test.each([
    ['shorter', (bytes: Buffer) => bytes.subarray(0, bodyBytes - 1)],
    ['with another end', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, bodyBytes - 1), u8(bytes.at(-1)! ^ 1)])],
    ['with another middle', (bytes: Buffer) => Buffer.from(bytes).fill(0, 20, 21)],
    ['of a producer nobody knows', () => body(0, 9)],
    ['with a number never sent', () => body(4)],
  ])('a body %s', (_name, damage) => {
    const { tally } = consume([delivery(1, damage(body(0))), ...inOrder.slice(1)]);
    expect(faults(tally)).toEqual({ ...none, missing: 1, corrupt: 1 });
  });

  test('a delivery for somebody else', () => {
    const args = [shortString('7'), u32(0), u32(1), u8(0), shortString(''), shortString('q')];
    expect(() => consume([method(1, methodId.basicDeliver, ...args)])).toThrow(/never asked for/);
  });
});
