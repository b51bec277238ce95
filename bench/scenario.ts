// What a scenario is, and what it may use while it runs.
import type { Broker } from './broker.ts';
import type { Job } from './load/job.ts';
import type { LoadRun } from './run-load.ts';

/** One line of the table: a value by name, what to call it, and whether more of it is better. */
export interface Figure {
  key: string;
  label: string;
  better: 'more' | 'less';
}

/** Values of one run by the key of their figure. */
export type Values = Record<string, number>;

/** The brokers, the sizes asked for, and where results go. */
export interface Bench {
  readonly brokers: readonly Broker[];
  /** Measured runs of each scenario and broker. */
  readonly runs: number;
  /** Multiplies every count. */
  readonly scale: number;
  /** Messages in E's backlog and in the deep queue, before scaling. */
  readonly backlog: number;
  readonly deep: number;
  /** Records the values of one run. */
  note(broker: Broker, values: Values): void;
  /** Records that something was wrong; the benchmark goes on and ends with exit status 1. */
  fail(broker: Broker, what: string): void;
  /** Runs a job; a wrong outcome is recorded as a failure. */
  load(broker: Broker, job: Job): Promise<LoadRun>;
  /** Does `work` with each broker in turn. One that throws fails, is started afresh and left out of this scenario from then on. */
  each(work: (broker: Broker) => Promise<void>): Promise<void>;
}

/** A row of the table, or a few that belong together. */
export interface Scenario {
  name: string;
  title: string;
  figures: readonly Figure[];
  run(bench: Bench): Promise<void>;
}

/** Figures that several scenarios show. */
export const rateFigure: Figure = { key: 'rate', label: 'messages/s', better: 'more' };
export const peakFigure: Figure = { key: 'peakMib', label: 'peak memory MiB', better: 'less' };
export const latencyFigures: readonly Figure[] = [
  { key: 'p50Us', label: 'latency p50 µs', better: 'less' },
  { key: 'p99Us', label: 'latency p99 µs', better: 'less' },
];

/** A count after scaling, at least `least`. */
export function scaled(count: number, scale: number, least: number = 100): number {
  return Math.max(least, Math.round(count * scale));
}
