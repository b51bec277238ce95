// A broker under load for the browser tests: producers, workers, one of them stuck, and a backlog.
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { BrokerProcess } from '../interop/broker-process.ts';

export interface LoadedBroker {
  /** Where the page is. */
  readonly page: string;
  readonly broker: BrokerProcess;
  /** A connection of the test itself. */
  readonly amqp: ChannelModel;
  /** GETs a path below /api as guest. */
  get<T>(path: string): Promise<T>;
  stop(): Promise<void>;
}

const EVERY_MS = 50;

/** Starts the broker, and what publishes to it and works for it: some hundred messages a second. */
export async function startLoadedBroker(): Promise<LoadedBroker> {
  const broker = await BrokerProcess.start();
  const page = /management on (http:\S+?),/.exec(broker.lines.join('\n'))![1]!;
  const connections: ChannelModel[] = [];
  const join = async (name: string): Promise<ChannelModel> => {
    const connection = await connect(broker.url, { clientProperties: { connection_name: name } });
    // The broker is killed in a test, and connections are closed by a press of a button.
    connection.on('error', () => {});
    connections.push(connection);
    return connection;
  };
  const amqp = await join('tests');
  await declare(amqp);
  const stops = [
    await work(await join('resizer 1'), 'resize', 4, 30),
    await work(await join('resizer 2'), 'resize', 4, 40),
    await work(await join('resizer 3, stuck'), 'resize', 2, Number.POSITIVE_INFINITY),
    await work(await join('mailer'), 'mail', 20, 10),
    await work(await join('accountant'), 'invoices', 10, 15),
    await publish(await join('shop')),
  ];
  return {
    page,
    broker,
    amqp,
    get: async <T>(path: string) => {
      const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
      return (await (await fetch(`${page}/api${path}`, { headers: { authorization } })).json()) as T;
    },
    stop: async () => {
      for (const stop of stops) stop();
      await Promise.all(connections.map(connection => connection.close().catch(() => {})));
      await broker.dispose();
    },
  };
}

async function declare(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await channel.assertExchange('orders', 'topic');
  await channel.assertExchange('everything', 'fanout');
  for (const queue of ['resize', 'mail', 'invoices', 'archive', 'backlog']) await channel.assertQueue(queue);
  await channel.bindQueue('mail', 'orders', 'order.created.*');
  await channel.bindQueue('invoices', 'orders', 'order.#');
  await channel.bindExchange('everything', 'orders', '#');
  await channel.bindQueue('archive', 'everything', '');
  for (let number = 0; number < 30; number++) {
    await channel.assertQueue(`tenant-${String(number).padStart(2, '0')}`);
  }
  for (let number = 1; number <= 1200; number++) {
    const body = JSON.stringify({
      number,
      title: number === 700 ? 'the needle' : 'hay',
      tags: ['a', 'b'],
      done: false,
    });
    channel.sendToQueue('backlog', Buffer.from(body), {
      persistent: true,
      contentType: 'application/json',
      messageId: `backlog-${number}`,
      headers: { tenant: number % 2 ? 'blue' : 'green' },
    });
  }
  await channel.close();
}

async function work(connection: ChannelModel, queue: string, prefetch: number, ms: number): Promise<() => void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await channel.prefetch(prefetch);
  const stop = await workOn(channel, queue, ms);
  connection.once('close', stop);
  return stop;
}

/** Acknowledges each message of a queue after `ms`. To be stopped before the channel is closed. */
export async function workOn(channel: Channel, queue: string, ms: number): Promise<() => void> {
  const timers = new Set<NodeJS.Timeout>();
  let stopped = false;
  await channel.consume(queue, message => {
    if (!message || stopped || !Number.isFinite(ms)) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      channel.ack(message);
    }, ms);
    timers.add(timer);
  });
  return () => {
    stopped = true;
    for (const timer of timers) clearTimeout(timer);
  };
}

async function publish(connection: ChannelModel): Promise<() => void> {
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => {});
  let number = 0;
  const some = (): void => {
    for (let i = 0; i < 5; i++) {
      number++;
      const order = Buffer.from(JSON.stringify({ number, total: 19.9, items: [{ sku: 'A1', quantity: 2 }] }));
      channel.publish('orders', number % 3 ? 'order.created.eu' : 'order.paid', order, { persistent: true });
      channel.sendToQueue('resize', Buffer.from(`{"image": "cat-${number}.jpg"}`), { persistent: true });
    }
  };
  const timer = setInterval(some, EVERY_MS);
  connection.once('close', () => clearInterval(timer));
  return () => clearInterval(timer);
}
