// php-amqplib: a scenario in PHP against a real process.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { lacks, php } from '../needs.ts';
import { givenOrOwnBroker } from './broker-process.ts';
import { scenario } from './scenario.ts';

describe.skipIf(lacks('php-amqplib', 'php-cli'))('php-amqplib', () => {
  let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
  beforeAll(async () => {
    broker = await givenOrOwnBroker();
  });
  afterAll(() => broker?.dispose());

  test('confirms, returns, settlements, redelivery, routing, transactions, timeouts, heartbeats and errors', async () => {
    const steps = [
      'confirms',
      'returns',
      'settlements',
      'redelivery',
      'properties',
      'routing',
      'transactions',
      'timeouts',
      'heartbeats',
      'errors',
    ];
    await scenario(broker, php, ['test/interop/php/amqplib_scenario.php'], steps);
  }, 90_000);
});
