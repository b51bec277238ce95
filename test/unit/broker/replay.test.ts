// Dead letters that go back: each message is exactly once somewhere, written where it goes before it is taken away; rates and limits hold.
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { encodeProperties } from '../../../src/amqp/properties.ts';
import { type FieldValue, longstr, Table } from '../../../src/amqp/table.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { deathOf, withoutDeaths } from '../../../src/broker/death-headers.ts';
import type { Message } from '../../../src/broker/message.ts';
import { publish } from '../../../src/broker/publish.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { Replay, type ReplayOptions } from '../../../src/broker/replay.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import { Bench, textOf } from './shelf.ts';

let bench: Bench;
let broker: Broker;
let vhost: Vhost;
let dead: Queue;
let a: Queue;
let b: Queue;

function setUp(): void {
  bench = new Bench();
  broker = new Broker(bench.services);
  vhost = broker.createVhost('/');
  const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty };
  [dead, a, b] = ['dead', 'a', 'b'].map(name => vhost.declareQueue(name, declaration, undefined)) as [
    Queue,
    Queue,
    Queue,
  ];
}

beforeEach(setUp);

function death(queue: string, key: string): FieldValue {
  return {
    type: 'table',
    value: Table.from([
      ['reason', longstr('rejected')],
      ['queue', longstr(queue)],
      ['exchange', longstr('')],
      ['routing-keys', { type: 'array', value: [longstr(key)] }],
      ['count', { type: 'long', value: 2n, tag: 'l' }],
      ['time', { type: 'timestamp', value: 7n }],
    ]),
  };
}

/** A message that died on its way to the queues of these keys, the newest death first; of none when it never died. */
function letter(text: string, keys: readonly string[], other: Table = Table.empty): Message {
  const message = bench.message(text);
  const deaths: FieldValue = { type: 'array', value: keys.map(key => death(key, key)) };
  const first = keys[keys.length - 1];
  const headers = Table.from([
    ...other,
    ...(first === undefined ? [] : ([['x-death', deaths]] as const)),
    ...(first === undefined
      ? []
      : ([
          ['x-first-death-queue', longstr(first)],
          ['x-first-death-reason', longstr('rejected')],
        ] as const)),
  ]);
  const header = encodeProperties({ headers }, message.bodyBytes);
  return message.rewritten(message.address, header, 1);
}

function fill(...letters: readonly Message[]): void {
  for (const each of letters) publish([dead], each, bench.journal);
}

const all: ReplayOptions = {
  matches: () => true,
  limit: Number.POSITIVE_INFINITY,
  rate: Number.POSITIVE_INFINITY,
  dryRun: false,
  resetCounters: true,
  origin: 'newest',
  to: undefined,
  mayPublish: () => true,
};

function replay(options: Partial<ReplayOptions> = {}): Replay {
  const begun = new Replay(vhost, dead, { ...all, ...options });
  begun.step();
  bench.journal.read();
  return begun;
}

/** All texts of a queue, read back where they are paged out. */
function texts(queue: Queue): string[] {
  const found = [...queue.ready];
  for (const { message } of found) message.retain();
  bench.journal.load(found, () => {});
  bench.journal.read();
  return found.map(textOf);
}

test('a death is read from the headers, and taken out of them', () => {
  const message = letter('x', ['b', 'a'], Table.from([['mine', longstr('1')]]));
  expect(deathOf(message)).toEqual({
    reason: 'rejected',
    queue: 'b',
    exchange: '',
    routingKeys: ['b'],
    count: 2,
    time: 7000,
  });
  expect(deathOf(message, 'first')).toMatchObject({ queue: 'a' });
  expect(deathOf(letter('x', []))).toBeUndefined();
  const header = withoutDeaths(message);
  const clean = message.rewritten(message.address, header, 1);
  expect(deathOf(clean)).toBeUndefined();
  expect(header.includes('mine')).toBe(true);
  expect(header.includes('x-first-death')).toBe(false);
});

test('every message is exactly once somewhere, and no longer away than the journal knows', () => {
  const kind = fc.constantFrom<readonly string[]>(['a'], ['b'], ['b', 'a'], ['nowhere'], []);
  const options = fc.record({ limit: fc.integer({ min: 1, max: 700 }), even: fc.boolean(), dryRun: fc.boolean() });
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 600, size: 'max' }), options, fc.boolean(), (kinds, how, paged) => {
      setUp();
      fill(...kinds.map((keys, n) => letter(`${n}`, keys)));
      if (paged) dead.pageOut();
      const wanted = (n: number): boolean => !how.even || n % 2 === 0;
      const done = replay({
        limit: how.limit,
        dryRun: how.dryRun,
        matches: ({ message }) => wanted(Number(message!.body.toString('utf8', message!.bodyStart, message!.bodyEnd))),
      });
      expect(done.state).toBe('done');
      expect(done.matched).toBe(done.unroutable + done.skipped + (how.dryRun ? sendable(done) : done.sent));
      const where = [texts(dead), texts(a), texts(b)];
      const everywhere = where
        .flat()
        .map(Number)
        .sort((x, y) => x - y);
      expect(everywhere).toEqual(kinds.map((_, n) => n));
      const goers = kinds.flatMap((keys, n) => (wanted(n) && ['a', 'b'].includes(keys[0]!) ? [n] : []));
      const sent = how.dryRun ? [] : goers.slice(0, how.limit);
      expect(where[1]!.map(Number)).toEqual(sent.filter(n => kinds[n]![0] === 'a'));
      expect(where[2]!.map(Number)).toEqual(sent.filter(n => kinds[n]![0] === 'b'));
      // The first ids are those of the dead letters; each copy is written before its letter is settled.
      const { events } = bench.journal;
      for (const [i, n] of sent.entries())
        expect(events.indexOf(`-${n + 1}`)).toBeGreaterThan(events.indexOf(`+${kinds.length + i + 1}`));
    }),
    { numRuns: 60 },
  );
});

function sendable({ matched, unroutable, skipped }: Replay): number {
  return matched - unroutable - skipped;
}

test('what comes back to the same queue is not sent again', () => {
  const numbers = Array.from({ length: 600 }, (_, n) => `${n}`);
  fill(...numbers.map(n => letter(n, ['dead'])));
  expect(replay()).toMatchObject({ state: 'done', matched: 600, sent: 600 });
  expect(texts(dead)).toEqual(numbers);
});

test('goes to the first death, or elsewhere, and not where it may not', () => {
  fill(letter('1', ['b', 'a']), letter('2', ['b', 'a']), letter('3', ['b']));
  expect(replay({ origin: 'first', limit: 1 })).toMatchObject({ sent: 1 });
  expect(texts(a)).toEqual(['1']);
  expect(replay({ mayPublish: () => false })).toMatchObject({ sent: 0, skipped: 2 });
  expect(replay({ to: { exchange: '', routingKey: 'a' } })).toMatchObject({ sent: 2 });
  expect(texts(a)).toEqual(['1', '2', '3']);
});

test('holds its rate by the clock, waits for the journal, and ends when cancelled', () => {
  fill(...['1', '2', '3', '4', '5'].map(text => letter(text, ['a'])));
  const slow = replay({ rate: 10 });
  expect([slow.state, slow.sent, slow.remaining]).toEqual(['running', 1, 4]);
  const at = (now: number): void => {
    bench.clock.now = now;
    broker.services.deadlines.run(now);
    bench.journal.read();
  };
  at(99);
  expect(slow.sent).toBe(1);
  at(200);
  expect(slow.sent).toBe(3);
  bench.journal.accepting = false;
  at(400);
  expect(slow.sent).toBe(3);
  bench.journal.accepting = true;
  bench.journal.waiting.shift()!();
  bench.journal.read();
  expect(slow.sent).toBe(5);
  fill(letter('6', ['a']), letter('7', ['a']));
  const cancelled = replay({ rate: 10 });
  cancelled.cancel();
  at(10_000);
  expect([cancelled.state, cancelled.sent, texts(dead)]).toEqual(['cancelled', 1, ['7']]);
});
