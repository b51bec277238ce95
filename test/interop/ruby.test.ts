// Bunny: a scenario in Ruby against a real process, and a worker whose broker is killed.
import { connect } from 'amqplib';
import { expect, test } from 'vitest';
import { lacks, ruby } from '../needs.ts';
import { BrokerProcess, fresh } from './broker-process.ts';
import { Program } from './program.ts';
import { scenarioSuite, usualSteps } from './scenario.ts';

scenarioSuite('Bunny', {
  packages: ['ruby-bunny'],
  command: ruby,
  parameters: ['test/interop/ruby/bunny_scenario.rb'],
  steps: [...usualSteps, 'recovery', 'errors'],
});

test.skipIf(lacks('ruby-bunny'))('a Bunny worker comes back by itself after kill -9 of the broker', async () => {
  const broker = await BrokerProcess.start();
  const queue = fresh('bunny');
  const publish = async (task: string) => {
    const connection = await connect(broker.url);
    const channel = await connection.createConfirmChannel();
    channel.sendToQueue(queue, Buffer.from(task), { persistent: true });
    await channel.waitForConfirms();
    await connection.close();
  };
  const worker = new Program(ruby, ['test/interop/ruby/bunny_worker.rb', queue], { AMQP_URL: broker.url });
  try {
    await worker.waitFor(/Waiting for messages/);
    await publish('before');
    await worker.waitFor(/Received before/);
    await broker.kill();
    await broker.restart();
    await publish('after');
    await worker.waitFor(/Received after/);
    expect(await worker.stop('SIGINT')).toEqual({ code: 0, signal: null });
  } finally {
    await worker.stop('SIGKILL');
    await broker.dispose();
  }
});
