// RabbitMQ's Go client: a scenario in Go against a real process.
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { go } from '../needs.ts';
import { Program } from './program.ts';
import { scenarioSuite, usualSteps } from './scenario.ts';

const binary = '.cache/interop/go-scenario';

/** Compiles with Debian's packages only: no modules, no C compiler, no settings of the user. */
async function compile(): Promise<void> {
  const program = new Program(go, ['build', '-o', binary, 'test/interop/go/scenario.go'], {
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

scenarioSuite('amqp091-go', {
  packages: ['golang-go', 'golang-github-rabbitmq-amqp091-go-dev'],
  command: binary,
  steps: [...usualSteps, 'errors'],
  prepare: compile,
});
