// What is paged out of queues and channels: shared messages, unsettled deliveries, and what comes back.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Table } from '../../../src/amqp/table.ts';
import { Consumer } from '../../../src/broker/consumer.ts';
import { Entry } from '../../../src/broker/entry.ts';
import { Marks } from '../../../src/broker/marks.ts';
import { publish } from '../../../src/broker/publish.ts';
import { plainSettings } from '../../../src/broker/queue-settings.ts';
import { ReadyList } from '../../../src/broker/ready-list.ts';
import type { NewPlace } from '../../../src/broker/store.ts';
import { Unsettled } from '../../../src/broker/unsettled.ts';
import { Bench, textOf } from './shelf.ts';
import { Worker } from './worker.ts';

describe('a message of several queues', () => {
  test('leaves memory though two consumers and a queue have it, and is lost and doubled nowhere', () => {
    const bench = new Bench();
    const queues = [bench.queue(), bench.queue(), bench.queue()];
    const workers = [new Worker(bench), new Worker(bench)];
    workers[0]!.consume(queues[0]!);
    workers[1]!.consume(queues[1]!);
    publish(queues, bench.message('shared'), bench.journal);
    expect(workers.map(({ got }) => got)).toEqual([['shared'], ['shared']]);
    expect(bench.memory.bytes).toBeGreaterThan(0);
    for (const { unsettled } of workers) unsettled.pageOut();
    for (const queue of queues) queue.pageOut();
    expect(bench.memory.bytes).toBe(0);

    // Two of the three are copied elsewhere, each on its own; the old record is gone.
    const [, second, third] = [1, 2, 3].map(id => ({ id, to: bench.journal.move(100) }));
    const first = bench.journal.move(100);
    bench.journal.drop(100);
    workers[0]!.unsettled.relocate(bench.journal, new Map([[1, first]]));
    workers[1]!.unsettled.relocate(bench.journal, new Map([[2, second!.to]]));
    expect(queues[2]!.ready.relocate(1, 3, third!.to)).toBe(true);

    workers[0]!.leave();
    workers[1]!.settle(1, 1, 'requeue');
    bench.journal.read();
    expect(workers[1]!.got).toEqual(['shared', 'shared']);
    expect(workers[1]!.marks).toEqual([false, true]);
    workers[1]!.settle(2, 2, 'ack');
    const late = new Worker(bench);
    for (const queue of [queues[0]!, queues[2]!]) late.consume(queue);
    bench.journal.read();
    expect(late.got).toEqual(['shared', 'shared']);
    late.settle(1, 2, 'ack');
    expect(bench.lost).toEqual([]);
    expect(bench.journal.settled.sort()).toEqual([first.id, second!.to.id, third!.to.id].sort());
    expect(bench.memory.bytes).toBe(0);
  });

  test('leaves memory though it came back to a queue while another still delivers it', () => {
    const bench = new Bench();
    const queues = [bench.queue(), bench.queue()];
    const workers = [new Worker(bench), new Worker(bench)];
    workers[0]!.consume(queues[0]!);
    workers[1]!.consume(queues[1]!);
    publish(queues, bench.message('shared'), bench.journal);
    workers[0]!.leave();
    queues[0]!.pageOut();
    expect(queues[0]!.ready.unloaded).toBe(1);
    workers[1]!.unsettled.pageOut();
    expect(bench.memory.bytes).toBe(0);
  });

  test('stays in memory for a queue that delivers it, and is not read for that, though it was let go of for another', () => {
    const bench = new Bench();
    const queues = [bench.queue(), bench.queue()];
    const workers = [new Worker(bench), new Worker(bench)];
    workers[0]!.consume(queues[0]!);
    publish(queues, bench.message('shared'), bench.journal);
    workers[0]!.unsettled.pageOut();
    workers[1]!.consume(queues[1]!);
    expect(workers[1]!.got).toEqual(['shared']);
    expect(bench.journal.reads).toEqual([]);
  });

  test('goes to the scratch file for the queues that do not keep it, and to each its own', () => {
    const bench = new Bench();
    const queues = [bench.queue(), bench.queue(false), bench.queue(false)];
    const worker = new Worker(bench);
    worker.consume(queues[1]!);
    publish(queues, bench.message('shared'), bench.journal);
    for (let round = 0; round < 2; round++) {
      worker.unsettled.pageOut();
      for (const queue of queues) queue.pageOut();
    }
    expect(bench.memory.bytes).toBe(0);
    worker.leave();
    const late = new Worker(bench);
    for (const queue of queues) late.consume(queue);
    bench.journal.read();
    bench.scratch.read();
    expect(late.got).toEqual(['shared', 'shared', 'shared']);
    late.settle(0, late.unsettled.nextTag, 'ack');
    expect([bench.journal.settled.length, bench.scratch.settled.length]).toEqual([1, 2]);
  });
});

test('what waits is counted with what its objects take, so that small messages are paged out as well', () => {
  const bench = new Bench();
  const message = bench.message('');
  const queue = bench.queue();
  publish([queue], message, bench.journal);
  expect(bench.memory.bytes).toBe(1256);
  queue.pageOut();
  expect(bench.memory.bytes).toBe(0);
});

test('what joins a long queue keeps no object, durable already or not, and comes in order between what does not survive', () => {
  const bench = new Bench();
  const queue = bench.queue();
  bench.journal.durable = false;
  const long = 17_000;
  for (let n = 1; n <= long; n++) publish([queue], bench.message(`${n}`), bench.journal);
  const { bytes } = bench.memory;
  for (let n = long + 1; n <= long + 3000; n++) publish([queue], bench.message(`${n}`), bench.journal);
  expect(bench.memory.bytes).toBe(bytes);
  for (let n = long + 3001; n <= long + 6000; n++) publish([queue], bench.message(`${n}`, n % 3 > 0), bench.journal);
  const worker = new Worker(bench);
  worker.consume(queue);
  bench.journal.read();
  expect(worker.got).toEqual(Array.from({ length: long + 6000 }, (_, n) => `${n + 1}`));
  worker.settle(1, long + 6000, 'ack');
  expect([queue.ready.count, queue.ready.unloaded, bench.memory.bytes]).toEqual([0, 0, 0]);
  expect(bench.lost).toEqual([]);
});

test('nothing more is given to a scratch file that is behind', () => {
  const bench = new Bench();
  const queue = bench.queue(false);
  publish([queue], bench.message('one'), bench.journal);
  bench.scratch.accepting = false;
  queue.pageOut();
  queue.pageOut();
  expect(queue.ready.unloaded).toBe(0);
  bench.scratch.accepting = true;
  queue.pageOut();
  queue.pageOut();
  expect(queue.ready.unloaded).toBe(1);
});

test('transient messages of many chunks are all given to the scratch file at once', () => {
  const bench = new Bench();
  const queue = bench.queue(false);
  for (let n = 0; n < 2000; n++) publish([queue], bench.message(`${n}`), bench.journal);
  queue.pageOut();
  queue.pageOut();
  expect(queue.ready.unloaded).toBe(2000);
});

test('what is stored is packed though what came last is not', () => {
  const bench = new Bench();
  const queue = bench.queue(false);
  for (let n = 0; n < 10; n++) {
    publish([queue], bench.message('x'), bench.journal);
    queue.pageOut();
  }
  expect(queue.ready.unloaded).toBe(9);
});

test('thousands of unsettled deliveries keep no object, and come back in order with their marks and their consumer free', () => {
  const bench = new Bench();
  const queue = bench.queue();
  const worker = new Worker(bench);
  worker.consume(queue);
  const count = 3000;
  for (let n = 1; n <= count; n++) publish([queue], bench.message(`${n}`), bench.journal);
  const kept = [...worker.unsettled];
  worker.unsettled.pageOut();
  expect(bench.memory.bytes).toBe(0);
  expect([...worker.unsettled].some(entry => kept.includes(entry))).toBe(false);
  worker.settle(10, 10, 'ack');
  expect(bench.journal.settled).toEqual([10]);
  expect(worker.unsettled.has(10)).toBe(false);
  worker.leave();
  expect([queue.ready.count, queue.ready.unloaded, queue.unsettled]).toEqual([count - 1, count - 1, 0]);
  expect(bench.memory.bytes).toBe(0);
  const late = new Worker(bench);
  late.consume(queue);
  bench.journal.read();
  expect(late.got).toEqual(Array.from({ length: count }, (_, n) => `${n + 1}`).filter(text => text !== '10'));
  expect(late.marks.every(mark => mark)).toBe(true);
});

test('sequences beyond 32 bits, of several queues, with and without a consumer, are what they were', () => {
  const bench = new Bench();
  const unsettled = new Unsettled(bench.services, new Worker(bench));
  const consumer = new Consumer(bench.queue(), new Worker(bench), 'c', { arguments: Table.empty } as never);
  const sequences = [1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 50 + 7];
  const queues = [bench.queue(), bench.queue()];
  const expected: [number, string, boolean][] = [];
  for (let n = 0; n < 600; n++) {
    const entry = new Entry(queues[n % 3 === 0 ? 0 : 1]!, bench.message('x'), sequences[n % 5]!, false);
    entry.message.retain();
    bench.journal.publish(entry);
    if (n % 2 === 0) entry.consumer = consumer;
    unsettled.add(entry);
    expected.push([entry.sequence, entry.queue.name, entry.consumer !== undefined]);
  }
  unsettled.pageOut();
  expect(unsettled.consumed).toBe(300);
  const found = expected.map((_, n) => unsettled.take(n + 1)!);
  expect(found.map(entry => [entry.sequence, entry.queue.name, entry.consumer !== undefined])).toEqual(expected);
  expect(unsettled.count).toBe(0);
});

test('unsettled deliveries are what a map of tags is, whatever was settled, skipped, paged out and moved', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), n: fc.integer({ min: 1, max: 900 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), n: fc.integer({ min: 1, max: 700 }) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), n: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('up to' as const), n: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('page out' as const, 'move' as const), n: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('durable' as const), n: fc.nat(1) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const bench = new Bench();
      const queue = bench.queue();
      const unsettled = new Unsettled(bench.services, new Worker(bench));
      const model = new Map<number, { sequence: number; id: number; position: number }>();
      let next = 1;
      const take = (tag: number): void => {
        const entry = unsettled.take(tag);
        const known = model.get(tag);
        expect(entry && { sequence: entry.sequence, id: entry.id, position: entry.message.position }).toEqual(known);
        entry?.message.release();
        model.delete(tag);
      };
      for (const { do: what, n } of steps) {
        if (what === 'add')
          for (let i = 0; i < n; i++) {
            const entry = queue.newEntry(bench.message('x'));
            entry.message.retain();
            bench.journal.publish(entry);
            expect(unsettled.nextTag).toBe(next);
            unsettled.add(entry);
            model.set(next++, { sequence: entry.sequence, id: entry.id, position: entry.message.position });
          }
        else if (what === 'skip') for (let i = 0; i < n; i++, next++) unsettled.skip();
        else if (what === 'take') take(n % (next + 3));
        else if (what === 'up to') for (let tag = unsettled.firstTag; tag <= n % next; tag++) take(tag);
        else if (what === 'durable') bench.journal.durable = n === 1;
        else if (what === 'page out') unsettled.pageOut();
        else {
          const places = new Map<number, NewPlace>();
          for (const place of model.values()) {
            if ((place.id + n) % 3 > 0) continue;
            const to = bench.journal.move(place.position);
            places.set(place.id, to);
            place.id = to.id;
            place.position = to.position;
          }
          unsettled.relocate(bench.journal, places);
        }
        expect(unsettled.count).toBe(model.size);
        expect(Math.min(...model.keys())).toBeGreaterThanOrEqual(unsettled.firstTag);
        expect([...unsettled.durableIds()].sort()).toEqual([...model.values()].map(({ id }) => id).sort());
      }
      for (let tag = 0; tag < next + 2; tag++) expect(unsettled.has(tag)).toBe(model.has(tag));
      for (const tag of [...model.keys()]) take(tag);
      expect(bench.memory.bytes).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test('a ready list gives the lowest sequence first, whatever came back, was paged out, read and moved', () => {
  const step = fc.record({
    do: fc.constantFrom('push', 'shift', 'shift', 'return', 'return all', 'page out', 'move'),
    n: fc.integer({ min: 1, max: 1200 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), steps => {
      const bench = new Bench();
      const queue = bench.queue();
      const ready = new ReadyList(queue, bench.services);
      const waits = new Set<number>();
      const out: Entry[] = [];
      const unsettled = new Unsettled(bench.services, new Worker(bench));
      const shift = (): void => {
        if (ready.count === 0) return;
        const head = ready.peek()!;
        if (!head.message.loaded) {
          const wanted = ready.toLoad(1000);
          expect(wanted[0]).toBe(head);
          bench.journal.load(wanted, () => ready.countUnloaded());
          bench.journal.read();
        }
        const entry = ready.shift()!;
        expect(entry.sequence).toBe(Math.min(...waits));
        expect(textOf(entry)).toBe(`${entry.sequence}`);
        waits.delete(entry.sequence);
        out.push(entry);
      };
      const giveBack = (entry: Entry): void => {
        waits.add(entry.sequence);
        ready.return(entry);
      };
      for (const { do: what, n } of steps) {
        if (what === 'push')
          for (let i = 0; i < n; i++) {
            const entry = queue.newEntry(bench.message(`${queue.nextSequence - 1}`));
            entry.message = bench.message(`${entry.sequence}`);
            entry.message.retain();
            bench.journal.publish(entry);
            waits.add(entry.sequence);
            ready.push(entry);
          }
        else if (what === 'shift') for (let i = 0; i < n; i++) shift();
        else if (what === 'return' && out.length > 0) giveBack(out.splice(n % out.length, 1)[0]!);
        else if (what === 'return all') {
          // By way of a channel that was paged out.
          for (const entry of out.splice(0)) unsettled.add(entry);
          if (n % 3 > 0) unsettled.pageOut();
          for (let tag = unsettled.firstTag; tag < unsettled.nextTag; tag++) {
            const entry = unsettled.take(tag);
            if (entry !== undefined) giveBack(entry);
          }
        } else if (what === 'page out') ready.pageOut(n % 2 === 0);
        else if (what === 'move')
          for (const { sequence, id, message } of [...ready]) {
            const { position } = message;
            if (sequence % 7 !== n % 7) continue;
            expect(ready.relocate(sequence, id, bench.journal.move(position))).toBe(true);
            bench.journal.drop(position);
          }
        expect(ready.count).toBe(waits.size);
        const before = ready.unloaded;
        ready.countUnloaded();
        expect(ready.unloaded).toBe(before);
      }
      expect([...ready].map(({ sequence }) => sequence)).toEqual([...waits].sort((a, b) => a - b));
      while (ready.count > 0) shift();
      for (const entry of out) entry.message.release();
      expect(bench.memory.bytes).toBe(0);
      expect(bench.lost).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('what stands behind the last one that lives and has expired is not handed out', () => {
  const bench = new Bench();
  const queue = bench.queue();
  const [first, second] = ['lives', 'dies'].map(text => {
    const entry = queue.newEntry(bench.message(text));
    bench.journal.publish(entry);
    return entry;
  });
  second!.marks = new Marks(1, 0, 0, 0);
  queue.enqueue(first!);
  queue.enqueue(second!);
  bench.clock.now = 2;
  const worker = new Worker(bench);
  worker.consume(queue);
  expect(worker.got).toEqual(['lives']);
  expect([queue.ready.count, queue.deaths.expired]).toEqual([0, 1]);
});

test('what stands behind a damaged one and has expired is not handed out', () => {
  const bench = new Bench();
  const queue = bench.queue();
  for (const text of ['damaged', 'dies', 'lives']) {
    const entry = queue.newEntry(bench.message(text));
    bench.journal.publish(entry);
    if (text === 'dies') entry.marks = new Marks(1, 0, 0, 0);
    queue.enqueue(entry);
  }
  queue.pageOut();
  bench.journal.drop(100);
  bench.clock.now = 2;
  const worker = new Worker(bench);
  worker.consume(queue);
  bench.journal.read();
  expect(worker.got).toEqual(['lives']);
  expect([bench.lost.length, queue.deaths.expired]).toEqual([1, 1]);
});

test('what was delivered and is on its way to a dead-letter exchange is told of at a stop', () => {
  const bench = new Bench();
  const queue = bench.queue();
  queue.configure({ ...plainSettings, deadLetterExchange: 'dead', maxLength: 1 });
  const worker = new Worker(bench);
  worker.consume(queue);
  for (const text of ['rejected', 'back', 'first']) publish([queue], bench.message(text), bench.journal);
  bench.journal.accepting = false;
  worker.settle(1, 1, 'reject');
  worker.leave();
  publish([queue], bench.message('new'), bench.journal);
  publish([queue], bench.message('newer'), bench.journal);
  // Of the four that are on their way one was never delivered.
  expect(queue.deaths).toMatchObject({ rejected: 1, maxlen: 3 });
  expect([...bench.services.deadLetters.deliveredIds()].sort()).toEqual([1, 2, 3]);
});
