// Wrong input on every route: it is refused with a reason, never breaks anything, and never shows what is in another vhost.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../src/http/route.ts';
import { routes } from '../../src/http/routes/table.ts';
import { ManagedBroker, type Reply } from './management.ts';

/** Requests per route; `HOSTILE_REQUESTS=300` is the long form. */
const requests = Number(process.env['HOSTILE_REQUESTS'] ?? 25);
/** Stands in the names of what only the administrator of vhost `secret` may see. */
const secret = 'xyzzy';

let broker: ManagedBroker;
let plain: string;

beforeAll(async () => {
  broker = await ManagedBroker.start('leveret');
  const made = [
    broker.ask('PUT', '/vhosts/hidden', '{}'),
    broker.ask('PUT', '/users/outsider', { password: 'p', tags: 'management' }),
  ];
  for (const reply of await Promise.all(made)) expect(reply.status).toBe(201);
  await broker.ask('PUT', '/permissions/%2F/outsider', { configure: '^mine', write: '^mine', read: '^mine' });
  await broker.ask('PUT', `/queues/hidden/${secret}`, '{}');
  await broker.ask('PUT', `/exchanges/hidden/${secret}`, '{}');
  await broker.ask('POST', `/bindings/hidden/e/${secret}/q/${secret}`, { routing_key: secret });
  await broker.ask('POST', '/exchanges/hidden/amq.default/publish', message(secret));
  plain = 'outsider:p';
}, 60_000);
afterAll(() => broker.stop());

/** Their answers do not end. */
const streams = ['/live', '/events'];

function message(key: string): object {
  return { properties: {}, routing_key: key, payload: secret, payload_encoding: 'string' };
}

const nastyName = fc.oneof(
  fc.constantFrom(
    '..',
    '../..',
    '%',
    '%2e%2e',
    '/',
    '%2F',
    '%00',
    'hidden',
    secret,
    'amq.default',
    'guest',
    '/',
    '"',
    '-1',
    '0',
    '1e99',
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ minLength: 256, maxLength: 400 }),
);

const nastyBody = fc.oneof(
  { weight: 4, arbitrary: fc.json() },
  { weight: 2, arbitrary: fc.string({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{', '[', 'null', '[]', '""', '{"__proto__":1}', '{"constructor":{}}', '1e400'),
  },
  { weight: 1, arbitrary: fc.constant(`{"arguments":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`) },
  { weight: 1, arbitrary: fc.constant(`{"a":"${'x'.repeat(2 << 20)}"}`) },
  // Known fields with values of any kind.
  {
    weight: 6,
    arbitrary: fc
      .dictionary(
        fc.constantFrom(
          ...'durable auto_delete arguments type internal routing_key properties payload payload_encoding count ackmode'.split(
            ' ',
          ),
          ...'encoding truncate password password_hash hashing_algorithm tags configure write read users vhosts queues'.split(
            ' ',
          ),
          ...'pattern definition priority apply-to value component policies parameters limits'.split(' '),
          ...'exchanges bindings permissions queue exchange delivery_tag channel headers mandatory remove name action'.split(
            ' ',
          ),
        ),
        fc.jsonValue({ maxDepth: 3 }),
        { maxKeys: 8 },
      )
      .map(body => JSON.stringify(body)),
  },
);

const nastyQuery = fc.dictionary(
  fc.constantFrom(
    ...'page page_size name use_regex sort sort_reverse columns lengths_age lengths_incr state after limit get'.split(
      ' ',
    ),
  ),
  fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('-1', '0', '1', '99999999999999999999', 'true', '(a+)+$', '[', 'a.b.c', '__proto__'),
  ),
  { maxKeys: 4 },
);

const who = fc.constantFrom('guest:guest', 'guest:guest', 'outsider:p', 'outsider:p', 'nobody:', ':');
const method = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD');

/** Never these: they would end the test's own users and vhosts. */
function spares({ method: own, path }: Route): boolean {
  return !(own === 'DELETE' && /^\/(users|vhosts|permissions)\/:/.test(path)) && !streams.includes(path);
}

function expectRefusalOrAnswer(reply: Reply, what: string): void {
  // A check that fails is an answer.
  if (reply.status === 503 && what.includes(' /health/checks/')) return;
  expect(reply.status, what).toBeLessThan(500);
  if (reply.status < 400) return;
  // No credentials are asked for without words, as RabbitMQ does.
  if (reply.status === 401 && reply.body === '') return;
  if (what.startsWith('HEAD')) return;
  expect(reply.body, what).toEqual({ error: expect.any(String), reason: expect.any(String) });
  expect((reply.body as { reason: string }).reason, what).not.toBe('');
}

describe('every route', () => {
  it.each(routes.filter(spares).map(route => [`${route.method} ${route.path}`, route] as const))(
    '%s refuses what is wrong',
    async (_, route) => {
      const names = route.path.match(/:\w+/g)?.length ?? 0;
      const request = fc.record({
        names: fc.array(nastyName, { minLength: names, maxLength: names }),
        query: nastyQuery,
        body: nastyBody,
        user: who,
        method: fc.oneof({ weight: 5, arbitrary: fc.constant(route.method) }, { weight: 1, arbitrary: method }),
      });
      await fc.assert(
        fc.asyncProperty(request, async given => {
          let at = 0;
          const path = route.path.replaceAll(/:\w+/g, () =>
            encodeURIComponent(Buffer.from(given.names[at++] as string).toString()),
          );
          const line = `${path}?${new URLSearchParams(given.query)}`;
          // What would end what the test stands on is left out.
          if (given.method === 'DELETE' && /^\/(users|vhosts|permissions)/.test(path)) return;
          if (given.method === 'PUT' && /^\/(users|permissions)/.test(path) && given.user === 'guest:guest') return;
          const hasBody = given.method !== 'GET' && given.method !== 'HEAD';
          const reply = await broker.ask(given.method, line, hasBody ? given.body : undefined, given.user);
          const what = `${given.method} ${line} as ${given.user}: ${hasBody ? given.body.slice(0, 300) : ''}`;
          if (reply.status === 429) return;
          expectRefusalOrAnswer(reply, what);
          if (given.user === plain && !line.includes(secret))
            expect(JSON.stringify(reply.body), what).not.toContain(secret);
        }),
        { numRuns: requests },
      );
    },
    120_000,
  );

  it('the broker is still well', async () => {
    expect((await broker.ask('GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await broker.ask('GET', '/aliveness-test/%2F')).body).toEqual({ status: 'ok' });
  });
});

describe('another vhost', () => {
  it.each(
    routes
      .filter(({ method: own, path }) => own === 'GET' && !streams.includes(path) && !path.startsWith('/health'))
      .map(({ path }) => path),
  )('GET %s shows nothing of it to who has no permission there', async path => {
    for (const name of ['hidden', secret, '/']) {
      const reply = await broker.ask('GET', path.replaceAll(/:\w+/g, encodeURIComponent(name)), undefined, plain);
      expect(reply.status).toBeLessThan(500);
      expect(JSON.stringify(reply.body)).not.toContain(secret);
    }
  });

  it('no change of it is done for who has no permission there', async () => {
    for (const [how, path, body] of [
      ['PUT', `/queues/hidden/${secret}2`, {}],
      ['DELETE', `/queues/hidden/${secret}`, undefined],
      ['DELETE', `/queues/hidden/${secret}/contents`, undefined],
      ['POST', `/exchanges/hidden/amq.default/publish`, message(secret)],
      ['POST', `/queues/hidden/${secret}/get`, { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }],
      ['POST', `/queues/hidden/${secret}/move`, { queue: 'x' }],
      ['POST', `/queues/hidden/${secret}/messages/1/move`, { queue: 'x' }],
      ['DELETE', `/queues/hidden/${secret}/messages/1`, undefined],
      ['POST', `/bindings/hidden/e/${secret}/q/${secret}`, {}],
    ] as const) {
      const reply = await broker.ask(how, path, body, plain);
      expect([how, path, reply.status]).toEqual([how, path, 401]);
    }
    const queue = await broker.ask('GET', `/queues/hidden/${secret}`);
    expect(queue.body).toMatchObject({ messages: 1 });
  });

  it('within a vhost, names that no permission matches are refused', async () => {
    await broker.ask('PUT', '/queues/%2F/theirs', '{}');
    for (const [how, path, body] of [
      ['PUT', '/queues/%2F/theirs2', {}],
      ['DELETE', '/queues/%2F/theirs', undefined],
      ['DELETE', '/queues/%2F/theirs/contents', undefined],
      ['GET', '/queues/%2F/theirs/messages', undefined],
      ['DELETE', '/queues/%2F/theirs/messages/1', undefined],
      ['POST', '/queues/%2F/theirs/take-back', { channel: 'x', delivery_tag: 1 }],
      ['POST', '/queues/%2F/theirs/get', { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }],
      ['PUT', '/exchanges/%2F/theirs', {}],
      ['POST', '/bindings/%2F/e/amq.topic/q/theirs', {}],
    ] as const) {
      const reply = await broker.ask(how, path, body, plain);
      expect([how, path, reply.status]).toEqual([how, path, 401]);
    }
  });
});

describe('what is too large', () => {
  it('a body over the limit is a 413 before it is read', async () => {
    const reply = await broker.ask('PUT', '/queues/%2F/large', `{"arguments":{"a":"${'x'.repeat(1 << 20)}"}}`);
    expect([reply.status, reply.body]).toEqual([413, { error: 'payload_too_large', reason: expect.any(String) }]);
  });

  it('unknown fields are named', async () => {
    const reply = await broker.ask('PUT', '/queues/%2F/q', { durabel: true });
    expect([reply.status, reply.body]).toEqual([400, { error: 'bad_request', reason: 'unknown field: durabel' }]);
  });
});
