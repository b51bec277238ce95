// Sums over a broker only rise, whatever of it goes; and the bytes that workers hold are known at every way that a delivery can end.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Queue } from '../../../src/broker/queue.ts';
import { takeBack } from '../../../src/broker/take-back.ts';
import { type Totals, totalsOf } from '../../../src/http/totals.ts';
import type { Channel } from '../../../src/session/channel.ts';
import { SessionBench } from '../session/bench.ts';

let bench: SessionBench;
let channel: Channel;
let queue: Queue;

beforeEach(async () => {
  bench = await SessionBench.open();
  channel = bench.connection.channels.get(1)!;
  bench.send(1, 'queue.declare', { queue: 'q' });
  queue = bench.broker.vhosts.get('/')!.queues.get('q')!;
});

const totals = (): Totals => totalsOf(bench.broker, bench.connection.context.connections).broker;

test('sums of what has ended stay', () => {
  bench.send(1, 'confirm.select', {});
  for (const text of ['a', 'bb', 'ccc']) bench.publish(1, 'q', Buffer.from(text));
  bench.publish(1, 'nobody', Buffer.from(''));
  bench.send(1, 'basic.get', { queue: 'q' });
  bench.send(1, 'basic.ack', { deliveryTag: 1 });
  const before = totals();
  expect(before).toMatchObject({
    published: 4,
    toConfirm: 4,
    routed: 3,
    unroutable: 1,
    got: 1,
    acked: 1,
    publishers: 1,
  });
  expect(before).toMatchObject({ messagesReady: 2, channels: 1, connections: 1, queues: 1 });
  const vhosts = totalsOf(bench.broker, bench.connection.context.connections).vhosts;
  expect(vhosts.get(bench.broker.vhosts.get('/')!)).toMatchObject({ published: 4, messagesReady: 2 });
  bench.send(1, 'queue.delete', { queue: 'q' });
  bench.send(1, 'channel.close', { replyCode: 200 });
  bench.connection.cut();
  bench.broker.deleteVhost('/');
  const after = totals();
  expect(after).toMatchObject({
    published: 4,
    toConfirm: 4,
    routed: 3,
    unroutable: 1,
    got: 1,
    acked: 1,
    publishers: 0,
  });
  expect(after).toMatchObject({ messagesReady: 0, channels: 0, connections: 0, queues: 0 });
  expect(after.receivedBytes).toBeGreaterThan(before.receivedBytes);
  expect(bench.broker.stats.waitTimes.count).toBe(1);
  expect(bench.broker.stats.processingTimes.count).toBe(1);
});

describe('the bytes that workers hold are known', () => {
  beforeEach(() => {
    bench.send(1, 'basic.qos', { prefetchCount: 3 });
    bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c' });
    for (const text of ['a', 'bb', 'ccc', 'dddd']) bench.publish(1, 'q', Buffer.from(text), 2);
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([6, 4]);
  });

  test('after an ack', () => {
    bench.send(1, 'basic.ack', { deliveryTag: 2 });
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([8, 0]);
  });

  test('after a requeue and a drop', () => {
    bench.send(1, 'basic.cancel', { consumerTag: 'c' });
    bench.send(1, 'basic.reject', { deliveryTag: 3, requeue: true });
    bench.send(1, 'basic.reject', { deliveryTag: 2, requeue: false });
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([1, 7]);
  });

  test('after a task was taken back', () => {
    bench.send(1, 'basic.cancel', { consumerTag: 'c' });
    takeBack(channel.unsettled, 2);
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([4, 6]);
    bench.send(1, 'basic.ack', { deliveryTag: 2 });
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([4, 6]);
  });

  test('after the deliveries were paged out', () => {
    channel.pageOut();
    bench.send(1, 'basic.ack', { deliveryTag: 3, multiple: true });
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([4, 0]);
  });

  test('after the channel has gone', () => {
    bench.send(1, 'channel.close', { replyCode: 200 });
    expect([queue.unsettledBytes, queue.ready.bytes]).toEqual([0, 10]);
  });
});
