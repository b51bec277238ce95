// Queues, exchanges, bindings and connections from the command line: declared, listed, deleted, closed.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());

it('declares a queue once, says when it was there, and refuses it with other properties', async () => {
  expect(await broker.prints('declare', 'queue', 'jobs')).toBe("queue 'jobs' was made\n");
  expect(await broker.json('declare', 'queue', 'jobs')).toEqual({ queue: 'jobs', created: false });
  const { code, stderr } = await broker.leveret(['declare', 'queue', 'jobs', '--transient']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^leveret: the broker refused: .*inequivalent arg 'durable'/),
  ]);
  await broker.prints(
    'declare',
    'queue',
    'odd',
    '--transient',
    '--auto-delete',
    '--argument',
    'x-a=10',
    '--argument',
    'x-b=ten',
  );
  const [odd] = await broker.json('list', 'queues', '--filter', 'odd');
  expect(odd).toMatchObject({ durable: false, auto_delete: true, arguments: { 'x-a': 10, 'x-b': 'ten' } });
});

it('declares exchanges and bindings, and deletes the binding that is meant', async () => {
  await broker.prints('declare', 'exchange', 'events', '--type', 'topic', '--internal');
  await broker.prints('declare', 'exchange', 'all', '--type', 'fanout', '--auto-delete');
  await broker.prints('declare', 'queue', 'bound');
  await broker.prints('declare', 'binding', 'events', 'bound', '--key', 'a.#');
  await broker.prints('declare', 'binding', 'events', 'bound', '--key', 'b', '--argument', 'n=1');
  await broker.prints('declare', 'binding', 'events', 'all', '--to-exchange');
  const [events] = await broker.json('list', 'exchanges', '--filter', 'events');
  expect(events).toMatchObject({ name: 'events', type: 'topic', internal: true, durable: true });
  const keys = async (): Promise<string[]> =>
    (await broker.json('list', 'bindings', '--filter', 'events')).map(
      (each: { routing_key: string }) => each.routing_key,
    );
  expect((await keys()).sort()).toEqual(['', 'a.#', 'b']);
  const unclear = await broker.leveret(['delete', 'binding', 'events', 'bound', '--yes']);
  expect([unclear.code, unclear.stderr]).toEqual([2, expect.stringContaining('there are 2 bindings')]);
  await broker.prints('delete', 'binding', 'events', 'bound', '--key', 'b', '--yes');
  await broker.prints('delete', 'binding', 'events', 'all', '--to-exchange', '--yes');
  await broker.prints('delete', 'binding', 'events', 'bound', '--yes');
  expect(await keys()).toEqual([]);
  expect((await broker.leveret(['delete', 'binding', 'events', 'bound', '--yes'])).code).toBe(5);
  await broker.prints('delete', 'exchange', 'events', '--yes');
  expect((await broker.leveret(['delete', 'exchange', 'events', '--yes'])).code).toBe(5);
});

it('deletes a queue only when asked rightly: --yes, --if-empty, --if-unused', async () => {
  const channel = await (await broker.connect('deleting')).createChannel();
  await channel.assertQueue('full');
  const { consumerTag } = await channel.consume('full', () => {});
  expect(await broker.leveret(['delete', 'queue', 'full'], { input: '' })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^leveret: Delete queue 'full' .*--yes/),
  });
  expect((await broker.leveret(['delete', 'queue', 'full', '--if-unused', '--yes'])).code).toBe(1);
  await channel.cancel(consumerTag);
  channel.sendToQueue('full', Buffer.from('x'));
  await expect.poll(async () => (await channel.checkQueue('full')).messageCount).toBe(1);
  expect((await broker.leveret(['delete', 'queue', 'full', '--if-empty', '--yes'])).code).toBe(1);
  expect(await broker.prints('delete', 'queue', 'full', '--yes')).toBe("queue 'full' was deleted\n");
  expect(await broker.leveret(['delete', 'queue', 'full', '--yes'])).toMatchObject({
    code: 5,
    stderr: "leveret: there is no queue 'full' in virtual host '/'\n",
  });
});

it('lists connections, channels and consumers, and closes a connection with its reason', async () => {
  const connection = await broker.connect('a worker');
  const channel = await connection.createChannel();
  await channel.assertQueue('work');
  await channel.prefetch(7);
  await channel.consume('work', () => {}, { consumerTag: 'tag-1' });
  const [listed] = await broker.json('list', 'connections', '--columns', 'name,its name,user,channels');
  expect(listed).toMatchObject({ user: 'guest' });
  const ours = (await broker.json('list', 'connections')).find(
    (each: { user_provided_name: string }) => each.user_provided_name === 'a worker',
  );
  expect(await broker.prints('list', 'channels', '--filter', ours.name)).toMatch(/ +7 .* 1 /);
  expect(await broker.prints('list', 'consumers', '--filter', 'work')).toContain('tag-1');
  expect(await broker.prints('list', 'consumers', '--vhost', '/')).not.toMatch(/vhost/);
  const closed = new Promise<Error>(resolve => connection.once('close', resolve));
  expect(await broker.prints('close', 'connection', ours.name, '--reason', 'maintenance', '--yes')).toContain(
    ours.name,
  );
  expect((await closed).message).toContain('maintenance');
  expect((await broker.leveret(['close', 'connection', 'nobody', '--yes'])).code).toBe(5);
  expect((await broker.leveret(['close', 'connection', '--yes'])).code).toBe(2);
});

it('closes all connections of a user', async () => {
  const connection = await broker.connect('one of many');
  const closed = new Promise<void>(resolve => connection.once('close', resolve));
  await broker.prints('close', 'connection', '--user', 'guest', '--yes');
  await closed;
});

it('sorts, filters, limits and chooses columns, by titles and by fields', async () => {
  for (const [name, messages] of [
    ['s-a', 1],
    ['s-b', 3],
    ['s-c', 2],
  ] as const) {
    await broker.prints('declare', 'queue', name);
    const channel = await (await broker.connect('sorting')).createConfirmChannel();
    for (let i = 0; i < messages; i += 1) channel.sendToQueue(name, Buffer.from('x'));
    await channel.waitForConfirms();
  }
  const args = ['list', 'queues', '--filter', 'S-', '--columns', 'name,ready', '--sort', 'ready', '--reverse'];
  expect(await broker.prints(...args)).toBe('name  ready\ns-b       3\ns-c       2\ns-a       1\n');
  expect(await broker.json(...args, '--limit', '1')).toEqual([{ name: 's-b', ready: 3 }]);
  expect(await broker.prints('list', 'queues', '--filter', 's-a', '--columns', 'messages_ready')).toBe(
    'messages_ready\n             1\n',
  );
  expect(await broker.leveret(['list', 'queues', '--sort', 'no such!'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('ready, unacked'),
  });
});

it('writes out what would steer the terminal', async () => {
  const channel = await (await broker.connect('hostile')).createChannel();
  await channel.assertQueue('\x1b[2Jevil\u202e\t');
  const printed = await broker.prints('list', 'queues', '--filter', 'evil', '--columns', 'name');
  expect(printed).toBe('name\n\\x1b[2Jevil\\u202e\\t\n');
  expect((await broker.json('list', 'queues', '--filter', 'evil'))[0].name).toBe('\x1b[2Jevil\u202e\t');
  expect(await broker.prints('list', 'queues', '--filter', 'evil', '--json')).not.toContain('\u202e');
});

it('shows the status on one page', async () => {
  const printed = await broker.prints('status');
  expect(printed).toMatch(/^broker +Leveret \d/);
  expect(printed).toMatch(/^health +well$/m);
  expect(printed).toContain(`amqp 127.0.0.1:${broker.amqpPort}`);
  expect(await broker.json('status')).toMatchObject({
    health: { status: 'ok' },
    overview: { object_totals: expect.anything() },
  });
});

it('pings', async () => {
  expect(await broker.prints('ping')).toMatch(/is well \(\d+ ms\)\n$/);
  expect(await broker.json('ping')).toMatchObject({ status: 'ok' });
  const withoutUser = await broker.leveret(['ping'], {
    env: { LEVERET_URL: `http://127.0.0.1:${broker.managementPort}` },
  });
  expect(withoutUser.code).toBe(0);
});

it('turns tracing of a virtual host on and off, and makes none', async () => {
  await broker.prints('vhosts', 'add', 'traced');
  const tracing = async (): Promise<unknown> => (await broker.json('vhosts', '--filter', 'traced'))[0]?.tracing;
  expect(await broker.prints('trace', 'on', '--vhost', 'traced')).toBe("tracing of virtual host 'traced' is on\n");
  expect(await tracing()).toBe(true);
  expect(await broker.json('trace', 'off', '--vhost', 'traced')).toEqual({ vhost: 'traced', tracing: false });
  expect(await tracing()).toBe(false);
  expect((await broker.leveret(['trace', 'on', '--vhost', 'missing'])).code).toBe(5);
  expect(await broker.prints('vhosts')).not.toContain('missing');
  expect((await broker.leveret(['trace', 'maybe'])).code).toBe(2);
});
