// What a transaction may hold, and what a settlement in it costs.
import { expect, test, vi } from 'vitest';
import { Unsettled } from '../../../src/broker/unsettled.ts';
import { publishFrames, SessionBench } from './bench.ts';

const body = Buffer.alloc(1 << 20, 'x');

async function transactional(): Promise<SessionBench> {
  const bench = await SessionBench.open();
  bench.send(1, 'queue.declare', { queue: 'q' });
  bench.send(1, 'tx.select');
  return bench;
}

function ready(bench: SessionBench): number {
  return bench.broker.vhosts.get('/')!.queues.get('q')!.ready.count;
}

test('publishes beyond the limit are refused with 406, nothing is published, and no memory stays taken', async () => {
  const bench = await transactional();
  for (let n = 0; n < 127; n++) bench.publish(1, 'q', body);
  expect(bench.names()).not.toContain('1 channel.close');
  bench.publish(1, 'q', body);
  const { what, fields } = bench.sent.at(-1)!;
  expect([what, fields['replyCode'], fields['replyText'], fields['classId'], fields['methodId']]).toEqual([
    '1 channel.close',
    406,
    'PRECONDITION_FAILED - transaction is larger than max size 134217728',
    60,
    40,
  ]);
  expect(ready(bench)).toBe(0);
  expect(bench.memory.bytes).toBe(0);
});

test('a commit and a rollback give the room back', async () => {
  const bench = await transactional();
  for (const end of ['tx.commit', 'tx.rollback', 'tx.commit']) {
    for (let n = 0; n < 100; n++) bench.publish(1, 'q', body);
    bench.send(1, end);
  }
  expect(bench.names()).not.toContain('1 channel.close');
  expect(ready(bench)).toBe(200);
});

test('settlements count, too', async () => {
  const bench = await transactional();
  bench.publish(1, 'q', Buffer.from('one'));
  bench.send(1, 'tx.commit');
  bench.send(1, 'basic.get', { queue: 'q' });
  for (let n = 0; n < 127; n++) bench.publish(1, 'q', body);
  bench.publish(1, 'q', Buffer.alloc((1 << 20) - 128 * 512));
  bench.send(1, 'basic.ack', { deliveryTag: 1 });
  expect(bench.sent.at(-1)!.fields['replyText']).toMatch(/transaction is larger/);
});

test('a message that waits for the commit holds nothing of the chunk that it came in', async () => {
  const bench = await transactional();
  // Most of the chunk is a heartbeat's and other frames'.
  const frames = publishFrames(1, 'q', Buffer.from('small'), 1);
  bench.receive(Buffer.concat([frames, ...Array<Buffer>(1000).fill(Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce]))]));
  expect(bench.memory.bytes).toBeLessThan(400);
  bench.send(1, 'tx.commit');
  bench.send(1, 'basic.get', { queue: 'q' });
  expect(bench.names().at(-1)).toBe('1 basic.get-ok');
});

test('settling one by one with multiple looks at each delivery a bounded number of times', async () => {
  const bench = await transactional();
  const count = 2000;
  for (let n = 0; n < count; n++) bench.publish(1, 'q', Buffer.from(`${n}`));
  bench.send(1, 'tx.commit');
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c' });
  const taken = vi.spyOn(Unsettled.prototype, 'take');
  const walked = vi.spyOn(Unsettled.prototype, Symbol.iterator);
  for (let tag = 1; tag <= count; tag++) bench.send(1, 'basic.ack', { deliveryTag: tag, multiple: true });
  expect([taken.mock.calls.length, walked.mock.calls.length]).toEqual([0, 0]);
  bench.send(1, 'tx.commit');
  expect([taken.mock.calls.length, walked.mock.calls.length]).toEqual([count, 0]);
  taken.mockRestore();
  walked.mockRestore();
  expect(bench.names()).not.toContain('1 channel.close');
  expect(bench.broker.vhosts.get('/')!.queues.get('q')!.unsettled).toBe(0);
});

test('a settlement takes what no earlier one has, with its own verdict', async () => {
  const bench = await transactional();
  for (let n = 1; n <= 6; n++) bench.publish(1, 'q', Buffer.from(`${n}`));
  bench.send(1, 'tx.commit');
  for (let n = 1; n <= 6; n++) bench.send(1, 'basic.get', { queue: 'q' });
  bench.send(1, 'basic.ack', { deliveryTag: 2 });
  bench.send(1, 'basic.nack', { deliveryTag: 3, multiple: true, requeue: true });
  bench.send(1, 'basic.reject', { deliveryTag: 5, requeue: true });
  bench.send(1, 'basic.ack', { deliveryTag: 0, multiple: true });
  expect(ready(bench)).toBe(0);
  bench.send(1, 'tx.commit');
  const sequences = [...bench.broker.vhosts.get('/')!.queues.get('q')!.ready].map(({ sequence }) => sequence);
  expect(sequences).toEqual([1, 3, 5]);
  bench.send(1, 'basic.ack', { deliveryTag: 4 });
  expect(bench.sent.at(-1)!.fields['replyText']).toMatch(/unknown delivery tag 4/);
});

test.each([
  [3, false],
  [2, true],
])('a tag that a multiple settlement has settled is unknown to a later one', async (deliveryTag, multiple) => {
  const bench = await transactional();
  for (let n = 1; n <= 4; n++) bench.publish(1, 'q', Buffer.from(`${n}`));
  bench.send(1, 'tx.commit');
  for (let n = 1; n <= 4; n++) bench.send(1, 'basic.get', { queue: 'q' });
  bench.send(1, 'basic.ack', { deliveryTag: 3, multiple: true });
  bench.send(1, 'basic.ack', { deliveryTag, multiple });
  expect(bench.sent.at(-1)!.fields['replyText']).toMatch(/unknown delivery tag/);
  expect(ready(bench)).toBe(4);
});

test('what a commit delivers to its own channel follows the answer, as much of it as a client may leave untaken', async () => {
  const bench = await transactional();
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c', noAck: true });
  for (let n = 0; n < 400; n++) bench.publish(1, 'q', Buffer.alloc(8000));
  const answers: (() => void)[] = [];
  vi.spyOn(bench.journal, 'whenDurable').mockImplementation(({ durable }) => void answers.push(durable));
  bench.sent.length = 0;
  bench.send(1, 'tx.commit');
  expect(bench.names()).toEqual([]);
  expect(ready(bench)).toBe(400 - Math.ceil((1 << 20) / (8000 + 512)));
  for (const answer of answers) answer();
  bench.connection.output.flush();
  expect([bench.names().length, bench.names()[0], bench.memory.bytes]).toEqual([401, '1 tx.commit-ok', 0]);
});

test('a connection that ends before the answer to its commit leaves no memory taken', async () => {
  const bench = await transactional();
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c', noAck: true });
  bench.publish(1, 'q', body);
  vi.spyOn(bench.journal, 'whenDurable').mockImplementation(() => {});
  bench.send(1, 'tx.commit');
  expect(bench.memory.bytes).toBeGreaterThan(0);
  bench.connection.lost(undefined);
  expect(bench.memory.bytes).toBe(0);
});

test('a delivery that waits for the answer is not sent to a consumer whose queue is gone by then', async () => {
  const bench = await transactional();
  bench.send(1, 'basic.qos', { prefetchCount: 1, global: true });
  bench.send(1, 'queue.declare', { queue: 'other' });
  for (const queue of ['q', 'other']) bench.send(1, 'basic.consume', { queue, consumerTag: queue });
  bench.publish(1, 'q', Buffer.from('lost'));
  const answers: (() => void)[] = [];
  const held = vi.spyOn(bench.journal, 'whenDurable').mockImplementation(({ durable }) => void answers.push(durable));
  bench.sent.length = 0;
  bench.send(1, 'tx.commit');
  const vhost = bench.broker.vhosts.get('/')!;
  vhost.deleteQueue(vhost.queues.get('q')!);
  held.mockRestore();
  for (const answer of answers) answer();
  bench.connection.output.flush();
  expect(bench.names().filter(name => name !== '1 basic.cancel')).toEqual(['1 tx.commit-ok']);
  expect(bench.memory.bytes).toBe(0);
  // Nor does it take the room of another one.
  bench.publish(1, 'other', Buffer.from('next'));
  bench.send(1, 'tx.commit');
  expect(bench.names().at(-1)).toBe('1 basic.deliver');
});
