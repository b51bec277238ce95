// The shapes of answers: what RabbitMQ 3.10.8 gives for a GET, Leveret gives too, under the same keys and of the same types.
import { setTimeout as sleep } from 'node:timers/promises';
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacks } from '../needs.ts';
import { ManagedBroker } from './management.ts';

/** Keys that Leveret does not have, and why: docs/compatibility.md lists them. */
const absent: readonly RegExp[] = [
  // Of Erlang's processes and RabbitMQ's own stores.
  /\bgarbage_collection\b/,
  /\breductions(_details)?\b/,
  /\bbacking_queue_status\b/,
  /\bmetrics_gc_queue_length\./,
  // Only there while an object is idle.
  /\bidle_since\b/,
  // Nothing of this kind is counted.
  /\bdisk_(reads|writes)_details\.(samples|avg)/,
  // Files of the machine are not told.
  /\bconfig_files\[\]/,
  /^overview\.listeners\[\]\.socket_opts\./,
  /^(overview|nodes\[\]|nodes\/:node)\.contexts\[\]\.protocol$/,
  /^definitions\.global_parameters\[\]/,
  /^(global-parameters|feature-flags|extensions)\[\]/,
];

describe.skipIf(lacks('rabbitmq-server'))('answers have the shapes of RabbitMQ 3.10.8', () => {
  let theirs: ManagedBroker;
  let ours: ManagedBroker;
  const connections: amqplib.ChannelModel[] = [];

  beforeAll(async () => {
    [theirs, ours] = await Promise.all([ManagedBroker.start('rabbitmq'), ManagedBroker.start('leveret')]);
    for (const broker of [theirs, ours]) connections.push(await work(broker));
    // RabbitMQ shows what it has counted when it has counted it.
    await until('/queues/%2F/shapes', '"deliver_get":3');
    await until('/channels', '"publish":4');
  }, 120_000);
  afterAll(async () => {
    for (const connection of connections) await connection.close().catch(() => {});
    await theirs?.stop();
    await ours?.stop();
  });

  /** Resolves when RabbitMQ's answer has that in it. */
  async function until(path: string, part: string): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (JSON.stringify((await theirs.ask('GET', path)).body).includes(part)) return;
      await sleep(100);
    }
    throw new Error(`RabbitMQ never answered ${path} with ${part}`);
  }

  /** One connection with a publisher and a consumer that does not acknowledge, on each broker. */
  async function work(broker: ManagedBroker): Promise<amqplib.ChannelModel> {
    const options = { clientProperties: { connection_name: 'shapes' } };
    const connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`, options);
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange('shapes-x', 'topic');
    await channel.assertQueue('shapes', { arguments: { 'x-shape': 'round' } });
    await channel.bindQueue('shapes', 'shapes-x', 'a.*');
    await channel.bindQueue('shapes', 'shapes-x', 'with arguments', { n: 1 });
    await channel.bindExchange('amq.fanout', 'shapes-x', '#');
    for (let n = 0; n < 4; n++) channel.publish('shapes-x', 'a.b', Buffer.from('task'), { persistent: true });
    await channel.waitForConfirms();
    const consuming = await connection.createChannel();
    await consuming.prefetch(3);
    await consuming.consume('shapes', () => {}, { consumerTag: 'worker' });
    return connection;
  }

  const paths = [
    'overview',
    'cluster-name',
    'nodes',
    'nodes/:node',
    'nodes/:node/memory',
    'extensions',
    'feature-flags',
    'whoami',
    'auth',
    'auth/attempts/:node',
    'connections',
    'connections/:connection',
    'connections/:connection/channels',
    'connections/username/guest',
    'channels',
    'channels/:channel',
    'consumers',
    'consumers/%2F',
    'exchanges',
    'exchanges/%2F',
    'exchanges/%2F/shapes-x',
    'exchanges/%2F/shapes-x/bindings/source',
    'exchanges/%2F/amq.fanout/bindings/destination',
    'queues',
    'queues/%2F',
    'queues/%2F/shapes',
    'queues/%2F/shapes/bindings',
    'bindings',
    'bindings/%2F',
    'bindings/%2F/e/shapes-x/q/shapes',
    'bindings/%2F/e/shapes-x/q/shapes/a.%252A',
    'bindings/%2F/e/shapes-x/e/amq.fanout',
    'vhosts',
    'vhosts/%2F',
    'vhosts/%2F/permissions',
    'vhosts/%2F/topic-permissions',
    'vhosts/%2F/connections',
    'vhosts/%2F/channels',
    'users',
    'users/without-permissions',
    'users/guest',
    'users/guest/permissions',
    'users/guest/topic-permissions',
    'permissions',
    'permissions/%2F/guest',
    'topic-permissions',
    'policies',
    'policies/%2F',
    'operator-policies',
    'parameters',
    'global-parameters',
    'vhost-limits',
    'user-limits',
    'definitions',
    'definitions/%2F',
    'aliveness-test/%2F',
    'healthchecks/node',
    'health/checks/alarms',
    'health/checks/local-alarms',
    'health/checks/virtual-hosts',
    'health/checks/certificate-expiration/1/weeks',
    'health/checks/node-is-quorum-critical',
    'health/checks/node-is-mirror-sync-critical',
    'health/checks/protocol-listener/amqp',
    'queues?page=1&page_size=10',
    'queues?disable_stats=true&enable_queue_totals=true',
    'queues?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5',
    'overview?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5',
    'queues?columns=name,message_stats.publish',
  ];

  it.each(paths)('%s', async path => {
    const [expected, actual] = await Promise.all([theirs, ours].map(broker => filled(broker, path)));
    expect(actual!.status).toBe(expected!.status);
    const wanted = shapeOf(expected!.body, path.split('?')[0]!);
    const had = shapeOf(actual!.body, path.split('?')[0]!);
    const missing = [...wanted].filter(([key, types]) => {
      if (absent.some(pattern => pattern.test(key))) return false;
      const own = had.get(key);
      return own === undefined || ![...types].some(type => own.has(type) || isOptional(type, own));
    });
    expect(
      missing.map(([key, types]) => `${key}: ${[...types].join(' or ')}, not ${[...(had.get(key) ?? [])]}`),
    ).toEqual([]);
  });

  /** The tag of the queue's single active consumer, and whether each of its consumers is active. */
  async function activity(broker: ManagedBroker): Promise<unknown> {
    const { body } = await broker.ask('GET', '/queues/%2F/single');
    const { single_active_consumer_tag, consumer_details } = body as {
      single_active_consumer_tag: string | null;
      consumer_details: { consumer_tag: string; active: boolean; activity_status: string }[];
    };
    const each = consumer_details.map(({ consumer_tag, active, activity_status }) => [
      consumer_tag,
      active,
      activity_status,
    ]);
    return [single_active_consumer_tag, ...each.sort()];
  }

  it('who is the single active consumer', async () => {
    const channels: amqplib.Channel[] = [];
    for (const connection of connections) {
      const channel = await connection.createChannel();
      await channel.assertQueue('single', { arguments: { 'x-single-active-consumer': true } });
      for (const consumerTag of ['first', 'second']) await channel.consume('single', () => {}, { consumerTag });
      channels.push(channel);
    }
    const told = (expected: unknown): Promise<unknown> =>
      Promise.all(
        [theirs, ours].map(broker => expect.poll(() => activity(broker), { timeout: 20_000 }).toEqual(expected)),
      );
    await told(['first', ['first', true, 'single_active'], ['second', false, 'waiting']]);
    for (const channel of channels) await channel.cancel('first');
    await told(['second', ['second', true, 'single_active']]);
    for (const channel of channels) await channel.cancel('second');
    await told([null]);
    for (const channel of channels) await channel.deleteQueue('single');
  });

  async function filled(broker: ManagedBroker, path: string): ReturnType<ManagedBroker['ask']> {
    const name = async (list: string): Promise<string> =>
      encodeURIComponent(((await broker.ask('GET', list)).body as { name: string }[])[0]!.name);
    let full = `/${path}`;
    if (path.includes(':node')) full = full.replace(':node', await name('/nodes'));
    if (path.includes(':connection')) full = full.replace(':connection', await name('/connections'));
    if (path.includes(':channel')) full = full.replace(':channel', await name('/channels'));
    return broker.ask('GET', full);
  }
});

/** A number where RabbitMQ has none yet, or none where it has one. */
function isOptional(type: string, own: ReadonlySet<string>): boolean {
  return type === 'null' || (own.has('null') && own.size === 1);
}

/** The types at every path of keys; items of an array count as one. */
function shapeOf(value: unknown, path: string, shape: Map<string, Set<string>> = new Map()): Map<string, Set<string>> {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  shape.set(path, (shape.get(path) ?? new Set()).add(type));
  if (Array.isArray(value)) for (const item of value) shapeOf(item, `${path}[]`, shape);
  else if (typeof value === 'object' && value !== null)
    // The name of the node is a key in some places.
    for (const [key, item] of Object.entries(value))
      shapeOf(item, `${path}.${key.includes('@') ? 'NODE' : key}`, shape);
  return shape;
}
