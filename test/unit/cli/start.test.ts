// `leveret start` as a process: the ready line, plain words for what is wrong, and an orderly end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { Program, run } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'leveret-start-'));
const started: Program[] = [];
const FREE = ['--port', '0', '--management-port', '0'];

function start(...args: string[]): Program {
  const program = new Program(['start', ...args], { cwd: folder });
  started.push(program);
  return program;
}
afterEach(async () => {
  for (const program of started.splice(0)) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(['SIGTERM', 'SIGINT'] as const)('prints one line when ready, serves, and ends with 0 on %s', async signal => {
  const program = start(...FREE, '--data-dir', `data-${signal}`);
  const [, managementPort] = await program.sees(
    new RegExp(
      `^Leveret \\d+\\.\\d+\\.\\d+ is ready: AMQP on 127\\.0\\.0\\.1:\\d+, management on http://127\\.0\\.0\\.1:(\\d+), data in data-${signal}\\n$`,
    ),
  );
  const health = await fetch(`http://127.0.0.1:${managementPort}/api/health`);
  expect(await health.json()).toEqual({ status: 'ok' });
  program.child.kill(signal);
  expect(await program.ended).toMatchObject({ code: 0, signal: null });
  expect(program.stdout.split('\n')).toHaveLength(2);
});

it('logs JSON lines on standard error, with the words that tools wait for', async () => {
  const program = start(...FREE, '--memory');
  await program.sees(/Server startup complete/, 'stderr');
  const messages = program.stderr
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).msg);
  expect(messages).toContain('Server startup complete; 0 plugins started.');
});

it('says that everything is in memory, and that management is off', async () => {
  const program = start('--port', '0', '--management-port', 'off', '--memory');
  await program.sees(/^Leveret \S+ is ready: AMQP on 127\.0\.0\.1:\d+, everything in memory\n$/);
});

it('does without a port for Prometheus that was not asked for and is taken, and says so', async () => {
  // Where another program has it, that one takes it.
  const server = createServer().listen(15692, '127.0.0.1');
  await new Promise<void>(resolve => void server.once('listening', resolve).once('error', () => resolve()));
  const program = start(...FREE, '--memory');
  await program.sees(/port 15692 is taken: metrics for Prometheus are on the management port only/, 'stderr');
  await program.sees(/is ready/);
  server.close();
});

it('tells where the metrics are', async () => {
  const program = start(...FREE, '--prometheus-port', '0', '--memory');
  const [, address] = await program.sees(/metrics for Prometheus on (http:\/\/127\.0\.0\.1:\d+\/metrics)"/, 'stderr');
  expect(await (await fetch(address!)).text()).toContain('rabbitmq_queues 0\n');
});

it('a taken port is told in one sentence', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const amqp = await run(['start', '--port', String(port), '--management-port', '0', '--memory']);
  const management = await run(['start', '--port', '0', '--management-port', String(port), '--memory']);
  const prometheus = await run(['start', ...FREE, '--prometheus-port', String(port), '--memory']);
  server.close();
  const words = `leveret: port ${port} of 127.0.0.1 is taken by another program; stop that one or choose another`;
  expect(amqp).toMatchObject({ code: 1, stdout: '' });
  expect(amqp.stderr).toContain(`${words} --port\n`);
  expect(management).toMatchObject({ code: 1, stdout: '' });
  expect(management.stderr).toContain(`${words} --management-port\n`);
  expect(prometheus.stderr).toContain(`${words} --prometheus-port\n`);
});

it('an address that this machine does not have is told', async () => {
  const { code, stderr } = await run(['start', '--host', '192.0.2.1', ...FREE, '--memory']);
  expect(code).toBe(1);
  expect(stderr).toContain('leveret: this machine does not have the address 192.0.2.1; choose another --host');
});

it('a data folder in use is told, and is free again afterwards', async () => {
  const first = start(...FREE, '--data-dir', 'taken');
  await first.sees(/ready/);
  const second = await run(['start', ...FREE, '--data-dir', 'taken'], { cwd: folder });
  expect(second).toMatchObject({ code: 1, stdout: '' });
  expect(second.stderr).toMatch(/^leveret: .*taken.*/m);
  first.child.kill('SIGTERM');
  await first.ended;
  await start(...FREE, '--data-dir', 'taken').sees(/ready/);
});

it('a data folder that cannot be one is told', async () => {
  writeFileSync(join(folder, 'file'), '');
  const { code, stderr } = await run(['start', ...FREE, '--data-dir', join(folder, 'file', 'x')]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^leveret: .*file.* is not a folder; choose another --data-dir$/m);
});

it('mistakes in settings end it with 2, all told at once', async () => {
  const file = join(folder, 'wrong.conf');
  writeFileSync(file, 'hartbeat = 10\nlog.level = loud\n');
  const { code, stdout, stderr } = await run(['start', '--config', file, '--port', 'x']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr.trim().split('\n')).toEqual([
    `leveret: ${file}:1: unknown key hartbeat; did you mean heartbeat?`,
    `${file}:2: log.level takes one of debug, info, warning, error, none, not 'loud'`,
    "--port takes a whole number from 0 to 65535, not 'x'",
  ]);
});

it('a config file that is not there is told', async () => {
  const { code, stderr } = await run(['start'], { env: { LEVERET_CONFIG: '/nowhere.conf' } });
  expect(code).toBe(2);
  expect(stderr).toBe('leveret: the config file /nowhere.conf cannot be read: there is no such file\n');
});

it('a setting of RabbitMQ that means nothing here is a warning in the log', async () => {
  writeFileSync(join(folder, 'rabbit.conf'), 'vm_memory_calculation_strategy = rss\nmemory = true\n');
  const program = start(...FREE, '--config', 'rabbit.conf');
  await program.sees(/everything in memory/);
  expect(program.stderr).toContain('rabbit.conf:1: vm_memory_calculation_strategy is a setting of RabbitMQ');
});

it('wrong usage ends with 2 and points to the help', async () => {
  expect(await run(['start', '--prot', '1'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/unknown option '--prot'[\s\S]*--port[\s\S]*leveret start --help/),
  });
  expect(await run(['strat'])).toMatchObject({ code: 2, stderr: expect.stringContaining('start') });
});

it('the help lists flags, environment variables and config keys', async () => {
  const { code, stdout } = await run(['start', '--help']);
  expect(code).toBe(0);
  for (const word of [
    '--data-dir',
    'LEVERET_DATA_DIR',
    'data_dir',
    'RABBITMQ_DEFAULT_USER',
    'permissions.$vhost.$user.read',
  ]) {
    expect(stdout).toContain(word);
  }
});

it('knows its version', async () => {
  expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
