// RabbitMQ's Java client: a scenario in Java against a real process.
import { afterAll, beforeAll, describe, test, vi } from 'vitest';
import { java as debianJava, lacks } from '../needs.ts';
import { givenOrOwnBroker } from './broker-process.ts';
import { scenario } from './scenario.ts';

const classPath = ['amqp-client', 'slf4j-api', 'slf4j-nop'].map(name => `/usr/share/java/${name}.jar`).join(':');

describe.skipIf(lacks('default-jdk-headless', 'librabbitmq-client-java'))('amqp-client', () => {
  let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
  beforeAll(async () => {
    // Java prints a line for each of these that is set.
    for (const name of ['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS']) vi.stubEnv(name, undefined);
    broker = await givenOrOwnBroker();
  });
  afterAll(() => broker?.dispose());

  test('confirms, returns, settlements, redelivery, routing, transactions, recovery, heartbeats and errors', async () => {
    const steps = [
      'confirms',
      'returns',
      'settlements',
      'redelivery',
      'properties',
      'routing',
      'transactions',
      'recovery',
      'heartbeats',
      'errors',
    ];
    await scenario(broker, debianJava, ['-cp', classPath, 'test/interop/java/Scenario.java'], steps);
  }, 90_000);
});
