// Live streams in virtual time: what is sent and when, who is refused, and what a slow reader costs.
import { describe, expect, test } from 'vitest';
import { HttpError } from '../../../src/http/errors.ts';
import { type Answer, LiveStreams, streamsMax, streamsOfUserMax } from '../../../src/http/live.ts';

class Bench {
  now = 0;
  paused = 0;
  looks = 0;
  sample: (() => void) | undefined;
  loggedIn = true;
  readonly answers: Answer[] = [{ status: 200, body: '{"a":1}' }];
  readonly streams = new LiveStreams(
    {
      look: () => this.looks++,
      onSample: listener => {
        this.sample = listener;
        return () => {
          this.sample = undefined;
        };
      },
    },
    {
      now: () => this.now,
      pause: async ms => {
        this.paused += ms;
      },
    },
  );

  open(user = 'ann', takes = 0): ReadableStreamDefaultReader<Uint8Array> {
    const gets = this.answers.map((_, i) => async () => {
      this.now += takes;
      return this.answers[i]!;
    });
    return this.streams.open(user, async () => this.loggedIn, gets).getReader();
  }

  /** Another sample, a second later. */
  async second(): Promise<void> {
    this.now += 1000;
    this.sample?.();
    await settled();
  }
}

/** Everything that waits for nothing but promises has run. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
  const { value } = await reader.read();
  return value && new TextDecoder().decode(value);
}

describe('a stream', () => {
  test('begins with every answer and goes on with those that change', async () => {
    const bench = new Bench();
    bench.answers.push({ status: 200, body: '[]' });
    const reader = bench.open();
    expect(await read(reader)).toBe('event: 0\ndata: {"a":1}\n\nevent: 1\ndata: []\n\n');
    await bench.second();
    bench.answers[1] = { status: 200, body: '[2]' };
    await bench.second();
    expect(await read(reader)).toBe('event: 1\ndata: [2]\n\n');
  });

  test('keeps the sampler at its quick pace, and lets go of it with the last stream', async () => {
    const bench = new Bench();
    const reader = bench.open();
    await read(reader);
    const before = bench.looks;
    await bench.second();
    expect(bench.looks).toBe(before + 1);
    await reader.cancel();
    expect(bench.streams.size).toBe(0);
    expect(bench.sample).toBeUndefined();
  });

  test('says what could not be answered, once, and goes on', async () => {
    const bench = new Bench();
    const reader = bench.open();
    await read(reader);
    bench.answers[0] = { status: 404, body: '{"error":"Object Not Found","reason":"Not Found"}' };
    await bench.second();
    await bench.second();
    bench.answers[0] = { status: 200, body: '{"a":2}' };
    expect(await read(reader)).toBe('event: error\ndata: {"get":0,"status":404,"reason":"Not Found"}\n\n');
    await bench.second();
    expect(await read(reader)).toBe('event: 0\ndata: {"a":2}\n\n');
  });

  test('ends when the login does not hold any more', async () => {
    const bench = new Bench();
    const reader = bench.open();
    await read(reader);
    bench.loggedIn = false;
    await bench.second();
    expect(await read(reader)).toBe('event: error\ndata: {"get":null,"status":401,"reason":"Login failed"}\n\n');
    expect(await read(reader)).toBeUndefined();
    expect(bench.streams.size).toBe(0);
  });

  test('has a comment now and then while nothing changes', async () => {
    const bench = new Bench();
    const reader = bench.open();
    await read(reader);
    for (let i = 0; i < 15; i++) await bench.second();
    expect(await read(reader)).toBe(':\n\n');
  });

  test('takes a fifth of the time at most', async () => {
    const bench = new Bench();
    await read(bench.open('ann', 50));
    expect(bench.paused).toBe(200);
  });
});

describe('a reader that does not read', () => {
  test('has one piece waiting for it however often things change, then gets the newest', async () => {
    const bench = new Bench();
    const reader = bench.open();
    await settled();
    for (let i = 2; i < 20; i++) {
      bench.answers[0] = { status: 200, body: `{"a":${i}}` };
      await bench.second();
    }
    expect(await read(reader)).toBe('event: 0\ndata: {"a":1}\n\n');
    await bench.second();
    expect(await read(reader)).toBe('event: 0\ndata: {"a":19}\n\n');
  });

  test('is dropped after a while', async () => {
    const bench = new Bench();
    const reader = bench.open();
    for (let i = 0; i < 31; i++) await bench.second();
    expect(bench.streams.size).toBe(0);
    expect(await read(reader)).toBe('event: 0\ndata: {"a":1}\n\n');
    expect(await read(reader)).toBeUndefined();
  });
});

describe('there are limits on', () => {
  test('the streams of a user', async () => {
    const bench = new Bench();
    const readers = Array.from({ length: streamsOfUserMax }, () => bench.open());
    expect(() => bench.open()).toThrow(HttpError);
    bench.open('bob');
    await readers[0]!.cancel();
    bench.open();
  });

  test('all streams', () => {
    const bench = new Bench();
    for (let i = 0; i < streamsMax; i++) bench.open(`user ${i}`);
    expect(() => bench.open('another')).toThrow(expect.objectContaining({ status: 429 }));
  });
});
