// RabbitMQ's own command line, rabbitmqadmin, unmodified: the same commands against both brokers print the same.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacks, python } from '../needs.ts';
import { ManagedBroker } from './management.ts';

const script =
  '/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbitmq_management-3.10.8/priv/www/cli/rabbitmqadmin';

describe.skipIf(lacks('rabbitmq-server'))('rabbitmqadmin', () => {
  const brokers: ManagedBroker[] = [];
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rabbitmqadmin-'));
    expect(existsSync(script)).toBe(true);
    brokers.push(await ManagedBroker.start('rabbitmq'), await ManagedBroker.start('leveret'));
  }, 120_000);
  afterAll(async () => {
    for (const broker of brokers) await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (
    broker: ManagedBroker,
    parameters: readonly string[],
  ): Promise<{ code: number | null; output: string }> =>
    new Promise((resolve, reject) => {
      const flags = ['-H', '127.0.0.1', '-P', String(broker.management)];
      const child = spawn(python, [script, ...flags, ...parameters], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)));
      child.once('error', reject);
      child.once('close', code => resolve({ code, output }));
    });

  /** Names of nodes, versions and ports are those of each broker. */
  const alike = (text: string): string =>
    text
      .replaceAll(/(oracle\d+|leveret)@[\w.-]+/g, 'NODE')
      .replaceAll(/\b(3\.10\.8|3\.13\.7)\b/g, 'VERSION')
      .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
      .replaceAll(/-+\+/g, '-+')
      .replaceAll(/ +/g, ' ');

  /** Runs it against both: what they print and how they end is the same. Returns what they printed. */
  const same = async (line: string | readonly string[]): Promise<string> => {
    const parameters = typeof line === 'string' ? line.split(' ') : line;
    const [theirs, ours] = await Promise.all(brokers.map(broker => run(broker, parameters)));
    expect({ ...ours, output: alike(ours!.output) }).toEqual({ ...theirs, output: alike(theirs!.output) });
    return ours!.output;
  };

  it('declares everything', async () => {
    expect(await same('declare queue name=work')).toBe('queue declared\n');
    await same([
      'declare',
      'queue',
      'name=short',
      'durable=false',
      'arguments={"x-message-ttl": 60000, "x-own": [1, "a"]}',
    ]);
    await same('declare queue name=work durable=false');
    await same('declare queue');
    await same('declare exchange name=jobs type=topic');
    await same('declare exchange name=jobs type=fanout');
    await same('declare exchange name=strange type=nonesuch');
    await same('declare exchange name=fan type=fanout durable=false auto_delete=true internal=true');
    await same('declare binding source=jobs destination=work routing_key=image.*');
    await same(['declare', 'binding', 'source=jobs', 'destination=short', 'routing_key=a b/c', 'arguments={"x": 1}']);
    await same('declare binding source=jobs destination=fan destination_type=exchange routing_key=#');
    await same('declare binding source=jobs destination=nonesuch routing_key=k');
    await same('declare vhost name=second');
    await same('declare user name=anna password=secret tags=management');
    await same('declare user name=bert password_hash=ecatCqCxcYvzPgAV7XewF93YXJ/TUPIqn1yFazvS/I2Xh2Yx tags=');
    await same('declare permission vhost=second user=anna configure=.* write=^work read=.*');
    await same('declare permission vhost=nonesuch user=anna configure=.* write=.* read=.*');
  });

  it('publishes, gets, purges', async () => {
    await same('publish exchange=jobs routing_key=image.resize payload=hello');
    await same([
      'publish',
      'routing_key=work',
      'payload=two words',
      'properties={"delivery_mode": 2, "headers": {"n": 1}}',
    ]);
    await same('publish exchange=jobs routing_key=nowhere payload=lost');
    await same('publish exchange=nonesuch routing_key=k payload=x');
    expect(await same('get queue=work count=5')).toContain('two words');
    await same('get queue=work ackmode=ack_requeue_false');
    await same('get queue=work ackmode=reject_requeue_true encoding=base64');
    await same('get queue=nonesuch');
    await same('purge queue name=work');
    await same('get queue=work');
    await same('purge queue name=nonesuch');
  });

  it('lists and shows', async () => {
    await same('show overview rabbitmq_version object_totals.queues object_totals.exchanges');
    await same('list queues vhost name durable auto_delete arguments');
    await same('list exchanges vhost name type durable auto_delete internal');
    await same('list bindings source destination destination_type routing_key');
    await same('list vhosts name');
    await same('list users name tags');
    await same('list permissions');
    await same('list nodes name type running');
    for (const empty of [
      'connections',
      'channels',
      'consumers',
      'policies',
      'operator_policies',
      'parameters',
      'vhost_limits',
    ])
      expect(await same(`list ${empty}`)).toBe('No items\n');
    await same('-V / list queues name');
    await same('-V second list exchanges name');
    await same('-S name -R True list queues name');
    await same('-f long list queues name durable');
    await same('-f tsv list exchanges name type');
    await same('-f kvp list vhosts name');
    await same('-f bash list queues');
    await same('-f raw_json list vhosts name');
    await same('list nonesuch');
    await same('show nonesuch');
    await same('-u guest -p wrong list queues');
    await same('-u anna -p secret list queues name');
    await same('-u bert -p secret list queues name');
  });

  it('lists connections, channels and consumers, and closes a connection', async () => {
    const connections = await Promise.all(brokers.map(({ port }) => amqplib.connect(`amqp://127.0.0.1:${port}`)));
    // amqplib takes a close by an operator for no error.
    const closed = connections.map(
      connection => new Promise<string>(resolve => connection.on('close', (error?: Error) => resolve(String(error)))),
    );
    for (const connection of connections) {
      const channel = await connection.createChannel();
      // RabbitMQ cancels consumers on the way down; amqplib then has a closed channel.
      channel.on('error', () => {});
      await channel.prefetch(7);
      await channel.consume('work', () => {}, { consumerTag: 'worker' });
    }
    // RabbitMQ shows them when it has counted them.
    const soon = { timeout: 15_000, interval: 200 };
    await expect.poll(async () => (await run(brokers[0]!, ['list', 'consumers'])).output, soon).toContain('worker');
    await expect
      .poll(async () => (await run(brokers[0]!, ['list', 'channels', 'prefetch_count'])).output, soon)
      .toContain('7');
    await same('list connections user vhost state channels protocol auth_mechanism');
    await same('list channels number user vhost prefetch_count consumer_count confirm');
    await same('list consumers consumer_tag queue.name ack_required prefetch_count exclusive');
    for (const [index, broker] of brokers.entries()) {
      const [connection] = (await broker.ask('GET', '/connections')).body as [{ name: string }];
      const ended = await run(broker, ['close', 'connection', `name=${connection.name}`]);
      expect(ended).toEqual({ code: 0, output: 'connection closed\n' });
      expect(await closed[index]).toContain('CONNECTION_FORCED - Closed via management plugin');
    }
    await same('close connection name=nonesuch');
  });

  it('exports and imports', async () => {
    for (const broker of brokers) {
      expect((await run(broker, ['export', `${broker.product}.json`])).code).toBe(0);
      expect((await run(broker, ['-V', '/', 'export', `${broker.product}-vhost.json`])).code).toBe(0);
    }
    const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
    for (const part of ['', '-vhost']) {
      const [theirs, ours] = [read(`rabbitmq${part}.json`), read(`leveret${part}.json`)];
      for (const list of ['queues', 'exchanges', 'bindings']) expect(sorted(ours[list])).toEqual(sorted(theirs[list]));
    }
    const [theirs, ours] = [read('rabbitmq.json'), read('leveret.json')];
    // 3.10.8 reads what is said of vhosts, and does not write it.
    for (const vhost of ours.vhosts) delete vhost.metadata;
    for (const list of ['vhosts', 'permissions', 'topic_permissions', 'policies', 'parameters'])
      expect(sorted(ours[list])).toEqual(sorted(theirs[list]));
    // Each of them takes what the other wrote.
    await run(brokers[0]!, ['delete', 'vhost', 'name=second']);
    await run(brokers[1]!, ['delete', 'vhost', 'name=second']);
    for (const user of ['anna', 'bert'])
      for (const broker of brokers) expect((await run(broker, ['delete', 'user', `name=${user}`])).code).toBe(0);
    expect((await run(brokers[0]!, ['import', 'leveret.json'])).output).toContain('Uploaded definitions');
    expect((await run(brokers[1]!, ['import', 'rabbitmq.json'])).output).toContain('Uploaded definitions');
    await same('list vhosts name');
    await same('list users name tags');
    await same('list permissions');
    // The password travelled as a hash.
    expect(await same('-u anna -p secret list vhosts name')).toContain('second');
    expect((await run(brokers[0]!, ['-V', 'second', 'import', 'leveret-vhost.json'])).code).toBe(0);
    expect((await run(brokers[1]!, ['-V', 'second', 'import', 'rabbitmq-vhost.json'])).code).toBe(0);
    await same('-V second list queues name durable arguments');
    await same('-V second list bindings source destination routing_key');
    await same('import nonesuch.json');
  });

  it('deletes', async () => {
    await same('delete binding source=jobs destination_type=queue destination=work properties_key=image.%2A');
    await same('delete binding source=jobs destination_type=queue destination=work properties_key=nonesuch');
    await same('delete queue name=work');
    await same('delete queue name=work');
    await same('delete exchange name=jobs');
    await same('delete exchange name=amq.direct');
    await same('delete permission vhost=second user=anna');
    await same('delete user name=anna');
    await same('delete vhost name=second');
    await same('delete vhost name=second');
    await same('list queues vhost name');
    await same('list bindings source destination routing_key');
  });
});

function sorted(list: readonly unknown[]): string[] {
  return list.map(item => JSON.stringify(sortedKeys(item))).sort();
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedKeys(item)]));
}
