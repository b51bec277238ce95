// `npm run demo`: what a work queue is for, in one terminal and a quarter of a minute. Exit code 1 when anything was lost.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { Actor, Broker, paint, say } from './demo/actor.mjs';

const queue = 'demo';
const folder = mkdtempSync(join(tmpdir(), 'leveret-demo-'));
// DEMO_BROKER shows the same with another broker: a command that prints amqp://127.0.0.1:PORT when it is ready.
const command =
  process.env.DEMO_BROKER ?? 'node dist/cli/main.js start --port {port} --management-port 0 --data-dir {folder}';

/** @type {Set<string>} */
const confirmed = new Set();
/** @type {Map<string, number>} How often each task was done. */
const done = new Map();
const tally = { redelivered: 0, kills: 0 };
/** @type {Set<() => void>} */
const watchers = new Set();

process.once('SIGINT', () => process.exit(130));
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
try {
  process.exitCode = (await play()) ? 0 : 1;
} catch (error) {
  console.error(paint('red', `The demo failed: ${error instanceof Error ? error.message : error}`));
  process.exitCode = 1;
}

/** @returns {Promise<boolean>} Whether nothing was lost. */
async function play() {
  let broker = await startBroker(0);
  const port = await broker.ready;
  const url = `amqp://guest:guest@127.0.0.1:${port}`;

  title('Two workers, one of them slow. Each takes one task at a time; the quick one is never kept waiting.');
  const quick = worker('quick', 'green', url, 350);
  await until(() => quick.waiting);
  const slow = worker('slow', 'yellow', url, 1800);
  await until(() => slow.waiting);
  await publish(url, 1, 12);

  await until(() => slow.received === 2 || done.size === 12);
  await sleep(600);
  title(`kill -9 of the slow worker, while it works on ${slow.task}: the task goes to the other at once.`);
  slow.actor.child.kill('SIGKILL');
  tally.kills++;
  await slow.actor.ended;
  slow.actor.say(paint('red', 'killed'));
  await until(() => done.size === 12);

  const fresh = worker('new', 'cyan', url, 500);
  await until(() => fresh.waiting);
  await publish(url, 13, 24);
  await until(() => done.size === 16);
  title('kill -9 of the broker itself, with tasks in the queue and tasks being worked on.');
  await broker.stop('SIGKILL');
  tally.kills++;
  say('blue', 'broker', paint('red', 'killed'));
  await sleep(1200);
  broker = await startBroker(port);
  await broker.ready;
  await until(() => [...confirmed].every(task => done.has(task)), 30_000).catch(() => {});
  return finish(broker, url, [quick, fresh]);
}

/** @param {number} port */
async function startBroker(port) {
  const words = command
    .split(' ')
    .map(word => word.replace('{port}', `${port}`).replace('{folder}', join(folder, 'data')));
  const broker = new Broker(words);
  const on = await broker.ready;
  say('blue', 'broker', port === 0 ? `up on 127.0.0.1:${on}, its data in ${folder}` : 'up again, on the same folder');
  return broker;
}

/**
 * @param {string} name
 * @param {import('./demo/actor.mjs').Colour} colour
 * @param {string} url
 * @param {number} workMs How long a task takes it.
 */
function worker(name, colour, url, workMs) {
  const state = { waiting: false, received: 0, task: '' };
  const actor = new Actor(
    name,
    colour,
    'worker.mjs',
    [url, queue, `${workMs}`],
    (self, { event, task, redelivered }) => {
      if (event === 'waiting') state.waiting = true;
      if (event === 'received') {
        state.received++;
        state.task = task;
        if (redelivered) tally.redelivered++;
      }
      if (event === 'done') done.set(task, (done.get(task) ?? 0) + 1);
      self.say(tell(event, task, redelivered));
      for (const watcher of watchers) watcher();
    },
  );
  return Object.assign(state, { actor });
}

/**
 * @param {string} event
 * @param {string} task
 * @param {boolean} redelivered
 */
function tell(event, task, redelivered) {
  if (event === 'received') return `${task} ${redelivered ? paint('magenta', 'redelivered') : ''}`.trimEnd();
  if (event === 'done') return `${task} ${paint('green', 'done')}`;
  if (event === 'unacknowledged') return `${task} finished, but the broker could not be told: it will be given again`;
  return event === 'waiting' ? 'waits for tasks' : 'has lost the broker, tries again';
}

/**
 * @param {string} url
 * @param {number} from
 * @param {number} to
 */
async function publish(url, from, to) {
  const tasks = Array.from({ length: to - from + 1 }, (_, index) => `task ${from + index}`);
  const producer = new Actor('producer', 'magenta', 'producer.mjs', [url, queue, ...tasks], (_, { event, task }) => {
    if (event === 'confirmed') confirmed.add(task);
  });
  await producer.ended;
  const count = tasks.filter(task => confirmed.has(task)).length;
  if (count < tasks.length) throw new Error(`only ${count} of ${tasks.length} tasks were confirmed`);
  producer.say(`published tasks ${from} to ${to}; the broker has confirmed every one`);
}

/**
 * @param {Broker} broker
 * @param {string} url
 * @param {{ actor: Actor }[]} workers
 */
async function finish(broker, url, workers) {
  for (const { actor } of workers) {
    actor.child.disconnect();
    await actor.ended;
  }
  const connection = await connect(url);
  const { messageCount } = await (await connection.createChannel()).checkQueue(queue);
  await connection.close();
  await broker.stop('SIGTERM');
  const lost = [...confirmed].filter(task => !done.has(task));
  const again = [...done.values()].filter(times => times > 1).length;
  console.log();
  const figures = [
    `${confirmed.size} tasks confirmed`,
    `${done.size} done`,
    `${tally.redelivered} given again`,
    `${again} done twice`,
    `${messageCount} left in the queue`,
    `${tally.kills} kills with -9`,
  ].join(', ');
  const good = lost.length === 0 && messageCount === 0;
  const verdict = lost.length === 0 ? 'nothing lost' : `LOST: ${lost.join(', ')}`;
  console.log(paint(good ? 'green' : 'red', `${figures}: ${verdict}.`));
  return good;
}

/** @param {string} text */
function title(text) {
  console.log(`\n         ${paint('cyan', text)}`);
}

/**
 * Resolves when `condition` holds; it is asked after every event.
 * @param {() => boolean} condition
 */
async function until(condition, timeoutMs = 20_000) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {() => void} */
  let watcher = () => {};
  try {
    await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`waited in vain for ${condition}`)), timeoutMs);
      watcher = () => condition() && resolve(undefined);
      watchers.add(watcher);
      watcher();
    });
  } finally {
    clearTimeout(timer);
    watchers.delete(watcher);
  }
}
