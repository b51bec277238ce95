// Dead letters are seen with why and from where, and go back there; delayed messages are seen, cancelled, rescheduled, sent on.
import amqplib from 'amqplib';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ManagedBroker } from './management.ts';

let broker: ManagedBroker;
let connection: amqplib.ChannelModel;
let channel: amqplib.ConfirmChannel;

beforeAll(async () => {
  broker = await ManagedBroker.start('leveret');
  connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
  channel = await connection.createConfirmChannel();
}, 60_000);
afterEach(async () => {
  for (const queue of ['work', 'dead', 'later', 'aside']) await broker.ask('DELETE', `/queues/%2F/${queue}`);
  for (const exchange of ['jobs', 'clock']) await broker.ask('DELETE', `/exchanges/%2F/${exchange}`);
});
afterAll(async () => {
  await connection.close();
  await broker.stop();
});

const asked = async <T>(...call: Parameters<ManagedBroker['ask']>): Promise<T> => (await broker.ask(...call)).body as T;

interface Looked {
  readonly items: {
    readonly sequence: number;
    readonly payload: string;
    readonly due_at: number;
    readonly due_in_ms: number;
    readonly death: object | null;
    readonly properties: { readonly headers?: Record<string, unknown> };
  }[];
}

const look = (queue: string, query = ''): Promise<Looked> =>
  asked<Looked>('GET', `/queues/%2F/${queue}/messages${query}`);
const payloads = async (queue: string, query = ''): Promise<string[]> =>
  (await look(queue, query)).items.map(({ payload }) => payload);

/** Messages that die in `work`, each with a header `customer`. */
async function die(...bodies: string[]): Promise<void> {
  await channel.assertExchange('jobs', 'direct');
  await channel.assertQueue('dead');
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
  await channel.bindQueue('work', 'jobs', 'resize');
  for (const [customer, body] of bodies.entries())
    channel.publish('jobs', 'resize', Buffer.from(body), { persistent: true, headers: { customer: String(customer) } });
  await channel.waitForConfirms();
  for (const _ of bodies) channel.reject((await channel.get('work')) as amqplib.GetMessage, false);
  await expect.poll(async () => (await payloads('dead')).length).toBe(bodies.length);
}

interface Replayed {
  readonly id: number;
  readonly state: string;
}

async function replay(body: object): Promise<Replayed> {
  const { id } = await asked<Replayed>('POST', '/queues/%2F/dead/replay', body);
  await expect.poll(async () => (await asked<Replayed>('GET', `/replays/${id}`)).state).toBe('done');
  return asked('GET', `/replays/${id}`);
}

it('shows why and from where messages died, and finds them by it', async () => {
  await die('a', 'b');
  const { items } = await look('dead', '?death_reason=rejected&death_queue=work&header=customer%3D1');
  expect(items).toMatchObject([
    {
      payload: 'b',
      death: { reason: 'rejected', queue: 'work', exchange: 'jobs', routing_keys: ['resize'], count: 1 },
    },
  ]);
  expect(await payloads('dead', '?death_reason=expired')).toEqual([]);
  expect(await payloads('dead', '?death_queue=other')).toEqual([]);
  expect(await payloads('dead', '?older_than_ms=3600000')).toEqual([]);
  expect(await payloads('dead', '?younger_than_ms=3600000')).toEqual(['a', 'b']);
});

it('replays to the origin without the counters, after a dry run that moves nothing', async () => {
  await die('a', 'b', 'c');
  expect(await replay({ dry_run: true, death_reason: 'rejected' })).toMatchObject({
    matched: 3,
    sent: 0,
    origins: [{ exchange: 'jobs', routing_key: 'resize', count: 3 }],
  });
  expect(await payloads('dead')).toEqual(['a', 'b', 'c']);
  expect(await replay({ header: 'customer=1' })).toMatchObject({ matched: 1, sent: 1, unroutable: 0, skipped: 0 });
  expect(await payloads('dead')).toEqual(['a', 'c']);
  expect((await look('work')).items).toMatchObject([
    { payload: 'b', death: null, properties: { headers: { customer: '1' } } },
  ]);
  expect((await look('work')).items[0]?.properties.headers).toEqual({ customer: '1' });
  expect(await replay({ limit: 1, reset_counters: false })).toMatchObject({ sent: 1 });
  expect((await look('work')).items[1]).toMatchObject({ payload: 'a', death: { reason: 'rejected', queue: 'work' } });
});

it('leaves what no queue would get, and sends elsewhere when told to', async () => {
  await die('a', 'b');
  await broker.ask('DELETE', '/exchanges/%2F/jobs');
  expect(await replay({})).toMatchObject({ matched: 2, sent: 0, unroutable: 2 });
  expect(await payloads('dead')).toEqual(['a', 'b']);
  await channel.assertQueue('aside');
  expect(await replay({ to: { exchange: 'amq.default', routing_key: 'aside' } })).toMatchObject({ sent: 2 });
  expect(await payloads('aside')).toEqual(['a', 'b']);
});

it('goes no faster than asked for, and ends when it is cancelled', async () => {
  await die('a', 'b', 'c');
  const { id } = await asked<Replayed>('POST', '/queues/%2F/dead/replay', { rate: 1 });
  expect(await asked('GET', `/replays/${id}`)).toMatchObject({ state: 'running', rate: 1 });
  expect((await broker.ask('DELETE', `/replays/${id}`)).status).toBe(204);
  expect(await asked('GET', `/replays/${id}`)).toMatchObject({ state: 'cancelled', remaining: 0 });
  expect((await payloads('dead')).length + (await payloads('work')).length).toBe(3);
  expect((await broker.ask('DELETE', `/replays/${id}`)).status).toBe(204);
  expect((await broker.ask('GET', `/replays/${id}`)).status).toBe(404);
});

it('refuses what makes no sense', async () => {
  await die();
  for (const body of [{ rate: 0 }, { limit: -1 }, { origin: 'x' }, { to: { exchange: 'none' } }, { what: 1 }])
    expect((await broker.ask('POST', '/queues/%2F/dead/replay', body)).status).toBe(400);
  expect((await broker.ask('POST', '/queues/%2F/none/replay', {})).status).toBe(404);
  expect((await broker.ask('GET', '/exchanges/%2F/jobs/delayed')).status).toBe(400);
});

it('shows, cancels, reschedules and sends on what is kept back', async () => {
  await channel.assertExchange('clock', 'x-delayed-message', { arguments: { 'x-delayed-type': 'direct' } });
  await channel.assertQueue('later');
  await channel.bindQueue('later', 'clock', 'k');
  for (const body of ['a', 'b', 'c'])
    channel.publish('clock', 'k', Buffer.from(body), { persistent: true, headers: { 'x-delay': 3_600_000 } });
  await channel.waitForConfirms();
  const delayed = (query = ''): Promise<Looked> => asked('GET', `/exchanges/%2F/clock/delayed${query}`);
  const { items } = await delayed();
  expect(items.map(({ payload }) => payload)).toEqual(['a', 'b', 'c']);
  for (const { due_in_ms } of items) expect(due_in_ms).toBeGreaterThan(3_000_000);
  expect((await delayed('?text=b')).items).toHaveLength(1);
  const [a, b, c] = items.map(({ sequence }) => `/exchanges/%2F/clock/delayed/${sequence}`) as [string, string, string];
  expect((await broker.ask('DELETE', a)).status).toBe(204);
  expect((await broker.ask('DELETE', a)).status).toBe(404);
  expect((await broker.ask('POST', `${b}/release`)).status).toBe(204);
  await expect.poll(() => payloads('later')).toEqual(['b']);
  expect((await broker.ask('PUT', c, { delay_ms: 7_200_000 })).status).toBe(200);
  expect((await broker.ask('PUT', c, { delay_ms: 7_200_000 })).status).toBe(404);
  const left = (await delayed()).items;
  expect(left).toMatchObject([{ payload: 'c' }]);
  expect(left[0]?.due_in_ms).toBeGreaterThan(7_000_000);
  expect(await asked('GET', '/exchanges/%2F/clock')).toMatchObject({
    messages_delayed: 1,
    message_bytes_delayed: 1,
    next_due_at: left[0]?.due_at,
  });
  expect((await broker.ask('PUT', `/exchanges/%2F/clock/delayed/${left[0]?.sequence}`, { delay_ms: 1 })).status).toBe(
    200,
  );
  await expect.poll(() => payloads('later')).toEqual(['b', 'c']);
});
