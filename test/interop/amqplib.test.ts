// amqplib, the client most Node programs use: confirms, returns, settlements, redelivery, routing and errors.
import { once } from 'node:events';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fresh, givenOrOwnBroker } from './broker-process.ts';
import { Inbox } from './inbox.ts';

let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
let connection: ChannelModel;
let channel: ConfirmChannel;
let queue: string;

beforeAll(async () => {
  broker = await givenOrOwnBroker();
});
afterAll(() => broker?.dispose());
beforeEach(async () => {
  connection = await connect(broker.url);
  channel = await connection.createConfirmChannel();
  queue = (await channel.assertQueue(fresh('amqplib'), { durable: true })).queue;
});
afterEach(async () => {
  const cleaner = await connection.createChannel();
  await cleaner.deleteQueue(queue);
  await connection.close();
});

const text = (message: { content: Buffer }) => message.content.toString();

async function publish(...bodies: string[]): Promise<void> {
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
  await channel.waitForConfirms();
}

/** Consumes the queue on a channel of its own. */
async function consume(
  prefetch: number,
  model = connection,
): Promise<{ inbox: Inbox<ConsumeMessage>; on: ConfirmChannel }> {
  const on = await model.createConfirmChannel();
  await on.prefetch(prefetch);
  const inbox = new Inbox<ConsumeMessage>();
  await on.consume(queue, message => message && inbox.put(message));
  return { inbox, on };
}

test('a thousand publishes are confirmed, and are there in order', async () => {
  const bodies = Array.from({ length: 1000 }, (_, number) => `task ${number}`);
  await publish(...bodies);
  expect((await channel.checkQueue(queue)).messageCount).toBe(1000);
  const { inbox, on } = await consume(0);
  const messages = await inbox.takeAll(1000);
  expect(messages.map(text)).toEqual(bodies);
  on.ackAll();
  await on.close();
  expect((await channel.checkQueue(queue)).messageCount).toBe(0);
});

test('a mandatory message that nobody wants is returned whole, before its confirm', async () => {
  const events: string[] = [];
  const returned = new Inbox<ConsumeMessage>();
  channel.on('return', message => {
    events.push('return');
    returned.put(message as ConsumeMessage);
  });
  await new Promise<void>((resolve, reject) => {
    const options = { mandatory: true, messageId: 'm1', headers: { attempt: 3 } };
    channel.publish('', 'no-such-queue', Buffer.from('lost?'), options, error => {
      events.push('confirm');
      error ? reject(error) : resolve();
    });
  });
  expect(events).toEqual(['return', 'confirm']);
  const message = await returned.take();
  expect(message.fields).toMatchObject({
    replyCode: 312,
    replyText: 'NO_ROUTE',
    exchange: '',
    routingKey: 'no-such-queue',
  });
  expect(message.properties).toMatchObject({ messageId: 'm1', headers: { attempt: 3 } });
  expect(text(message)).toBe('lost?');
});

test('prefetch holds back, nack puts back in place and marked, reject drops', async () => {
  await publish('one', 'two', 'three', 'four');
  const { inbox, on } = await consume(2);
  const [one, two] = await inbox.takeAll(2);
  expect([text(one!), text(two!)]).toEqual(['one', 'two']);
  expect((await channel.checkQueue(queue)).messageCount).toBe(2);
  expect(inbox.size).toBe(0);

  on.nack(one!);
  const again = await inbox.take();
  expect([text(again), again.fields.redelivered]).toEqual(['one', true]);
  on.reject(two!, false);
  const three = await inbox.take();
  expect([text(three), three.fields.redelivered]).toEqual(['three', false]);
  on.ack(three, true);
  expect(text(await inbox.take())).toBe('four');
  on.nackAll(false);
  await on.close();
  expect((await channel.checkQueue(queue)).messageCount).toBe(0);
});

test('what a lost connection had not acknowledged goes to another, in order and marked', async () => {
  await publish('a', 'b', 'c', 'd', 'e');
  const doomed = await connect(broker.url);
  doomed.on('error', () => {});
  const first = await consume(3, doomed);
  const [, second] = await first.inbox.takeAll(3);
  first.on.ack(second!);
  // The fourth comes when the ack has been seen; then the socket is cut with no word of AMQP.
  await first.inbox.take();
  const socket = (doomed.connection as unknown as { stream: import('node:net').Socket }).stream;
  socket.destroy();
  const { inbox } = await consume(0);
  const messages = await inbox.takeAll(4);
  expect(messages.map(message => [text(message), message.fields.redelivered])).toEqual([
    ['a', true],
    ['c', true],
    ['d', true],
    ['e', false],
  ]);
});

test('properties, headers of every kind and large bodies come through unchanged', async () => {
  const headers = {
    string: 'häre',
    number: 7,
    big: 2 ** 40,
    negative: -1.5,
    yes: true,
    nothing: null,
    bytes: Buffer.from([0, 255]),
    list: [1, 'two', { three: 3 }],
    table: { deep: { deeper: 'end' } },
  };
  const properties = {
    headers,
    contentType: 'application/json',
    contentEncoding: 'gzip',
    correlationId: 'c',
    replyTo: 'r',
    messageId: 'm',
    type: 't',
    appId: 'a',
    userId: 'guest',
    timestamp: 1_700_000_000,
    priority: 4,
    expiration: '600000',
  };
  for (const size of [0, 1, 131_064, 131_065, 3_000_000]) {
    const body = Buffer.alloc(size, 'leveret ');
    channel.sendToQueue(queue, body, { ...properties, persistent: true });
    const message = await (async () => {
      await channel.waitForConfirms();
      return channel.get(queue, { noAck: true });
    })();
    if (!message) throw new Error('the queue is empty');
    expect(message.content.equals(body)).toBe(true);
    expect(message.properties).toMatchObject(properties);
  }
});

test('topics, fan-out and exchanges bound to exchanges bring each message to the right queues', async () => {
  const [topic, fanout] = [fresh('topic'), fresh('fanout')];
  await channel.assertExchange(topic, 'topic', { autoDelete: true, durable: false });
  await channel.assertExchange(fanout, 'fanout', { autoDelete: true, durable: false });
  const { queue: all } = await channel.assertQueue('', { exclusive: true });
  expect(all).toMatch(/^amq\.gen-/);
  await channel.bindExchange(fanout, topic, 'orders.#');
  await channel.bindQueue(all, fanout, '');
  await channel.bindQueue(queue, topic, 'orders.*.paid');
  for (const key of ['orders.1.paid', 'orders.2.sent', 'news']) channel.publish(topic, key, Buffer.from(key));
  await channel.waitForConfirms();
  const keys = async (from: string) => {
    const found: string[] = [];
    for (let got = await channel.get(from); got; got = await channel.get(from)) found.push(got.fields.routingKey);
    return found;
  };
  expect(await keys(all)).toEqual(['orders.1.paid', 'orders.2.sent']);
  expect(await keys(queue)).toEqual(['orders.1.paid']);
});

test('a question is answered through reply-to', async () => {
  const { queue: replies } = await channel.assertQueue('', { exclusive: true });
  const answers = new Inbox<ConsumeMessage>();
  await channel.consume(replies, message => message && answers.put(message), { noAck: true });
  const server = await connection.createChannel();
  await server.consume(queue, question => {
    if (!question) return;
    const { replyTo, correlationId } = question.properties;
    server.sendToQueue(replyTo, Buffer.from(text(question).toUpperCase()), { correlationId });
    server.ack(question);
  });
  channel.sendToQueue(queue, Buffer.from('why?'), { replyTo: replies, correlationId: '42' });
  const answer = await answers.take();
  expect([text(answer), answer.properties.correlationId]).toEqual(['WHY?', '42']);
});

test('an error closes its channel alone, with its code and text', async () => {
  const other = await connection.createChannel();
  const failed = once(other, 'error');
  await expect(other.assertQueue(queue, { durable: false })).rejects.toThrow('406 (PRECONDITION-FAILED)');
  const [error] = await failed;
  expect(error.message).toContain(
    `PRECONDITION_FAILED - inequivalent arg 'durable' for queue '${queue}' in vhost '/': received 'false' but current is 'true'`,
  );
  const third = await connection.createChannel();
  third.on('error', () => {});
  await expect(third.checkQueue('no-such-queue')).rejects.toThrow("NOT_FOUND - no queue 'no-such-queue' in vhost '/'");
  await publish('still here');
  expect((await channel.checkQueue(queue)).messageCount).toBe(1);
});

test('a consumer is told when its queue is deleted', async () => {
  const told = new Inbox<null>();
  const on = await connection.createChannel();
  await on.consume(queue, message => message ?? told.put(message));
  await channel.deleteQueue(queue);
  expect(await told.take()).toBe(null);
});

test('a wrong password is refused', async () => {
  await expect(connect(broker.url.replace('guest:guest', 'guest:wrong'))).rejects.toThrow(
    '403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN',
  );
});
