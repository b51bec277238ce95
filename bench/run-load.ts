// Runs jobs in the generator process and adds what the broker used meanwhile.
import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import type { Broker } from './broker.ts';
import type { Job, Outcome, Reply } from './load/job.ts';
import { cpuSeconds, memoryKib, resetPeak } from './machine.ts';

const program = path.join(import.meta.dirname, 'load', 'generator.js');

/** One process for all jobs, so that its code is compiled once; undefined before the first and after a failure. */
let generator: ChildProcess | undefined;

/** The outcome, and what the broker used meanwhile. */
export interface LoadRun extends Outcome {
  brokerPeakMib: number;
  /** Microseconds of processor time per message sent, or received where nothing is sent. */
  brokerCpuUs: number;
}

/** Drives `broker` with a job. Rejects when the generator cannot finish: refused, cut off, crashed. */
export async function runLoad(broker: Broker, job: Job): Promise<LoadRun> {
  resetPeak(broker.pid);
  const cpuBefore = cpuSeconds(broker.pid);
  const reply = await ask(job);
  if ('error' in reply) {
    endGenerator();
    throw new Error(`${job.queue}: ${reply.error}`);
  }
  const { outcome } = reply;
  const cpuUsed = cpuSeconds(broker.pid) - cpuBefore;
  return {
    ...outcome,
    brokerPeakMib: memoryKib(broker.pid, 'VmHWM') / 1024,
    brokerCpuUs: (cpuUsed * 1e6) / (outcome.sent || outcome.received),
  };
}

/** Ends the generator process, if there is one. */
export function endGenerator(): void {
  generator?.kill('SIGKILL');
  generator = undefined;
}

function ask(job: Job): Promise<Reply> {
  generator ??= fork(program, { serialization: 'advanced' });
  const process = generator;
  return new Promise(resolve => {
    const ended = (code: number | null, signal: string | null) =>
      resolve({ error: `the load generator ended with ${signal ?? code}` });
    process.once('exit', ended);
    process.once('message', (reply: Reply) => {
      process.off('exit', ended);
      resolve(reply);
    });
    process.send(job);
  });
}
