// Who gets in at the management listener: tags, Basic credentials, the page's cookie, throttling, and what an answer carries.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failuresPerAddressMax, failuresPerNameMax, LoginThrottle } from '../../../src/http/login-throttle.ts';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';

let broker: EmbeddedBroker;
let warnings: string[];

beforeAll(async () => {
  warnings = [];
  broker = await startBroker({
    managementPort: 0,
    clusterName: 'mine',
    passwordHashing: 'rabbit_password_hashing_sha256',
    users: [
      { name: 'eyes', password: 'p:w', tags: ['monitoring'] },
      { name: 'worker', password: 'p', tags: [] },
      { name: 'page', password: 'p', tags: ['management'] },
    ],
    log: { debug() {}, info() {}, warning: message => warnings.push(message), error() {} },
  });
});
afterAll(() => broker.stop());

const url = (path: string): string => `http://127.0.0.1:${broker.management?.port}${path}`;
const basic = (credentials: string) => ({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` });
const get = (path: string, credentials?: string) =>
  fetch(url(path), { headers: credentials === undefined ? {} : basic(credentials) });

it('health needs no login', async () => {
  const answer = await get('/api/health');
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
});

it('anything else needs name and password', async () => {
  const nobody = await get('/api/overview');
  expect([nobody.status, await nobody.text(), nobody.headers.get('www-authenticate')]).toEqual([
    401,
    '',
    'Basic realm="RabbitMQ Management"',
  ]);
  const wrong = await get('/api/overview', 'eyes:x');
  expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'not_authorized', reason: 'Login failed' }]);
  const right = await get('/api/overview', 'eyes:p:w');
  expect([right.status, await right.json()]).toEqual([200, expect.objectContaining({ cluster_name: 'mine' })]);
});

it('a user needs a tag; why somebody was refused stands in the log alone', async () => {
  const refused = await get('/api/whoami', 'worker:p');
  expect([refused.status, await refused.json()]).toEqual([
    401,
    { error: 'not_authorised', reason: 'Not management user' },
  ]);
  const monitor = await get('/api/nodes', 'page:p');
  expect([monitor.status, await monitor.json()]).toEqual([
    401,
    { error: 'not_authorised', reason: 'Not monitor user' },
  ]);
  const administrator = await get('/api/users', 'eyes:p:w');
  expect(await administrator.json()).toEqual({ error: 'not_authorised', reason: 'Not administrator user' });
  expect((await get('/api/whoami', 'nobody:x')).status).toBe(401);
  expect(warnings).toContainEqual(expect.stringContaining("there is no user 'nobody'"));
  expect(warnings).toContainEqual(expect.stringContaining("user 'worker' has no tag"));
});

it('the page logs in by cookie, and its changes need a header that no other site can send', async () => {
  const login = await fetch(url('/api/login'), {
    method: 'POST',
    body: JSON.stringify({ username: 'guest', password: 'guest' }),
  });
  expect(login.status).toBe(204);
  const [cookie, ...attributes] = (login.headers.get('set-cookie') as string).split('; ');
  expect(attributes).toEqual(['Path=/', 'HttpOnly', 'SameSite=Strict']);
  const headers = { cookie: cookie as string };
  expect(await (await fetch(url('/api/whoami'), { headers })).json()).toMatchObject({ name: 'guest' });
  const forged = await fetch(url('/api/queues/%2F/forged'), { method: 'PUT', headers, body: '{}' });
  expect([forged.status, await forged.json()]).toEqual([403, expect.objectContaining({ error: 'forbidden' })]);
  const own = { ...headers, 'x-requested-with': 'leveret' };
  expect((await fetch(url('/api/queues/%2F/own'), { method: 'PUT', headers: own, body: '{}' })).status).toBe(201);
  expect((await fetch(url('/api/login'), { method: 'DELETE', headers })).status).toBe(204);
  const ended = await fetch(url('/api/whoami'), { headers: own });
  // No question of the browser's own beside the page's.
  expect([ended.status, ended.headers.get('www-authenticate')]).toEqual([401, null]);
});

it('a login from another site is refused', async () => {
  const answer = await fetch(url('/api/login'), {
    method: 'POST',
    headers: { origin: 'http://elsewhere.example', 'content-type': 'application/x-www-form-urlencoded' },
    body: 'username=guest&password=guest',
  });
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
});

it('another password ends the sessions of the old one', async () => {
  const credentials = { username: 'page', password: 'p' };
  const login = await fetch(url('/api/login'), { method: 'POST', body: JSON.stringify(credentials) });
  const headers = { cookie: (login.headers.get('set-cookie') as string).split(';')[0] as string };
  expect((await fetch(url('/api/whoami'), { headers })).status).toBe(200);
  const change = { method: 'PUT', headers: basic('guest:guest'), body: '{"password":"q","tags":"management"}' };
  expect((await fetch(url('/api/users/page'), change)).status).toBe(204);
  expect((await fetch(url('/api/whoami'), { headers })).status).toBe(401);
  expect((await get('/api/whoami', 'page:q')).status).toBe(200);
});

it('who fails too often waits, and nobody else', async () => {
  for (let i = 0; i < failuresPerNameMax; i++) expect((await get('/api/whoami', 'ghost:x')).status).toBe(401);
  const slowed = await get('/api/whoami', 'ghost:x');
  expect([slowed.status, Number(slowed.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
  expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await get('/api/whoami', 'guest:guest')).status).toBe(200);
});

it('failures of others lock nobody out who has logged in before from where they are', () => {
  let now = 0;
  const throttle = new LoginThrottle(() => now);
  throttle.succeeded('office', 'alice');
  for (let i = 0; i < failuresPerNameMax; i++) throttle.failed(`bot${i}`, 'alice');
  for (let i = 0; i < failuresPerAddressMax; i++) throttle.failed('office', `guess${i}`);
  expect([throttle.waitS('office', 'alice'), throttle.waitS('elsewhere', 'alice')]).toEqual([0, 60]);
  expect(throttle.waitS('office', 'bob')).toBe(60);
  for (let i = 0; i < failuresPerNameMax; i++) throttle.failed('office', 'alice');
  expect(throttle.waitS('office', 'alice')).toBe(60);
  now = 60_000;
  expect(throttle.waitS('elsewhere', 'alice')).toBe(0);
});

it('what is not there is a 404 in JSON, a method that is not there a 405 that names those that are', async () => {
  for (const path of ['/', '/nothing', '/api/nothing', '/../package.json', '/%2e%2e/package.json']) {
    const answer = await get(path, 'guest:guest');
    expect([answer.status, await answer.json()]).toEqual([404, { error: 'Object Not Found', reason: 'Not Found' }]);
  }
  const wrong = await fetch(url('/api/overview'), { method: 'PUT', headers: basic('guest:guest') });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'HEAD, GET, OPTIONS']);
});

it('every answer has the security headers, and none lets another site read it', async () => {
  for (const path of ['/api/health', '/api/overview', '/nothing']) {
    const { headers } = await get(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});
