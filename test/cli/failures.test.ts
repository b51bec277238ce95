// What a person is told when a command cannot do its work, and the exit codes that a script sees.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../unit/cli/program.ts';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());

async function serving<T>(answer: (path: string) => [number, string], use: (url: string) => Promise<T>): Promise<T> {
  const server: Server = createServer((request, response) => {
    const [status, body] = answer(request.url ?? '');
    response.writeHead(status).end(body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it('0: --help of every level', async () => {
  for (const args of [['--help'], ['help', 'list'], ['list', '--help'], ['users', 'add', '--help'], ['--version']]) {
    expect(await run(args)).toMatchObject({ code: 0, stderr: '' });
  }
  expect((await run(['users', 'add', '--help'])).stdout).toMatch(/Exit codes:\n {2}0 {2}done/);
});

it.each([
  [['nonsense']],
  [['list', 'nonsense']],
  [['list', 'queues', '--nonsense']],
  [['delete', 'queue']],
  [['declare', 'exchange', 'x', '--type', 'nonsense']],
  [['get', 'q', '--count', '0']],
  [['get', 'q', '--ack', '--reject']],
  [['take-back', 'q']],
  [['take-back', 'q', '--older-than', 'long']],
  [['top', '--sort', 'nonsense']],
  [['list', 'queues', '--url', 'amqp://127.0.0.1']],
  [['list', 'queues', '--url', 'nonsense']],
  [['users', 'change', 'guest']],
  [['users', 'add', 'x', '--no-password', '--password-stdin']],
  [['completion', 'tcsh']],
])('2: %j is called wrongly', async args => {
  const { code, stdout, stderr } = await broker.leveret(args, { input: '' });
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^(leveret|error): /);
});

it('3: nobody answers, and it says what to do', async () => {
  const { code, stderr } = await run(['status', '--url', 'http://admin:geheim@127.0.0.1:2']);
  expect(code).toBe(3);
  expect(stderr).toBe(
    'leveret: no broker answers at http://127.0.0.1:2; start one with `leveret start`, or say where it is with --url or LEVERET_URL\n',
  );
  expect((await run(['ping', '--url', 'http://127.0.0.1:2'])).code).toBe(3);
});

it('3: AMQP or a web server answers instead', async () => {
  const amqp = await run(['status', '--url', `http://127.0.0.1:${broker.amqpPort}`]);
  expect([amqp.code, amqp.stderr]).toEqual([3, expect.stringContaining('15672')]);
  const web = await serving(
    () => [200, '<html>'],
    url => run(['status', '--url', url]),
  );
  expect([web.code, web.stderr]).toEqual([3, expect.stringContaining("is not a broker's management API")]);
});

it('1: ping and status when the broker is not well', async () => {
  const answer = (path: string): [number, string] =>
    path.startsWith('/api/health')
      ? [503, '{"status":"failed","reason":"low on disk"}']
      : [200, '{"node":"n","cluster_name":"c","object_totals":{},"queue_totals":{},"listeners":[]}'];
  const [ping, status] = await serving(answer, url =>
    Promise.all([run(['ping', '--url', url]), run(['status', '--url', url])]),
  );
  expect([ping.code, ping.stderr]).toEqual([1, expect.stringMatching(/not well: low on disk\n$/)]);
  expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('not well: low on disk')]);
});

it('3: ping does not wait for ever', async () => {
  const silent = createServer(() => {});
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const { code, stderr } = await run(['ping', '--url', url, '--timeout', '300ms']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('did not answer within 0.3 s')]);
  silent.closeAllConnections();
  silent.close();
});

it('4: a wrong password, which is not shown; LEVERET_PASSWORD is taken where the url has none', async () => {
  const { code, stdout, stderr } = await broker.leveret(['list', 'queues', '--url', broker.url('guest', 'geheim')]);
  expect([code, stdout]).toEqual([4, '']);
  expect(stderr).toContain("does not let user 'guest' in");
  expect(stderr).not.toContain('geheim');
  const env = { LEVERET_URL: `http://guest@127.0.0.1:${broker.managementPort}`, LEVERET_PASSWORD: 'guest' };
  expect((await broker.leveret(['list', 'queues'], { env })).code).toBe(0);
});

it('4: a user without the right', async () => {
  await broker.leveret(['users', 'add', 'viewer', '--tags', 'management', '--password-stdin'], { input: 'secret\n' });
  await broker.prints('permissions', 'set', 'viewer', '^$', '^$', '.*');
  const as = { env: { LEVERET_URL: broker.url('viewer', 'secret') } };
  expect((await broker.leveret(['declare', 'queue', 'q'], as)).code).toBe(4);
  expect((await broker.leveret(['users'], as)).code).toBe(4);
  expect((await broker.leveret(['status'], as)).code).toBe(0);
});

it('5: what is not there', async () => {
  for (const args of [
    ['get', 'gone'],
    ['purge', 'gone', '--yes'],
    ['list', 'queues', '--vhost', 'gone'],
    ['delete', 'exchange', 'gone', '--yes'],
    ['permissions', 'delete', 'gone', '--yes'],
    ['users', 'delete', 'gone', '--yes'],
    ['vhosts', 'delete', 'gone', '--yes'],
    ['import', '/nonexistent/file'],
  ]) {
    expect(await broker.leveret(args), args.join(' ')).toMatchObject({ code: 5, stdout: '' });
  }
});
