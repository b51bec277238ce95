// Looking into a queue, removing and moving single messages: order, marks and memory stay, whatever was paged out and moved.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Table } from '../../../src/amqp/table.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { type Browsed, type BrowsedMessage, type BrowseOptions, browse } from '../../../src/broker/browse.ts';
import { deliveryOf } from '../../../src/broker/deliveries.ts';
import { addressOf, type Message } from '../../../src/broker/message.ts';
import { type MoveOutcome, type MoveTarget, moveMessage, moveMessages } from '../../../src/broker/move.ts';
import { publish } from '../../../src/broker/publish.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { plainSettings } from '../../../src/broker/queue-settings.ts';
import { removeMessage, takeBack } from '../../../src/broker/take-back.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import { Bench } from './shelf.ts';
import { Worker } from './worker.ts';

let bench: Bench;
let queue: Queue;

beforeEach(() => {
  bench = new Bench();
  queue = bench.queue();
});

/** What one look gives; the texts are taken while the contents are to be had. */
interface Look {
  readonly items: readonly (BrowsedMessage & { readonly text: string | undefined })[];
  readonly next: number | undefined;
}

function begin(options: Partial<BrowseOptions> = {}, of = queue): Look[] {
  const looks: Look[] = [];
  const all = { state: 'all', after: 0, limit: 10_000, scanMax: 100_000, ...options } as const;
  browse(of, all, ({ items, next }: Browsed) =>
    looks.push({ items: items.map(item => ({ ...item, text: item.message && textOf(item.message) })), next }),
  );
  return looks;
}

function look(options: Partial<BrowseOptions> = {}, of = queue): Look {
  const looks = begin(options, of);
  bench.journal.read();
  bench.scratch.read();
  bench.journal.read();
  expect(looks).toHaveLength(1);
  return looks[0]!;
}

const texts = (found: Look): unknown[] => found.items.map(({ text }) => text);

function textOf({ body, bodyStart, bodyEnd }: Message): string {
  return body.toString('utf8', bodyStart, bodyEnd);
}

function fill(count: number, persistent = true): void {
  for (let n = 1; n <= count; n++) publish([queue], bench.message(`${n}`, persistent), bench.journal);
}

/** Copies the record of what has that sequence, as compaction does. */
function relocate(sequence: number): void {
  for (const { id, message } of queue.ready.after(sequence - 1)) {
    const { position } = message;
    const to = bench.journal.move(position);
    bench.journal.drop(position);
    expect(queue.ready.relocate(sequence, id, to)).toBe(true);
    return;
  }
}

describe('a browse', () => {
  test('gives what waits and what is with workers, in order, with who has it', () => {
    const worker = new Worker(bench);
    const consumer = worker.consume(queue, 2);
    bench.clock.now = 77;
    fill(5);
    worker.settle(1, 1, 'requeue');
    const { items, next } = look();
    expect(items.map(({ sequence, state, redelivered, text }) => [sequence, state, redelivered, text])).toEqual([
      [1, 'unacked', true, '1'],
      [2, 'unacked', false, '2'],
      [3, 'ready', false, '3'],
      [4, 'ready', false, '4'],
      [5, 'ready', false, '5'],
    ]);
    expect(next).toBeUndefined();
    expect(items[0]!.delivery).toMatchObject({ tag: 3, deliveredAt: 77 });
    expect(items[1]!.delivery).toMatchObject({ tag: 2, deliveredAt: 1 });
    expect(items[1]!.delivery!.consumer).toBe(consumer);
    expect(items[1]!.delivery!.unsettled.channel).toBe(worker);
    expect(items[2]!.delivery).toBeUndefined();
    expect(items[2]).toMatchObject({ publishedAt: 1, bodyBytes: 1 });
    expect(texts(look({ state: 'ready' }))).toEqual(['3', '4', '5']);
    expect(texts(look({ state: 'unacked' }))).toEqual(['1', '2']);
  });

  test('goes on where it ended, and ends after so many looked at', () => {
    fill(600);
    queue.pageOut();
    const even = ({ message }: BrowsedMessage): boolean => Number(textOf(message!)) % 2 === 0;
    const first = look({ limit: 3 });
    expect([texts(first), first.next]).toEqual([['1', '2', '3'], 3]);
    const some = look({ after: 3, scanMax: 4, matches: even });
    expect([texts(some), some.next]).toEqual([['4', '6'], 7]);
    const rest = look({ after: 7, matches: even });
    expect([rest.items.length, rest.next]).toEqual([297, undefined]);
    const last = look({ after: 599, limit: 1 });
    expect([texts(last), last.next]).toEqual([['600'], undefined]);
    expect(look({ after: 600 }).items).toEqual([]);
  });

  test('leaves order, marks, what is paged out and the memory as they were', () => {
    const worker = new Worker(bench);
    worker.consume(queue, 600);
    fill(1300);
    worker.unsettled.pageOut();
    queue.pageOut();
    const before = [...queue.ready].map(({ sequence, redelivered }) => [sequence, redelivered]);
    const { unloaded } = queue.ready;
    const { bytes } = bench.memory;
    const found = look();
    expect(texts(found)).toEqual(Array.from({ length: 1300 }, (_, n) => `${n + 1}`));
    expect([...queue.ready].map(({ sequence, redelivered }) => [sequence, redelivered])).toEqual(before);
    expect([queue.ready.unloaded, bench.memory.bytes]).toEqual([unloaded, bytes]);
    expect(bench.journal.settled).toEqual([]);
    worker.leave();
    const late = new Worker(bench);
    late.consume(queue);
    bench.journal.read();
    expect(late.got.length).toBe(1300);
    late.settle(1, 1300, 'ack');
    expect(bench.memory.bytes).toBe(0);
  });

  test('reads transient messages from the scratch file, beside persistent ones', () => {
    for (let n = 1; n <= 40; n++) publish([queue], bench.message(`${n}`, n % 3 === 0), bench.journal);
    for (let round = 0; round < 2; round++) queue.pageOut();
    expect(queue.ready.unloaded).toBe(40);
    expect(texts(look())).toEqual(Array.from({ length: 40 }, (_, n) => `${n + 1}`));
  });

  test('finds again what was copied elsewhere while it was read', () => {
    fill(4);
    queue.pageOut();
    const looks = begin();
    for (const sequence of [2, 3]) relocate(sequence);
    bench.journal.read();
    expect(looks.map(texts)).toEqual([['1', '2', '3', '4']]);
  });

  test('leaves out what was removed while it was read, and shows who has got the rest', () => {
    fill(4);
    queue.pageOut();
    const looks = begin();
    removeMessage(queue, 2);
    const worker = new Worker(bench);
    worker.consume(queue, 1);
    // The read-ahead for the worker is behind the browse's read.
    bench.journal.read();
    expect(looks.map(texts)).toEqual([['1', '3', '4']]);
    expect(worker.got).toEqual(['1']);
    expect(look().items.map(({ state }) => state)).toEqual(['unacked', 'ready', 'ready']);
  });

  test.each(['purged', 'deleted'])('ends where the queue is %s meanwhile', what => {
    fill(4);
    queue.pageOut();
    const looks = begin();
    if (what === 'purged') queue.purge();
    else queue.forget();
    bench.journal.read();
    expect(looks).toEqual([{ items: [], next: undefined }]);
    expect(bench.memory.bytes).toBe(0);
  });

  test('shows what came back while it was read as waiting', () => {
    const worker = new Worker(bench);
    worker.consume(queue);
    fill(3);
    worker.unsettled.pageOut();
    const looks = begin();
    worker.leave();
    bench.journal.read();
    expect(looks[0]!.items.map(({ state, redelivered }) => [state, redelivered])).toEqual(
      Array.from({ length: 3 }, () => ['ready', true]),
    );
  });

  test('looks for the same message twice and no more', () => {
    const worker = new Worker(bench);
    fill(1);
    queue.pageOut();
    queue.first();
    const looks = begin();
    bench.journal.readOne();
    worker.unsettled.add(queue.take(false) as never);
    worker.unsettled.pageOut();
    // It is with the worker now, and comes back while it is read there.
    bench.journal.readOne();
    worker.settle(1, 1, 'requeue');
    bench.journal.readOne();
    expect(looks).toEqual([{ items: [], next: undefined }]);
    expect(bench.memory.bytes).toBe(0);
  });

  test('gives what the disk has lost without a content', () => {
    fill(3);
    queue.pageOut();
    bench.journal.drop(200);
    expect(texts(look())).toEqual(['1', undefined, '3']);
    expect(queue.ready.count).toBe(3);
  });
});

describe('the age of the oldest', () => {
  test('is known from memory, from before it was paged out, or from a look', () => {
    expect(queue.oldestPublishedAt).toBeUndefined();
    fill(600);
    expect(queue.oldestPublishedAt).toBe(1);
    queue.pageOut();
    expect(queue.oldestPublishedAt).toBe(1);
    removeMessage(queue, 1);
    expect(queue.oldestPublishedAt).toBeUndefined();
    look({ limit: 1 });
    expect(queue.oldestPublishedAt).toBe(1);
    expect(queue.ready.unloaded).toBe(599);
  });
});

describe('removing', () => {
  test.each(['in memory', 'paged out'])('takes out one message %s', how => {
    fill(1100);
    if (how === 'paged out') queue.pageOut();
    for (const sequence of [1, 512, 700, 1100]) expect(removeMessage(queue, sequence)).toBe(true);
    for (const sequence of [1, 700, 5000]) expect(removeMessage(queue, sequence)).toBe(false);
    expect(bench.journal.settled).toEqual([1, 512, 700, 1100]);
    expect([queue.ready.count, queue.ready.unloaded]).toEqual([1096, how === 'paged out' ? 1096 : 0]);
    const worker = new Worker(bench);
    worker.consume(queue);
    bench.journal.read();
    expect(worker.got.length).toBe(1096);
    expect(worker.got).not.toContain('700');
    worker.settle(1, 1096, 'ack');
    expect(bench.memory.bytes).toBe(0);
  });

  test('takes a message from who has it, who is free again with its ack', () => {
    const worker = new Worker(bench);
    const consumer = worker.consume(queue, 1);
    fill(2);
    expect(removeMessage(queue, 1)).toBe(true);
    expect(removeMessage(queue, 1)).toBe(false);
    expect([bench.journal.settled, queue.unsettled, consumer.unsettled, worker.got]).toEqual([[1], 0, 1, ['1']]);
    worker.settle(1, 1, 'ack');
    expect([bench.journal.settled, worker.got]).toEqual([[1], ['1', '2']]);
  });

  test('while it is read ahead does no harm', () => {
    fill(3);
    queue.pageOut();
    const worker = new Worker(bench);
    worker.consume(queue);
    removeMessage(queue, 1);
    removeMessage(queue, 3);
    bench.journal.read();
    expect(worker.got).toEqual(['2']);
    worker.settle(1, 1, 'ack');
    expect(bench.memory.bytes).toBe(0);
  });
});

describe('moving', () => {
  let vhost: Vhost;
  let to: Queue;
  let target: MoveTarget;

  beforeEach(() => {
    vhost = new Broker(bench.services).createVhost('/');
    const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty };
    to = vhost.declareQueue('to', declaration, undefined);
    target = { vhost, exchange: vhost.exchange(''), routingKey: 'to' };
  });

  const moveOne = (sequence: number, where = target): MoveOutcome[] => {
    const outcomes: MoveOutcome[] = [];
    moveMessage(queue, sequence, where, outcome => outcomes.push(outcome));
    return outcomes;
  };

  test('publishes there first, and settles here after that', () => {
    bench.clock.now = 5000;
    fill(2);
    expect(moveOne(2)).toEqual(['moved']);
    expect(bench.journal.events).toEqual(['+1', '+2', '+3', '-2']);
    expect(texts(look())).toEqual(['1']);
    const { items } = look({}, to);
    expect(items.map(({ text, redelivered, publishedAt }) => [text, redelivered, publishedAt])).toEqual([
      ['2', false, 5000],
    ]);
    const worker = new Worker(bench);
    let address: unknown;
    worker.deliver = (_, entry) => {
      worker.unsettled.add(entry);
      address = addressOf(entry.message);
    };
    worker.consume(to);
    expect(address).toEqual({ exchange: '', routingKey: 'to' });
  });

  test('reads what is paged out, also of what somebody has', () => {
    const worker = new Worker(bench);
    worker.consume(queue, 600);
    fill(700);
    worker.unsettled.pageOut();
    queue.pageOut();
    const outcomes = [moveOne(5), moveOne(650)];
    bench.journal.read();
    expect(outcomes).toEqual([['moved'], ['moved']]);
    expect([queue.unsettled, queue.ready.count, to.ready.count]).toEqual([599, 99, 2]);
    worker.settle(5, 5, 'ack');
    expect(bench.journal.settled.length).toBe(2);
  });

  test('to a full queue that refuses leaves the message where it is', () => {
    fill(2);
    to.configure({ ...plainSettings, maxLength: 1, overflow: 'reject-publish' });
    expect([moveOne(1), moveOne(2)]).toEqual([['moved'], ['unroutable']]);
    expect([queue.ready.count, to.ready.count]).toEqual([1, 1]);
  });

  test('of what is gone, or gone while it is read, of what no queue would get and what is lost does nothing', () => {
    fill(3);
    queue.pageOut();
    expect(moveOne(9)).toEqual(['gone']);
    const late = moveOne(1);
    removeMessage(queue, 1);
    bench.journal.read();
    expect(late).toEqual(['gone']);
    const nowhere = moveOne(2, { ...target, routingKey: 'nowhere' });
    bench.journal.drop(300);
    const lost = moveOne(3);
    bench.journal.read();
    expect([nowhere, lost]).toEqual([['unroutable'], ['unreadable']]);
    expect([queue.ready.count, to.ready.count]).toEqual([2, 0]);
  });

  test.each([
    [undefined, 1300],
    [700, 700],
    [5000, 1300],
  ])('of %s messages moves %i, in order, in memory or not', (count, expected) => {
    fill(1300);
    queue.pageOut();
    const done: number[] = [];
    moveMessages(queue, target, count, moved => done.push(moved));
    bench.journal.read();
    expect(done).toEqual([expected]);
    expect(texts(look({}, to))).toEqual(Array.from({ length: expected }, (_, n) => `${n + 1}`));
    expect(queue.ready.count).toBe(1300 - expected);
    expect(bench.journal.events.filter(event => event.startsWith('-')).length).toBe(expected);
    for (let n = 1; n <= expected; n++)
      expect(bench.journal.events.indexOf(`-${n}`)).toBeGreaterThan(bench.journal.events.indexOf(`+${1300 + n}`));
  });

  test('back to the same queue moves each message once', () => {
    const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty };
    queue = vhost.declareQueue('same', declaration, undefined);
    fill(300);
    const done: number[] = [];
    moveMessages(queue, { ...target, routingKey: 'same' }, undefined, moved => done.push(moved));
    bench.journal.read();
    expect([done, queue.ready.count]).toEqual([[300], 300]);
    expect(texts(look()).slice(0, 2)).toEqual(['1', '2']);
  });

  test('waits while the disk is behind, and ends where the way does', () => {
    fill(3);
    bench.journal.accepting = false;
    const done: number[] = [];
    moveMessages(queue, target, undefined, moved => done.push(moved));
    expect([done, to.ready.count]).toEqual([[], 0]);
    bench.journal.accepting = true;
    bench.journal.waiting.shift()!();
    expect([done, to.ready.count]).toEqual([[3], 3]);
    fill(2);
    vhost.deleteQueue(to);
    moveMessages(queue, target, undefined, moved => done.push(moved));
    expect([done, queue.ready.count]).toEqual([[3, 0], 2]);
  });
});

test('a browse gives what a model has, whatever was delivered, returned, taken back, removed, paged out and copied', () => {
  const step = fc.record({
    do: fc.constantFrom(
      'publish',
      'deliver',
      'ack',
      'requeue',
      'take back',
      'return all',
      'remove',
      'remove',
      'page out',
      'copy',
      'look',
    ),
    n: fc.integer({ min: 1, max: 700 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), steps => {
      bench = new Bench();
      queue = bench.queue();
      const worker = new Worker(bench);
      const other = new Worker(bench);
      const states = new Map<number, 'ready' | 'unacked'>();
      const tags = new Map<number, number>();
      const sequenceAt = (n: number): number | undefined => [...states.keys()][n % Math.max(1, states.size)];
      const readyNow = (): number[] => [...states].filter(([, state]) => state === 'ready').map(([key]) => key);
      for (const { do: what, n } of steps) {
        const sequence = sequenceAt(n);
        if (what === 'publish')
          for (let i = 0; i < n; i++) {
            states.set(queue.nextSequence, 'ready');
            publish([queue], bench.message(`${queue.nextSequence}`), bench.journal);
          }
        else if (what === 'deliver')
          for (const first of readyNow()
            .sort((a, b) => a - b)
            .slice(0, n)) {
            while (queue.first() === 'paged') bench.journal.read();
            tags.set(first, worker.unsettled.nextTag);
            worker.unsettled.add(queue.take(false) as never);
            states.set(first, 'unacked');
          }
        else if (what === 'page out') {
          queue.pageOut();
          worker.unsettled.pageOut();
        } else if (what === 'copy') {
          if (sequence !== undefined && states.get(sequence) === 'ready') relocate(sequence);
        } else if (what === 'look') {
          const expected = [...states].sort(([a], [b]) => a - b).filter(([key]) => key > n / 2);
          const found = look({ after: Math.floor(n / 2), limit: n });
          expect(found.items.map(item => [item.sequence, item.state])).toEqual(expected.slice(0, n));
          expect(texts(found)).toEqual(expected.slice(0, n).map(([key]) => `${key}`));
          expect(found.next).toBe(expected.length > n ? expected[n - 1]![0] : undefined);
        } else if (what === 'remove') {
          for (const each of [...states.keys()].filter(key => key % 600 >= n % 600).slice(0, n)) {
            expect(removeMessage(queue, each)).toBe(true);
            states.delete(each);
          }
        } else if (what === 'return all') {
          for (const [key, state] of states)
            if (state === 'unacked') {
              const tag = tags.get(key)!;
              worker.settle(tag, tag, 'requeue');
              states.set(key, 'ready');
            }
        } else if (sequence !== undefined && states.get(sequence) === 'unacked') {
          const tag = tags.get(sequence)!;
          expect(deliveryOf(queue, sequence)?.tag).toBe(tag);
          if (what === 'take back') expect(takeBack(worker.unsettled, tag)).toBe(true);
          else worker.settle(tag, tag, what as 'ack');
          if (what === 'ack') states.delete(sequence);
          else states.set(sequence, 'ready');
        }
      }
      other.consume(queue);
      bench.journal.read();
      expect(other.got).toEqual(
        readyNow()
          .sort((a, b) => a - b)
          .map(key => `${key}`),
      );
      worker.leave();
      bench.journal.read();
      expect(bench.lost).toEqual([]);
      expect(other.got.length).toBe(states.size);
      other.settle(0, other.unsettled.nextTag, 'ack');
      expect(bench.memory.bytes).toBe(0);
    }),
    { numRuns: 100 },
  );
});
