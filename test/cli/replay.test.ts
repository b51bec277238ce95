// Dead letters and delayed messages from the command line.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());

it('replays dead letters, after a dry run', async () => {
  const channel = await (await broker.connect('a worker')).createConfirmChannel();
  await channel.assertQueue('dead');
  await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'dead' });
  for (const body of ['a', 'b']) channel.sendToQueue('work', Buffer.from(body), { headers: { body } });
  await channel.waitForConfirms();
  for (let n = 0; n < 2; n++) {
    const message = await channel.get('work');
    if (message !== false) channel.reject(message, false);
  }
  await expect.poll(async () => (await channel.checkQueue('dead')).messageCount).toBe(2);
  expect(await broker.prints('replay', 'dead', '--dry-run')).toBe(
    "2 messages found; 0 that no queue would get and 0 others stay\n  2 messages would go to exchange (default) with key 'work'\n",
  );
  expect(await broker.json('replay', 'dead', '--older-than', '1h')).toMatchObject({ matched: 0 });
  expect(await broker.json('replay', 'dead', '--reason', 'expired')).toMatchObject({ matched: 0 });
  const one = ['--reason', 'rejected', '--from', 'work', '--header', 'body=b', '--rate', '100', '--limit', '5'];
  expect(await broker.prints('replay', 'dead', ...one)).toMatch(/^sent 1 of 1 message;/);
  expect((await channel.checkQueue('work')).messageCount).toBe(1);
  expect(await broker.json('replay', 'dead', '--keep-counters')).toMatchObject({ sent: 1, state: 'done' });
  expect((await broker.leveret(['replay', 'none'])).code).toBe(5);
  expect((await broker.leveret(['replay', 'dead', '--rate', '0'])).code).toBe(2);
});

it('lists, reschedules, releases and cancels what is kept back', async () => {
  const channel = await (await broker.connect('a producer')).createConfirmChannel();
  await channel.assertExchange('clock', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
  await channel.assertQueue('later');
  await channel.bindQueue('later', 'clock', '');
  for (const body of ['a', 'b'])
    channel.publish('clock', 'k', Buffer.from(body), { headers: { 'x-delay': 3_600_000 } });
  await channel.waitForConfirms();
  expect(await broker.prints('delayed', 'list', 'clock')).toMatch(
    /^sequence +due in +key +bytes +body\n.* k .* a\n.* b\n/,
  );
  const { items } = await broker.json('delayed', 'list', 'clock');
  const [a, b] = items.map(({ sequence }: { sequence: number }) => String(sequence));
  const { sequence } = await broker.json('delayed', 'reschedule', 'clock', a, '5h');
  expect((await broker.leveret(['delayed', 'release', 'clock', a])).code).toBe(5);
  expect(await broker.prints('delayed', 'release', 'clock', b)).toBe(`message ${b} was sent on\n`);
  await expect.poll(async () => (await channel.checkQueue('later')).messageCount).toBe(1);
  expect(await broker.json('delayed', 'cancel', 'clock', String(sequence), '--yes')).toEqual({ cancelled: sequence });
  expect((await broker.json('delayed', 'list', 'clock')).items).toEqual([]);
  expect((await broker.leveret(['delayed', 'list', 'amq.direct'])).code).not.toBe(0);
});
