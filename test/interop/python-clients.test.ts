// pika and kombu: a scenario each, in Python, against a real process.
import { python } from '../needs.ts';
import { scenarioSuite, usualSteps } from './scenario.ts';

scenarioSuite('pika', {
  packages: ['python3-pika'],
  command: python,
  parameters: ['test/interop/python/pika_scenario.py'],
  steps: [...usualSteps, 'errors'],
});

scenarioSuite('kombu', {
  packages: ['python3-kombu'],
  command: python,
  parameters: ['test/interop/python/kombu_scenario.py'],
  steps: ['identity', 'confirms', 'returns', 'settlements', 'redelivery', 'simple_queue', 'heartbeat_and_errors'],
});
