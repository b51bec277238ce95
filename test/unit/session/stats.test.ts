// What is counted: by channels, consumers, queues, exchanges, vhosts, the connection and the broker, and how long things took.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Queue } from '../../../src/broker/queue.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import type { Channel } from '../../../src/session/channel.ts';
import { encodeFrame, encodeHeader, encodeMethod } from '../../conformance/wire-codec.ts';
import { SessionBench } from './bench.ts';

let bench: SessionBench;
let vhost: Vhost;
let channel: Channel;
let queue: Queue;

beforeEach(async () => {
  bench = await SessionBench.open();
  bench.clock.now = 1000;
  vhost = bench.broker.vhosts.get('/')!;
  channel = bench.connection.channels.get(1)!;
  bench.send(1, 'queue.declare', { queue: 'q' });
  queue = vhost.queues.get('q')!;
});

/** Consumes with a prefetch, and gives the consumer. */
function consume(prefetchCount = 0, noAck = false) {
  bench.send(1, 'basic.qos', { prefetchCount });
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c', noAck });
  return channel.consumers.get('c')!;
}

function publishMandatory(routingKey: string, exchange = ''): void {
  bench.receive(
    Buffer.concat([
      encodeFrame(1, 1, encodeMethod('basic.publish', { routingKey, exchange, mandatory: true })),
      encodeFrame(2, 1, encodeHeader(0, {})),
    ]),
  );
}

describe('publishes', () => {
  test('are counted by channel, by exchange of the channel, by exchange and by queue', () => {
    bench.send(1, 'queue.declare', { queue: 'r' });
    for (const name of ['q', 'r']) bench.send(1, 'queue.bind', { queue: name, exchange: 'amq.fanout' });
    bench.publish(1, 'q', Buffer.from('x'));
    bench.publish(1, 'r', Buffer.from('x'));
    publishMandatory('', 'amq.fanout');
    expect(channel.stats.published).toBe(3);
    const by = new Map([...channel.publishing.published].map(([{ name }, stats]) => [name, { ...stats }]));
    expect(by).toEqual(
      new Map([
        ['', { publishedIn: 2, publishedOut: 2, deduplicated: 0 }],
        ['amq.fanout', { publishedIn: 1, publishedOut: 2, deduplicated: 0 }],
      ]),
    );
    expect(vhost.exchange('amq.fanout').stats).toEqual({ publishedIn: 1, publishedOut: 2, deduplicated: 0 });
    expect(queue.stats.published).toBe(2);
  });

  test('that reach no queue are counted as dropped or returned', () => {
    bench.publish(1, 'nowhere', Buffer.from('x'));
    publishMandatory('nowhere');
    publishMandatory('nowhere');
    expect(channel.stats).toMatchObject({ published: 3, unroutable: 1, returned: 2 });
    expect(bench.broker.stats).toMatchObject({ unroutable: 1, returned: 2 });
  });

  test('are counted as confirmed when they are', () => {
    bench.send(1, 'confirm.select');
    for (let n = 0; n < 3; n++) bench.publish(1, 'q', Buffer.from('x'), 2);
    expect(channel.stats.confirmed).toBe(3);
  });

  test('to exchanges that are gone are forgotten, others are not', () => {
    publishMandatory('', 'amq.fanout');
    for (let n = 0; n < 200; n++) {
      bench.send(1, 'exchange.declare', { exchange: `e${n}`, type: 'fanout' });
      publishMandatory('', `e${n}`);
      bench.send(1, 'exchange.delete', { exchange: `e${n}` });
    }
    const names = [...channel.publishing.published].map(([{ name }]) => name);
    expect(names).toContain('amq.fanout');
    expect(names.length).toBeLessThan(40);
  });
});

describe('deliveries', () => {
  test('are counted by queue, consumer and channel, with how long they waited and took', () => {
    const consumer = consume(1);
    bench.publish(1, 'q', Buffer.from('one'));
    bench.publish(1, 'q', Buffer.from('two'));
    expect([...channel.unsettled].map(({ deliveredAt }) => deliveredAt)).toEqual([1000]);
    bench.clock.now = 1005;
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    bench.clock.now = 1012;
    bench.send(1, 'basic.ack', { deliveryTag: 2, multiple: true });
    for (const { stats } of [queue, channel]) expect(stats).toMatchObject({ delivered: 2, acked: 2, redelivered: 0 });
    expect(consumer.stats).toEqual({ delivered: 2, acked: 2, redelivered: 0 });
    expect([queue.waitTimes.count, queue.waitTimes.sum]).toEqual([2, 5]);
    for (const { processingTimes } of [queue, consumer])
      expect([processingTimes.count, processingTimes.sum]).toEqual([2, 12]);
  });

  test('that come again count as redelivered, and to no waiting time', () => {
    const consumer = consume(1);
    bench.publish(1, 'q', Buffer.from('one'));
    bench.clock.now = 1500;
    bench.send(1, 'basic.nack', { deliveryTag: 1, requeue: true });
    for (const { stats } of [queue, channel, consumer]) expect(stats).toMatchObject({ delivered: 2, redelivered: 1 });
    expect([queue.waitTimes.count, queue.waitTimes.sum]).toEqual([1, 0]);
    bench.send(1, 'basic.reject', { deliveryTag: 2, requeue: false });
    expect([queue.processingTimes.count, queue.stats.acked, queue.unsettled]).toEqual([0, 0, 0]);
  });

  test('without acks have no processing time', () => {
    const consumer = consume(0, true);
    bench.publish(1, 'q', Buffer.from('one'));
    for (const { stats } of [queue, channel])
      expect(stats).toMatchObject({ delivered: 0, deliveredNoAck: 1, acked: 0 });
    expect([consumer.stats.delivered, consumer.processingTimes.count, queue.waitTimes.count]).toEqual([1, 0, 1]);
  });

  test('by get are counted, and wait and take their time', () => {
    for (const noAck of [false, true]) {
      bench.publish(1, 'q', Buffer.from('one'));
      bench.clock.now += 10;
      bench.send(1, 'basic.get', { queue: 'q', noAck });
    }
    bench.send(1, 'basic.get', { queue: 'q' });
    bench.clock.now += 100;
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    for (const { stats } of [queue, channel])
      expect(stats).toMatchObject({ got: 1, gotNoAck: 1, gotEmpty: 1, acked: 1 });
    expect([queue.waitTimes.count, queue.waitTimes.sum, queue.processingTimes.sum]).toEqual([2, 20, 110]);
  });

  test('know when they were delivered after they were paged out', () => {
    consume();
    for (let n = 0; n < 600; n++) {
      bench.clock.now = 1000 + n;
      bench.publish(1, 'q', Buffer.from('x'), 2);
    }
    // The first time they are given to the scratch file.
    for (let round = 0; round < 2; round++) channel.pageOut();
    const packed = [...channel.unsettled];
    expect(packed.map(({ deliveredAt }) => deliveredAt)).toEqual(Array.from({ length: 600 }, (_, n) => 1000 + n));
    bench.clock.now = 2000;
    bench.send(1, 'basic.ack', { deliveryTag: 1 });
    expect(queue.processingTimes.sum).toBe(1000);
  });
});

test('a publish of a transaction counts from its commit', () => {
  bench.send(1, 'tx.select');
  bench.publish(1, 'q', Buffer.from('x'));
  bench.clock.now = 9000;
  bench.send(1, 'tx.commit');
  expect(queue.oldestPublishedAt).toBe(9000);
});

test('a publish that was held counts from when it goes on', () => {
  bench.send(1, 'queue.declare', { queue: 'durable', durable: true });
  bench.publish(1, 'durable', Buffer.from('x'), 2);
  vhost.queues.get('durable')!.pageOut();
  bench.send(1, 'basic.get', { queue: 'durable' });
  bench.publish(1, 'q', Buffer.from('y'));
  expect(queue.ready.count).toBe(0);
  bench.clock.now = 9000;
  bench.journal.read();
  expect(queue.oldestPublishedAt).toBe(9000);
});

test('a channel that ends leaves its counts to the vhost, and is counted', () => {
  bench.publish(1, 'q', Buffer.from('x'));
  bench.send(1, 'channel.close', { replyCode: 200 });
  expect(vhost.stats.published).toBe(1);
  expect(bench.broker.stats).toMatchObject({ connectionsOpened: 1, channelsOpened: 1, channelsClosed: 1 });
  bench.connection.cut();
  expect(bench.broker.stats).toMatchObject({ connectionsClosed: 1, channelsClosed: 1 });
});

test('queues are counted when they are declared, made and deleted', () => {
  bench.send(1, 'queue.declare', { queue: 'q' });
  bench.send(1, 'queue.delete', { queue: 'q' });
  expect(bench.broker.stats).toMatchObject({ queuesDeclared: 2, queuesCreated: 1, queuesDeleted: 1 });
});

test('a connection counts what it takes in and hands over', () => {
  const before = { ...bench.connection.stats };
  const bytes = encodeFrame(1, 1, encodeMethod('basic.qos', { prefetchCount: 1 }));
  bench.receive(bytes);
  expect(bench.connection.stats).toEqual({
    receivedChunks: before.receivedChunks + 1,
    receivedBytes: before.receivedBytes + bytes.length,
    sentChunks: before.sentChunks + 1,
    sentBytes: before.sentBytes + 12,
  });
});

describe('a connection is closed with 320 when', () => {
  const close = (): unknown => bench.sent.find(({ what }) => what === '0 connection.close')?.fields;

  test('its vhost is deleted, with all that is in it', () => {
    bench.publish(1, 'q', Buffer.from('x'), 2);
    bench.send(1, 'queue.declare', { queue: 'mine', exclusive: true });
    consume();
    bench.broker.createVhost('other');
    expect(bench.broker.deleteVhost('/')).toBe(true);
    expect(bench.broker.deleteVhost('/')).toBe(false);
    bench.connection.output.flush();
    expect(close()).toMatchObject({ replyCode: 320, replyText: "CONNECTION_FORCED - vhost '/' is deleted" });
    expect([...bench.broker.vhosts.keys()]).toEqual(['other']);
    expect([bench.broker.queuesById.size, queue.deleted, queue.consumers.size]).toEqual([0, true, 0]);
    expect([...bench.authority.facts()].map(({ type }) => type)).toEqual(['user.put']);
    expect(bench.memory.bytes).toBe(0);
  });

  test('its user is deleted', () => {
    bench.authority.apply({ type: 'user.delete', name: 'nobody' });
    expect(bench.connection.state).toBe('running');
    bench.authority.apply({ type: 'user.delete', name: 'guest' });
    bench.connection.output.flush();
    expect(close()).toMatchObject({ replyCode: 320, replyText: "CONNECTION_FORCED - user 'guest' is deleted" });
  });
});
