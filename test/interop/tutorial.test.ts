// The tutorial as a newcomer runs it: the programs of examples/ themselves, Python and TypeScript, against a real process.
import { spawnSync } from 'node:child_process';
import { connect } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { python as debianPython, lacks } from '../needs.ts';
import { BrokerProcess } from './broker-process.ts';
import { Program } from './program.ts';

let broker: BrokerProcess;
beforeAll(async () => {
  const compiled = spawnSync('node_modules/.bin/tsc', ['-p', 'examples/typescript'], { encoding: 'utf8' });
  expect(compiled.stdout + compiled.stderr).toBe('');
  broker = await BrokerProcess.start();
});
afterAll(() => broker?.dispose());

type Language = { quote: (task: string) => string; newTask: [string, string]; worker: [string, string] };
const pika: Language = {
  quote: task => `b'${task}'`,
  newTask: [debianPython, 'examples/python/new_task.py'],
  worker: [debianPython, 'examples/python/worker.py'],
};
const amqplib: Language = {
  quote: task => `'${task}'`,
  newTask: [process.execPath, '.cache/examples/new-task.js'],
  worker: [process.execPath, '.cache/examples/worker.js'],
};

const started = new Set<Program>();
function run(what: [string, string], parameters: string[] = [], env: Record<string, string> = {}): Program {
  const program = new Program(what[0], [what[1], ...parameters], { AMQP_URL: broker.url, ...env });
  started.add(program);
  return program;
}

const waiting = /^ \[\*] Waiting for messages/;
const received = /^ \[x] Received/;
const done = /^ \[x] Done$/;

async function publish(language: Language, ...task: string[]): Promise<void> {
  const producer = run(language.newTask, task);
  expect(await producer.end()).toEqual({ code: 0, signal: null });
  const sent = task.length > 0 ? [task.join(' ')] : hellos();
  expect(producer.lines).toEqual(sent.map(text => ` [x] Sent '${text}'`));
}

async function worker(language: Language, prefetch = 1): Promise<Program> {
  const program = run(language.worker, [], { PREFETCH: String(prefetch) });
  await program.waitFor(waiting);
  return program;
}

async function interrupt(...workers: Program[]): Promise<void> {
  for (const program of workers) expect(await program.stop('SIGINT')).toEqual({ code: 0, signal: null });
}

function hellos(step = 1, from = 0): string[] {
  return [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter(n => n % step === from).map(n => `Hello World: ${n}`);
}

/** What is in task_queue as another client sees it. */
async function left(): Promise<string[]> {
  const connection = await connect(broker.url);
  try {
    const channel = await connection.createChannel();
    const tasks: string[] = [];
    for (let message = await channel.get('task_queue'); message; message = await channel.get('task_queue')) {
      expect(message.properties.deliveryMode).toBe(2);
      tasks.push(message.content.toString());
    }
    return tasks;
  } finally {
    await connection.close();
  }
}

function tutorial(language: Language): void {
  const texts = (tasks: string[], suffix = '') => tasks.map(task => ` [x] Received ${language.quote(task)}${suffix}`);

  beforeEach(async () => {
    const connection = await connect(broker.url);
    await (await connection.createChannel()).deleteQueue('task_queue');
    await connection.close();
  });

  test('one worker works through ten tasks in order, acknowledges each, and ends cleanly at Ctrl-C', async () => {
    const only = await worker(language);
    await publish(language);
    await only.waitFor(done, 10);
    await interrupt(only);
    expect(only.lines.slice(1, -1)).toEqual(texts(hellos()).flatMap(line => [line, ' [x] Done']));
    expect(await left()).toEqual([]);
  });

  test('two workers without a limit get them strictly in turn, in order of subscription', async () => {
    const first = await worker(language, 0);
    const second = await worker(language, 0);
    await publish(language);
    await Promise.all([first.waitFor(done, 5), second.waitFor(done, 5)]);
    await interrupt(first, second);
    expect(first.matching(received)).toEqual(texts(hellos(2, 0)));
    expect(second.matching(received)).toEqual(texts(hellos(2, 1)));
  });

  test('with prefetch 1 a busy worker gets nothing new, and the free one gets it all', async () => {
    const slow = await worker(language);
    const quick = await worker(language);
    const long = `Slow${'.'.repeat(60)}`;
    await publish(language, long);
    await slow.waitFor(received);
    await publish(language);
    await quick.waitFor(done, 10);
    expect(slow.matching(/\[x]/)).toEqual(texts([long]));
    expect(quick.matching(received)).toEqual(texts(hellos()));
    await interrupt(slow, quick);
    expect(await left()).toEqual([long]);
  });

  test('a task whose worker is killed goes to the other, marked redelivered', async () => {
    const doomed = await worker(language);
    const heir = await worker(language);
    await publish(language, 'Heavy', 'task.');
    await doomed.waitFor(received);
    await doomed.stop('SIGKILL');
    await heir.waitFor(done);
    await interrupt(heir);
    expect(doomed.matching(/\[x]/)).toEqual(texts(['Heavy task.']));
    expect(heir.matching(received)).toEqual(texts(['Heavy task.'], ' (redelivered)'));
    expect(await left()).toEqual([]);
  });

  test('all that was published is there after kill -9 of the broker, the task that was worked on included', async () => {
    const busy = await worker(language);
    const long = `Long${'.'.repeat(60)}`;
    await publish(language, long);
    await publish(language);
    await busy.waitFor(received);
    await broker.kill();
    await busy.stop('SIGKILL');
    await broker.restart();
    expect(await left()).toEqual([long, ...hellos()]);

    const later = await worker(language);
    await later.waitFor(received);
    expect(later.matching(received)).toEqual(texts([long], ' (redelivered)'));
  });
}

afterEach(async () => {
  await Promise.all([...started].map(program => program.stop('SIGKILL')));
  started.clear();
});

describe('TypeScript', () => tutorial(amqplib));
const debian = describe.skipIf(lacks('python3-pika'));
debian('Python', () => tutorial(pika));
