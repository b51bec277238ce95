// The public library in this process: where it listens, what it keeps, two at a time, and what a wrong option is told.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqplib from 'amqplib';
import { afterEach, expect, it } from 'vitest';
import { type BrokerOptions, type EmbeddedBroker, startBroker } from '../../../src/index.ts';

const brokers: EmbeddedBroker[] = [];
const folders: string[] = [];

async function start(options?: BrokerOptions): Promise<EmbeddedBroker> {
  const broker = await startBroker(options);
  brokers.push(broker);
  return broker;
}

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'leveret-embedding-'));
  folders.push(made);
  return made;
}

afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop();
  for (const made of folders.splice(0)) await rm(made, { recursive: true, force: true });
});

/** Publishes with a confirm. */
async function put(url: string, queue: string, text: string): Promise<void> {
  const connection = await amqplib.connect(url);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, { durable: true });
  channel.sendToQueue(queue, Buffer.from(text), { persistent: true });
  await channel.waitForConfirms();
  await connection.close();
}

/** Takes one message; undefined when the queue has none or is not there. */
async function take(url: string, queue: string): Promise<string | undefined> {
  const connection = await amqplib.connect(url);
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: true });
  const message = await channel.get(queue, { noAck: true });
  await connection.close();
  return message ? message.content.toString() : undefined;
}

it('without options it listens on a free port of the loopback, in memory, with no management', async () => {
  const broker = await start();
  expect(broker).toMatchObject({ host: '127.0.0.1', management: undefined, dataDir: undefined });
  expect(broker.port).toBeGreaterThan(0);
  expect(broker.url).toBe(`amqp://guest:guest@127.0.0.1:${broker.port}/%2F`);
  await put(broker.url, 'q', 'hello');
  expect(await take(broker.url, 'q')).toBe('hello');
});

it('two in one process keep apart, with and without a disk', async () => {
  const [memory, first, second] = [
    await start(),
    await start({ dataDir: await folder() }),
    await start({ dataDir: await folder() }),
  ];
  for (const broker of [memory, first, second]) await put(broker.url, 'q', `of ${broker.port}`);
  for (const broker of [memory, first, second]) {
    expect(await take(broker.url, 'q')).toBe(`of ${broker.port}`);
    expect(await take(broker.url, 'q')).toBeUndefined();
  }
});

it('what is durable is there for the next broker on the folder', async () => {
  const dataDir = await folder();
  const first = await start({ dataDir });
  await put(first.url, 'q', 'kept');
  await first.stop();
  const second = await start({ dataDir });
  expect(second.dataDir).toBe(dataDir);
  expect(await take(second.url, 'q')).toBe('kept');
});

it('a folder that another broker has is refused', async () => {
  const dataDir = await folder();
  await start({ dataDir });
  await expect(startBroker({ dataDir })).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
});

it('stop tells the clients why and may be called again', async () => {
  const broker = await start();
  const connection = await amqplib.connect(broker.url);
  const closed = new Promise<Error>(resolve => connection.once('close', resolve));
  await Promise.all([broker.stop(), broker.stop()]);
  expect((await closed).message).toContain('320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - broker forced');
  await expect(amqplib.connect(broker.url)).rejects.toThrow('ECONNREFUSED');
});

it('users, vhosts and permissions are those of the options, and the log gets what is said', async () => {
  const lines: string[] = [];
  const say = (message: string): void => void lines.push(message);
  const broker = await start({
    defaultUser: 'boss',
    defaultPass: 'p@ss/word',
    vhosts: ['shop'],
    users: [
      {
        name: 'worker',
        password: 'secret',
        permissions: { shop: { write: '^(q|amq\\.default)$', read: '.*', configure: '.*' } },
      },
    ],
    log: { debug: say, info: say, warning: say, error: say },
  });
  await put(broker.url, 'q', 'by the boss');
  const shop = `amqp://worker:secret@127.0.0.1:${broker.port}/shop`;
  await put(shop, 'q', 'by the worker');
  expect(await take(shop, 'q')).toBe('by the worker');
  await expect(take(`amqp://worker:secret@127.0.0.1:${broker.port}/%2F`, 'q')).rejects.toThrow('ConnectionClose');
  await expect(take(`amqp://guest:guest@127.0.0.1:${broker.port}/%2F`, 'q')).rejects.toThrow('ACCESS_REFUSED');
  expect(lines.join('\n')).toContain("user 'worker' authenticated and granted access to vhost 'shop'");
  expect(lines.join('\n')).not.toContain('secret');
});

it('the management API answers where it is asked for', async () => {
  const broker = await start({ managementPort: 0 });
  const { host, port } = broker.management!;
  expect(await (await fetch(`http://${host}:${port}/api/health`)).json()).toEqual({ status: 'ok' });
});

it.each([
  [{ prot: 1 } as BrokerOptions, 'option prot is not known; did you mean port?'],
  [{ port: 70_000 }, "option port takes a whole number from 0 to 65535, not '70000'"],
  [{ defaultUser: 'boss' }, 'default_user is given without default_pass'],
  [
    { users: [{ name: 'a', password: 'b', permissions: { nowhere: {} } }] },
    "option configure of nowhere, a: this configuration has no vhost 'nowhere'",
  ],
])('%j is refused', async (options, reason) => {
  await expect(startBroker(options)).rejects.toThrow(reason);
});
