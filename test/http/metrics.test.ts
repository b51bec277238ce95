// Metrics, rates and live streams of a broker process under traffic, and RabbitMQ's metrics as the unit tests expect them.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import amqplib from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacks } from '../needs.ts';
import { readMetrics } from '../unit/http/metrics-text.ts';
import { ManagedBroker } from './management.ts';

/** Traffic through a queue, so that everything that can be counted is. */
async function traffic(port: number): Promise<amqplib.ChannelModel> {
  const connection = await amqplib.connect(`amqp://guest:guest@127.0.0.1:${port}`);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue('work');
  await channel.prefetch(5);
  await channel.consume('work', message => message && channel.ack(message));
  for (let i = 0; i < 20; i++) channel.sendToQueue('work', Buffer.from('x'), { persistent: true });
  channel.publish('amq.topic', 'nobody', Buffer.from(''), { mandatory: true });
  channel.publish('amq.topic', 'nobody', Buffer.from(''));
  await channel.waitForConfirms();
  await channel.get('work');
  return connection;
}

describe.skipIf(lacks('rabbitmq-server'))('RabbitMQ', () => {
  let broker: ManagedBroker;
  let connection: amqplib.ChannelModel;
  beforeAll(async () => {
    broker = await ManagedBroker.start('rabbitmq');
    connection = await traffic(broker.port);
  }, 120_000);
  afterAll(async () => {
    await connection.close();
    await broker.stop();
  });

  it('has the metrics that Leveret is held against', async () => {
    const expected = JSON.parse(readFileSync('test/unit/http/rabbitmq-metrics.json', 'utf8')) as Record<string, object>;
    for (const page of ['/metrics', '/metrics/per-object']) {
      const text = await (await fetch(`http://127.0.0.1:${broker.prometheus}${page}`)).text();
      const has = [...readMetrics(text)].filter(([name]) => name.startsWith('rabbitmq_'));
      const shown = (of: object): object =>
        Object.fromEntries(
          Object.entries(of)
            .map(([name, { type, help }]) => [name, { type, help }] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        );
      expect(shown(Object.fromEntries(has))).toEqual(shown(expected[page]!));
    }
  });
});

describe('Leveret', () => {
  let broker: ManagedBroker;
  let connection: amqplib.ChannelModel;
  beforeAll(async () => {
    broker = await ManagedBroker.start('leveret');
    connection = await traffic(broker.port);
  }, 60_000);
  afterAll(async () => {
    await connection.close();
    await broker.stop();
  });

  const url = (path: string): string => `http://127.0.0.1:${broker.management}${path}`;
  const login = (user = 'guest:guest'): { headers: Record<string, string> } => ({
    headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}` },
  });

  it('shows metrics on its own port to everybody, on the management port to who monitors', async () => {
    const open = await fetch(`http://127.0.0.1:${broker.prometheus}/metrics`);
    const own = readMetrics(await open.text());
    expect(own.get('rabbitmq_queue_messages_published_total')?.lines.get('')).toBe(20);
    expect(own.get('leveret_journal_write_seconds')?.lines.get('_count')).toBeGreaterThan(0);
    expect((await fetch(url('/metrics'))).status).toBe(401);
    expect((await fetch(url('/metrics'), login('guest:wrong'))).status).toBe(401);
    expect((await fetch(url('/metrics'), login('limited:secret'))).status).toBe(401);
    expect((await fetch(url('/metrics/nothing'), login())).status).toBe(404);
    const managed = await fetch(url('/metrics/per-object'), login('stranger:secret'));
    expect(managed.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(readMetrics(await managed.text()).get('rabbitmq_queue_consumers')?.lines.size).toBe(1);
  });

  it('has rates and histories while messages flow', async () => {
    const channel = await connection.createChannel();
    type Details = { rate: number; samples: object[]; avg: number; avg_rate: number };
    let details: Details;
    do {
      channel.sendToQueue('work', Buffer.from('x'));
      await sleep(20);
      const { body } = await broker.ask('GET', '/queues/%2F/work?msg_rates_age=10&msg_rates_incr=1');
      details = (body as { message_stats: { publish_details: Details } }).message_stats.publish_details;
    } while (!(details.rate > 0 && details.samples.length > 1 && details.avg_rate > 0));
    await channel.close();
  });

  describe('a live stream', () => {
    /** Events as they come: name and data. */
    async function* events(gets: string[], user?: string): AsyncGenerator<[name: string, data: unknown]> {
      const ending = new AbortController();
      const query = gets.map(get => `get=${encodeURIComponent(get)}`).join('&');
      const response = await fetch(url(`/api/live?${query}`), { ...login(user), signal: ending.signal });
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      let text = '';
      try {
        for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
          text += piece;
          const whole = text.split('\n\n');
          text = whole.pop()!;
          for (const event of whole) {
            const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(event) ?? [];
            if (name !== undefined) yield [name, JSON.parse(data!)];
          }
        }
      } finally {
        ending.abort();
      }
    }

    it('sends what GET answers, again when it changes, and says when it is gone', async () => {
      await broker.ask('PUT', '/queues/%2F/seen', {});
      const stream = events(['/queues/%2F/seen?columns=name,messages', '/vhosts?columns=name']);
      expect((await stream.next()).value).toEqual(['0', { name: 'seen', messages: 0 }]);
      expect((await stream.next()).value).toEqual(['1', [{ name: '/' }, { name: 'other' }]]);
      const channel = await connection.createChannel();
      channel.sendToQueue('seen', Buffer.from('x'));
      expect((await stream.next()).value).toEqual(['0', { name: 'seen', messages: 1 }]);
      await broker.ask('DELETE', '/queues/%2F/seen');
      expect((await stream.next()).value).toEqual(['error', { get: 0, status: 404, reason: 'Not Found' }]);
      await stream.return(undefined);
      await channel.close();
    });

    it('shows a user no more than GET does, and ends with the user', async () => {
      const stranger = events(['/queues', '/queues/%2F/work'], 'stranger:secret');
      expect((await stranger.next()).value).toEqual(['0', []]);
      expect((await stranger.next()).value).toMatchObject(['error', { get: 1, status: 401 }]);
      await stranger.return(undefined);
      await broker.ask('PUT', '/users/passing', { password: 'secret', tags: 'monitoring' });
      const passing = events(['/overview?columns=node'], 'passing:secret');
      expect((await passing.next()).value).toMatchObject(['0', {}]);
      await broker.ask('DELETE', '/users/passing');
      expect((await passing.next()).value).toEqual(['error', { get: null, status: 401, reason: 'Login failed' }]);
      expect((await passing.next()).done).toBe(true);
    });

    it.each([
      ['nothing to follow', ''],
      ['a path that is none', 'get=queues'],
      ['too many', Array.from({ length: 9 }, () => 'get=/overview').join('&')],
      ['itself', 'get=/live?get=/overview'],
    ])('refuses %s', async (_, query) => {
      const response = await fetch(url(`/api/live?${query}`), login());
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: 'bad_request', reason: expect.any(String) });
    });

    it('needs a login', async () => {
      expect((await fetch(url('/api/live?get=/overview'))).status).toBe(401);
    });
  });
});
