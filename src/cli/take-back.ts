// `leveret take-back`: tasks out of the hands of a stuck worker, back to their places in the queue.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { report, timeSpan, vhostCommand, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import type { QueuedMessage } from './peek.ts';
import { several } from './text.ts';
import { workersOf } from './workers.ts';

interface TakeBackOptions extends BrokerOptions {
  readonly vhost: string;
  readonly sequence?: number;
  readonly channel?: string;
  readonly tag?: number;
  readonly olderThan?: number;
}

/** A delivery, by what the API calls it. */
interface Delivery {
  readonly channel: string;
  readonly delivery_tag: number;
}

const NOTES = `
The task goes to the next free worker, marked redelivered. What the first worker says of it later is accepted and ignored;
until then it counts as one that this worker has, so a worker that hangs gets nothing new.
\`leveret list workers QUEUE\` and \`leveret peek QUEUE --state unacked\` show who has what.

Examples:
  leveret take-back task_queue --sequence 1042
  leveret take-back task_queue --older-than 30m
`;

/** The command. */
export function takeBackCommand(): Command {
  return vhostCommand('take-back', 'Takes tasks back from stuck workers.')
    .argument('<queue>', 'the queue that they came from')
    .option('--sequence <n>', 'the task with this place in the queue', whole(0, Number.MAX_SAFE_INTEGER))
    .option('--channel <name>', "the worker's channel, with --tag")
    .option('--tag <n>', 'the delivery tag on that channel', whole(1, Number.MAX_SAFE_INTEGER))
    .option('--older-than <time>', 'all that a worker has had for longer, such as 10m', timeSpan)
    .addHelpText('after', NOTES)
    .action(takeBack);
}

async function takeBack(queue: string, options: TakeBackOptions): Promise<void> {
  const api = new Api(options.url);
  const { vhost, sequence, channel, tag, olderThan } = options;
  const ways = [sequence, channel ?? tag, olderThan].filter(way => way !== undefined);
  if (ways.length !== 1 || (channel === undefined) !== (tag === undefined)) {
    throw new Failure('say which: --sequence, --older-than, or --channel with --tag', 2);
  }
  let taken = 0;
  if (olderThan !== undefined) {
    taken = await takeOld(api, vhost, queue, olderThan);
  } else {
    const delivery =
      sequence === undefined
        ? { channel: channel as string, delivery_tag: tag as number }
        : await find(api, vhost, queue, sequence);
    if (!(await take(api, vhost, queue, delivery))) {
      throw new Failure(`nobody has that task of queue '${queue}' in hand (any more)`, 5);
    }
    taken = 1;
  }
  report(options, `took ${several(taken, 'task')} back`, { taken });
}

async function find(api: Api, vhost: string, queue: string, sequence: number): Promise<Delivery> {
  const about = `message ${sequence} in queue '${queue}' of virtual host '${vhost}' (any more)`;
  const names = { vhost, queue, sequence };
  const message = await api.call('GET /queues/:vhost/:queue/messages/:sequence', { names, about });
  const { worker } = message as QueuedMessage;
  if (worker === null) throw new Failure(`message ${sequence} is with no worker: it waits in the queue`, 5);
  return worker;
}

/** The API shows some tasks of each worker at a time; what is delivered meanwhile is too young to be found again. */
async function takeOld(api: Api, vhost: string, queue: string, ageMs: number): Promise<number> {
  const before = Date.now() - ageMs;
  for (let taken = 0; ; ) {
    const workers = await workersOf(api, vhost, queue);
    const old = workers.flatMap(({ channel, tasks }) =>
      tasks.filter(task => task.delivered_at < before).map(({ delivery_tag }) => ({ channel, delivery_tag })),
    );
    let now = 0;
    for (const delivery of old) if (await take(api, vhost, queue, delivery)) now += 1;
    if (now === 0) return taken;
    taken += now;
  }
}

/** False where the worker was done with it first. */
async function take(api: Api, vhost: string, queue: string, { channel, delivery_tag }: Delivery): Promise<boolean> {
  const body = { channel, delivery_tag };
  const names = { vhost, queue };
  const { status } = await api.ask('POST /queues/:vhost/:queue/take-back', { names, body, accept: [404] });
  return status !== 404;
}
