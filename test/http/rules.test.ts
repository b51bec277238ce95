// Policies, limits and parameters over the API: the same requests are answered by RabbitMQ 3.10.8 and by Leveret in the same way.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Wire } from '../conformance/wire.ts';
import { lacks } from '../needs.ts';
import { ManagedBroker } from './management.ts';

/** A request, and what Leveret answers where that is something else. */
type Step = readonly [method: string, path: string, body?: unknown, ours?: { status?: number; reason?: string }];

const policy = (definition: unknown, more: object = {}): object => ({ pattern: '^zz', definition, ...more });
const limit = (value: unknown): object => ({ value });

const policies: readonly Step[] = [
  ...[-1, 1.5, true, null, [1], { a: 1 }, 'a<b'].map(
    ttl => ['PUT', '/policies/%2F/p', policy({ 'message-ttl': ttl })] as const,
  ),
  ['PUT', '/policies/%2F/p', policy({ expires: 'a', 'max-length': 'b' })],
  ['PUT', '/policies/%2F/p', policy({ foo: 1, bar: 'x', 'max-length': 5 })],
  ['PUT', '/policies/%2F/p', policy({ 'max-priority': 5 })],
  ['PUT', '/policies/%2F/p', policy({ 'ha-mode': 'zz' })],
  ['PUT', '/policies/%2F/p', policy({ 'queue-master-locator': 'zz' })],
  ['PUT', '/policies/%2F/p', policy({})],
  ['PUT', '/policies/%2F/p', policy('x'), { status: 400, reason: 'definition must be a dictionary' }],
  ['PUT', '/policies/%2F/p', { pattern: '^zz' }],
  ['PUT', '/policies/%2F/p', { definition: { expires: 1 } }],
  ['PUT', '/policies/%2F/p', { ...policy({ expires: 1 }), pattern: '(' }],
  ['PUT', '/policies/%2F/p', { ...policy({ expires: 1 }), pattern: 5 }],
  [
    'PUT',
    '/policies/%2F/p',
    { ...policy({ expires: 1 }), pattern: '(a+)+$' },
    { status: 400, reason: 'takes too long' },
  ],
  ['DELETE', '/policies/%2F/p', undefined, { status: 404 }],
  ['PUT', '/policies/%2F/p', policy({ expires: 5 }, { priority: '7' })],
  [
    'PUT',
    '/policies/%2F/p',
    policy({ expires: 5 }, { 'apply-to': 'foo' }),
    { status: 400, reason: "'classic_queues'" },
  ],
  ['PUT', '/policies/%2F/p', policy({ expires: 5 }, { priority: 1.5, 'apply-to': 'queues' })],
  ['GET', '/policies/%2F/p'],
  ['PUT', '/policies/%2F/p', policy({ expires: 6 }, { name: 'other', vhost: 'x' })],
  ['GET', '/policies/%2F/p'],
  ['GET', '/policies'],
  ['GET', '/policies/%2F'],
  ['PUT', '/policies/nowhere/p', policy({ expires: 1 })],
  ['GET', '/policies/nowhere'],
  ['GET', '/policies/%2F/none'],
  ['DELETE', '/policies/%2F/none'],
  ['DELETE', '/policies/%2F/p'],
  ['PUT', '/operator-policies/%2F/o', policy({ 'dead-letter-exchange': 'x' })],
  ['PUT', '/operator-policies/%2F/o', policy({ 'message-ttl': 6 }, { priority: 3 })],
  ['GET', '/operator-policies/%2F/o'],
  ['GET', '/parameters/operator_policy/%2F/o'],
  ['DELETE', '/operator-policies/%2F/o'],
  ['DELETE', '/operator-policies/%2F/o'],
];

const limits: readonly Step[] = [
  ['PUT', '/vhosts/limited', {}],
  ['GET', '/vhost-limits/limited'],
  ['GET', '/vhost-limits/nowhere'],
  ['PUT', '/vhost-limits/limited/max-connections', limit(5)],
  ['PUT', '/vhost-limits/limited/max-queues', limit(-1)],
  ['PUT', '/vhost-limits/limited/foo', limit(5)],
  ['PUT', '/vhost-limits/limited/max-queues', limit('a')],
  ['PUT', '/vhost-limits/limited/max-queues', limit(1.5)],
  ['PUT', '/vhost-limits/limited/max-queues', {}],
  ['PUT', '/vhost-limits/nowhere/max-queues', limit(1)],
  ['GET', '/vhost-limits/limited'],
  ['GET', '/parameters/vhost-limits/limited'],
  ['DELETE', '/vhost-limits/limited/max-queues'],
  ['DELETE', '/vhost-limits/limited/max-queues'],
  ['GET', '/vhost-limits/limited'],
  ['PUT', '/users/lu', { password: 'x', tags: '' }],
  ['GET', '/user-limits/lu'],
  ['GET', '/user-limits/nobody'],
  ['PUT', '/user-limits/lu/max-connections', limit(5)],
  ['PUT', '/user-limits/lu/max-channels', limit(6)],
  ['PUT', '/user-limits/lu/foo', limit(5)],
  ['PUT', '/user-limits/lu/max-channels', limit('a')],
  ['PUT', '/user-limits/nobody/max-channels', limit(5), { status: 400, reason: 'no such user' }],
  ['GET', '/user-limits/lu'],
  ['GET', '/user-limits'],
  ['DELETE', '/user-limits/lu/max-channels'],
  ['DELETE', '/user-limits/nobody/max-channels', undefined, { status: 404 }],
  ['DELETE', '/user-limits/lu/all'],
  ['GET', '/user-limits/lu'],
];

const parameters: readonly Step[] = [
  ['GET', '/parameters/shovel'],
  ['GET', '/parameters/shovel/nowhere'],
  ['GET', '/parameters/shovel/%2F/a'],
  ['PUT', '/parameters/policy/%2F/a', limit({})],
  ['PUT', '/parameters/shovel/%2F/a', {}],
  ['PUT', '/parameters/shovel/nowhere/a', limit(1)],
  ['PUT', '/parameters/operator_policy/%2F/a', limit({ pattern: 'x', definition: { expires: 4 }, priority: 1 })],
  ['DELETE', '/parameters/operator_policy/%2F/a'],
  ['DELETE', '/parameters/operator_policy/%2F/a'],
  ['PUT', '/parameters/vhost-limits/%2F/limits', limit({ 'max-queues': 400 })],
  ['GET', '/vhost-limits/%2F'],
  ['DELETE', '/parameters/vhost-limits/%2F/limits'],
  ['GET', '/vhost-limits/%2F'],
  ['PUT', '/global-parameters/g', limit({ a: 1 })],
  ['PUT', '/global-parameters/g', limit(5)],
  ['GET', '/global-parameters/g'],
  ['GET', '/global-parameters/none'],
  ['DELETE', '/global-parameters/g'],
  ['DELETE', '/global-parameters/g'],
];

/** Fields of Leveret's own. */
const own = ['holds_for', 'queues', 'exchanges', 'overruled', 'overruled_by'];

function theirFields(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(theirFields);
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([key]) => !own.includes(key)));
}

let ours: ManagedBroker;
beforeAll(async () => {
  ours = await ManagedBroker.start('leveret');
}, 60_000);
afterAll(() => ours?.stop());

describe.skipIf(lacks('rabbitmq-server'))('as RabbitMQ answers', () => {
  let theirs: ManagedBroker;
  beforeAll(async () => {
    theirs = await ManagedBroker.start('rabbitmq');
  }, 120_000);
  afterAll(() => theirs?.stop());

  it.each([
    ['policies', policies],
    ['limits', limits],
    ['parameters', parameters],
  ] as const)('%s', async (_, steps) => {
    for (const [method, path, body, other] of steps) {
      const what = `${method} ${path} ${JSON.stringify(body)}`;
      const [their, our] = [await theirs.ask(method, path, body), await ours.ask(method, path, body)];
      if (other === undefined) {
        expect([our.status, theirFields(our.body)], what).toEqual([their.status, their.body]);
        continue;
      }
      expect(our.status, what).toBe(other.status);
      if (other.reason !== undefined) expect((our.body as { reason: string }).reason, what).toContain(other.reason);
    }
  });
});

const admin = (method: string, path: string, body?: unknown) => ours.ask(method, path, body);

it('a policy shows what it holds for and what holds in its place; a queue shows who said what', async () => {
  for (const name of ['tasks-a', 'tasks-b'])
    await admin('PUT', `/queues/%2F/${name}`, { arguments: { 'x-max-length': 9 } });
  await admin('PUT', '/policies/%2F/weak', {
    pattern: '^tasks',
    definition: { 'max-length': 7, overflow: 'reject-publish' },
  });
  await admin('PUT', '/policies/%2F/strong', { pattern: 'b$', definition: { expires: 900_000 }, priority: 1 });
  await admin('PUT', '/operator-policies/%2F/bounds', {
    pattern: '',
    definition: { 'max-length': 8 },
    'apply-to': 'queues',
  });
  expect((await admin('GET', '/policies/%2F/weak')).body).toMatchObject({
    holds_for: { queues: 1, exchanges: 0 },
    queues: ['tasks-a'],
    exchanges: [],
    overruled: 1,
    overruled_by: ['strong'],
  });
  expect((await admin('GET', '/queues/%2F/tasks-a')).body).toMatchObject({
    policy: 'weak',
    operator_policy: 'bounds',
    effective_policy_definition: { 'max-length': 7, overflow: 'reject-publish' },
    effective: [
      { name: 'x-max-length', key: 'max-length', value: 7, from: 'policy', policy: 'weak' },
      { name: 'x-overflow', key: 'overflow', value: 'reject-publish', from: 'policy', policy: 'weak' },
    ],
  });
  expect((await admin('GET', '/queues/%2F/tasks-b')).body).toMatchObject({
    effective: [
      { name: 'x-expires', value: 900_000, from: 'policy', policy: 'strong' },
      { name: 'x-max-length', value: 8, from: 'operator policy', policy: 'bounds' },
    ],
  });
});

it('definitions bring policies, limits and parameters to another broker', async () => {
  await admin('PUT', '/policies/%2F/kept', { pattern: '^kept', definition: { 'max-length': 3 }, priority: 2 });
  await admin('PUT', '/operator-policies/%2F/kept', {
    pattern: '^kept',
    definition: { 'max-length': 2 },
    priority: 1,
  });
  await admin('PUT', '/vhost-limits/%2F/max-queues', { value: 1000 });
  await admin('PUT', '/users/anna', { password: 'p', tags: '', limits: { 'max-channels': 4 } });
  await admin('PUT', '/parameters/tool/%2F/x', { value: [1] });
  await admin('PUT', '/global-parameters/g', { value: 'v' });
  await admin('PUT', '/queues/%2F/kept', {});
  const file = (await admin('GET', '/definitions')).body as Record<string, object[]>;
  const other = await ManagedBroker.start('leveret');
  try {
    expect((await other.ask('POST', '/definitions', file)).status).toBe(204);
    const again = (await other.ask('GET', '/definitions')).body as Record<string, object[]>;
    for (const key of ['policies', 'parameters', 'global_parameters']) expect(again[key], key).toEqual(file[key]);
    expect(again['users']).toContainEqual(expect.objectContaining({ name: 'anna', limits: { 'max-channels': 4 } }));
    const queue = await other.ask('GET', '/queues/%2F/kept');
    expect(queue.body).toMatchObject({ policy: 'kept', effective: [{ name: 'x-max-length', value: 2 }] });
    const bad = {
      policies: [{ vhost: '/', name: 'bad', pattern: '(', definition: { expires: 1 } }],
      vhosts: [{ name: 'v' }],
    };
    const refused = await other.ask('POST', '/definitions', bad);
    expect([refused.status, refused.body]).toMatchObject([400, { reason: expect.stringContaining("policy 'bad': ") }]);
    expect((await other.ask('GET', '/vhosts/v')).status, 'nothing of it was taken').toBe(404);
  } finally {
    await other.stop();
  }
});

it('who sets policies needs the tag, and operators’ bounds an administrator', async () => {
  for (const [name, tags] of [
    ['maker', 'policymaker'],
    ['manager', 'management'],
    ['stranger', 'policymaker'],
  ] as const)
    await admin('PUT', `/users/${name}`, { password: 'p', tags });
  for (const name of ['maker', 'manager'])
    await admin('PUT', `/permissions/%2F/${name}`, { configure: '.*', write: '.*', read: '.*' });
  const body = { pattern: '^none$', definition: { expires: 1 } };
  const status = async (user: string, path: string, given: object = body): Promise<number> =>
    (await ours.ask('PUT', path, given, `${user}:p`)).status;
  expect(await status('maker', '/policies/%2F/mine')).toBe(201);
  expect(await status('manager', '/policies/%2F/mine')).toBe(401);
  expect(await status('stranger', '/policies/%2F/mine')).toBe(401);
  expect(await status('maker', '/operator-policies/%2F/mine')).toBe(401);
  expect(await status('maker', '/parameters/operator_policy/%2F/mine', { value: body })).toBe(401);
  expect(await status('maker', '/parameters/vhost-limits/%2F/limits', { value: { 'max-queues': 0 } })).toBe(401);
  expect(await status('maker', '/parameters/tool/%2F/mine', { value: 1 })).toBe(201);
  expect(await status('maker', '/vhost-limits/%2F/max-queues', { value: 1 })).toBe(401);
  expect((await ours.ask('GET', '/policies', undefined, 'stranger:p')).body).toEqual([]);
});

it('connections over the limit of a vhost or a user are refused', async () => {
  await admin('PUT', '/vhosts/narrow', {});
  await admin('PUT', '/users/nina', { password: 'p', tags: '' });
  for (const vhost of ['narrow', '%2F'])
    await admin('PUT', `/permissions/${vhost}/nina`, { configure: '.*', write: '.*', read: '.*' });
  const connect = async (vhost: string): Promise<Wire> => {
    const wire = await Wire.connect(ours.port);
    await wire.tuned({ user: 'nina', password: 'p' });
    wire.send(0, 'connection.open', { virtualHost: vhost });
    return wire;
  };
  const refused = async (vhost: string, text: string): Promise<void> =>
    (await connect(vhost)).refused(530, `NOT_ALLOWED - ${text}`, 'connection.open');
  await admin('PUT', '/vhost-limits/narrow/max-connections', { value: 1 });
  const first = await Wire.login(ours.port, { user: 'nina', password: 'p', vhost: 'narrow' });
  await refused('narrow', "access to vhost 'narrow' refused for user 'nina': connection limit (1) is reached");
  await admin('PUT', '/user-limits/nina/max-connections', { value: 1 });
  await refused('/', "connection refused for user 'nina': user connection limit (1) is reached");
  await first.close();
  await (await Wire.login(ours.port, { user: 'nina', password: 'p', vhost: 'narrow' })).close();
  await admin('PUT', '/vhost-limits/narrow/max-connections', { value: 0 });
  await refused('narrow', "access to vhost 'narrow' refused for user 'nina': connection limit (0) is reached");
});
