// Random sequences of operations, played on both brokers: what clients see must be the same.
// `ORACLE_SEQUENCES=n` plays more, `PROPERTY_SEED=n` plays those of an earlier run again.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Broker, missing, startBroker, targets } from './brokers.ts';
import { beginnings, prelude, sequences } from './operations.ts';
import { Player } from './player.ts';

const count = Number(process.env['ORACLE_SEQUENCES'] ?? 150);
/** Bounds the search for a shorter failing sequence too. */
const timeLimitMs = 60_000 + count * 1_000;
// With one target only, it is compared with itself: that shows that what is compared does not depend on chance.
const wanted = targets().length === 2 ? targets() : [...targets(), ...targets()];

describe.skipIf(wanted.some(missing))(`random sequences, ${wanted.join(' and ')}`, () => {
  const brokers: Broker[] = [];
  beforeAll(async () => {
    for (const product of wanted) {
      brokers.push(brokers.find(broker => broker.product === product) ?? (await startBroker(product)));
    }
  }, 120_000);
  afterAll(async () => {
    for (const broker of new Set(brokers)) await broker.stop();
  });

  let played = 0;
  test(
    `${count} sequences`,
    () =>
      fc.assert(
        fc.asyncProperty(beginnings, sequences, async (abilities, operations) => {
          const all = [...prelude(abilities), ...operations];
          const steps = await Promise.all(
            brokers.map(broker => new Player(broker, `r${process.pid}-${++played}-`).play(all)),
          );
          for (const [index, step] of steps[0]!.entries()) {
            assert.deepStrictEqual(steps[1]![index], step, `step ${index}: ${JSON.stringify(step.operation)}`);
          }
        }),
        {
          numRuns: count,
          interruptAfterTimeLimit: timeLimitMs,
          markInterruptAsFailure: true,
        },
      ),
    timeLimitMs + 30_000,
  );
});
