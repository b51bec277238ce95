// `npm run simulate`: runs seeds or the deliberate faults, and tells of a failure its seed and what led to it.
import events from 'node:events';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type Fault, faults } from './faults.ts';
import { type Counts, noCounts, Simulation } from './simulation.ts';

const usage = `npm run simulate -- [options]
  --seeds N     how many seeds to run (2000)
  --from N      the first of them (1)
  --jobs N      how many at the same time (1)
  --seed N      run this seed alone and print all that happens
  --scale X     length of lives, as a share of the usual
  --faults      run the eleven deliberate faults; each must be noticed within --seeds seeds
  --fault NAME  break this rule in what is run`;

/** Seeds for one worker to run. */
interface Task {
  readonly from: number;
  readonly to: number;
  readonly fault: Fault | undefined;
}

/** `failedAt` is the first seed that failed; the rest of the task was not run. */
interface Report {
  readonly task: Task;
  readonly counts: Counts;
  readonly failedAt: number | undefined;
  readonly failure: string;
}

const taskSeeds = 50;
const traceLines = 120;

async function runTask(task: Task): Promise<Report> {
  const counts: Counts = noCounts();
  for (let seed = task.from; seed < task.to; seed++) {
    try {
      const one = await new Simulation({ seed, fault: task.fault }).run();
      for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] += one[key];
    } catch (error) {
      return { task, counts, failedAt: seed, failure: (error as Error).message };
    }
  }
  return { task, counts, failedAt: undefined, failure: '' };
}

/** Runs all tasks on so many threads. Those that `skip` says are not needed any more are left out. */
async function runTasks(
  tasks: Task[],
  jobs: number,
  skip: (task: Task) => boolean,
  done: (report: Report) => void,
): Promise<void> {
  const threads = Array.from({ length: jobs }, async () => {
    const worker = new Worker(new URL(import.meta.url));
    try {
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
        if (skip(task)) continue;
        const answer = events.once(worker, 'message') as Promise<[Report]>;
        worker.postMessage(task);
        done((await answer)[0]);
      }
    } finally {
      await worker.terminate();
    }
  });
  await Promise.all(threads);
}

function tasksOf(from: number, seeds: number, fault: Fault | undefined): Task[] {
  const tasks: Task[] = [];
  for (let at = from; at < from + seeds; at += taskSeeds)
    tasks.push({ from: at, to: Math.min(at + taskSeeds, from + seeds), fault });
  return tasks;
}

async function runSeeds(from: number, seeds: number, jobs: number, fault: Fault | undefined): Promise<boolean> {
  const start = performance.now();
  const total: Counts = noCounts();
  const failed: number[] = [];
  let ran = 0;
  await runTasks(
    tasksOf(from, seeds, fault),
    jobs,
    () => failed.length > 0,
    ({ task, counts, failedAt }) => {
      for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key];
      ran += (failedAt ?? task.to) - task.from;
      if (failedAt !== undefined) failed.push(failedAt);
    },
  );
  const seconds = (performance.now() - start) / 1000;
  const { lives, messages, deliveries, recovered, failures, steps } = total;
  console.log(
    `${ran} seeds passed in ${seconds.toFixed(1)} s (${(ran / seconds).toFixed(1)} a second): ${lives} lives of a broker, ${steps} steps, ` +
      `${messages} messages published, ${deliveries} delivered, ${recovered} recovered, ${failures} times with a failing disk, ` +
      `dead letters ${total.rejected} rejected, ${total.expired} expired, ${total.maxlen} maxlen, ${total.delivery_limit} delivery_limit, ` +
      `${total.refused} publishes refused, ${total.policies} policies set, ${total.due} delayed, ${total.duplicates} duplicates refused`,
  );
  if (failed.length === 0) return true;
  for (const seed of failed) await tell(seed, fault);
  return false;
}

/** Prints what led to a failure, in the shortest form of the seed that fails. */
async function tell(seed: number, fault: Fault | undefined): Promise<void> {
  for (const scale of [0.05, 0.1, 0.2, 0.4, 0.7, 1]) {
    const lines: string[] = [];
    try {
      await new Simulation({ seed, fault, scale, trace: line => lines.push(line) }).run();
    } catch (error) {
      if (lines.length > traceLines)
        lines.splice(0, lines.length - traceLines, `... ${lines.length - traceLines} lines before`);
      console.log(`\nseed ${seed} fails:\n${lines.join('\n')}\n\n${(error as Error).stack}`);
      const more = `${scale === 1 ? '' : ` --scale ${scale}`}${fault === undefined ? '' : ` --fault '${fault}'`}`;
      console.log(`\nAgain, with all lines: npm run simulate -- --seed ${seed}${more}`);
      return;
    }
  }
  console.log(`seed ${seed} has failed once and does not again: something in it is not by chance of the seed alone`);
}

async function runSeed(seed: number, scale: number, fault: Fault | undefined): Promise<boolean> {
  try {
    const counts = await new Simulation({ seed, scale, fault, trace: line => console.log(line) }).run();
    console.log(JSON.stringify(counts));
    return true;
  } catch (error) {
    console.log((error as Error).stack);
    return false;
  }
}

async function runFaults(seeds: number, jobs: number): Promise<boolean> {
  const noticed = new Map<Fault, Report>();
  // Taking turns, so that the first seeds of every fault come first.
  const tasks = faults.flatMap(fault => tasksOf(1, seeds, fault)).sort((a, b) => a.from - b.from);
  await runTasks(
    tasks,
    jobs,
    ({ fault }) => noticed.has(fault as Fault),
    report => {
      const fault = report.task.fault as Fault;
      const before = noticed.get(fault)?.failedAt ?? Number.POSITIVE_INFINITY;
      if (report.failedAt !== undefined && report.failedAt < before) noticed.set(fault, report);
    },
  );
  for (const fault of faults) {
    const report = noticed.get(fault);
    if (report === undefined) console.log(`NOT NOTICED  ${fault}: ${seeds} seeds passed with it`);
    else console.log(`noticed      ${fault}: by seed ${report.failedAt}: ${report.failure.split('\n', 1)[0]}`);
  }
  return noticed.size === faults.length;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      from: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '1' },
      seed: { type: 'string' },
      scale: { type: 'string', default: '1' },
      faults: { type: 'boolean', default: false },
      fault: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const fault = faults.find(name => name === values.fault);
  const numbers = [values.seeds, values.from, values.jobs, values.seed ?? '1', values.scale].map(Number);
  if (values.help || numbers.some(number => !(number > 0)) || fault !== values.fault) {
    console.log(`${usage}\n\nThe faults: ${faults.join(', ')}`);
    return values.help;
  }
  const [seeds, from, jobs, seed, scale] = numbers as [number, number, number, number, number];
  if (values.seed !== undefined) return runSeed(seed, scale, fault);
  if (values.faults) return runFaults(seeds, jobs);
  return runSeeds(from, seeds, jobs, fault);
}

if (isMainThread) process.exitCode = (await main()) ? 0 : 1;
else parentPort?.on('message', async (task: Task) => parentPort?.postMessage(await runTask(task)));
