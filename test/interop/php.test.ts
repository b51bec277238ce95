// php-amqplib: a scenario in PHP against a real process.
import { php } from '../needs.ts';
import { scenarioSuite, usualSteps } from './scenario.ts';

scenarioSuite('php-amqplib', {
  packages: ['php-amqplib', 'php-cli'],
  command: php,
  parameters: ['test/interop/php/amqplib_scenario.php'],
  steps: [...usualSteps, 'timeouts', 'heartbeats', 'errors'],
});
