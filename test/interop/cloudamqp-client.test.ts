// @cloudamqp/amqp-client: its channels by hand, and its sessions, which reconnect and subscribe again by themselves.
import { type AMQPChannel, AMQPClient, type AMQPMessage, AMQPSession } from '@cloudamqp/amqp-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fresh, givenOrOwnBroker } from './broker-process.ts';
import { Inbox } from './inbox.ts';

let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
let client: AMQPClient;
let channel: AMQPChannel;
let queue: string;

beforeAll(async () => {
  broker = await givenOrOwnBroker();
});
afterAll(() => broker?.dispose());
beforeEach(async () => {
  client = new AMQPClient(broker.url);
  client.logger = undefined;
  await client.connect();
  channel = await client.channel();
  await channel.confirmSelect();
  queue = (await channel.queueDeclare(fresh('cloudamqp'), { durable: true })).name;
});
afterEach(async () => {
  await (await client.channel()).queueDelete(queue);
  await client.close();
});

const ready = async () => (await channel.queueDeclare(queue, { passive: true })).messageCount;
const publish = async (...bodies: string[]) => {
  for (const body of bodies) await channel.basicPublish('', queue, body, { deliveryMode: 2 });
};

async function consume(prefetch: number): Promise<{ inbox: Inbox<AMQPMessage>; on: AMQPChannel }> {
  const on = await client.channel();
  await on.prefetch(prefetch);
  const inbox = new Inbox<AMQPMessage>();
  await on.basicConsume(queue, { noAck: false }, inbox.put);
  return { inbox, on };
}

test('each publish is confirmed with its number, together or one by one', async () => {
  expect(await channel.basicPublish('', queue, 'first', { deliveryMode: 2 })).toBe(1);
  const numbers = await Promise.all(Array.from({ length: 200 }, (_, n) => channel.basicPublish('', queue, `${n}`, {})));
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => n + 2));
  expect(await ready()).toBe(201);
});

test('a mandatory message without a queue comes back before its confirm', async () => {
  const returned = new Inbox<AMQPMessage>();
  channel.onReturn = returned.put;
  await channel.basicPublish('', 'no-such-queue', 'lost?', { correlationId: 'c' }, true);
  expect(returned.size).toBe(1);
  const message = await returned.take();
  expect(message).toMatchObject({ replyCode: 312, replyText: 'NO_ROUTE', routingKey: 'no-such-queue' });
  expect([message.bodyString(), message.properties.correlationId]).toEqual(['lost?', 'c']);
});

test('prefetch holds back, nack puts back in place and marked, reject drops', async () => {
  await publish('one', 'two', 'three');
  const { inbox, on } = await consume(1);
  const one = await inbox.take();
  expect([one.bodyString(), one.redelivered]).toEqual(['one', false]);
  expect(await ready()).toBe(2);
  await one.nack(true);
  const again = await inbox.take();
  expect([again.bodyString(), again.redelivered]).toEqual(['one', true]);
  await again.ack();
  const two = await inbox.take();
  expect(two.bodyString()).toBe('two');
  await two.reject(false);
  await (await inbox.take()).nack(false);
  await on.close();
  expect(await ready()).toBe(0);
});

test('a channel that ends gives back what it held; recover gives it again to the same', async () => {
  await publish('a', 'b', 'c');
  const first = await consume(2);
  await first.inbox.takeAll(2);
  await first.on.basicRecover(true);
  const again = await first.inbox.takeAll(2);
  expect(again.map(message => [message.bodyString(), message.redelivered])).toEqual([
    ['a', true],
    ['b', true],
  ]);
  await first.on.close();
  const second = await consume(0);
  const messages = await second.inbox.takeAll(3);
  expect(messages.map(message => [message.bodyString(), message.redelivered])).toEqual([
    ['a', true],
    ['b', true],
    ['c', false],
  ]);
});

test('headers, properties and a large body come through unchanged', async () => {
  const body = Buffer.alloc(1_000_000, 'leveret');
  const headers = { text: 'ä', int: 5, long: 2 ** 40, float: 0.5, yes: true, list: ['x', 1], table: { k: 'v' } };
  await channel.basicPublish('', queue, body, { headers, contentType: 'x/y', priority: 3, type: 't', appId: 'a' });
  const message = (await channel.basicGet(queue, { noAck: false }))!;
  expect(Buffer.compare(message.body as Uint8Array, body)).toBe(0);
  expect(message.properties).toMatchObject({ headers, contentType: 'x/y', priority: 3, type: 't', appId: 'a' });
  await message.ack();
  expect(await channel.basicGet(queue)).toBe(null);
});

test('a headers exchange and a transaction do what they say', async () => {
  const exchange = fresh('headers');
  await channel.exchangeDeclare(exchange, 'headers', { durable: false, autoDelete: true });
  await channel.queueBind(queue, exchange, '', { 'x-match': 'all', size: 'big', colour: 'red' });
  const transaction = await client.channel();
  await transaction.txSelect();
  await transaction.basicPublish(exchange, '', 'no', { headers: { size: 'big' } });
  await transaction.basicPublish(exchange, '', 'yes', { headers: { size: 'big', colour: 'red' } });
  expect(await ready()).toBe(0);
  await transaction.txCommit();
  expect(await ready()).toBe(1);
  expect((await channel.basicGet(queue, { noAck: true }))?.bodyString()).toBe('yes');
});

test('an error closes its channel alone', async () => {
  const other = await client.channel();
  await expect(other.queueDeclare(queue, { durable: false })).rejects.toThrow("inequivalent arg 'durable'");
  const third = await client.channel();
  await expect(third.exchangeDeclare('amq.mine', 'direct')).rejects.toThrow('ACCESS_REFUSED');
  expect(await ready()).toBe(0);
});

test.skipIf(process.env['INTEROP_URL'])(
  'a session lives through kill -9 of the broker and is subscribed again',
  async () => {
    const returned = new Inbox<void>();
    const session = await AMQPSession.connect(broker.url, {
      logger: null,
      reconnectInterval: 50,
      maxReconnectInterval: 200,
      onconnect: () => returned.put(),
    });
    await returned.take();
    const tasks = await session.queue(fresh('session'), { durable: true });
    const seen = new Inbox<string>();
    await tasks.subscribe({ noAck: false, prefetch: 1 }, message => seen.put(message.bodyString()!));
    await tasks.publish('before', { deliveryMode: 2 });
    expect(await seen.take()).toBe('before');
    await broker.killAndRestart();
    await returned.take(20_000);
    await tasks.publish('after', { deliveryMode: 2 });
    let next = await seen.take();
    // The ack of the first may have died with the broker.
    if (next === 'before') next = await seen.take();
    expect(next).toBe('after');
    await tasks.delete();
    await session.stop();
    await client.connect();
  },
);
