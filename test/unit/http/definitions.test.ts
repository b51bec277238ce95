// Definitions: what an export has comes back by an import, files of other versions are taken, mistakes are named, and a file is
// loaded at start.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';

let folder: string;
const brokers: EmbeddedBroker[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'definitions-'));
});
afterAll(async () => {
  for (const broker of brokers) await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startBroker>[0] = {}): Promise<EmbeddedBroker> {
  const broker = await startBroker({ managementPort: 0, ...options });
  brokers.push(broker);
  return broker;
}

async function ask(broker: EmbeddedBroker, method: string, path: string, body?: unknown, user = 'guest:guest') {
  const response = await fetch(`http://127.0.0.1:${broker.management!.port}/api${path}`, {
    method,
    headers: { authorization: `Basic ${btoa(user)}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

const sha256 = 'ecatCqCxcYvzPgAV7XewF93YXJ/TUPIqn1yFazvS/I2Xh2Yx';

const file = {
  rabbit_version: '3.10.8',
  users: [
    {
      name: 'hashed',
      password_hash: sha256,
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: 'administrator',
    },
    { name: 'nobody', password_hash: '', tags: [] },
  ],
  vhosts: [{ name: '/' }, { name: 'jobs', metadata: { description: 'from 4.x' } }],
  permissions: [{ user: 'hashed', vhost: 'jobs', configure: '.*', write: '.*', read: '.*' }],
  topic_permissions: [{ user: 'hashed', vhost: 'jobs', exchange: 'amq.topic', write: '^{username}', read: '' }],
  queues: [
    {
      name: 'q',
      vhost: 'jobs',
      durable: true,
      auto_delete: false,
      type: 'classic',
      arguments: { 'x-own': [1, 'a', { b: true }] },
    },
  ],
  exchanges: [
    { name: 'x', vhost: 'jobs', type: 'topic', durable: true, auto_delete: false, internal: false, arguments: {} },
  ],
  bindings: [
    {
      source: 'x',
      vhost: 'jobs',
      destination: 'q',
      destination_type: 'queue',
      routing_key: 'a.*',
      arguments: { n: 1 },
    },
  ],
};

it('what is exported is imported elsewhere, and exported from there as it was', async () => {
  const [one, other] = [await start(), await start()];
  expect(await ask(one, 'POST', '/definitions', file)).toEqual({ status: 204, body: undefined });
  const exported = await ask(one, 'GET', '/definitions');
  expect(exported.body).toMatchObject({
    queues: [{ name: 'q', arguments: { 'x-own': [1, 'a', { b: true }] } }],
    bindings: [{ routing_key: 'a.*', arguments: { n: 1 } }],
    topic_permissions: file.topic_permissions,
    users_that_do_not_travel: ['guest'],
  });
  // A hash of Leveret's own goes beside an empty one, which RabbitMQ takes for a user without a password.
  expect(exported.body.users).toContainEqual(
    expect.objectContaining({
      name: 'guest',
      password_hash: '',
      leveret_password_hash: expect.stringContaining('scrypt$'),
    }),
  );
  expect((await ask(other, 'POST', '/definitions', exported.body)).status).toBe(204);
  const lists = ({ users, vhosts, permissions, topic_permissions, ...rest }: Record<string, unknown>) => ({
    users,
    vhosts,
    permissions,
    topic_permissions,
    queues: rest['queues'],
    exchanges: rest['exchanges'],
    bindings: rest['bindings'],
  });
  expect(lists((await ask(other, 'GET', '/definitions')).body)).toEqual(lists(exported.body));
  expect((await ask(other, 'GET', '/whoami')).status).toBe(200);
});

it('what is said of a vhost outlives a restart, is replaced as a whole and travels', async () => {
  const dataDir = join(folder, 'described');
  const said = { description: 'Invoices', tags: ['money', 'prod'], default_queue_type: 'quorum' };
  const first = await start({ dataDir });
  const put = async (broker: EmbeddedBroker, name: string, body: object) =>
    (await ask(broker, 'PUT', `/vhosts/${name}`, body)).status;
  expect(await put(first, 'jobs', { description: 'to be replaced' })).toBe(201);
  expect(await put(first, 'jobs', { ...said, tags: 'money, prod' })).toBe(204);
  expect(await put(first, 'made', said)).toBe(201);
  expect(await put(first, 'plain', said)).toBe(201);
  expect(await put(first, 'plain', {})).toBe(204);
  const shown = async (broker: EmbeddedBroker) =>
    (await ask(broker, 'GET', '/vhosts?columns=name,description,tags,default_queue_type,metadata')).body;
  const none = { description: '', tags: [] };
  const expected = [
    { name: '/', description: 'Default virtual host', tags: [], default_queue_type: 'undefined' },
    { name: 'jobs', ...said },
    { name: 'made', ...said },
    { name: 'plain', ...none, default_queue_type: 'undefined' },
  ];
  expect(await shown(first)).toMatchObject(expected);
  await first.stop();
  const second = await start({ dataDir });
  expect(await shown(second)).toMatchObject(expected);
  const { vhosts } = (await ask(second, 'GET', '/definitions')).body;
  expect(vhosts).toContainEqual({ name: 'jobs', metadata: said });
  expect(vhosts).toContainEqual({ name: 'plain', metadata: none });
  const other = await start();
  await put(other, 'jobs', { description: 'mine' });
  await ask(other, 'POST', '/definitions', { vhosts: [{ name: 'jobs' }] });
  expect((await ask(other, 'GET', '/vhosts/jobs')).body.description).toBe('mine');
  await ask(other, 'POST', '/definitions', { vhosts: [...vhosts, { name: 'said-flat', ...said }] });
  expect(await shown(other)).toEqual([
    ...(await shown(second)),
    expect.objectContaining({ name: 'said-flat', ...said }),
  ]);
});

it('a vhost is exported without its name and imported into another', async () => {
  const broker = await start();
  await ask(broker, 'POST', '/definitions', file);
  await ask(broker, 'PUT', '/vhosts/copy', {});
  const exported = (await ask(broker, 'GET', '/definitions/jobs')).body;
  expect(JSON.stringify(exported)).not.toContain('"vhost"');
  expect((await ask(broker, 'POST', '/definitions/copy', exported)).status).toBe(204);
  expect((await ask(broker, 'GET', '/bindings/copy/e/x/q/q')).body).toHaveLength(1);
});

describe('an import names the first mistake and', () => {
  it.each([
    ['a queue of no vhost', { queues: [{ name: 'q', vhost: 'nope' }] }, "no such vhost: 'nope'"],
    [
      'a permission of nobody',
      { permissions: [{ user: 'ghost', vhost: '/', configure: '', write: '', read: '' }] },
      "no such user: 'ghost'",
    ],
    [
      'a pattern that is none',
      { permissions: [{ user: 'guest', vhost: '/', configure: '[', write: '', read: '' }] },
      'not a valid regular expression',
    ],
    ['a strange exchange', { exchanges: [{ name: 'x', vhost: '/', type: 'nope' }] }, "unknown exchange type 'nope'"],
    [
      'a hash that is none',
      { users: [{ name: 'u', password_hash: 'zz' }] },
      "user 'u': the password hash does not have the form",
    ],
    [
      'an algorithm that is none',
      { users: [{ name: 'u', password_hash: sha256, hashing_algorithm: 'rot13' }] },
      'hashing_algorithm is not one of',
    ],
    ['a list that is none', { queues: 1 }, 'queues:'],
    [
      'a binding to nothing',
      {
        bindings: [
          {
            source: 'amq.topic',
            vhost: '/',
            destination: 'nope',
            destination_type: 'queue',
            routing_key: '',
            arguments: {},
          },
        ],
      },
      "no queue 'nope' in vhost '/'",
    ],
  ])('refuses %s', async (_, definitions, reason) => {
    const broker = brokers[0]!;
    const before = (await ask(broker, 'GET', '/definitions')).body;
    const answer = await ask(broker, 'POST', '/definitions', definitions);
    expect(answer).toEqual({ status: 400, body: { error: 'bad_request', reason: expect.stringContaining(reason) } });
    expect((await ask(broker, 'GET', '/definitions')).body).toEqual(before);
  });
});

it('load_definitions makes a new broker of the file alone', async () => {
  const path = join(folder, 'definitions.json');
  writeFileSync(
    path,
    JSON.stringify({ ...file, users: [...file.users, { name: 'plain', password: 'p', tags: ['administrator'] }] }),
  );
  const broker = await start({ loadDefinitions: path });
  expect((await ask(broker, 'GET', '/whoami')).status).toBe(401);
  expect((await ask(broker, 'GET', '/vhosts?columns=name', undefined, 'plain:p')).body).toEqual([
    { name: '/' },
    { name: 'jobs' },
  ]);
});

it('a file that cannot be loaded keeps the broker from starting, and says where and why', async () => {
  const path = join(folder, 'broken.json');
  for (const [content, reason] of [
    ['{', 'JSON'],
    [JSON.stringify({ queues: [{ name: 'q', vhost: 'nope' }] }), "no such vhost: 'nope'"],
  ] as const) {
    writeFileSync(path, content);
    const failure = await start({ loadDefinitions: path }).catch((error: Error) => error);
    expect(failure).toMatchObject({
      name: 'DefinitionsError',
      message: expect.stringContaining(`load_definitions: ${path}: `),
    });
    expect((failure as Error).message).toContain(reason);
  }
});
