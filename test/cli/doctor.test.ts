// `leveret doctor` beside a running broker and before one: what it finds, and that it says what to do.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { run } from '../unit/cli/program.ts';
import { CliBroker } from './broker.ts';

interface Finding {
  readonly subject: string;
  readonly verdict: string;
  readonly found: string;
  readonly advice?: string;
}

const folder = mkdtempSync(join(tmpdir(), 'leveret-doctor-'));
const away = { LEVERET_URL: 'http://127.0.0.1:2' };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function examine(
  args: readonly string[],
  env: Record<string, string> = away,
): Promise<{ code: number | null; of: (subject: string) => Finding }> {
  const { code, stdout } = await run(['doctor', '--json', ...args], { env, cwd: folder });
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  for (const { verdict, advice } of findings)
    expect(advice === undefined).toBe(verdict === 'good' || verdict === 'unknown');
  return { code, of: subject => findings.find(finding => finding.subject === subject)! };
}

it('finds a running broker well, and leaves nothing in its folder', async () => {
  const broker = await CliBroker.start();
  const before = readdirSync(broker.dataDir);
  const args = [
    '--data-dir',
    broker.dataDir,
    '--port',
    `${broker.amqpPort}`,
    '--management-port',
    `${broker.managementPort}`,
  ];
  const { code, of } = await examine(args, { LEVERET_URL: broker.url() });
  expect(code).toBe(0);
  for (const subject of [
    'settings',
    'version of Node',
    'data folder',
    'port for AMQP',
    'port for management',
    'broker',
    'version',
  ]) {
    expect([subject, of(subject)?.verdict]).toEqual([subject, 'good']);
  }
  expect(of('port for AMQP').found).toMatch(/the broker, process \d+, listens/);
  expect(of('synced write').found).toMatch(/\d ms/);
  expect(readdirSync(broker.dataDir)).toEqual(before);
  const told = (await broker.leveret(['doctor', ...args])).stdout;
  expect(told).toMatch(/^ok +settings: /);
  expect(told).toMatch(/\n0 bad, \d warnings?\n$/);
  await broker.stop();
});

it('names every mistake in a config file', async () => {
  writeFileSync(join(folder, 'bad.conf'), 'sync = never\nmemory_budgett = 1GB\n');
  const { stdout, code } = await run(['doctor', '--config', 'bad.conf'], { env: away, cwd: folder });
  expect(code).toBe(1);
  expect(stdout).toMatch(/BAD +settings: bad\.conf:1: sync takes/);
  expect(stdout).toMatch(/BAD +settings: bad\.conf:2: .*did you mean memory_budget\?/);
});

it('tells a port that another program has', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, of } = await examine(['--port', `${port}`, '--management-port', '0', '--data-dir', 'data']);
  server.close();
  expect(code).toBe(1);
  expect(of('port for AMQP')).toMatchObject({
    verdict: 'bad',
    found: expect.stringContaining('ss -ltnp'),
    advice: expect.stringContaining('--port'),
  });
  expect(of('broker').verdict).toBe('unknown');
});

it('warns of memory only, of a budget that does not fit, of a door that stands open', async () => {
  writeFileSync(
    join(folder, 'open.conf'),
    'listeners.tcp.1 = 0.0.0.0:0\nloopback_users = none\nmemory_budget = 900GiB\n',
  );
  const { code, of } = await examine(['--config', 'open.conf', '--memory', '--management-port', 'off']);
  expect(code).toBe(1);
  expect(of('disk').verdict).toBe('warning');
  expect(of('memory').verdict).toBe('bad');
  expect(of('password').advice).toContain('default_user');
});

it.skipIf(process.platform !== 'linux')('tells a folder in memory from one on a disk', async () => {
  const { of } = await examine(['--data-dir', '/dev/shm/leveret-doctor', '--port', '0', '--management-port', '0']);
  expect(of('file system')).toMatchObject({ verdict: 'bad', found: expect.stringContaining('tmpfs') });
});
