// librabbitmq's command-line tools: what shell scripts do with a queue.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { fresh, givenOrOwnBroker } from './broker-process.ts';
import { Program } from './program.ts';

const suite = describe.skipIf(lacks('amqp-tools'));

suite('librabbitmq', () => {
  let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
  let queue: string;

  beforeAll(async () => {
    broker = await givenOrOwnBroker();
  });
  afterAll(() => broker?.dispose());
  beforeEach(async () => {
    queue = fresh('librabbitmq');
    expect(await tool('amqp-declare-queue', '--durable', '--queue', queue)).toEqual([queue]);
  });
  afterEach(async () => {
    await tool('amqp-delete-queue', '--queue', queue);
  });

  function start(name: string, parameters: string[], input?: string): Program {
    return new Program(name, [`--url=${broker.url}`, ...parameters], {}, input);
  }

  /** Runs a tool to its end and gives what it printed. */
  async function tool(name: string, ...parameters: string[]): Promise<string[]> {
    const program = start(name, parameters);
    const ending = await program.end();
    expect([ending, program.lines]).toEqual([{ code: 0, signal: null }, program.lines]);
    return program.lines;
  }

  const publish = (body: string, ...more: string[]) =>
    tool('amqp-publish', '--routing-key', queue, '--persistent', '--body', body, ...more);

  async function look<T>(what: (channel: import('amqplib').Channel) => Promise<T>): Promise<T> {
    const connection = await connect(broker.url);
    try {
      return await what(await connection.createChannel());
    } finally {
      await connection.close();
    }
  }
  const ready = () => look(async channel => (await channel.checkQueue(queue)).messageCount);

  test('amqp-publish puts a persistent message, with its properties, and amqp-get takes it', async () => {
    await publish('one', '--content-type', 'text/plain', '--header', 'colour: red');
    const message = await look(async channel => channel.get(queue));
    expect(message).toMatchObject({
      properties: { deliveryMode: 2, contentType: 'text/plain', headers: { colour: 'red' } },
    });
    expect(await tool('amqp-get', '--queue', queue)).toEqual(['one']);
    // Nothing left: amqp-get says so by exit code 2.
    const empty = start('amqp-get', ['--queue', queue]);
    expect(await empty.end()).toEqual({ code: 2, signal: null });
  });

  test('amqp-consume gives each message to a command and acknowledges it when the command ends', async () => {
    for (const body of ['a', 'b', 'c']) await publish(body);
    const consumer = start('amqp-consume', [
      '--queue',
      queue,
      '--count',
      '3',
      '--prefetch-count',
      '1',
      '--',
      'sh',
      '-c',
      'cat; echo',
    ]);
    expect(await consumer.end()).toEqual({ code: 0, signal: null });
    expect(consumer.lines).toEqual(['a', 'b', 'c']);
    expect(await ready()).toBe(0);
  });

  test('amqp-consume requeues when its command fails: the next one sees it, marked redelivered', async () => {
    await publish('hard');
    const failing = start('amqp-consume', ['--queue', queue, '--count', '1', '--', 'sh', '-c', 'echo tried; exit 1']);
    await failing.waitFor(/^tried$/);
    await failing.stop('SIGKILL');
    const message = await look(async channel => channel.get(queue));
    expect(message).toMatchObject({ fields: { redelivered: true } });
    expect(await tool('amqp-get', '--queue', queue)).toEqual(['hard']);
  });

  test('a killed amqp-consume gives its message back', async () => {
    await publish('held');
    const consumer = start('amqp-consume', ['--queue', queue, '--', 'sh', '-c', 'echo holding; exec sleep 600']);
    await consumer.waitFor(/^holding$/);
    expect(await ready()).toBe(0);
    await consumer.stop('SIGKILL');
    const heir = start('amqp-consume', ['--queue', queue, '--count', '1', '--', 'cat']);
    expect(await heir.end()).toEqual({ code: 0, signal: null });
    expect(heir.lines).toEqual(['held']);
  });

  test('amqp-consume binds a queue of its own to an exchange', async () => {
    const key = fresh('key');
    const consumer = start('amqp-consume', [
      '--exchange',
      'amq.topic',
      '--routing-key',
      `${key}.#`,
      '--count',
      '2',
      '--',
      'sh',
      '-c',
      'cat; echo',
    ]);
    const [named] = await consumer.waitFor(/amq\.gen-/);
    // It tells the name before it binds and consumes.
    const own = /amq\.gen-[\w-]+/.exec(named!)![0];
    await look(channel =>
      expect.poll(async () => (await channel.checkQueue(own)).consumerCount, { timeout: 10_000 }).toBe(1),
    );
    await tool('amqp-publish', '--exchange', 'amq.topic', '--routing-key', `${key}.one`, '--body', 'first');
    await tool('amqp-publish', '--exchange', 'amq.topic', '--routing-key', 'other', '--body', 'not this');
    await tool('amqp-publish', '--exchange', 'amq.topic', '--routing-key', `${key}.two`, '--body', 'second');
    expect(await consumer.end()).toEqual({ code: 0, signal: null });
    expect(consumer.lines.slice(-2)).toEqual(['first', 'second']);
  });

  test('a body from standard input, larger than a frame, comes through unchanged', async () => {
    const body = 'leveret '.repeat(100_000);
    expect(await start('amqp-publish', ['--routing-key', queue], body).end()).toEqual({ code: 0, signal: null });
    const file = join(tmpdir(), fresh('leveret-body'));
    await writeFile(file, '');
    expect(await start('amqp-consume', ['--queue', queue, '--count', '1', '--', 'tee', file]).end()).toMatchObject({
      code: 0,
    });
    expect((await readFile(file, 'utf8')) === body).toBe(true);
    await rm(file);
  });

  test('an error is told with code and text', async () => {
    const wrong = start('amqp-declare-queue', ['--queue', queue]);
    expect(await wrong.end()).toEqual({ code: 1, signal: null });
    expect(wrong.lines.join()).toContain('406, message: PRECONDITION_FAILED - inequivalent arg');
  });
});
