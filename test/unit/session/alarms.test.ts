// Alarms as a connection meets them: stopped at its next publish, told if it can understand it, settlements carried out.
import { beforeEach, expect, test } from 'vitest';
import type { Resource, Setter } from '../../../src/session/alarms.ts';
import { publishFrames, SessionBench } from './bench.ts';

const body = Buffer.alloc(100, 'x');
let bench: SessionBench;

async function open(understands: boolean): Promise<SessionBench> {
  const opened = await SessionBench.open(1 << 30, { capabilities: { 'connection.blocked': understands } });
  opened.send(1, 'queue.declare', { queue: 'q' });
  opened.sent.length = 0;
  return opened;
}

function over(resource: Resource, setBy: Setter): void {
  bench.alarms.clear(resource, setBy);
  bench.connection.output.flush();
}

function waiting(): number {
  return bench.broker.vhosts.get('/')?.queues.get('q')?.ready.count ?? -1;
}

beforeEach(async () => {
  bench = await open(true);
});

test('a connection is told at its next publish, which waits until the alarm is over', () => {
  bench.alarms.set('memory', 'watermark', 'too much');
  expect(bench.sent).toEqual([]);
  expect(bench.connection.publisherPause.state).toBe('blocking');
  bench.send(1, 'queue.declare', { queue: 'other' });
  expect(bench.names()).toEqual(['1 queue.declare-ok']);
  bench.publish(1, 'q', body);
  expect(bench.sent.at(-1)).toMatchObject({ what: '0 connection.blocked', fields: { reason: 'low on memory' } });
  expect(bench.connection.publisherPause.state).toBe('blocked');
  expect(waiting()).toBe(0);
  expect(bench.paused).toBe(true);
  over('memory', 'watermark');
  expect(bench.names().at(-1)).toBe('0 connection.unblocked');
  expect(waiting()).toBe(1);
  expect(bench.paused).toBe(false);
  expect(bench.connection.publisherPause.state).toBe('none');
});

test('two alarms are told as one, and are over when both are', () => {
  bench.alarms.set('disk', 'watermark', 'too little');
  bench.alarms.set('memory', 'watermark', 'too much');
  bench.alarms.set('memory', 'operator', 'a drill');
  bench.publish(1, 'q', body);
  expect(bench.sent).toMatchObject([{ fields: { reason: 'low on disk & memory' } }]);
  over('disk', 'watermark');
  over('memory', 'operator');
  expect([bench.sent.length, waiting()]).toEqual([1, 0]);
  over('memory', 'watermark');
  expect([bench.sent.length, waiting()]).toEqual([2, 1]);
});

test('a client that does not understand it is stopped without a word', async () => {
  bench = await open(false);
  bench.alarms.set('disk', 'watermark', 'too little');
  bench.publish(1, 'q', body);
  expect([bench.paused, waiting()]).toEqual([true, 0]);
  over('disk', 'watermark');
  expect([bench.paused, waiting(), bench.sent]).toEqual([false, 1, []]);
});

test('a message of which the method has come before the alarm is taken, and one on a new channel is not', () => {
  const frames = publishFrames(1, 'q', body, 1);
  bench.receive(frames.subarray(0, frames.length - 10));
  bench.alarms.set('memory', 'watermark', 'too much');
  bench.receive(frames.subarray(frames.length - 10));
  expect([waiting(), bench.sent]).toEqual([1, []]);
  bench.send(2, 'channel.open');
  bench.publish(2, 'q', body);
  expect([waiting(), bench.names()]).toEqual([1, ['2 channel.open-ok', '0 connection.blocked']]);
  over('memory', 'watermark');
  expect(waiting()).toBe(2);
});

test('a worker that publishes before it acknowledges gets on: its acks are looked for behind its publishes', () => {
  for (let n = 0; n < 3; n++) bench.publish(1, 'q', body);
  bench.send(1, 'queue.declare', { queue: 'results' });
  bench.send(1, 'basic.qos', { prefetchCount: 1 });
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'worker' });
  bench.alarms.set('memory', 'watermark', 'too much');
  for (let tag = 1; tag <= 3; tag++) {
    bench.publish(1, 'results', body);
    bench.send(1, 'basic.ack', { deliveryTag: tag });
    expect(bench.paused).toBe(false);
  }
  expect(bench.names().filter(name => name === '1 basic.deliver')).toHaveLength(3);
  expect(bench.broker.vhosts.get('/')?.queues.get('q')?.stats.acked).toBe(3);
  const results = bench.broker.vhosts.get('/')?.queues.get('results');
  expect(results?.ready.count).toBe(0);
  over('memory', 'watermark');
  expect(results?.ready.count).toBe(3);
});

test('what is read ahead has an end', () => {
  bench.send(1, 'queue.declare', { queue: 'work' });
  bench.send(1, 'basic.consume', { queue: 'work', consumerTag: 'worker' });
  bench.alarms.set('disk', 'operator', 'a drill');
  const large = Buffer.alloc(100_000);
  let sent = 0;
  while (!bench.paused && sent < 200) {
    bench.publish(1, 'q', large);
    sent++;
  }
  expect(sent * large.length).toBeGreaterThan(8 << 20);
  expect(sent * large.length).toBeLessThan(9 << 20);
  over('disk', 'operator');
  expect(bench.paused).toBe(false);
  expect(waiting()).toBe(sent);
});
