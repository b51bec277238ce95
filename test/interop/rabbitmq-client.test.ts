// rabbitmq-client, which reconnects by itself: publisher with retries, consumer by handler status, a broker killed under both.
import { type AsyncMessage, type Channel, Connection, ConsumerStatus, type ReturnedMessage } from 'rabbitmq-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fresh, givenOrOwnBroker } from './broker-process.ts';
import { Inbox } from './inbox.ts';

let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
let connection: Connection;
let queue: string;
const queueOptions = { durable: true };

beforeAll(async () => {
  broker = await givenOrOwnBroker();
});
afterAll(() => broker?.dispose());
beforeEach(async () => {
  connection = new Connection({ url: broker.url, retryLow: 50, retryHigh: 200 });
  connection.on('error', () => {});
  queue = fresh('rabbitmq-client');
  await connection.queueDeclare({ queue, durable: true });
});
afterEach(async () => {
  await connection.queueDelete(queue);
  // Not `close`, which waits for ever for what a failed test left open.
  connection.unsafeDestroy();
});

const ready = async () => (await connection.queueDeclare({ queue, passive: true })).messageCount;

/** A channel that consumes the queue by hand. */
async function consume(prefetchCount: number): Promise<{ inbox: Inbox<AsyncMessage>; channel: Channel }> {
  const channel = await connection.acquire();
  await channel.basicQos({ prefetchCount });
  const inbox = new Inbox<AsyncMessage>();
  await channel.basicConsume({ queue }, inbox.put);
  return { inbox, channel };
}

test('a publisher with confirms delivers text, objects and bytes in order', async () => {
  const publisher = connection.createPublisher({ confirm: true });
  await publisher.send({ routingKey: queue, durable: true }, 'text');
  await publisher.send({ routingKey: queue, durable: true }, { an: 'object' });
  await publisher.send({ routingKey: queue, durable: true, headers: { n: 1 } }, Buffer.from([1, 2, 3]));
  const { inbox, channel } = await consume(0);
  const messages = await inbox.takeAll(3);
  expect(messages.map(message => message.body)).toEqual(['text', { an: 'object' }, Buffer.from([1, 2, 3])]);
  expect(messages[2]).toMatchObject({ durable: true, headers: { n: 1 }, redelivered: false });
  channel.basicAck({ deliveryTag: messages[2]!.deliveryTag, multiple: true });
  await channel.close();
  expect(await ready()).toBe(0);
  await publisher.close();
});

test('a mandatory message without a queue comes back', async () => {
  const returned = new Inbox<ReturnedMessage>();
  const publisher = connection.createPublisher({ confirm: true });
  publisher.on('basic.return', returned.put);
  await publisher.send({ routingKey: 'no-such-queue', mandatory: true, correlationId: 'c' }, 'lost?');
  expect(await returned.take()).toMatchObject({
    replyCode: 312,
    replyText: 'NO_ROUTE',
    routingKey: 'no-such-queue',
    correlationId: 'c',
    body: 'lost?',
  });
  await publisher.close();
});

test('a handler acknowledges, requeues and drops; what it requeued comes marked', async () => {
  const publisher = connection.createPublisher({ confirm: true });
  for (const body of ['good', 'again', 'bad', 'throws']) await publisher.send(queue, body);
  const seen = new Inbox<[string, boolean]>();
  const consumer = connection.createConsumer(
    { queue, queueOptions, qos: { prefetchCount: 1 }, requeue: true },
    message => {
      seen.put([message.body, message.redelivered]);
      if (message.body === 'throws' && !message.redelivered) throw new Error('on purpose');
      if (message.body === 'again' && !message.redelivered) return ConsumerStatus.REQUEUE;
      return message.body === 'bad' ? ConsumerStatus.DROP : ConsumerStatus.ACK;
    },
  );
  consumer.on('error', () => {});
  expect(await seen.takeAll(6)).toEqual([
    ['good', false],
    ['again', false],
    ['again', true],
    ['bad', false],
    ['throws', false],
    ['throws', true],
  ]);
  await consumer.close();
  expect(consumer.stats).toMatchObject({ acknowledged: 3, dropped: 1, requeued: 2 });
  expect(await ready()).toBe(0);
  await publisher.close();
});

test('a channel that ends gives back what it held, in order', async () => {
  const publisher = connection.createPublisher({ confirm: true });
  for (const body of ['a', 'b', 'c']) await publisher.send(queue, body);
  const first = await consume(2);
  await first.inbox.takeAll(2);
  await first.channel.close();
  const second = await consume(0);
  const messages = await second.inbox.takeAll(3);
  expect(messages.map(({ body, redelivered }) => [body, redelivered])).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ]);
  await second.channel.close();
  await publisher.close();
});

test('a transaction publishes and acknowledges all or nothing', async () => {
  const channel = await connection.acquire();
  await channel.txSelect();
  await channel.basicPublish(queue, 'undone');
  await channel.txRollback();
  expect(await ready()).toBe(0);
  await channel.basicPublish(queue, 'done');
  await channel.txCommit();
  expect(await ready()).toBe(1);
  const message = await channel.basicGet(queue);
  channel.basicAck({ deliveryTag: message!.deliveryTag });
  await channel.txCommit();
  await channel.close();
  expect(await ready()).toBe(0);
});

test('a question is answered through a queue of the asker', async () => {
  const server = connection.createConsumer({ queue, queueOptions }, (message, reply) => reply(message.body * 2));
  const asker = await connection.acquire();
  const { queue: replyTo } = await asker.queueDeclare({ exclusive: true });
  const answers = new Inbox<AsyncMessage>();
  await asker.basicConsume({ queue: replyTo, noAck: true }, answers.put);
  await asker.basicPublish({ routingKey: queue, replyTo, correlationId: 'c' }, 21);
  expect(await answers.take()).toMatchObject({ body: 42, correlationId: 'c' });
  await asker.close();
  await server.close();
});

test('an error closes its channel alone', async () => {
  await expect(connection.queueDeclare({ queue, durable: false })).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
  });
  await expect(connection.queueDeclare({ queue: 'no-such-queue', passive: true })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(await ready()).toBe(0);
});

test.skipIf(process.env['INTEROP_URL'])('publisher and consumer live through kill -9 of the broker', async () => {
  const seen = new Set<number>();
  const all = new Inbox<void>();
  const consumer = connection.createConsumer({ queue, queueOptions, qos: { prefetchCount: 10 } }, message => {
    seen.add(message.body);
    if (seen.size === 300) all.put();
  });
  consumer.on('error', () => {});
  const publisher = connection.createPublisher({ confirm: true, maxAttempts: 20 });
  const send = async (from: number) => {
    for (let n = from; n < from + 100; n++) await publisher.send({ routingKey: queue, durable: true }, n);
  };
  await send(0);
  const during = send(100);
  await broker.killAndRestart();
  await during;
  await send(200);
  await all.take(20_000);
  await consumer.close();
  await publisher.close();
});
