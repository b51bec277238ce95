// The rows that ask what a queue's abilities cost: each against B100 in the same run.
import type { Broker } from './broker.ts';
import { type Job, job } from './load/job.ts';
import { durableLoad } from './load-scenarios.ts';
import { type Bench, type Figure, peakFigure, rateFigure, type Scenario, scaled } from './scenario.ts';
import { warmUp } from './warm-up.ts';

const figures: readonly Figure[] = [
  { key: 'plain', label: 'messages/s as B100', better: 'more' },
  rateFigure,
  { key: 'kept', label: 'share of the rate that is kept', better: 'more' },
];

const hourMs = 3_600_000;

interface SemanticsRow {
  readonly name: string;
  readonly title: string;
  readonly load: Partial<Job>;
}

const rows: readonly SemanticsRow[] = [
  { name: 'ttl', title: 'as B100, an expiration on every message', load: { expirationMs: hourMs } },
  { name: 'priority', title: 'as B100, ten priorities in turn', load: { priorities: 10 } },
  {
    name: 'dead',
    title: 'as B100, every message dies in a first queue and is consumed from a second',
    load: { dying: true },
  },
];

async function runRow(bench: Bench, { name, load }: SemanticsRow): Promise<void> {
  const of = (broker: Broker, queue: string, count: number, parts: Partial<Job> = {}) =>
    job({ ...durableLoad, port: broker.port, queue: `${queue}-${name}`, count, remove: true, ...parts });
  const counts = new Map<Broker, number>();
  await bench.each(async broker => {
    counts.set(broker, await warmUp(bench, broker, count => of(broker, 'warm', count), 30_000));
    await bench.load(broker, of(broker, 'warm', scaled(30_000, bench.scale), load));
  });
  for (let run = 0; run < bench.runs; run++) {
    await bench.each(async broker => {
      const count = counts.get(broker)!;
      const plain = await bench.load(broker, of(broker, 'plain', count));
      const outcome = await bench.load(broker, of(broker, 'run', count, load));
      const generatorBusy = Math.max(plain.generatorBusy, outcome.generatorBusy);
      const rates = { plain: plain.overallRate, rate: outcome.overallRate };
      bench.note(broker, { ...rates, kept: rates.rate / rates.plain, generatorBusy });
    });
  }
}

/** Expiration, priorities, dead letters. */
export const semantics: readonly Scenario[] = rows.map(row => ({
  name: row.name,
  title: row.title,
  figures,
  run: bench => runRow(bench, row),
}));

/** Publishes messages that are due in an hour. RabbitMQ has no such exchange without a plugin: it is left out. */
export const delayed: Scenario = {
  name: 'delayed',
  title: 'a million messages kept back by a delayed exchange, 100 bytes',
  figures: [rateFigure, peakFigure],
  async run(bench) {
    const count = scaled(1_000_000, bench.scale, 1000);
    for (let run = 0; run < bench.runs; run++) {
      await bench.each(async broker => {
        if (broker.name === 'rabbitmq') return;
        await broker.fresh();
        const parts = { port: broker.port, queue: 'delayed', count, mode: 'publish', delayMs: hourMs } as const;
        const outcome = await bench.load(broker, job({ ...durableLoad, ...parts }));
        bench.note(broker, {
          rate: outcome.publishRate,
          peakMib: outcome.brokerPeakMib,
          generatorBusy: outcome.generatorBusy,
        });
      });
    }
    await bench.each(async broker => void (await broker.fresh()));
  },
};
