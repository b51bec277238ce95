// Bunny: a scenario in Ruby against a real process, and a worker whose broker is killed.
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks, ruby } from '../needs.ts';
import { fresh, givenOrOwnBroker } from './broker-process.ts';
import { Program } from './program.ts';
import { scenario } from './scenario.ts';

describe.skipIf(lacks('ruby-bunny'))('Bunny', () => {
  let broker: Awaited<ReturnType<typeof givenOrOwnBroker>>;
  beforeAll(async () => {
    broker = await givenOrOwnBroker();
  });
  afterAll(() => broker?.dispose());

  test('confirms, returns, settlements, redelivery, routing, transactions, recovery and errors', async () => {
    const steps = [
      'confirms',
      'returns',
      'settlements',
      'redelivery',
      'properties',
      'routing',
      'transactions',
      'recovery',
      'errors',
    ];
    await scenario(broker, ruby, ['test/interop/ruby/bunny_scenario.rb'], steps);
  }, 90_000);

  test.skipIf(process.env['INTEROP_URL'])('a worker comes back by itself after kill -9 of the broker', async () => {
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
      await broker.killAndRestart();
      await publish('after');
      await worker.waitFor(/Received after/);
      expect(await worker.stop('SIGINT')).toEqual({ code: 0, signal: null });
    } finally {
      await worker.stop('SIGKILL');
    }
  });
});
