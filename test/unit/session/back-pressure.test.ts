// When a publisher is not read: the store that its messages need is behind.
import { expect, test } from 'vitest';
import { publishFrames, SessionBench } from './bench.ts';

const body = Buffer.alloc(1000, 'x');

async function declared(memoryBytes: number): Promise<SessionBench> {
  const bench = await SessionBench.open(memoryBytes);
  bench.send(1, 'queue.declare', { queue: 'transient' });
  bench.send(1, 'queue.declare', { queue: 'durable', durable: true });
  return bench;
}

test('a publisher of transient messages that outruns the scratch file is not read until that accepts more', async () => {
  const bench = await declared(100_000);
  for (let n = 0; n < 20; n++) bench.publish(1, 'transient', body);
  expect(bench.paused).toBe(false);
  expect(bench.memory.bytes).toBeLessThan(110_000);
  bench.scratch.accepting = false;
  for (let n = 0; n < 20 && !bench.paused; n++) bench.publish(1, 'transient', body);
  expect(bench.paused).toBe(true);
  bench.scratch.accepting = true;
  for (const run of bench.scratch.waiting) run();
  expect(bench.paused).toBe(false);
});

test('a scratch file that is behind stops nobody while there is room in memory, and a journal no transient publishes', async () => {
  const bench = await declared(1 << 20);
  bench.scratch.accepting = false;
  bench.journal.accepting = false;
  bench.publish(1, 'transient', body);
  bench.publish(1, 'durable', body);
  expect(bench.paused).toBe(false);
  bench.publish(1, 'durable', body, 2);
  expect(bench.paused).toBe(true);
});

test('a channel that closes while an alarm holds the others is closed', async () => {
  const bench = await declared(1 << 20);
  bench.publish(1, 'transient', body);
  bench.send(1, 'basic.get', { queue: 'transient' });
  bench.send(2, 'channel.open');
  bench.trouble = 'the journal cannot be written';
  bench.journal.accepting = false;
  // A publish that closes its channel, and one on another channel that meets the alarm.
  bench.receive(Buffer.concat([publishFrames(1, 'durable', body, 2), publishFrames(2, 'durable', body, 3)]));
  expect(bench.names().at(-1)).toBe('2 channel.close');
  bench.send(2, 'channel.close-ok');
  bench.send(2, 'channel.open');
  expect(bench.names().at(-1)).toBe('2 channel.open-ok');
});
