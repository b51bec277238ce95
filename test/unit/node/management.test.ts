// The management listener over a broker: who may see it, and what it says of the broker.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Authority } from '../../../src/auth/authority.ts';
import { hashPassword } from '../../../src/auth/password.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import type { ManagementServer } from '../../../src/http/server.ts';
import { loadConfig } from '../../../src/node/config.ts';
import { startManagement } from '../../../src/node/management.ts';
import type { Connection } from '../../../src/session/connection.ts';

let server: ManagementServer;
let trouble: string | undefined;
let warnings: string[];

/** As much of a broker as is counted: one vhost, two exchanges, two queues. */
const broker = {
  vhosts: new Map([
    [
      '/',
      {
        exchanges: new Map([
          ['a', {}],
          ['b', {}],
        ]),
        queues: new Map([
          ['q', { consumers: new Set([1, 2]), ready: { count: 5 }, unsettled: 2 }],
          ['r', { consumers: new Set(), ready: { count: 1 }, unsettled: 0 }],
        ]),
      },
    ],
  ]),
} as unknown as Broker;

beforeEach(async () => {
  trouble = undefined;
  warnings = [];
  const authority = new Authority({ now: () => 0 });
  const passwordHash = await hashPassword('p', 'rabbit_password_hashing_sha256');
  for (const [name, tags] of [
    ['guest', ['administrator']],
    ['worker', []],
    ['eyes', ['monitoring']],
  ] as const) {
    authority.apply({ type: 'user.put', name, passwordHash, algorithm: 'rabbit_password_hashing_sha256', tags });
  }
  server = await startManagement(
    {
      config: loadConfig({ env: { LEVERET_CLUSTER_NAME: 'mine' } }).config,
      broker,
      connections: new Set([
        {
          channels: new Map([
            [1, {}],
            [7, {}],
          ]),
        } as unknown as Connection,
      ]),
      listeners: [{ host: '127.0.0.1', port: 5672 }],
      authority,
      log: { debug() {}, info() {}, warning: message => warnings.push(message), error() {} },
      trouble: () => trouble,
    },
    { host: '127.0.0.1', port: 0 },
  );
});
afterEach(() => server.close());

const get = (path: string, user: string) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { headers: { authorization: `Basic ${btoa(`${user}:p`)}` } });

it('the overview counts what is there', async () => {
  expect(await (await get('/api/overview', 'guest')).json()).toEqual({
    management_version: '3.13.7',
    rabbitmq_version: '3.13.7',
    product_name: 'RabbitMQ',
    product_version: '3.13.7',
    leveret_version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    cluster_name: 'mine',
    node: expect.stringMatching(/^leveret@./),
    object_totals: { channels: 2, connections: 1, consumers: 2, exchanges: 2, queues: 2 },
    queue_totals: { messages: 8, messages_ready: 6, messages_unacknowledged: 2 },
    listeners: [{ node: expect.any(String), protocol: 'amqp', ip_address: '127.0.0.1', port: 5672 }],
  });
});

it('a user needs a tag to see it; why somebody was refused stands in the log alone', async () => {
  expect((await get('/api/overview', 'eyes')).status).toBe(200);
  const refused = await get('/api/overview', 'worker');
  expect([refused.status, await refused.json()]).toEqual([401, { error: 'not_authorized', reason: 'Login failed' }]);
  expect((await get('/api/overview', 'nobody')).status).toBe(401);
  expect(warnings).toEqual([
    expect.stringContaining("user 'worker' has none of the tags administrator"),
    expect.stringContaining("there is no user 'nobody'"),
  ]);
});

it('health is what the broker says', async () => {
  expect((await get('/api/health', 'guest')).status).toBe(200);
  trouble = 'the disk is full';
  const failed = await get('/api/health', 'guest');
  expect([failed.status, await failed.json()]).toEqual([503, { status: 'failed', reason: 'the disk is full' }]);
});
