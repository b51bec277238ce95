// Messages from the command line: got, looked at, moved, deleted, and taken back from a worker.
import type { Channel, ConsumeMessage } from 'amqplib';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
let channel: Channel;
let queue: string;
let count = 0;
beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());
beforeEach(async () => {
  queue = `messages-${count++}`;
  const confirming = await (await broker.connect('a producer')).createConfirmChannel();
  await confirming.assertQueue(queue);
  for (const [body, key] of [
    ['first', 'a'],
    ['second', 'b'],
    [Buffer.from([0, 255, 1]), 'c'],
  ] as const) {
    confirming.sendToQueue(queue, Buffer.from(body), { headers: { key }, persistent: true, messageId: key });
  }
  await confirming.waitForConfirms();
  channel = await (await broker.connect('a worker')).createChannel();
});

const ready = async (name = queue): Promise<number> => (await channel.checkQueue(name)).messageCount;
/** The next message that the worker gets. */
function consume(prefetch = 1): { messages: ConsumeMessage[]; got: (wanted: number) => Promise<void> } {
  const messages: ConsumeMessage[] = [];
  void channel.prefetch(prefetch).then(() => channel.consume(queue, message => void messages.push(message!)));
  return { messages, got: wanted => expect.poll(() => messages.length, { timeout: 10_000 }).toBe(wanted) };
}

it('gets messages and gives them back, or takes them', async () => {
  const printed = await broker.prints('get', queue, '--count', '2');
  expect(printed).toMatch(
    /^message 1: 5 bytes, 2 left[\s\S]*header key: a\n\n {2}first\n[\s\S]*message 2:[\s\S]* second\n/,
  );
  expect(await ready()).toBe(3);
  expect(await broker.prints('get', queue, '--ack', '--body')).toBe('first');
  expect(await ready()).toBe(2);
  const [second] = await broker.json('get', queue, '--reject');
  expect(second).toMatchObject({ payload: 'second', redelivered: true, properties: { message_id: 'b' } });
  expect(await broker.prints('get', queue)).toContain('(base64: the body is not text)');
  expect(await broker.prints('get', queue, '--ack')).toContain('0 left');
  expect(await broker.prints('get', queue)).toBe('no message is ready\n');
});

it('peeks without touching: order, flags and counts stay', async () => {
  const table = await broker.prints('peek', queue);
  expect(table.split('\n')).toHaveLength(5);
  expect(table).toMatch(/^sequence +state .*\n +\d+ +ready .* no .* first\n/);
  const { items } = await broker.json('peek', queue);
  expect(items.map((item: { payload: string }) => item.payload)).toEqual(['first', 'second', expect.any(String)]);
  expect((await broker.json('peek', queue, '--header', 'key=b')).items).toMatchObject([{ payload: 'second' }]);
  expect((await broker.json('peek', queue, '--text', 'fir')).items).toMatchObject([{ payload: 'first' }]);
  expect((await broker.json('peek', queue, '--key', 'nowhere')).items).toEqual([]);
  const limited = await broker.leveret(['peek', queue, '--limit', '1']);
  expect(limited.stderr).toMatch(/^there are more: --after \d+\n$/);
  const after = /\d+/.exec(limited.stderr)![0];
  expect((await broker.json('peek', queue, '--after', after)).items).toHaveLength(2);
  expect(await broker.prints('peek', queue, '--sequence', `${items[1].sequence}`)).toMatch(
    /ready[\s\S]*\n {2}second\n/,
  );
  expect(await broker.prints('peek', queue, '--sequence', `${items[1].sequence}`, '--body')).toBe('second');
  expect((await broker.leveret(['peek', queue, '--sequence', '999999'])).code).toBe(5);
  const message = await channel.get(queue);
  expect(message).toMatchObject({ fields: { redelivered: false, messageCount: 2 } });
});

it('moves the oldest, one alone, or all', async () => {
  const other = `${queue}-other`;
  await channel.assertQueue(other);
  expect(await broker.prints('move', queue, other, '--count', '1')).toBe(
    `moved 1 message from '${queue}' to '${other}'\n`,
  );
  const { items } = await broker.json('peek', queue);
  await broker.prints('move', queue, other, '--sequence', `${items[1].sequence}`);
  expect([await ready(), await ready(other)]).toEqual([1, 2]);
  expect(await broker.json('move', queue, other)).toEqual({ moved: 1 });
  const moved = (await broker.json('peek', other)).items;
  expect(moved.map((item: { properties: { message_id: string } }) => item.properties.message_id)).toEqual([
    'a',
    'c',
    'b',
  ]);
  const nowhere = await broker.leveret(['move', queue, 'nowhere']);
  expect([nowhere.code, nowhere.stderr]).toEqual([5, expect.stringContaining("no queue 'nowhere'")]);
});

it('deletes one message and purges the rest', async () => {
  const { items } = await broker.json('peek', queue);
  await broker.prints('delete', 'message', queue, `${items[1].sequence}`, '--yes');
  expect((await broker.json('peek', queue)).items).toMatchObject([
    { payload: 'first' },
    { payload_encoding: 'base64' },
  ]);
  expect((await broker.leveret(['delete', 'message', queue, `${items[1].sequence}`, '--yes'])).code).toBe(5);
  expect((await broker.leveret(['purge', queue], { input: '' })).code).toBe(2);
  expect(await ready()).toBe(2);
  expect(await broker.prints('purge', queue, '--yes')).toBe(`queue '${queue}' was purged\n`);
  expect(await ready()).toBe(0);
});

it('shows who works on what, and takes tasks back: each goes to the next worker, redelivered, and the late ack is no error', async () => {
  const stuck = consume();
  await stuck.got(1);
  expect(await broker.prints('list', 'workers', queue)).toMatch(/^worker .*\na worker .*127\.0\.0\.1:\d+ +guest /);
  const [worker] = await broker.json('list', 'workers', queue);
  expect(worker).toMatchObject({ task_count: 1, prefetch_count: 1, tasks: [{ redelivered: false }] });
  expect(await broker.prints('peek', queue, '--state', 'unacked')).toContain('unacked');
  expect(await broker.prints('take-back', queue, '--sequence', `${worker.tasks[0].sequence}`)).toBe(
    'took 1 task back\n',
  );
  expect((await broker.leveret(['take-back', queue, '--sequence', `${worker.tasks[0].sequence}`])).code).toBe(5);
  const free = await (await broker.connect('a free worker')).createChannel();
  const next = await free.get(queue);
  expect(next).toMatchObject({ content: Buffer.from('first'), fields: { redelivered: true } });
  const got = (await broker.json('list', 'workers', queue)).find(
    (each: { consumer_tag: string }) => each.consumer_tag === '',
  );
  const [tag] = got.tasks.map((task: { delivery_tag: number }) => `${task.delivery_tag}`);
  expect(await broker.json('take-back', queue, '--channel', got.channel, '--tag', tag)).toEqual({ taken: 1 });
  expect((await broker.leveret(['take-back', queue, '--channel', got.channel, '--tag', tag])).code).toBe(5);
  expect(await broker.json('take-back', queue, '--older-than', '1h')).toEqual({ taken: 0 });
  channel.ack(stuck.messages[0]!);
  await stuck.got(2);
  expect(stuck.messages[1]).toMatchObject({ content: Buffer.from('first'), fields: { redelivered: true } });
});

it('takes back all that are too old', async () => {
  const { got } = consume(3);
  await got(3);
  await expect.poll(() => broker.json('take-back', queue, '--older-than', '1ms')).toEqual({ taken: 3 });
  expect(await ready()).toBe(3);
});

it('top shows the workers of the first queue', async () => {
  const { got } = consume(3);
  await got(3);
  const printed = await broker.prints('top', '--once', '--filter', queue);
  expect(printed).toContain(`1 worker on ${queue}`);
  expect(printed).toMatch(/^a worker .*$/m);
});
