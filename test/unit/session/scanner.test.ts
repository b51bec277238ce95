// Long body frames that arrive in pieces: handed on in parts, and the last part not before the frame's end.
import { expect, test } from 'vitest';
import { encodeFrame } from '../../../src/amqp/frame.ts';
import { FrameFault, Scanner } from '../../../src/session/scanner.ts';

const payload = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
const header = encodeFrame(2, 1, Buffer.from('header'));
const stream = Buffer.concat([header, encodeFrame(3, 1, payload), encodeFrame(1, 1, Buffer.from('next'))]);
/** Where the body frame's end stands in the stream. */
const endAt = header.length + 7 + payload.length;

/** A scanner and what it has handed on; `body` is what came of the body. */
function open(): { scanner: Scanner; seen: string[]; body: () => Buffer } {
  const seen: string[] = [];
  const parts: Buffer[] = [];
  const scanner = new Scanner(
    {
      method: (_, chunk, start, end) => void seen.push(`method ${chunk.subarray(start, end)}`),
      header: (_, chunk, start, end) => void seen.push(`header ${chunk.subarray(start, end)}`),
      body: (_, chunk, start, end) => void parts.push(Buffer.from(chunk.subarray(start, end))),
      heartbeatFrame: () => {},
    },
    131_072,
  );
  return { scanner, seen, body: () => Buffer.concat(parts) };
}

/** Scans the bytes as a chunk whose memory then gets other content. */
function scan(scanner: Scanner, bytes: Buffer): void {
  const chunk = Buffer.from(bytes);
  scanner.scan(chunk);
  chunk.fill(0xee);
}

test('wherever a chunk ends, the body comes whole, and not before its end', () => {
  const nearEnds = [0, header.length, endAt].flatMap(at => [-2, -1, 0, 1, 2, 7, 8, 9].map(by => Math.max(1, at + by)));
  const cuts = [...new Set([...nearEnds, 100, 2500])].sort((a, b) => a - b);
  for (const first of cuts)
    for (const second of cuts.filter(at => at > first)) {
      const { scanner, seen, body } = open();
      let from = 0;
      for (const to of [first, second, stream.length]) {
        scan(scanner, stream.subarray(from, to));
        if (to <= endAt) expect(body().length, `cut at ${first} and ${second}`).toBeLessThan(payload.length);
        from = to;
      }
      expect(body().equals(payload), `cut at ${first} and ${second}`).toBe(true);
      expect(seen).toEqual(['header header', 'method next']);
    }
});

test('a body frame with a wrong end is refused before its content is whole', () => {
  const wrong = Buffer.from(stream);
  wrong[endAt] = 0xcd;
  for (const cut of [endAt - 1000, endAt - 1, endAt, endAt + 1]) {
    const { scanner, body } = open();
    expect(() => {
      scan(scanner, wrong.subarray(0, cut));
      scan(scanner, wrong.subarray(cut));
    }).toThrow(FrameFault);
    expect(body().length).toBeLessThan(payload.length);
  }
});
