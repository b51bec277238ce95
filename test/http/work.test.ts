// What no other broker's API shows: who has what, what is inside a queue, and why a message arrives where it does.
import amqplib from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { BrokerProcess } from '../interop/broker-process.ts';
import { ManagedBroker, type Reply } from './management.ts';

let broker: ManagedBroker;
let connection: amqplib.ChannelModel;
let publisher: amqplib.ConfirmChannel;

beforeAll(async () => {
  broker = await ManagedBroker.start('leveret');
  const options = { clientProperties: { connection_name: 'resizer' } };
  connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`, options);
  publisher = await connection.createConfirmChannel();
}, 60_000);
afterEach(() => broker.ask('DELETE', '/queues/%2F/work'));
afterAll(async () => {
  await connection.close();
  await broker.stop();
});

async function publish(...bodies: string[]): Promise<void> {
  await publisher.assertQueue('work');
  for (const [index, body] of bodies.entries())
    publisher.sendToQueue('work', Buffer.from(body), { persistent: true, headers: { index } });
  await publisher.waitForConfirms();
}

interface Message {
  readonly sequence: number;
  readonly state: string;
  readonly payload: string;
  readonly redelivered: boolean;
  readonly worker: { readonly channel: string; readonly delivery_tag: number } | null;
}

async function look(query = ''): Promise<Message[]> {
  return ((await broker.ask('GET', `/queues/%2F/work/messages${query}`)).body as { items: Message[] }).items;
}

const payloads = async (query = ''): Promise<string[]> => (await look(query)).map(({ payload }) => payload);
const status = async (reply: Promise<Reply>): Promise<number> => (await reply).status;

/** A worker that takes up to `prefetch` tasks and keeps them. */
async function worker(
  prefetch: number,
): Promise<{ channel: amqplib.Channel; tasks: amqplib.ConsumeMessage[]; next(): Promise<void> }> {
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  const tasks: amqplib.ConsumeMessage[] = [];
  let arrived: () => void = () => {};
  await channel.consume('work', task => {
    if (task === null) return;
    tasks.push(task);
    arrived();
  });
  return { channel, tasks, next: () => new Promise(resolve => (arrived = resolve)) };
}

it('shows who has what, and takes a task back from a stuck worker whose late ack means nothing', async () => {
  await publish('a', 'b');
  const stuck = await worker(1);
  const free = await worker(1);
  await expect.poll(() => stuck.tasks.length + free.tasks.length).toBe(2);
  const workers = (await broker.ask('GET', '/queues/%2F/work/workers')).body as {
    channel: string;
    user_provided_name: string;
    client: string;
    task_count: number;
    tasks: { delivery_tag: number; body_bytes: number }[];
  }[];
  expect(workers).toHaveLength(2);
  for (const each of workers) {
    expect(each).toMatchObject({
      user_provided_name: 'resizer',
      task_count: 1,
      tasks: [{ body_bytes: 1, delivery_tag: 1 }],
    });
    expect(each.client).toContain('amqplib');
  }
  free.channel.ack(free.tasks[0]!);
  const again = free.next();
  const holder = workers.find(({ channel }) =>
    channel.endsWith(`(${(stuck.channel as unknown as { ch: number }).ch})`),
  )!;
  const task = { channel: holder.channel, delivery_tag: 1 };
  expect(await status(broker.ask('POST', '/queues/%2F/work/take-back', task))).toBe(204);
  await again;
  expect(free.tasks[1]).toMatchObject({ fields: { redelivered: true }, content: stuck.tasks[0]!.content });
  expect(await status(broker.ask('POST', '/queues/%2F/work/take-back', task))).toBe(404);
  stuck.channel.ack(stuck.tasks[0]!);
  // A channel that was closed for the ack would not answer.
  await stuck.channel.checkQueue('work');
  for (const { channel } of [stuck, free]) await channel.close();
});

it('looks into a queue by key, header and text, and changes nothing by it', async () => {
  await publish('cat', 'dog', 'catfish');
  const busy = await worker(1);
  await expect.poll(() => busy.tasks.length).toBe(1);
  expect(await payloads()).toEqual(['cat', 'dog', 'catfish']);
  expect(await payloads('?state=unacked')).toEqual(['cat']);
  expect(await payloads('?state=ready')).toEqual(['dog', 'catfish']);
  expect(await payloads('?text=cat')).toEqual(['cat', 'catfish']);
  expect(await payloads('?header=index:1')).toEqual(['dog']);
  expect(await payloads('?key=wor&limit=1')).toEqual(['cat']);
  expect(await payloads('?truncate=2&state=ready')).toEqual(['do', 'ca']);
  const [first, second] = await look();
  expect(first).toMatchObject({ state: 'unacked', worker: { delivery_tag: 1 } });
  expect(await payloads(`?after=${second!.sequence}`)).toEqual(['catfish']);
  await busy.channel.close();
  expect((await look()).map(({ redelivered }) => redelivered)).toEqual([true, false, false]);
});

it('deletes, requeues, moves and edits single messages', async () => {
  await publish('one', 'two', 'three', 'four');
  await publisher.assertQueue('other');
  const busy = await worker(1);
  await expect.poll(() => busy.tasks.length).toBe(1);
  const [one, two, three, four] = (await look()).map(({ sequence }) => `/queues/%2F/work/messages/${sequence}`);
  expect(await status(broker.ask('POST', `${one}/requeue`))).toBe(204);
  expect(await status(broker.ask('DELETE', two!))).toBe(204);
  expect(await status(broker.ask('DELETE', two!))).toBe(404);
  expect(await status(broker.ask('GET', two!))).toBe(404);
  expect(await status(broker.ask('POST', `${three}/move`, { queue: 'other' }))).toBe(204);
  expect(await status(broker.ask('POST', `${four}/move`, { exchange: 'amq.topic', routing_key: 'nowhere' }))).toBe(400);
  const nowhere = [
    broker.ask('POST', `${four}/move`, { queue: 'nowhere' }),
    broker.ask('POST', '/queues/%2F/work/move', { queue: 'nowhere' }),
  ];
  for (const { status, body } of await Promise.all(nowhere))
    expect([status, body]).toEqual([404, { error: 'not_found', reason: "no queue 'nowhere' in vhost '/'" }]);
  const edited = {
    exchange: '',
    routing_key: 'other',
    properties: {},
    payload: 'FOUR',
    payload_encoding: 'string',
    remove: true,
  };
  const lost = await broker.ask('POST', `${four}/republish`, { ...edited, exchange: 'none' });
  expect([lost.status, lost.body]).toEqual([404, { error: 'not_found', reason: "no exchange 'none' in vhost '/'" }]);
  expect((await broker.ask('POST', `${four}/republish`, edited)).body).toEqual({ routed: true, removed: true });
  expect(await payloads()).toEqual(['one']);
  const other = (await broker.ask('GET', '/queues/%2F/other/messages')).body as { items: Message[] };
  expect(other.items.map(({ payload }) => payload)).toEqual(['three', 'FOUR']);
  expect((await broker.ask('POST', '/queues/%2F/other/move', { queue: 'work', count: 1 })).body).toEqual({ moved: 1 });
  expect((await broker.ask('POST', '/queues/%2F/other/move', { queue: 'work' })).body).toEqual({ moved: 1 });
  await busy.channel.close();
  expect((await payloads()).sort()).toEqual(['FOUR', 'one', 'three']);
});

it('says why a message goes where it goes', async () => {
  await publish();
  await broker.ask('POST', '/bindings/%2F/e/amq.topic/q/work', { routing_key: 'image.*' });
  const test = (body: object) => broker.ask('POST', '/exchanges/%2F/amq.topic/route-test', body);
  expect((await test({ routing_key: 'image.png' })).body).toMatchObject({
    queues: ['work'],
    outcome: 'routed',
    bindings: [{ source: 'amq.topic', destination: 'work', matched: true, why: expect.any(String) }],
  });
  expect((await test({ routing_key: 'image' })).body).toMatchObject({ queues: [], outcome: 'dropped' });
  expect((await test({ routing_key: 'image', mandatory: true })).body).toMatchObject({ outcome: 'returned' });
});

it('draws the flow of a vhost', async () => {
  await publish('x');
  const busy = await worker(1);
  await expect.poll(() => busy.tasks.length).toBe(1);
  const { nodes, edges } = (await broker.ask('GET', '/flow/%2F')).body as {
    nodes: { id: string; kind: string; name: string }[];
    edges: { from: string; to: string }[];
  };
  const kinds = Object.fromEntries(nodes.map(({ id, kind }) => [id, kind]));
  expect(nodes).toContainEqual(expect.objectContaining({ kind: 'producer', name: 'resizer' }));
  expect(edges.map(({ from, to }) => `${kinds[from]} to ${kinds[to]}`).sort()).toEqual(
    expect.arrayContaining(['exchange to queue', 'producer to exchange', 'queue to worker']),
  );
  await busy.channel.close();
});

it('what was answered is there after a kill', async () => {
  const killed = await BrokerProcess.start();
  const ask = async (method: string, path: string, body?: object, user = 'guest:guest'): Promise<number> => {
    const [, port] = /management on http:\/\/127\.0\.0\.1:(\d+)/.exec(killed.lines.join('\n'))!;
    const { status } = await fetch(`http://127.0.0.1:${port}/api${path}`, {
      method,
      headers: { authorization: `Basic ${btoa(user)}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return status;
  };
  try {
    const statuses = [
      await ask('PUT', '/users/kept', { password: 'p', tags: 'management' }),
      await ask('PUT', '/vhosts/kept', {}),
      await ask('PUT', '/queues/kept/q', {}),
      await ask('PUT', '/vhosts/gone', {}),
      await ask('DELETE', '/vhosts/gone'),
    ];
    await killed.kill();
    expect(statuses).toEqual([201, 201, 201, 201, 204]);
    await killed.restart();
    expect(await ask('GET', '/whoami', undefined, 'kept:p')).toBe(200);
    expect(await ask('GET', '/queues/kept/q')).toBe(200);
    expect(await ask('GET', '/vhosts/gone')).toBe(404);
  } finally {
    await killed.dispose();
  }
});
