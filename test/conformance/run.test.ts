// Plays every conformance scenario against each broker, then watches it stop.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { allPlugins, type Broker, missing, startBroker, targets } from './brokers.ts';
import { Stage, scenarios } from './scenario.ts';
import './scenarios/index.ts';

for (const product of targets()) {
  describe.skipIf(missing(product))(product, () => {
    let broker: Broker | undefined;
    beforeAll(async () => {
      broker = await startBroker(product, allPlugins);
    }, 120_000);
    afterAll(() => broker?.stop());

    const play = async (id: string): Promise<void> => {
      const stage = new Stage(product, broker!);
      try {
        await scenarios.find(scenario => scenario.id === id)!.play(stage);
      } finally {
        await stage.clear();
      }
    };
    const here = scenarios.filter(({ source }) => source === undefined || product === 'leveret');
    describe.concurrent('scenarios', () => {
      for (const { id, last, alone } of here) if (!last && !alone) test(id, () => play(id));
    });
    describe('one by one', () => {
      for (const { id, alone } of here) if (alone) test(id, () => play(id));
    });
    describe('at the end', () => {
      for (const { id, last } of here) {
        if (last) test(id, context => (broker!.ours ? play(id) : context.skip('the broker is not ours to stop')));
      }
    });
  });
}
