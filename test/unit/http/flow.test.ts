// The rates in the picture of a flow: what is known is shown, what is not counted is said to be unknown, never 0.
import amqplib from 'amqplib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';

let broker: EmbeddedBroker;
let connection: amqplib.ChannelModel;

beforeAll(async () => {
  broker = await startBroker({ port: 0, managementPort: 0 });
  connection = await amqplib.connect(`amqp://127.0.0.1:${broker.port}`);
});
afterAll(async () => {
  await connection.close();
  await broker.stop();
});

it('behind a binding from exchange to exchange a rate is known or null', async () => {
  const channel = await connection.createConfirmChannel();
  for (const [name, type] of [
    ['all', 'fanout'],
    ['some', 'topic'],
    ['behind', 'fanout'],
    ['beside', 'fanout'],
  ] as const)
    await channel.assertExchange(name, type);
  for (const queue of ['one', 'two']) await channel.assertQueue(queue);
  await channel.bindExchange('some', 'all', '');
  await channel.bindExchange('behind', 'some', 'a.*');
  await channel.bindQueue('one', 'behind', '');
  await channel.bindQueue('two', 'behind', '');
  await channel.bindQueue('two', 'beside', '');
  channel.publish('all', 'a.b', Buffer.from('x'));
  await channel.waitForConfirms();
  const response = await fetch(`http://127.0.0.1:${broker.management!.port}/api/flow/%2F`, {
    headers: { authorization: `Basic ${btoa('guest:guest')}` },
  });
  const { nodes, edges } = (await response.json()) as {
    nodes: { id: string; rate: number | null }[];
    edges: { from: string; to: string; rate: number | null }[];
  };
  const known = (rate: number | null): string => (rate === null ? 'unknown' : 'known');
  expect(edges.map(({ from, to, rate }) => `${from} ${to} ${known(rate)}`).sort()).toEqual([
    `${nodes.find(({ id }) => id.startsWith('p:'))!.id} x:all known`,
    'x:all x:some known',
    'x:behind q:one known',
    'x:behind q:two unknown',
    'x:beside q:two unknown',
    'x:some x:behind unknown',
  ]);
  expect(nodes.filter(({ rate }) => rate === null).map(({ id }) => id)).toEqual(['x:behind', 'x:some']);
});
