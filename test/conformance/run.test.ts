// Plays every conformance scenario against each broker.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Broker, startBroker, targets } from './brokers.ts';
import { Stage, scenarios } from './scenario.ts';
import './scenarios/index.ts';

for (const product of targets()) {
  describe(product, () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await startBroker(product);
    }, 120_000);
    afterAll(() => broker?.stop());

    describe.concurrent('scenarios', () => {
      for (const { id, play } of scenarios) {
        test(id, async () => {
          const stage = new Stage(product, broker.port);
          try {
            await play(stage);
          } finally {
            await stage.clear();
          }
        });
      }
    });
  });
}
