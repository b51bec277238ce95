// pika and kombu: a scenario each, in Python, against a real process.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { python as debianPython, lacks } from '../needs.ts';
import { givenOrOwnBroker } from './broker-process.ts';
import { Program } from './program.ts';

let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
beforeAll(async () => {
  broker = await givenOrOwnBroker();
});
afterAll(() => broker?.dispose());

async function scenario(file: string, steps: string[]): Promise<void> {
  const program = new Program(debianPython, [`test/interop/python/${file}`], { AMQP_URL: broker.url });
  const ending = await program.end(60_000);
  // The output first: where it differs, the traceback is in it.
  expect(program.lines).toEqual(steps.map(step => `ok ${step}`));
  expect(ending).toEqual({ code: 0, signal: null });
}

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
    await scenario('pika_scenario.py', steps);
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
    await scenario('kombu_scenario.py', steps);
  }, 90_000);
});
