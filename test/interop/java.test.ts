// RabbitMQ's Java client: a scenario in Java against a real process.
import { vi } from 'vitest';
import { java } from '../needs.ts';
import { scenarioSuite, usualSteps } from './scenario.ts';

const classPath = ['amqp-client', 'slf4j-api', 'slf4j-nop'].map(name => `/usr/share/java/${name}.jar`).join(':');

scenarioSuite('amqp-client', {
  packages: ['default-jdk-headless', 'librabbitmq-client-java'],
  command: java,
  parameters: ['-cp', classPath, 'test/interop/java/Scenario.java'],
  steps: [...usualSteps, 'recovery', 'heartbeats', 'errors'],
  prepare: () => {
    // Java prints a line for each of these that is set.
    for (const name of ['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS']) vi.stubEnv(name, undefined);
  },
});
