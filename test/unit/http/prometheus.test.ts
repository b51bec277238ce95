// The pages of metrics over a broker in this process: RabbitMQ's names, types, help and labels, and the values of known traffic.
import { readFileSync } from 'node:fs';
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';
import { type Metric, readMetrics } from './metrics-text.ts';

type Expected = Record<string, { type: string; help?: string; labels?: string[] }>;

/** What RabbitMQ 3.10.8 shows, by page; test/http/prometheus-oracle.test.ts holds it against a running one. */
const rabbitmq = JSON.parse(readFileSync(`${import.meta.dirname}/rabbitmq-metrics.json`, 'utf8')) as Record<
  string,
  Expected
>;

/** What RabbitMQ has and Leveret has not. */
const lacking: readonly (readonly [names: RegExp, reason: string])[] = [
  [
    /_erlang_(?!uptime)/,
    'there is no Erlang; leveret_event_loop_*, leveret_cpu_seconds_total and leveret_memory_bytes say how Node does',
  ],
  [/_process_reductions_total$|_process_memory_bytes$/, 'queues, channels and connections are no processes'],
  [/_raft_/, 'there is no Raft'],
  [/_schema_db_/, 'there is no Mnesia: declarations are in the journal'],
  [
    /_msg_store_|_queue_index_|_queue_disk_/,
    'there is one journal for all queues: rabbitmq_io_* and leveret_journal_* say how it does',
  ],
  [/_io_(read|seek|reopen)_|_io_write_time_/, 'the journal only appends, and a write and its sync are one system call'],
  [/_dead_lettered_confirmed_/, 'no dead letter waits for a confirm: it is in the journal before it leaves its queue'],
  [/_connection_pending_packets$/, 'output is counted in bytes, not in packets'],
  [/_queue_messages_(persistent|ram_bytes|paged_out_bytes|persistent_bytes)$/, 'not counted apart'],
  [/_queue_messages_persistent/, 'not counted apart'],
  [
    /_queue_head_message_timestamp$/,
    'leveret_queue_oldest_message_age_seconds tells the age itself, whatever the publisher says',
  ],
  [/_auth_attempts_detailed/, 'logins are counted for all together'],
];

/** Labels that are not there, since nothing is counted by them. */
const otherLabels: readonly (readonly [names: RegExp, without: string[], reason: string])[] = [
  [/_channel_messages_(confirmed|unroutable_returned|unroutable_dropped)_total$/, ['exchange'], 'counted by channel'],
  [/_channel_get_/, ['queue'], 'counted by channel'],
  [/_queue_messages_published_total$/, ['channel', 'exchange_vhost', 'exchange'], 'counted by queue'],
];

const families = [
  'queue_coarse_metrics queue_metrics channel_metrics channel_exchange_metrics channel_queue_metrics',
  'channel_queue_exchange_metrics connection_coarse_metrics connection_metrics connection_churn_metrics node_coarse_metrics',
  'node_metrics node_persister_metrics vhost_status exchange_names exchange_bindings queue_age_metrics',
  'queue_time_metrics queue_death_metrics exchange_delay_metrics',
].flatMap(line => line.split(' '));

let broker: EmbeddedBroker;
let connection: Awaited<ReturnType<typeof amqplib.connect>>;

/** A page of the listener for Prometheus. */
async function page(path: string): Promise<Map<string, Metric>> {
  const response = await fetch(`http://127.0.0.1:${broker.prometheus!.port}${path}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  return readMetrics(await response.text());
}

/** 10 messages through `ev` to `work`, of which 4 wait, 1 is unacknowledged and 5 were acked; and one to nobody. */
beforeAll(async () => {
  broker = await startBroker({ managementPort: 0, prometheusPort: 0 });
  connection = await amqplib.connect(broker.url);
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange('ev', 'topic');
  await channel.assertQueue('work');
  await channel.bindQueue('work', 'ev', 'a');
  await channel.assertQueue('od"d\\name');
  for (let i = 0; i < 10; i++) channel.publish('ev', 'a', Buffer.alloc(100), { persistent: true });
  channel.publish('ev', 'nobody', Buffer.from(''));
  channel.publish('ev', 'nobody', Buffer.from(''), { mandatory: true });
  await channel.waitForConfirms();
  for (let i = 0; i < 6; i++) {
    const message = await channel.get('work');
    if (message !== false && i > 0) channel.ack(message);
  }
  await channel.get('od"d\\name');
  const passing = await amqplib.connect(broker.url);
  const other = await passing.createChannel();
  other.publish('ev', 'nobody', Buffer.from(''));
  await other.checkQueue('work');
  await passing.close();
});

afterAll(async () => {
  await connection.close();
  await broker.stop();
});

describe.each(['/metrics', '/metrics/per-object', '/metrics/detailed'])('%s', path => {
  const query = path === '/metrics/detailed' ? `?${families.map(family => `family=${family}`).join('&')}` : '';
  const expected = Object.entries(rabbitmq[path]!);
  const isLacking = (name: string): boolean => lacking.some(([names]) => names.test(name));

  it('has what RabbitMQ has, as RabbitMQ describes it, but for what is listed with a reason', async () => {
    const own = await page(path + query);
    const shown = expected.filter(([name]) => !isLacking(name)).map(([name, { type, help }]) => [name, { type, help }]);
    const has = [...own]
      .filter(([name]) => name.startsWith('rabbitmq_'))
      .map(([name, { type, help }]) => [name, { type, help }]);
    expect(Object.fromEntries(has)).toEqual(Object.fromEntries(shown));
  });

  it('labels it in the same way', async () => {
    const own = await page(path + query);
    for (const [name, { labels }] of expected) {
      const mine = own.get(name)?.labels;
      if (labels === undefined || mine === undefined) continue;
      const without = otherLabels.find(([names]) => path !== '/metrics' && names.test(name))?.[1] ?? [];
      expect([name, mine]).toEqual([name, labels.filter(label => !without.includes(label))]);
    }
  });
});

it('every reason for a lack is needed', () => {
  const names = Object.values(rabbitmq).flatMap(metrics => Object.keys(metrics));
  expect(lacking.filter(([lack]) => !names.some(name => lack.test(name)))).toEqual([]);
});

it('the sums are those of the traffic, of connections that are gone as well', async () => {
  const metrics = await page('/metrics');
  const value = (name: string, labels = ''): number | undefined => metrics.get(name)?.lines.get(labels);
  const values: Record<string, number> = {
    rabbitmq_queue_messages_ready: 4,
    rabbitmq_queue_messages_unacked: 1,
    rabbitmq_queue_messages: 5,
    rabbitmq_queue_messages_ready_bytes: 400,
    rabbitmq_queue_messages_unacked_bytes: 100,
    rabbitmq_queue_messages_published_total: 10,
    rabbitmq_channel_messages_published_total: 13,
    rabbitmq_channel_messages_confirmed_total: 12,
    rabbitmq_channel_messages_unroutable_dropped_total: 2,
    rabbitmq_channel_messages_unroutable_returned_total: 1,
    rabbitmq_channel_get_ack_total: 6,
    rabbitmq_channel_get_empty_total: 1,
    rabbitmq_channel_messages_acked_total: 5,
    rabbitmq_connections: 1,
    rabbitmq_channels: 1,
    rabbitmq_queues: 2,
    rabbitmq_connections_opened_total: 2,
    rabbitmq_connections_closed_total: 1,
    rabbitmq_channels_closed_total: 1,
    leveret_message_memory_limit_bytes: 96 * 2 ** 20,
  };
  for (const [name, expected] of Object.entries(values)) expect([name, value(name)]).toEqual([name, expected]);
  const amqp = '{protocol="amqp091"}';
  const classic = '{protocol="amqp091",queue_type="rabbit_classic_queue"}';
  expect(value('rabbitmq_global_messages_received_total', amqp)).toBe(13);
  expect(value('rabbitmq_global_messages_received_confirm_total', amqp)).toBe(12);
  expect(value('rabbitmq_global_messages_routed_total', amqp)).toBe(10);
  expect(value('rabbitmq_global_messages_delivered_get_manual_ack_total', classic)).toBe(6);
  expect(value('rabbitmq_global_messages_acknowledged_total', classic)).toBe(5);
  expect(value('rabbitmq_auth_attempts_succeeded_total', amqp)).toBe(2);
  expect(value('rabbitmq_connection_incoming_bytes_total')).toBeGreaterThan(1000);
  expect(value('rabbitmq_process_resident_memory_bytes')).toBeGreaterThan(1e7);
});

it('times are in cumulative buckets', async () => {
  const metrics = await page('/metrics');
  const wait = metrics.get('leveret_queue_wait_seconds')!;
  const buckets = [...wait.lines].filter(([labels]) => labels.startsWith('_bucket')).map(([, count]) => count);
  expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
  expect(buckets.at(-1)).toBe(6);
  expect(wait.lines.get('_count')).toBe(6);
  expect(metrics.get('leveret_queue_processing_seconds')!.lines.get('_count')).toBe(5);
});

it('each object has a line, and odd names are escaped', async () => {
  const metrics = await page('/metrics/per-object');
  const ready = metrics.get('rabbitmq_queue_messages_ready')!;
  expect(ready.lines.get('{vhost="/",queue="work"}')).toBe(4);
  expect([...ready.lines.keys()]).toContain(String.raw`{vhost="/",queue="od\"d\\name"}`);
  expect(metrics.get('rabbitmq_channel_messages_published_total')!.lines.size).toBe(1);
  const age = metrics.get('leveret_queue_oldest_message_age_seconds')!;
  expect([...age.lines.keys()]).toEqual(['{vhost="/",queue="work"}']);
});

it('the detailed page has only the families and vhosts asked for', async () => {
  const none = await page('/metrics/detailed');
  expect([...none.keys()]).toEqual(['rabbitmq_build_info', 'rabbitmq_identity_info', 'leveret_build_info']);
  const some = await page('/metrics/detailed?family=queue_coarse_metrics&family=queue_time_metrics&vhost=/');
  expect(some.get('rabbitmq_detailed_queue_messages')!.lines.get('{vhost="/",queue="work"}')).toBe(5);
  expect(some.get('leveret_detailed_queue_processing_seconds')!.lines.get('_count{vhost="/",queue="work"}')).toBe(5);
  const other = await page('/metrics/detailed?family=queue_coarse_metrics&vhost=other');
  expect(other.get('rabbitmq_detailed_queue_messages')!.lines.size).toBe(0);
});

it('the memory is broken down', async () => {
  const metrics = await page('/metrics/memory-breakdown');
  expect(metrics.get('leveret_memory_bytes')!.lines.get('{kind="resident"}')).toBeGreaterThan(1e7);
});

it('the listener for Prometheus has nothing else', async () => {
  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${broker.prometheus!.port}${path}`, { method });
  expect((await ask('/')).status).toBe(404);
  expect((await ask('/api/overview')).status).toBe(404);
  expect((await ask('/metrics/nothing')).status).toBe(404);
  expect((await ask('/metrics', 'POST')).status).toBe(405);
  expect((await ask('/metrics', 'HEAD')).status).toBe(200);
});

it('counts what dies by the reason, and what is kept back', async () => {
  const channel = await connection.createConfirmChannel();
  await channel.assertExchange('clock', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
  channel.publish('clock', '', Buffer.from('123'), { headers: { 'x-delay': 3_600_000 } });
  await channel.assertQueue('lettered', { deadLetterExchange: 'nowhere' });
  await channel.assertQueue('dropping', { maxLength: 1 });
  channel.sendToQueue('lettered', Buffer.from(''));
  for (let n = 0; n < 3; n++) channel.sendToQueue('dropping', Buffer.from(''));
  await channel.waitForConfirms();
  channel.reject((await channel.get('lettered')) as amqplib.GetMessage, false);
  await channel.checkQueue('lettered');
  const metrics = await page('/metrics');
  const classic = (strategy: string): string =>
    `{queue_type="rabbit_classic_queue",dead_letter_strategy="${strategy}"}`;
  const value = (name: string, labels = '', of = metrics): number | undefined => of.get(name)?.lines.get(labels);
  expect(value('rabbitmq_global_messages_dead_lettered_rejected_total', classic('at_most_once'))).toBe(1);
  expect(value('rabbitmq_global_messages_dead_lettered_maxlen_total', classic('disabled'))).toBe(2);
  expect(value('leveret_messages_dropped_total', '{reason="maxlen"}')).toBe(2);
  expect(value('leveret_messages_dropped_total', '{reason="rejected"}')).toBe(1);
  expect(value('leveret_exchange_messages_delayed')).toBe(1);
  expect(value('leveret_exchange_messages_delayed_bytes')).toBe(3);
  const each = await page('/metrics/per-object');
  const died = '{vhost="/",queue="dropping",reason="maxlen"}';
  expect(value('leveret_queue_messages_died_total', died, each)).toBe(2);
  const due = value(
    'leveret_exchange_next_due_timestamp_seconds',
    '{vhost="/",exchange="clock",type="x-delayed-message"}',
    each,
  );
  expect(due).toBeGreaterThan(Date.now() / 1000 + 3000);
});
