// Filters of lists by what things are: which of them pass, what is refused, and where the route table says so.
import amqplib from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';

let broker: EmbeddedBroker;
let connection: amqplib.ChannelModel;

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${broker.management!.port}/api${path}`, {
    headers: { authorization: `Basic ${btoa('guest:guest')}` },
  });
  return { status: response.status, body: await response.json() };
}

const names = async (path: string): Promise<string[]> =>
  ((await get(path)).body as { name: string }[]).map(({ name }) => name);

beforeAll(async () => {
  broker = await startBroker({ port: 0, managementPort: 0 });
  connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
  const channel = await connection.createChannel();
  await channel.assertQueue('durable', { arguments: { 'x-own': 1 } });
  await channel.assertQueue('transient', { durable: false, autoDelete: true });
  await channel.assertQueue('exclusive', { exclusive: true, durable: false });
  await channel.consume('transient', () => {});
});
afterAll(async () => {
  await connection.close();
  await broker.stop();
});

it('queues are filtered by features, consumers and both', async () => {
  expect(await names('/queues?feature=durable')).toEqual(['durable']);
  expect(await names('/queues?feature=transient')).toEqual(['exclusive', 'transient']);
  expect(await names('/queues?feature=auto_delete')).toEqual(['transient']);
  expect(await names('/queues/%2F?feature=exclusive')).toEqual(['exclusive']);
  expect(await names('/queues?feature=arguments')).toEqual(['durable']);
  expect(await names('/queues?consumers=some')).toEqual(['transient']);
  expect(await names('/queues?consumers=none&feature=transient')).toEqual(['exclusive']);
  expect((await get('/queues?consumers=none&page=1&name=dur')).body).toMatchObject({
    filtered_count: 1,
    total_count: 3,
    items: [{ name: 'durable' }],
  });
});

it('queues are filtered by whether a policy or an operator policy holds for them', async () => {
  expect(await names('/queues?feature=policy')).toEqual([]);
  const put = (path: string, pattern: string) =>
    fetch(`http://127.0.0.1:${broker.management!.port}/api${path}`, {
      method: 'PUT',
      headers: { authorization: `Basic ${btoa('guest:guest')}` },
      body: JSON.stringify({ pattern, definition: { 'max-length': 9 } }),
    });
  expect((await put('/policies/%2F/short', '^dur')).status).toBe(201);
  expect((await put('/operator-policies/%2F/bound', '^trans')).status).toBe(201);
  expect(await names('/queues?feature=policy')).toEqual(['durable', 'transient']);
});

it('the argument table is told', async () => {
  expect(
    (await get('/arguments?page=1&name=max-length&columns=argument,key,type,operator_policies')).body,
  ).toMatchObject({
    items: [
      { argument: 'x-max-length', key: 'max-length', type: 'number', operator_policies: true },
      { argument: 'x-max-length-bytes' },
    ],
  });
  expect((await get('/arguments?page=1&name=x-overflow')).body).toMatchObject({
    items: [{ type: 'string', values: ['drop-head', 'reject-publish', 'reject-publish-dlx'], on: ['queue'] }],
  });
});

it('queues and channels are filtered by whether something happens to them', async () => {
  // Nothing has been sampled for so long that it were idle.
  expect(await names('/queues?state=running')).toHaveLength(3);
  expect(await names('/queues?state=idle')).toEqual([]);
  expect(await names('/channels?state=running')).toHaveLength(1);
  expect(await names('/vhosts/%2F/channels?state=idle')).toEqual([]);
});

it('connections and channels are filtered by their user', async () => {
  for (const path of ['/connections', '/channels', '/vhosts/%2F/connections', '/vhosts/%2F/channels']) {
    expect(await names(`${path}?user=guest`)).toHaveLength(1);
    expect(await names(`${path}?user=gue`)).toEqual([]);
  }
  expect(await names('/connections?state=running')).toHaveLength(1);
  expect(await names('/connections?state=closing')).toEqual([]);
});

it('what cannot be asked for is refused with what can', async () => {
  expect(await get('/queues?feature=round')).toEqual({
    status: 400,
    body: { error: 'bad_request', reason: expect.stringContaining('durable, transient') },
  });
});
