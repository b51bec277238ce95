// The management API's rules for who gets in and what an answer looks like, over a real socket.
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  createManagementApp,
  type ManagementServer,
  type ManagementView,
  serveManagement,
} from '../../../src/http/server.ts';

let view: ManagementView;
let server: ManagementServer;
let logins: unknown[];
let failures: Error[];

beforeEach(async () => {
  logins = [];
  failures = [];
  view = {
    overview: () => ({ cluster_name: 'test' }),
    health: () => ({ status: 'ok' }),
    login: async (...given) => logins.push(given) > 0 && given[1] === 'p:w',
    failed: error => failures.push(error),
  };
  server = await serveManagement(
    createManagementApp({
      overview: () => view.overview(),
      health: () => view.health(),
      login: (...given) => view.login(...given),
      failed: error => view.failed(error),
    }),
    '127.0.0.1',
    0,
  );
});
afterEach(() => server.close());

const get = (path: string, credentials?: string) =>
  fetch(`http://127.0.0.1:${server.port}${path}`, {
    headers: credentials === undefined ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  });

it('health needs no login and tells good from bad by its status', async () => {
  const good = await get('/api/health');
  expect([good.status, await good.json()]).toEqual([200, { status: 'ok' }]);
  view.health = () => ({ status: 'failed', reason: 'disk full' });
  const bad = await get('/api/health');
  expect([bad.status, await bad.json()]).toEqual([503, { status: 'failed', reason: 'disk full' }]);
});

it('the overview needs name and password', async () => {
  const nobody = await get('/api/overview');
  expect([nobody.status, await nobody.text(), nobody.headers.get('www-authenticate')]).toEqual([
    401,
    '',
    'Basic realm="RabbitMQ Management"',
  ]);
  const wrong = await get('/api/overview', 'alice:x');
  expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'not_authorized', reason: 'Login failed' }]);
  const right = await get('/api/overview', 'alice:p:w');
  expect([right.status, await right.json()]).toEqual([200, { cluster_name: 'test' }]);
  expect(logins).toEqual([
    ['alice', 'x', true],
    ['alice', 'p:w', true],
  ]);
});

it('a request that came through no socket is not from this machine', async () => {
  await createManagementApp(view).request('/api/overview', { headers: { authorization: `Basic ${btoa('a:b')}` } });
  expect(logins).toEqual([['a', 'b', false]]);
});

it('what is not there is a 404 in JSON', async () => {
  for (const [path, credentials] of [
    ['/', undefined],
    ['/api/nothing', 'alice:p:w'],
  ] as const) {
    const response = await get(path, credentials);
    expect([response.status, await response.json()]).toEqual([404, { error: 'Object Not Found', reason: 'Not Found' }]);
  }
});

it('an error inside is a 500 without details, and is told to the log', async () => {
  view.overview = () => {
    throw new Error('secret detail');
  };
  const response = await get('/api/overview', 'alice:p:w');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret');
  expect(failures.map(error => error.message)).toEqual(['secret detail']);
});

it('every answer has the security headers', async () => {
  for (const path of ['/api/health', '/api/overview', '/nothing']) {
    const { headers } = await get(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  }
});

it('a taken port is an error, not a crash', async () => {
  await expect(serveManagement(createManagementApp(view), '127.0.0.1', server.port)).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
