// RabbitMQ's Go client: a scenario in Go against a real process.
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { go as debianGo, lacks } from '../needs.ts';
import { givenOrOwnBroker } from './broker-process.ts';
import { Program } from './program.ts';
import { scenario } from './scenario.ts';

const binary = '.cache/interop/go-scenario';

/** Compiles with Debian's packages only: no modules, no C compiler, no settings of the user. */
async function compile(): Promise<void> {
  const program = new Program(debianGo, ['build', '-o', binary, 'test/interop/go/scenario.go'], {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOCACHE: resolve('.cache/go'),
    CGO_ENABLED: '0',
    GOENV: 'off',
    GOFLAGS: '',
    GOROOT: '',
  });
  const ending = await program.end(100_000);
  expect(program.lines).toEqual([]);
  expect(ending).toEqual({ code: 0, signal: null });
}

describe.skipIf(lacks('golang-go', 'golang-github-rabbitmq-amqp091-go-dev'))('amqp091-go', () => {
  let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
  beforeAll(async () => {
    await compile();
    broker = await givenOrOwnBroker();
  }, 120_000);
  afterAll(() => broker?.dispose());

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
    await scenario(broker, binary, [], steps);
  }, 90_000);
});
