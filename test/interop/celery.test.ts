// A Celery application with the broker alone: real workers, retries, countdowns, late acknowledgement, a worker and a broker killed.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { python as debianPython, lacks } from '../needs.ts';
import { fresh, givenOrOwnBroker } from './broker-process.ts';
import { Program } from './program.ts';

const suite = describe.skipIf(lacks('python3-celery'));

suite('celery', () => {
  let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
  let folder: string;
  let env: Record<string, string>;
  const workers = new Set<Program>();

  beforeAll(async () => {
    broker = await givenOrOwnBroker();
  });
  afterAll(() => broker?.dispose());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'leveret-celery-'));
    env = {
      AMQP_URL: broker.url,
      CELERY_QUEUE: fresh('celery'),
      REPORT: join(folder, 'report'),
      PYTHONPATH: 'test/interop/python',
      PYTHONDONTWRITEBYTECODE: '1',
      C_FORCE_ROOT: '1',
    };
  });
  afterEach(async () => {
    await Promise.all([...workers].map(worker => worker.stop('SIGKILL')));
    workers.clear();
    await rm(folder, { recursive: true });
  });

  /** Starts a worker, which writes `ready.` when it consumes. */
  async function worker(name: string): Promise<Program> {
    const options = ['--pool', 'solo', '--loglevel', 'INFO', '--hostname', `${name}@localhost`];
    const program = new Program(debianPython, ['-m', 'celery', '-A', 'celery_app', 'worker', ...options], env);
    workers.add(program);
    await program.waitFor(/ready\.$/, 1, 30_000);
    return program;
  }

  async function send(...what: string[]): Promise<void> {
    const program = new Program(debianPython, ['test/interop/python/celery_app.py', ...what], env);
    const ending = await program.end();
    expect(program.lines).toEqual(['sent']);
    expect(ending).toEqual({ code: 0, signal: null });
  }

  const ran = () => (existsSync(env['REPORT']!) ? readFileSync(env['REPORT']!, 'utf8').trim().split('\n') : []);
  /** A worker writes to its log after each task; the report is looked at then. */
  const reported = (program: Program, count: number) =>
    program.until(() => ran().length >= count, `${count} lines in the report: ${ran()}`, 30_000);

  async function ready(): Promise<number> {
    const connection = await connect(broker.url);
    try {
      return (await (await connection.createChannel()).checkQueue(env['CELERY_QUEUE']!)).messageCount;
    } finally {
      await connection.close();
    }
  }

  test('tasks run in order, a failed one is retried, one with a countdown comes later', async () => {
    const only = await worker('only');
    await send('send', '20');
    await reported(only, 24);
    const lines = ran();
    expect(lines.filter(line => line.startsWith('add'))).toEqual(
      Array.from({ length: 20 }, (_, n) => `add ${n} 1 ${n + 1}`),
    );
    expect(lines.filter(line => line.startsWith('flaky'))).toEqual(['flaky 0', 'flaky 1', 'flaky 2']);
    expect(lines.filter(line => line.startsWith('later'))).toEqual(['later soon']);
    expect(await only.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 60_000);

  test('the task of a worker that was killed is run by another, marked redelivered', async () => {
    const doomed = await worker('doomed');
    await send('long');
    await doomed.until(() => ran().length === 1, 'the task');
    await doomed.stop('SIGKILL');
    const heir = await worker('heir');
    await reported(heir, 3);
    // Its prefetch is 1: the next task comes only when the broker has the acknowledgement of the long one.
    await send('add');
    await reported(heir, 4);
    expect(ran()).toEqual(['long first', 'long redelivered', 'long done', 'add 1 2 3']);
    expect(await heir.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  }, 60_000);

  test.skipIf(process.env['INTEROP_URL'])(
    'tasks sent before kill -9 of the broker run after it; the worker comes back by itself',
    async () => {
      const before = await worker('before');
      // Killed, for it is only to declare the queue: told to end just after it has begun, a worker may wait for ever (Celery 5.2).
      await before.stop('SIGKILL');
      await send('send', '5');
      await broker.killAndRestart();
      expect(await ready()).toBeGreaterThanOrEqual(6);
      const after = await worker('after');
      await reported(after, 9);
      await broker.killAndRestart();
      await send('send', '5');
      await reported(after, 18);
      expect(ran().filter(line => line.startsWith('add'))).toHaveLength(10);
    },
    90_000,
  );
});
