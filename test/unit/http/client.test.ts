// The client of the management API: names are encoded, answers parsed, refusals are errors with the broker's reason.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ManagementClient, ManagementError } from '../../../src/http/client.ts';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';

let broker: EmbeddedBroker;
let client: ManagementClient;

beforeAll(async () => {
  broker = await startBroker({ managementPort: 0 });
  client = new ManagementClient({
    url: `http://127.0.0.1:${broker.management!.port}/`,
    username: 'guest',
    password: 'guest',
  });
});
afterAll(() => broker.stop());

it('puts encoded names into the path and gives what is answered', async () => {
  const names = { vhost: '/', queue: 'a/b c%' };
  expect(await client.call('PUT /queues/:vhost/:queue', { names, body: { durable: false } })).toBeUndefined();
  const query = { columns: 'name,durable', disable_stats: true, page: undefined };
  expect(await client.call('GET /queues/:vhost/:queue', { names, query })).toEqual({ name: 'a/b c%', durable: false });
});

it('a refusal is an error with status, word and reason', async () => {
  const names = { vhost: '/', queue: 'none' };
  const refused = await client.call('GET /queues/:vhost/:queue', { names }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ManagementError);
  expect(refused).toMatchObject({ status: 404, error: 'Object Not Found', reason: 'Not Found' });
});

it('a wrong password is told apart from a broker that is not there', async () => {
  const url = `http://127.0.0.1:${broker.management!.port}`;
  const wrong = new ManagementClient({ url, username: 'guest', password: 'x' });
  await expect(wrong.call('GET /whoami')).rejects.toMatchObject({ status: 401, reason: 'Login failed' });
  const nowhere = new ManagementClient({ url: 'http://127.0.0.1:1', username: 'guest', password: 'guest' });
  await expect(nowhere.call('GET /whoami')).rejects.toBeInstanceOf(TypeError);
});
