// Who publishes where and who is given what, pair by pair; and logins that were tried.
import amqplib from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';

let broker: EmbeddedBroker;
let connection: amqplib.ChannelModel;

/** An object of the API, or a list of them. */
interface Named {
  readonly name: string;
  readonly messages_unacknowledged: number;
  readonly publishes: unknown;
  readonly incoming: unknown;
  readonly deliveries: unknown;
}
type Answer = Named & readonly Named[];

async function ask(method: string, path: string, user = 'guest:guest'): Promise<{ status: number; body: Answer }> {
  const response = await fetch(`http://127.0.0.1:${broker.management!.port}/api${path}`, {
    method,
    headers: { authorization: `Basic ${btoa(user)}` },
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

const get = async (path: string): Promise<Answer> => (await ask('GET', path)).body;

beforeAll(async () => {
  broker = await startBroker({ port: 0, managementPort: 0 });
  connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
});
afterAll(async () => {
  await connection.close();
  await broker.stop();
});

it('channels, exchanges and queues tell of each other', async () => {
  const publisher = await connection.createConfirmChannel();
  for (const queue of ['one', 'two']) await publisher.assertQueue(queue);
  for (const [exchange, messages] of [
    ['amq.fanout', 2],
    ['', 3],
  ] as const)
    for (let n = 0; n < messages; n++) publisher.publish(exchange, 'one', Buffer.from('x'));
  await publisher.waitForConfirms();
  const worker = await connection.createChannel();
  await worker.prefetch(2);
  for (const _ of [1, 2]) await worker.consume('one', () => {});
  await worker.consume('two', () => {});
  await expect.poll(async () => (await get('/queues/%2F/one')).messages_unacknowledged).toBe(3);
  const [publishing = '', consuming = ''] = (await get('/channels')).map(({ name }) => name);
  const details = { rate: expect.any(Number) };
  expect((await get(`/channels/${encodeURIComponent(publishing)}`)).publishes).toEqual([
    { exchange: { name: 'amq.fanout', vhost: '/' }, stats: { publish: 2, publish_details: details } },
    { exchange: { name: '', vhost: '/' }, stats: { publish: 3, publish_details: details } },
  ]);
  expect((await get('/exchanges/%2F/amq.fanout')).incoming).toEqual([
    {
      channel_details: expect.objectContaining({ name: publishing, number: 1, user: 'guest' }),
      stats: { publish: 2, publish_details: details },
    },
  ]);
  // Two consumers of one channel count together.
  const stats = expect.objectContaining({ deliver: 3, deliver_get: 3, ack: 0, deliver_details: details });
  expect((await get(`/channels/${encodeURIComponent(consuming)}`)).deliveries).toEqual([
    { queue: { name: 'one', vhost: '/' }, stats },
    { queue: { name: 'two', vhost: '/' }, stats: expect.objectContaining({ deliver: 0 }) },
  ]);
  expect((await get('/queues/%2F/one')).deliveries).toEqual([
    { channel_details: expect.objectContaining({ name: consuming, number: 2 }), stats },
  ]);
});

it('logins are counted by protocol, and from then on anew', async () => {
  const path = `/auth/attempts/${(await get('/nodes'))[0]!.name}`;
  const count = (protocol: string, succeeded: number, failed: number) => ({
    protocol,
    auth_attempts: succeeded + failed,
    auth_attempts_failed: failed,
    auth_attempts_succeeded: succeeded,
  });
  expect((await ask('DELETE', path)).status).toBe(204);
  expect((await ask('GET', path, 'guest:wrong')).status).toBe(401);
  await expect(amqplib.connect(`amqp://guest:wrong@127.0.0.1:${broker.port}`)).rejects.toThrow();
  expect(await get(path)).toEqual([count('http', 1, 1), count('amqp091', 0, 1)]);
  expect(await get(`${path}/source`)).toEqual([]);
  expect((await ask('DELETE', `${path}/source`)).status).toBe(204);
  expect(await get(path)).toEqual([count('http', 1, 0), count('amqp091', 0, 0)]);
  for (const method of ['GET', 'DELETE']) expect((await ask(method, '/auth/attempts/nowhere')).status).toBe(404);
});
