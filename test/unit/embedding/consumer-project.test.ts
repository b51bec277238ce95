// The package as a program that installed it sees it: packed, unpacked into its node_modules, imported with types, and gone at the end.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const call = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'leveret-consumer-'));
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, 'leveret'), { recursive: true });
  const packed = await call('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
  });
  const archive = join(project, packed.stdout.trim().split('\n').at(-1)!);
  await call('tar', ['-xzf', archive, '-C', join(modules, 'leveret'), '--strip-components=1']);
  // Its dependencies and nothing else of ours are there, as an installation would have put them.
  const { dependencies } = JSON.parse(await readFile(join(modules, 'leveret/package.json'), 'utf8')) as {
    dependencies: object;
  };
  for (const name of Object.keys(dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(root, 'node_modules', name), join(modules, name));
  }
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(() => rm(project, { recursive: true, force: true }));

it('a program can import it with its types', async () => {
  const program = `
    import { type BrokerOptions, type EmbeddedBroker, startBroker } from 'leveret';
    const options: BrokerOptions = { port: 0, memory: true, users: [{ name: 'a', password: 'b' }], sync: 'os' };
    const broker: EmbeddedBroker = await startBroker(options);
    export const { url, port }: { url: string; port: number } = broker;
    // @ts-expect-error: a port is a number
    await startBroker({ port: 'x' });
    // @ts-expect-error: there is no such option
    await startBroker({ prot: 1 });
    const stopped: Promise<void> = broker.stop();
    await stopped;
  `;
  await writeFile(join(project, 'typed.ts'), program);
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  const { stdout } = await call(join(root, 'node_modules/.bin/tsc'), [...flags, 'typed.ts'], { cwd: project }).catch(
    error => error,
  );
  expect(stdout).toBe('');
});

it.each([
  ['in memory', '{ managementPort: 0 }'],
  ['on a disk', '{ dataDir: "data", managementPort: 0 }'],
])('a program whose brokers %s are stopped ends by itself', async (_, options) => {
  const program = `
    import amqplib from 'amqplib';
    import { startBroker } from 'leveret';
    const broker = await startBroker(${options});
    const other = await startBroker();
    const connection = await amqplib.connect(broker.url);
    connection.on('error', () => {});
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue('q');
    channel.sendToQueue('q', Buffer.alloc(100_000), { persistent: true });
    await channel.waitForConfirms();
    await channel.consume('q', () => {});
    await broker.stop();
    await other.stop();
    console.log('stopped');
  `;
  await writeFile(join(project, 'program.mjs'), program);
  const { stdout, stderr } = await call(process.execPath, ['program.mjs'], { cwd: project, timeout: 15_000 });
  expect([stdout, stderr]).toEqual(['stopped\n', '']);
});
