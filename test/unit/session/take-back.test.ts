// Taking deliveries back: they go to others, and what their client still says of them is accepted and means nothing.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Queue } from '../../../src/broker/queue.ts';
import { removeMessage, takeBack } from '../../../src/broker/take-back.ts';
import type { Channel } from '../../../src/session/channel.ts';
import type { Fields } from '../../conformance/wire-codec.ts';
import { SessionBench } from './bench.ts';

let bench: SessionBench;
let queue: Queue;
/** Channel 1 is stuck, channel 2 works. */
let stuck: Channel;
let free: Channel;

beforeEach(async () => {
  bench = await SessionBench.open();
  bench.send(2, 'channel.open');
  bench.send(1, 'queue.declare', { queue: 'q', durable: true });
  queue = bench.broker.vhosts.get('/')!.queues.get('q')!;
  stuck = bench.connection.channels.get(1)!;
  free = bench.connection.channels.get(2)!;
});

function consume(channel: number, prefetchCount: number): void {
  bench.send(channel, 'basic.qos', { prefetchCount });
  bench.send(channel, 'basic.consume', { queue: 'q' });
}

function publish(count: number): void {
  for (let n = 0; n < count; n++) bench.publish(2, 'q', Buffer.from(`${n}`), 2);
}

/** Deliveries to a channel since the last call, as tag and mark. */
function deliveries(channel: number): unknown[] {
  bench.connection.output.flush();
  const found = bench.sent.filter(({ what }) => what === `${channel} basic.deliver`).map(({ fields }) => fields);
  bench.sent.length = 0;
  return found.map(({ deliveryTag, redelivered }) => [Number(deliveryTag), redelivered]);
}

function closed(channel: number): Fields | undefined {
  bench.connection.output.flush();
  return bench.sent.find(({ what }) => what === `${channel} channel.close`)?.fields;
}

test('a delivery goes to the next free worker, marked, and no longer to who had it', () => {
  consume(1, 1);
  publish(1);
  consume(2, 1);
  deliveries(1);
  expect(takeBack(stuck.unsettled, 1)).toBe(true);
  expect(deliveries(2)).toEqual([[1, true]]);
  expect([queue.unsettled, queue.ready.count, stuck.unsettled.count]).toEqual([1, 0, 0]);
  expect(takeBack(stuck.unsettled, 1)).toBe(false);
  expect(takeBack(stuck.unsettled, 7)).toBe(false);
});

test('who had it gets nothing else before it answers, and then does', () => {
  consume(1, 1);
  publish(2);
  takeBack(stuck.unsettled, 1);
  expect(queue.ready.count).toBe(2);
  bench.sent.length = 0;
  bench.send(1, 'basic.ack', { deliveryTag: 1 });
  expect(deliveries(1)).toEqual([[2, true]]);
  expect([queue.ready.count, queue.stats.acked, bench.journal.settled]).toEqual([1, 0, []]);
});

test('with room for both, who had it comes last', () => {
  consume(1, 0);
  publish(1);
  consume(2, 0);
  deliveries(2);
  takeBack(stuck.unsettled, 1);
  expect(deliveries(2)).toEqual([[1, true]]);
});

test('the limit that consumers share counts it until it is answered', () => {
  bench.send(1, 'basic.qos', { prefetchCount: 1, global: true });
  bench.send(1, 'basic.consume', { queue: 'q' });
  publish(1);
  takeBack(stuck.unsettled, 1);
  bench.send(1, 'basic.qos', { prefetchCount: 0 });
  publish(1);
  bench.send(1, 'basic.qos', { prefetchCount: 4, global: true });
  expect(stuck.credit.used).toBe(stuck.unsettled.count + 1);
  bench.send(1, 'basic.nack', { deliveryTag: 1, requeue: true });
  expect(stuck.credit.used).toBe(stuck.unsettled.count);
});

describe('a late answer is accepted and means nothing, but the second one is 406:', () => {
  test.each([
    ['basic.ack', {}],
    ['basic.nack', { requeue: true }],
    ['basic.nack', { requeue: false }],
    ['basic.reject', { requeue: true }],
    ['basic.reject', { requeue: false }],
    ['basic.ack', { multiple: true }],
    ['basic.nack', { multiple: true, requeue: true }],
  ])('%s %j', (name, fields) => {
    consume(1, 1);
    publish(1);
    consume(2, 1);
    takeBack(stuck.unsettled, 1);
    bench.send(1, name, { deliveryTag: 1, ...fields });
    expect(closed(1)).toBeUndefined();
    expect([queue.unsettled, queue.ready.count, bench.journal.settled]).toEqual([1, 0, []]);
    expect([...free.unsettled].length).toBe(1);
    bench.send(1, name, { deliveryTag: 1, ...fields });
    expect(closed(1)).toMatchObject({ replyCode: 406, replyText: 'PRECONDITION_FAILED - unknown delivery tag 1' });
  });
});

test('multiple settles what is still there and forgets what was taken back, up to its tag and no further', () => {
  consume(1, 0);
  publish(5);
  takeBack(stuck.unsettled, 2);
  takeBack(stuck.unsettled, 4);
  // Both went to the only consumer again, under new tags.
  expect(stuck.unsettled.nextTag).toBe(8);
  bench.send(1, 'basic.ack', { deliveryTag: 3, multiple: true });
  expect([queue.unsettled, queue.stats.acked]).toEqual([3, 2]);
  expect([stuck.unsettled.owes(2), stuck.unsettled.owes(4)]).toEqual([false, true]);
  bench.send(1, 'basic.ack', { deliveryTag: 4 });
  expect(closed(1)).toBeUndefined();
  bench.send(1, 'basic.ack', { deliveryTag: 0, multiple: true });
  expect([queue.unsettled, queue.stats.acked, stuck.consumers.values().next().value!.unsettled]).toEqual([0, 5, 0]);
});

test('a get that was taken back is as a delivery', () => {
  publish(1);
  bench.send(1, 'basic.get', { queue: 'q' });
  takeBack(stuck.unsettled, 1);
  expect(queue.ready.count).toBe(1);
  bench.send(1, 'basic.ack', { deliveryTag: 1 });
  expect([closed(1), queue.ready.count]).toEqual([undefined, 1]);
});

test('what was paged out can be taken back', () => {
  consume(1, 0);
  publish(600);
  stuck.pageOut();
  bench.send(1, 'basic.cancel', { consumerTag: stuck.consumers.keys().next().value! });
  expect(takeBack(stuck.unsettled, 300)).toBe(true);
  expect([queue.ready.count, queue.unsettled]).toEqual([1, 599]);
  consume(2, 0);
  bench.journal.read();
  expect(deliveries(2)).toEqual([[1, true]]);
});

describe('where the channel ends', () => {
  test('what was taken back comes back only once', () => {
    consume(1, 0);
    publish(2);
    consume(2, 1);
    takeBack(stuck.unsettled, 1);
    bench.send(1, 'channel.close', { replyCode: 200 });
    expect([queue.unsettled, queue.ready.count]).toEqual([1, 1]);
    bench.send(2, 'basic.ack', { deliveryTag: 1 });
    bench.send(2, 'basic.ack', { deliveryTag: 2 });
    expect([queue.unsettled, queue.ready.count, bench.journal.settled]).toEqual([0, 0, [1, 2]]);
  });

  test('there is nothing left to take back, though its close is not answered yet', () => {
    consume(1, 0);
    publish(1);
    bench.send(1, 'basic.ack', { deliveryTag: 9 });
    expect(stuck.state).toBe('closing');
    expect(takeBack(stuck.unsettled, 1)).toBe(false);
    expect([queue.unsettled, queue.ready.count]).toEqual([0, 1]);
  });
});

describe('in a transaction', () => {
  beforeEach(() => {
    bench.send(1, 'tx.select');
    consume(1, 2);
    publish(1);
    consume(2, 1);
  });

  test('what was settled and then taken back is not settled by the commit', () => {
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    takeBack(stuck.unsettled, 1);
    bench.send(1, 'tx.commit');
    expect([closed(1), bench.journal.settled, queue.unsettled]).toEqual([undefined, [], 1]);
    expect(stuck.unsettled.owes(1)).toBe(false);
    expect(stuck.consumers.values().next().value!.unsettled).toBe(0);
  });

  test('what was taken back can be settled, again after a rollback, and once in each', () => {
    takeBack(stuck.unsettled, 1);
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    bench.send(1, 'tx.rollback');
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    expect(closed(1)).toBeUndefined();
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    expect(closed(1)).toMatchObject({ replyCode: 406 });
    expect(queue.unsettled).toBe(1);
  });

  test('recover gives back what is there, and forgets what was taken back', () => {
    takeBack(stuck.unsettled, 1);
    bench.send(1, 'basic.recover', { requeue: true });
    expect([queue.unsettled, stuck.unsettled.owes(1)]).toEqual([1, false]);
  });
});

test('a delivery of a deleted queue that is taken back is gone', () => {
  consume(1, 0);
  publish(1);
  bench.send(2, 'queue.delete', { queue: 'q' });
  expect(takeBack(stuck.unsettled, 1)).toBe(true);
  bench.send(1, 'basic.ack', { deliveryTag: 1 });
  expect([closed(1), bench.journal.settled, bench.memory.bytes]).toEqual([undefined, [1], 0]);
});

test('a late answer about a message that was removed is accepted as well', () => {
  consume(1, 1);
  publish(2);
  expect(removeMessage(queue, 1)).toBe(true);
  expect([queue.unsettled, queue.ready.count, bench.journal.settled]).toEqual([0, 1, [1]]);
  bench.sent.length = 0;
  bench.send(1, 'basic.nack', { deliveryTag: 1, requeue: true });
  expect(deliveries(1)).toEqual([[2, false]]);
  expect([queue.unsettled, queue.ready.count]).toEqual([1, 0]);
});
