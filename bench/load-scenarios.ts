// The rows that are one load each, as a table: A to F at full speed, R at a fixed rate.
import type { Broker } from './broker.ts';
import { type Job, job } from './load/job.ts';
import { type Bench, type Figure, latencyFigures, peakFigure, rateFigure, type Scenario, scaled } from './scenario.ts';
import { warmUp } from './warm-up.ts';

/** Durable, persistent, 1,000 confirms in flight, prefetch 1,000, every message acked by itself. */
export const durableLoad: Partial<Job> = { durable: true, confirms: 1000, prefetch: 1000 };

interface LoadRow {
  name: string;
  title: string;
  load: Partial<Job>;
  /** Messages of a warm-up, and the least of a measured run. */
  baseCount: number;
  /** Deliveries that one message makes. */
  copies?: number;
}

const rows: readonly LoadRow[] = [
  { name: 'A', title: 'transient, auto-ack, 100 bytes', load: { autoAck: true }, baseCount: 100_000 },
  { name: 'B100', title: 'durable, synced, confirmed, each acked, 100 bytes', load: durableLoad, baseCount: 30_000 },
  { name: 'B1k', title: 'the same with 1 KiB', load: { ...durableLoad, bodyBytes: 1024 }, baseCount: 25_000 },
  { name: 'B16k', title: 'the same with 16 KiB', load: { ...durableLoad, bodyBytes: 16_384 }, baseCount: 7_500 },
  {
    name: 'C',
    title: 'the tutorial: 2 workers, prefetch 1, one confirm in flight',
    load: { durable: true, confirms: 1, prefetch: 1, connections: 2 },
    baseCount: 1_000,
  },
  {
    name: 'D',
    title: 'fan-out of a transient message to 10 queues; deliveries/s',
    load: { autoAck: true, exchange: 'fanout', queues: 10 },
    baseCount: 10_000,
    copies: 10,
  },
  { name: 'F', title: 'as B100 over 1,000 queues in turn', load: { ...durableLoad, queues: 1000 }, baseCount: 15_000 },
];

/** A to F. */
export const loadScenarios: readonly Scenario[] = rows.map(row => ({
  name: row.name,
  title: row.title,
  figures: [rateFigure, ...latencyFigures, peakFigure],
  run: bench => runRow(bench, row),
}));

async function runRow(bench: Bench, { name, load, baseCount, copies = 1 }: LoadRow): Promise<void> {
  const of = (broker: Broker, queue: string, count: number) =>
    job({ ...load, port: broker.port, queue: `${queue}-${name}`, count, remove: true });
  const counts = new Map<Broker, number>();
  await bench.each(async broker => {
    counts.set(broker, await warmUp(bench, broker, count => of(broker, 'warm', count), baseCount, copies));
  });
  for (let run = 0; run < bench.runs; run++) {
    await bench.each(async broker => {
      const outcome = await bench.load(broker, of(broker, 'run', counts.get(broker)!));
      bench.note(broker, {
        rate: outcome.overallRate,
        p50Us: outcome.latencyUs.p50,
        p99Us: outcome.latencyUs.p99,
        peakMib: outcome.brokerPeakMib,
        generatorBusy: outcome.generatorBusy,
        brokerCpuUs: outcome.brokerCpuUs,
      });
    });
  }
}

const cpuFigure: Figure = { key: 'brokerCpuUs', label: 'broker CPU per message µs', better: 'less' };

/** R: latency from the time a message was due, so that a broker that stalls is charged for the wait. */
export const fixedRate: Scenario = {
  name: 'R',
  title: 'as B1k at 2,000 a second',
  figures: [...latencyFigures, cpuFigure],
  async run(bench) {
    for (let run = 0; run < bench.runs; run++) {
      await bench.each(async broker => {
        const parts = { port: broker.port, queue: 'run-R', count: scaled(10_000, bench.scale), remove: true };
        const outcome = await bench.load(
          broker,
          job({ ...durableLoad, ...parts, bodyBytes: 1024, ratePerSecond: 2000 }),
        );
        const { p50, p99 } = outcome.latencyUs;
        bench.note(broker, { p50Us: p50, p99Us: p99, brokerCpuUs: outcome.brokerCpuUs });
      });
    }
  },
};
