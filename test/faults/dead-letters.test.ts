// A broker that is killed while messages die, wait for their time, or are known by a value: none is lost, none is known too much.
import amqplib from 'amqplib';
import { expect, it } from 'vitest';
import { Broker, eventually } from './broker.ts';

const durable = { durable: true } as const;
const sent = 3000;

/** Publishes numbered messages with confirms until the broker is gone; gives the numbers that were confirmed. */
async function publishUntilKilled(
  broker: Broker,
  declare: (channel: amqplib.ConfirmChannel) => Promise<unknown>,
  publish: (channel: amqplib.ConfirmChannel, n: number, done: (error: unknown) => void) => void,
): Promise<Set<number>> {
  const connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
  connection.on('error', () => {});
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  await declare(channel);
  const confirmed = new Set<number>();
  let killed: Promise<unknown> | undefined;
  for (let n = 0; n < sent && killed === undefined; n++) {
    publish(channel, n, error => {
      if (error !== null) return;
      confirmed.add(n);
      // Some are on their way by then, others are not confirmed yet.
      if (confirmed.size === sent / 2) killed = broker.kill();
    });
    if (n % 50 === 49) await new Promise(resolve => setImmediate(resolve));
  }
  await eventually(
    () => killed !== undefined,
    begun => begun,
    'half of the messages are confirmed',
  );
  await killed;
  return confirmed;
}

/** How often each number comes from the queue, once all that are wanted have come. */
async function drained(broker: Broker, queue: string, wanted: ReadonlySet<number>): Promise<Map<number, number>> {
  const connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
  const channel = await connection.createChannel();
  const counts = new Map<number, number>();
  await channel.consume(
    queue,
    message => {
      const n = Number(message?.content.toString());
      counts.set(n, (counts.get(n) ?? 0) + 1);
    },
    { noAck: true },
  );
  const missing = (): number[] => [...wanted].filter(n => !counts.has(n));
  await eventually(missing, ({ length }) => length === 0, `all that was confirmed comes from ${queue}`);
  await connection.close();
  return counts;
}

it('a dead letter is never in neither place, and after a kill at worst in both', async () => {
  const broker = await Broker.start({ disk: true });
  const confirmed = await publishUntilKilled(
    broker,
    async channel => {
      await channel.assertQueue('graves', durable);
      const options = { messageTtl: 1, deadLetterExchange: '', deadLetterRoutingKey: 'graves' };
      await channel.assertQueue('work', { ...durable, ...options });
    },
    (channel, n, done) => channel.sendToQueue('work', Buffer.from(String(n)), { persistent: true }, done),
  );
  await broker.restart();
  const graves = await drained(broker, 'graves', confirmed);
  expect(Math.max(...graves.values())).toBeLessThanOrEqual(2);
});

it('a delayed message comes though the broker was killed meanwhile', async () => {
  const broker = await Broker.start({ disk: true });
  const confirmed = await publishUntilKilled(
    broker,
    async channel => {
      await channel.assertQueue('due', durable);
      const options = { ...durable, arguments: { 'x-delayed-type': 'direct' } };
      await channel.assertExchange('later', 'x-delayed-message', options);
      await channel.bindQueue('due', 'later', 'k');
    },
    (channel, n, done) =>
      channel.publish(
        'later',
        'k',
        Buffer.from(String(n)),
        { persistent: true, headers: { 'x-delay': 1 + (n % 200) } },
        done,
      ),
  );
  await broker.restart();
  const due = await drained(broker, 'due', confirmed);
  expect(Math.max(...due.values())).toBeLessThanOrEqual(2);
});

it('a value that was confirmed is still known after a kill', async () => {
  const broker = await Broker.start({ disk: true });
  const confirmed = await publishUntilKilled(
    broker,
    async channel => {
      await channel.assertQueue('once', durable);
      const options = { ...durable, arguments: { 'x-message-deduplication': true, 'x-cache-size': sent } };
      await channel.assertExchange('unique', 'direct', options);
      await channel.bindQueue('once', 'unique', 'k');
    },
    (channel, n, done) =>
      channel.publish(
        'unique',
        'k',
        Buffer.from(String(n)),
        { persistent: true, headers: { 'x-deduplication-header': `v${n}` } },
        done,
      ),
  );
  await broker.restart();
  const connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
  const channel = await connection.createConfirmChannel();
  for (const n of confirmed)
    channel.publish('unique', 'k', Buffer.from(String(n)), {
      persistent: true,
      headers: { 'x-deduplication-header': `v${n}` },
    });
  await channel.waitForConfirms();
  await connection.close();
  const once = await drained(broker, 'once', confirmed);
  expect([...confirmed].filter(n => once.get(n) !== 1)).toEqual([]);
});
