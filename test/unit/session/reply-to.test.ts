// Direct replies to a client that reads too slowly: they wait, as many as may, in order.
import { expect, test } from 'vitest';
import { publishFrames, SessionBench } from './bench.ts';

const large = Buffer.alloc(1 << 20, 'x');

/** A connection whose channel 1 waits for replies, and the name that they go to. */
async function waiting(): Promise<{ bench: SessionBench; name: string }> {
  const bench = await SessionBench.open();
  bench.send(1, 'basic.consume', { queue: 'amq.rabbitmq.reply-to', consumerTag: 'c', noAck: true });
  bench.send(2, 'channel.open');
  const [name] = bench.broker.replyConsumers.keys();
  bench.sent.length = 0;
  return { bench, name: name! };
}

function replies(bench: SessionBench): number {
  return bench.names().filter(name => name === '1 basic.deliver').length;
}

test('they wait while the client takes nothing, and come when it does', async () => {
  const { bench, name } = await waiting();
  bench.stalled = [];
  for (let n = 0; n < 5; n++) bench.receive(publishFrames(2, name, large, 1));
  expect(bench.paused).toBe(true);
  expect(replies(bench)).toBe(1);
  for (let sent = bench.stalled.shift(); sent !== undefined; sent = bench.stalled.shift()) {
    sent();
    bench.connection.output.flush();
  }
  expect(replies(bench)).toBe(5);
  expect(bench.memory.bytes).toBe(0);
});

test('what is more than may wait is dropped, and memory comes back when the channel goes', async () => {
  const { bench, name } = await waiting();
  bench.stalled = [];
  for (let n = 0; n < 20; n++) bench.receive(publishFrames(2, name, large, 1));
  expect(bench.memory.bytes).toBeGreaterThan(6 << 20);
  expect(bench.memory.bytes).toBeLessThan(9 << 20);
  bench.send(1, 'channel.close', { replyCode: 200, replyText: '' });
  expect(bench.memory.bytes).toBe(0);
  expect(bench.broker.replyConsumers.size).toBe(0);
});

test('an unroutable reply counts as dropped, one that was delivered does not', async () => {
  const { bench, name } = await waiting();
  bench.publish(2, name, Buffer.from('a'));
  expect(replies(bench)).toBe(1);
  expect(bench.broker.stats.unroutable).toBe(0);
  bench.publish(2, `${name}x`, Buffer.from('a'));
  expect(replies(bench)).toBe(1);
  expect(bench.broker.stats.unroutable).toBe(1);
});
