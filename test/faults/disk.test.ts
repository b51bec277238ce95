// A disk that is full, and one that has flipped a bit: what is confirmed, what is stopped, what is said, what comes back.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Channel } from '../conformance/wire.ts';
import { Broker, Bystander, eventually } from './broker.ts';

/** A command of the system; fails when it does. */
function system(command: string, ...parameters: string[]): void {
  const { status, stderr } = spawnSync(command, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: ${stderr}`);
}

/** Only root may mount; without, these tests are left out. */
const mayMount =
  existsSync('/dev/loop-control') &&
  spawnSync('mkfs.ext4', ['-V']).status === 0 &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** The highest publish confirmed so far, of what has arrived. */
class Confirmed {
  upTo = 0;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#follow();
  }

  async #follow(): Promise<void> {
    try {
      for (;;) {
        const { name, fields } = await this.#channel.next(600_000);
        if (name === 'basic.ack') this.upTo = Number(fields['deliveryTag']);
      }
    } catch {
      // the connection is over
    }
  }
}

/** A broker whose data folder is on a file system of 48 MiB, mounted in a namespace of its own, with which it goes. */
async function onSmallDisk(): Promise<{ broker: Broker; place: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'leveret-full-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const image = join(folder, 'image');
  const place = join(folder, 'disk');
  system('truncate', '-s', '48M', image);
  system('mkfs.ext4', '-q', '-F', '-m', '0', image);
  system('mkdir', place);
  const script = `mount -o loop ${image} ${place} && exec "$@"`;
  const broker = await Broker.start({
    disk: true,
    folder: place,
    through: ['unshare', '-m', 'bash', '-c', script, 'bash'],
    // The whole disk is smaller than the limit.
    env: { LEVERET_SEGMENT_SIZE: '4MiB', LEVERET_DISK_FREE_LIMIT_ABSOLUTE: '0' },
  });
  return { broker, place };
}

it.skipIf(!mayMount)(
  'a full disk stops persistent publishes alone, says so, and loses nothing',
  async () => {
    const { broker } = await onSmallDisk();
    const bystander = await Bystander.on(broker);
    const worker = await broker.channel();
    await worker.call('queue.declare', { queue: 'tasks', durable: true });
    const publisher = await broker.channel();
    await publisher.call('confirm.select');
    const confirmed = new Confirmed(publisher);
    const text = (n: number): string => `${n} `.padEnd(20_000, 'x');
    let sent = 0;
    const send = (): void => publisher.publish('', 'tasks', text(++sent), { properties: { deliveryMode: 2 } });
    while (!/the journal cannot be written/.test(broker.output)) {
      expect(sent).toBeLessThan(5000);
      for (let n = 0; n < 20; n++) send();
      await eventually(
        () => confirmed.upTo === sent || /the journal cannot be written/.test(broker.output),
        done => done,
        'confirms or a full disk',
      );
    }

    await broker.logged('error', /cannot be written \(ENOSPC\): nothing is confirmed .* free some disk space/);
    const health = await broker.health();
    expect(health).toEqual({
      status: 503,
      body: { status: 'failed', reason: expect.stringContaining('cannot be written') },
    });
    for (let n = 0; n < 50; n++) send();
    await bystander.unhurt(100);
    const stuckAt = confirmed.upTo;
    expect(stuckAt).toBeLessThan(sent - 20);
    await bystander.unhurt(100);
    expect(confirmed.upTo).toBe(stuckAt);

    // What was confirmed is there whatever happens now.
    await broker.kill();
    await broker.restart();
    const drain = await broker.channel();
    await drain.call('basic.qos', { prefetchCount: 50 });
    await drain.consume('tasks', 'worker');
    const seen = new Set<number>();
    const take = async (): Promise<void> => {
      const { body, fields } = await drain.expect('basic.deliver');
      const n = Number.parseInt(body!.toString(), 10);
      expect(body!.toString()).toBe(text(n));
      seen.add(n);
      drain.ack(Number(fields['deliveryTag']));
    };
    for (let n = 1; n <= stuckAt; n++) await take();
    for (let n = 1; n <= stuckAt; n++) expect(seen).toContain(n);

    // Acknowledging has made room: publishes are confirmed again, by a process that nobody has touched.
    const again = await broker.channel();
    await again.call('confirm.select');
    again.publish('', 'tasks', text(1), { properties: { deliveryMode: 2 } });
    await again.expect('basic.ack', undefined, 20_000);
    await eventually(
      () => broker.health(),
      ({ status }) => status === 200,
      'health 200',
    );
  },
  60_000,
);

it.skipIf(!mayMount)(
  'a full disk drains by acks and by free space, in the same process',
  async () => {
    const { broker, place } = await onSmallDisk();
    const outside = join(`/proc/${broker.pid}/root`, place);
    const bystander = await Bystander.on(broker);
    const worker = await broker.channel();
    await worker.call('queue.declare', { queue: 'tasks', durable: true });
    const publisher = await broker.channel();
    await publisher.call('confirm.select');
    // The publisher's connection is a worker's, too.
    const own = await publisher.wire.channel();
    await own.call('queue.declare', { queue: 'own', durable: true });
    for (let n = 0; n < 60; n++) own.publish('', 'own', 'x', { properties: { deliveryMode: 2 } });
    await own.call('basic.qos', { prefetchCount: 5 });
    await own.consume('own', 'own');
    const confirmed = new Confirmed(publisher);
    // Somebody else has filled most of the disk.
    spawnSync('dd', ['if=/dev/zero', `of=${outside}/other`, 'bs=1M', 'count=20'], { stdio: 'ignore' });
    const text = (n: number): string => `${n} `.padEnd(20_000, 'x');
    let sent = 0;
    const send = (): void => publisher.publish('', 'tasks', text(++sent), { properties: { deliveryMode: 2 } });
    while (!/the journal cannot be written/.test(broker.output)) {
      expect(sent).toBeLessThan(5000);
      for (let n = 0; n < 20; n++) send();
      await eventually(
        () => confirmed.upTo === sent || /the journal cannot be written/.test(broker.output),
        done => done,
        'confirms or a full disk',
      );
    }
    for (let n = 0; n < 50; n++) send();
    // Acks of consumers go on being taken while publishes wait.
    await worker.call('basic.qos', { prefetchCount: 10 });
    await worker.consume('tasks', 'worker');
    for (let n = 1; n <= 20; n++) {
      const { fields } = await worker.expect('basic.deliver');
      worker.ack(Number(fields['deliveryTag']));
    }
    await worker.sync();
    for (let n = 1; n <= 60; n++) {
      await own.expect('basic.deliver');
      own.ack(n);
    }
    await bystander.unhurt();
    expect(confirmed.upTo).toBeLessThan(sent - 20);
    expect((await broker.health()).status).toBe(503);
    system('rm', `${outside}/other`);
    await eventually(
      () => confirmed.upTo,
      upTo => upTo === sent,
      `the confirm of ${sent}`,
    );
    await broker.logged('info', /the disk takes writes again/);
    await eventually(
      () => broker.health(),
      ({ status }) => status === 200,
      'health 200',
    );
    await bystander.unhurt();
  },
  60_000,
);

it.skipIf(!mayMount)(
  'a broker whose disk is full stops when it is told to',
  async () => {
    const { broker, place } = await onSmallDisk();
    const outside = join(`/proc/${broker.pid}/root`, place);
    spawnSync('dd', ['if=/dev/zero', `of=${outside}/other`, 'bs=1M', 'count=48'], { stdio: 'ignore' });
    const publisher = await broker.channel();
    await publisher.call('queue.declare', { queue: 'tasks', durable: true });
    for (let n = 0; n < 1500; n++)
      publisher.publish('', 'tasks', Buffer.alloc(20_000), { properties: { deliveryMode: 2 } });
    await broker.logged('error', /cannot be written/);
    expect(await broker.stop()).toEqual({ code: 0, signal: null });
  },
  60_000,
);

it('a flipped byte in a closed segment is reported with its place; that message alone is not delivered', async () => {
  const broker = await Broker.start({ disk: true, env: { LEVERET_SEGMENT_SIZE: '1MiB' } });
  const publisher = await broker.channel();
  await publisher.call('queue.declare', { queue: 'q', durable: true });
  await publisher.call('confirm.select');
  const text = (n: number): string => `message ${n} `.padEnd(10_000, '.');
  const count = 300;
  for (let n = 1; n <= count; n++) {
    publisher.publish('', 'q', text(n), { properties: { deliveryMode: 2 } });
    await publisher.expect('basic.ack');
  }
  await broker.kill();
  const segments = join(broker.folder, 'data', 'segments');
  const [first] = (await readdir(segments)).filter(name => name.endsWith('.log')).sort();
  const file = join(segments, first!);
  const at = (await readFile(file)).indexOf('message 37 ') + 500;
  expect(at).toBeGreaterThan(500);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from('!'), 0, 1, at);
  await handle.close();

  await broker.restart();
  const bystander = await Bystander.on(broker);
  const consumer = await broker.channel();
  await consumer.consume('q', 'c', { noAck: true });
  const seen: string[] = [];
  for (let n = 1; n < count; n++) seen.push((await consumer.expect('basic.deliver')).body!.toString());
  expect(seen).toEqual(Array.from({ length: count }, (_, n) => text(n + 1)).filter((_, n) => n !== 36));
  await consumer.quiet();
  const [line] = await broker.logged('error', /damaged/);
  const [, name, offset] = /(\S+\.log)\S* at offset (\d+)/.exec(line!) ?? [];
  expect(name).toContain(first);
  expect(Math.abs(Number(offset) - at)).toBeLessThan(12_000);
  await bystander.unhurt();
});
