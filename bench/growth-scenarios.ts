// The rows that ask whether speed stays when something grows: a deep queue, many bindings, many consumers.
import type { Broker } from './broker.ts';
import { type Job, job } from './load/job.ts';
import { durableLoad } from './load-scenarios.ts';
import { type Bench, type Figure, type Scenario, scaled } from './scenario.ts';
import { warmUp } from './warm-up.ts';

const keptFigure: Figure = { key: 'kept', label: 'share of the rate that is kept', better: 'more' };

/** The small and the large load of a row. */
interface Growth {
  few: Partial<Job>;
  many: Partial<Job>;
}

/** Runs the small and the large load by turns, each on queues of its own that stay. */
async function compare(bench: Bench, { few, many }: Growth, baseCount: number): Promise<void> {
  await bench.each(async broker => void (await broker.fresh()));
  const of = (broker: Broker, size: 'few' | 'many', count: number) =>
    job({ ...(size === 'few' ? few : many), port: broker.port, queue: size, count });
  const counts = new Map<Broker, number>();
  await bench.each(async broker => {
    counts.set(broker, await warmUp(bench, broker, count => of(broker, 'few', count), baseCount));
    await bench.load(broker, of(broker, 'many', scaled(baseCount, bench.scale)));
  });
  for (let run = 0; run < bench.runs; run++) {
    await bench.each(async broker => {
      const small = await bench.load(broker, { ...of(broker, 'few', counts.get(broker)!), reuse: true });
      const large = await bench.load(broker, { ...of(broker, 'many', counts.get(broker)!), reuse: true });
      const rates = { few: small.overallRate, many: large.overallRate };
      const generatorBusy = Math.max(small.generatorBusy, large.generatorBusy);
      bench.note(broker, { ...rates, kept: rates.many / rates.few, generatorBusy });
    });
  }
}

const topicFigures: readonly Figure[] = [
  { key: 'few', label: 'messages/s with 10', better: 'more' },
  { key: 'many', label: 'messages/s with 100,000', better: 'more' },
  keptFigure,
];

/** The same ten keys either way; each matches one binding of one queue. */
export const topicBindings: Scenario = {
  name: 'topic',
  title: 'transient through a topic exchange, ten keys, 100,000 bindings against 10',
  figures: topicFigures,
  run: bench => compareTopics(bench, 10),
};

/** As many keys as bindings, each used in turn: what a key costs that was not used lately. */
export const topicKeys: Scenario = {
  name: 'keys',
  title: 'the same with a key for every binding',
  figures: topicFigures,
  run: bench => compareTopics(bench, 100_000),
};

async function compareTopics(bench: Bench, keys: number): Promise<void> {
  const load: Partial<Job> = { exchange: 'topic', autoAck: true, keys };
  const many = Math.min(100_000, scaled(100_000, bench.scale));
  await compare(bench, { few: { ...load, bindings: 10 }, many: { ...load, bindings: many } }, 50_000);
}

/** Ten connections either way, with one or with a hundred consumers on each, a channel and a prefetch of its own for every one. */
export const manyConsumers: Scenario = {
  name: 'consumers',
  title: 'as B100, 1,000 consumers on one queue against 10',
  figures: [
    { key: 'few', label: 'messages/s with 10', better: 'more' },
    { key: 'many', label: 'messages/s with 1,000', better: 'more' },
    keptFigure,
  ],
  async run(bench) {
    const load: Partial<Job> = { ...durableLoad, prefetch: 100, connections: 10 };
    await compare(bench, { few: { ...load, channels: 1 }, many: { ...load, channels: 100 } }, 20_000);
  },
};

/** Publishes to the tail of a deep queue and consumes its head, against the same with nothing waiting. */
export const deepQueue: Scenario = {
  name: 'deep',
  title: 'as B100 through a queue in which millions of messages wait',
  figures: [
    { key: 'few', label: 'messages/s with none waiting', better: 'more' },
    { key: 'many', label: 'messages/s with all of them waiting', better: 'more' },
    keptFigure,
    { key: 'fillRate', label: 'messages/s while filling it', better: 'more' },
    { key: 'peakMib', label: 'peak memory MiB', better: 'less' },
  ],
  async run(bench) {
    const deep = scaled(bench.deep, bench.scale, 10_000);
    const filled = new Map<Broker, { count: number; fillRate: number; fillPeakMib: number }>();
    await bench.each(async broker => void (await broker.fresh()));
    await bench.each(async broker => {
      const of = (parts: Partial<Job>) =>
        job({ ...durableLoad, port: broker.port, queue: 'deep', count: deep, ...parts });
      const perRun = await warmUp(
        bench,
        broker,
        count => of({ queue: 'warm', count, counts: [count], remove: true }),
        30_000,
      );
      const fill = await bench.load(broker, of({ mode: 'publish', left: deep }));
      const count = Math.min(Math.floor(deep / 2), perRun);
      filled.set(broker, { count, fillRate: fill.publishRate, fillPeakMib: fill.brokerPeakMib });
    });
    for (let run = 0; run < bench.runs; run++) {
      await bench.each(async broker => {
        const { count, fillRate, fillPeakMib } = filled.get(broker)!;
        const load = { ...durableLoad, port: broker.port, count };
        const none = await bench.load(broker, job({ ...load, queue: 'shallow', remove: true }));
        // The stamps tell the waiting messages (producer 0) from those of this run and the ones before.
        const counts = [deep, ...new Array<number>(run + 1).fill(count)];
        const parts = { queue: 'deep', keep: true, left: deep, counts, producer: run + 1 };
        const all = await bench.load(broker, job({ ...load, ...parts }));
        const rates = { few: none.overallRate, many: all.overallRate, fillRate };
        const peakMib = Math.max(fillPeakMib, all.brokerPeakMib);
        const generatorBusy = Math.max(none.generatorBusy, all.generatorBusy);
        bench.note(broker, { ...rates, kept: rates.many / rates.few, peakMib, generatorBusy });
      });
    }
    await bench.each(async broker => void (await broker.fresh()));
  },
};
