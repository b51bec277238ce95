// Limits of users and of the node on channels and consumers, as a client is told of them.
import { describe, expect, test } from 'vitest';
import type { SessionLimits } from '../../../src/session/context.ts';
import { SessionBench } from './bench.ts';

function limitTo(bench: SessionBench, limits: Partial<SessionLimits>): void {
  Object.assign(bench.connection.context.limits, limits);
}

function userLimit(bench: SessionBench, name: string, value: number): void {
  bench.authority.apply({ type: 'user.limit.put', user: 'guest', name, value });
}

/** What the connection is closed with. */
function closed({ sent }: SessionBench): unknown {
  const { replyCode, replyText, classId, methodId } =
    sent.find(({ what }) => what === '0 connection.close')?.fields ?? {};
  return [replyCode, replyText, classId, methodId];
}

describe('one channel too many', () => {
  test('of the user', async () => {
    const bench = await SessionBench.open();
    userLimit(bench, 'max-channels', 2);
    bench.send(2, 'channel.open');
    expect(bench.names()).toEqual(['2 channel.open-ok']);
    bench.send(3, 'channel.open');
    const text = "number of channels opened for user 'guest' has reached the maximum allowed user limit of (2)";
    expect(closed(bench)).toEqual([530, `NOT_ALLOWED - ${text}`, 0, 0]);
  });

  test('of the node', async () => {
    const bench = await SessionBench.open();
    limitTo(bench, { channelsMax: 1 });
    bench.send(2, 'channel.open');
    const text = "number of channels opened on node 'leveret@test' has reached the maximum allowed limit of (1)";
    expect(closed(bench)).toEqual([530, `NOT_ALLOWED - ${text}`, 0, 0]);
  });

  test('is none where a limit is below 0 or of somebody else, or a channel was closed', async () => {
    const bench = await SessionBench.open();
    userLimit(bench, 'max-channels', -1);
    bench.authority.apply({ type: 'user.limit.put', user: 'other', name: 'max-channels', value: 0 });
    bench.send(2, 'channel.open');
    userLimit(bench, 'max-channels', 2);
    bench.send(2, 'channel.close');
    bench.send(3, 'channel.open');
    expect(bench.names()).toEqual(['2 channel.open-ok', '2 channel.close-ok', '3 channel.open-ok']);
  });
});

test('one consumer too many on a channel', async () => {
  const bench = await SessionBench.open();
  limitTo(bench, { consumersMax: 1 });
  bench.send(1, 'queue.declare', { queue: 'q' });
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'a' });
  bench.send(1, 'basic.cancel', { consumerTag: 'a' });
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'b' });
  expect(bench.names().at(-1)).toBe('1 basic.consume-ok');
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'c' });
  expect(closed(bench)).toEqual([530, 'NOT_ALLOWED - reached maximum (1) of consumers per channel', 60, 20]);
});
