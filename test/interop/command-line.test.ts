// `leveret publish` and `leveret consume` as processes, beside a client that looks at what they did.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, type ChannelModel, connect, type GetMessage, type Options } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Ending, Program, run } from '../unit/cli/program.ts';

let broker: Program | undefined;
let url: string;
let connection: ChannelModel;
let channel: Channel;
let queue: string;
let count = 0;
const folder = mkdtempSync(join(tmpdir(), 'leveret-command-line-'));
const started: Program[] = [];

/** Against the broker that `INTEROP_URL` names, or one of its own. */
beforeAll(async () => {
  url = process.env['INTEROP_URL'] ?? '';
  if (url === '') {
    const args = ['--port', '0', '--management-port', 'off', '--data-dir', join(folder, 'data')];
    broker = new Program(['start', ...args], { limitMs: 120_000 });
    const [, address] = await broker.sees(/AMQP on (\S+),/);
    url = `amqp://guest:guest@${address}`;
  }
  connection = await connect(url);
});
afterAll(async () => {
  await connection?.close();
  broker?.child.kill('SIGKILL');
  await broker?.ended;
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  channel = await connection.createChannel();
  queue = `command-line-${process.pid}-${count++}`;
  await channel.assertQueue(queue, { durable: true });
});
afterEach(async () => {
  for (const program of started.splice(0)) {
    program.child.kill('SIGKILL');
    await program.ended;
  }
  await channel.deleteQueue(queue);
  await channel.close();
});

const publish = (args: readonly string[], input = ''): Promise<Ending> =>
  run(['publish', '--url', url, ...args], { input });
const consume = (args: readonly string[]): Program => {
  const program = new Program(['consume', '--url', url, ...args]);
  started.push(program);
  return program;
};
const send = (body: string, options: Options.Publish = {}): boolean =>
  channel.sendToQueue(queue, Buffer.from(body), { persistent: true, ...options });

/** The next message of the queue, taken from it. */
async function next(): Promise<GetMessage | undefined> {
  const message = await channel.get(queue, { noAck: true });
  return message === false ? undefined : message;
}

/** Resolves when so many consume from the queue. */
async function consumers(wanted: number): Promise<void> {
  await expect.poll(async () => (await channel.checkQueue(queue)).consumerCount, { timeout: 10_000 }).toBe(wanted);
}

it('publishes the body given, persistent unless told otherwise, and is done when it is confirmed', async () => {
  expect(await publish([queue, 'hello wörld'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  const message = await next();
  expect(message?.content.toString()).toBe('hello wörld');
  expect(message?.properties.deliveryMode).toBe(2);
  await publish([queue, 'x', '--no-persistent', '--header', 'a=b=c', '--header', 'd=', '--content-type', 'text/plain']);
  expect((await next())?.properties).toMatchObject({
    deliveryMode: 1,
    contentType: 'text/plain',
    headers: { a: 'b=c', d: '' },
  });
});

it('publishes the standard input, whole or line by line', async () => {
  await publish([queue], 'two\nlines\n');
  expect((await next())?.content.toString()).toBe('two\nlines\n');
  const lines = Array.from({ length: 3000 }, (_, i) => `line ${i}`);
  expect(await publish(['--lines', queue], lines.join('\n'))).toMatchObject({ code: 0 });
  const got: string[] = [];
  for (let message = await next(); message; message = await next()) got.push(message.content.toString());
  expect(got).toEqual(lines);
});

it('publishes to an exchange with a routing key', async () => {
  await channel.bindQueue(queue, 'amq.topic', 'error.*');
  expect(await publish(['--exchange', 'amq.topic', '--routing-key', 'error.disk', 'full'])).toMatchObject({ code: 0 });
  expect((await next())?.fields).toMatchObject({ exchange: 'amq.topic', routingKey: 'error.disk' });
});

it.each([
  [['no-such-queue', 'x'], 1, "the message went nowhere: there is no queue 'no-such-queue'; declare it"],
  [['--exchange', 'amq.topic', '--routing-key', 'k', 'x'], 1, "no queue is bound to exchange 'amq.topic' for key 'k'"],
  [['--exchange', 'none', '--routing-key', 'k', 'x'], 1, "the broker refused it: NOT_FOUND - no exchange 'none'"],
  [['--url', 'amqp://guest:hush@127.0.0.1:1', 'q', 'x'], 1, 'no broker answers at 127.0.0.1:1;'],
  [['--url', 'redis://x', 'q', 'x'], 2, 'the url must have the form amqp://'],
  [['q', 'x', 'y'], 2, 'a body with spaces needs quotes'],
  [[], 2, 'say which QUEUE'],
  [['--header', 'x', 'q', 'y'], 2, "--header takes name=value, not 'x'"],
] as const)('publish %j ends with %i and a sentence', async (args, code, words) => {
  const ending = await publish(args);
  expect(ending.code).toBe(code);
  expect(ending.stderr).toContain(words);
  expect(ending.stderr.trim().split('\n')).toHaveLength(1);
  expect(ending.stderr).not.toContain('hush');
});

it('a wrong password is told without showing it', async () => {
  const wrong = new URL(url);
  wrong.username = 'guest';
  wrong.password = 'hush';
  const { code, stderr } = await run(['publish', queue, 'x'], { env: { AMQP_URL: wrong.href } });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `leveret: the broker at ${wrong.host} does not let user 'guest' in; check the name and the password in --url\n`,
  });
});

it('a failure is told at once, though more input may come', async () => {
  const program = new Program(['publish', '--url', url, '--lines', '--exchange', 'none', '--routing-key', 'k']);
  started.push(program);
  program.child.stdin!.write('one\n');
  expect(await program.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('no exchange') });
});

it('gives each message to the command, with what is known of it, and acknowledges what went well', async () => {
  send('one', { messageId: 'm1', contentType: 'text/plain', headers: { a: 1 } });
  send('two');
  const script = 'echo "$(cat) $AMQP_ROUTING_KEY $AMQP_REDELIVERED $AMQP_MESSAGE_ID $AMQP_CONTENT_TYPE $AMQP_HEADERS"';
  const ending = await consume([queue, '--count', '2', '--', 'sh', '-c', script]).ended;
  expect(ending).toMatchObject({ code: 0, stderr: '' });
  expect(ending.stdout).toBe(`one ${queue} false m1 text/plain {"a":1}\ntwo ${queue} false   {}\n`);
  expect(await next()).toBeUndefined();
});

it('a command that fails gives its message back', async () => {
  send('task');
  const args = ['--count', '1', '--requeue-delay', '0', '--', 'sh', '-c', 'exit 3'];
  expect(await consume([queue, ...args]).ended).toMatchObject({ code: 0 });
  expect(await next()).toMatchObject({ fields: { redelivered: true } });
});

it('or rejects it', async () => {
  send('task');
  expect(await consume([queue, '--count', '1', '--reject', '--', 'false']).ended).toMatchObject({ code: 0 });
  expect(await next()).toBeUndefined();
});

it('works on as many messages at a time as it may, and takes no more than it was told to', async () => {
  for (let i = 0; i < 4; i++) send(`task ${i}`);
  // Each command waits for the mark of another one, so that they end only when two run at a time.
  const marks = `$(ls ${folder} | grep -c at-work)`;
  const script = `touch ${folder}/at-work.$$; while [ ${marks} -lt 2 ]; do sleep 0.01; done; echo ${marks}`;
  const ending = await consume([queue, '--prefetch', '2', '--count', '2', '--', 'sh', '-c', script]).ended;
  expect(ending).toMatchObject({ code: 0, stdout: '2\n2\n' });
  expect((await channel.checkQueue(queue)).messageCount).toBe(2);
});

it('a command that does not read its input does no harm', async () => {
  send('x'.repeat(1_000_000));
  expect(await consume([queue, '--count', '1', '--', 'true']).ended).toMatchObject({ code: 0, stderr: '' });
  expect(await next()).toBeUndefined();
});

it.each(['SIGTERM', 'SIGINT'] as const)('%s lets the running command finish and takes no more', async signal => {
  send('first');
  send('second');
  const gate = join(folder, `gate-${signal}`);
  const script = `echo started; while [ ! -e ${gate} ]; do sleep 0.01; done; echo finished`;
  const program = consume([queue, '--', 'sh', '-c', script]);
  await program.sees(/started/);
  program.child.kill(signal);
  await consumers(0);
  writeFileSync(gate, '');
  expect(await program.ended).toMatchObject({ code: 0, stdout: 'started\nfinished\n' });
  expect((await next())?.content.toString()).toBe('second');
  expect(await next()).toBeUndefined();
});

it('a second signal ends the running command too', async () => {
  send('task');
  const pidFile = join(folder, 'pid');
  const program = consume([queue, '--', 'sh', '-c', `echo $$ > ${pidFile}; echo started; exec sleep 60`]);
  await program.sees(/started/);
  program.child.kill('SIGTERM');
  await consumers(0);
  program.child.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ code: 143 });
  // Nobody is left to reap it, so that it may stand as a zombie: gone, or dead, is what counts.
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await expect.poll(() => stateOf(pid), { timeout: 10_000 }).toMatch(/^(gone|Z)$/);
});

/** The state of a process as the kernel shows it. */
function stateOf(pid: number): string {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]!;
  } catch {
    return 'gone';
  }
}

it('--declare makes the queue', async () => {
  await channel.deleteQueue(queue);
  const program = consume([queue, '--declare', '--count', '1', '--', 'cat']);
  await expect.poll(async () => (await publish([queue, 'made'])).code, { timeout: 10_000 }).toBe(0);
  expect(await program.ended).toMatchObject({ code: 0, stdout: 'made' });
});

it.each([
  [['no-such-queue', '--', 'cat'], 1, "there is no queue 'no-such-queue'; make it with --declare"],
  [['q'], 2, 'missing required argument'],
  [['q', '--prefetch', '0', '--', 'cat'], 2, 'a whole number from 1 to 65535'],
  [['q', '--requeue', '--reject', '--', 'cat'], 2, 'give --requeue or --reject, not both'],
] as const)('consume %j ends with %i and a sentence', async (args, code, words) => {
  const ending = await consume(args).ended;
  expect(ending.code).toBe(code);
  expect(ending.stderr).toContain(words);
});

it('a command that does not exist ends it, and the message stays', async () => {
  send('task');
  const ending = await consume([queue, '--', '/no/such/program']).ended;
  expect(ending).toMatchObject({
    code: 1,
    stderr: 'leveret: cannot run /no/such/program: there is no such program\n',
  });
  expect((await next())?.content.toString()).toBe('task');
});

it('a queue that is deleted ends it with a sentence', async () => {
  const program = consume([queue, '--', 'cat']);
  await consumers(1);
  await channel.deleteQueue(queue);
  expect(await program.ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`queue '${queue}' was deleted`),
  });
});
