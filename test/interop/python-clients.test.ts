// pika and kombu: a scenario each, in Python, against a real process.
import { afterAll, beforeAll, describe, test } from 'vitest';
import { python as debianPython, lacks } from '../needs.ts';
import { givenOrOwnBroker } from './broker-process.ts';
import { scenario } from './scenario.ts';

let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
beforeAll(async () => {
  broker = await givenOrOwnBroker();
});
afterAll(() => broker?.dispose());

describe.skipIf(lacks('python3-pika'))('pika', () => {
  test('confirms, returns, settlements, redelivery, routing, transactions and errors', async () => {
    const steps = [
      'confirms',
      'returns',
      'settlements',
      'redelivery',
      'properties',
      'routing',
      'transactions',
      'errors',
    ];
    await scenario(broker, debianPython, ['test/interop/python/pika_scenario.py'], steps);
  }, 90_000);
});

describe.skipIf(lacks('python3-kombu'))('kombu', () => {
  test('confirms, returns, settlements, redelivery, a simple queue, heartbeats and errors', async () => {
    const steps = [
      'identity',
      'confirms',
      'returns',
      'settlements',
      'redelivery',
      'simple_queue',
      'heartbeat_and_errors',
    ];
    await scenario(broker, debianPython, ['test/interop/python/kombu_scenario.py'], steps);
  }, 90_000);
});
