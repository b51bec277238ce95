// Warms a broker up, and finds out how many messages make a run.
import type { Broker } from './broker.ts';
import type { Job } from './load/job.ts';
import { type Bench, scaled } from './scenario.ts';

const secondsPerRun = 2;
const countMax = 8_000_000;
/** A small benchmark still measures warm brokers. */
const warmScaleMin = 0.5;

/**
 * Runs `load` twice, since the first is slow where code is compiled as it runs and files are made on first use. Resolves with
 * the messages of a run of about two seconds, at least `least`, both before scaling. `copies`: deliveries one message makes.
 */
export async function warmUp(
  bench: Bench,
  broker: Broker,
  load: (count: number) => Job,
  least: number,
  copies = 1,
): Promise<number> {
  let share = least;
  for (const part of [1, 0.5]) {
    const { overallRate } = await bench.load(broker, load(scaled(share * part, Math.max(bench.scale, warmScaleMin))));
    share = Math.max(least, Math.min(countMax, (overallRate / copies) * secondsPerRun));
  }
  return scaled(share, bench.scale);
}
