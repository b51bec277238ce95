// When the confirm of a duplicate is sent: what it is a duplicate of may be on its way to the disk.
import { expect, test } from 'vitest';
import { bool, longstr, Table } from '../../../src/amqp/table.ts';
import type { Waiter } from '../../../src/broker/store.ts';
import { heldByOperators, publishFor } from '../../../src/session/operator.ts';
import { encodeFrame, encodeHeader, encodeMethod } from '../../conformance/wire-codec.ts';
import { SessionBench } from './bench.ts';

const declaration = { durable: true, exclusive: false, autoDelete: false };
const once = Table.from({ 'x-message-deduplication': bool(true) });

function publishFrames(channel: number, exchange: string): Buffer {
  const headers = { 'x-deduplication-header': 'v' };
  return Buffer.concat([
    encodeFrame(1, channel, encodeMethod('basic.publish', { exchange, routingKey: 'q' })),
    encodeFrame(2, channel, encodeHeader(1, { deliveryMode: 2, headers })),
    encodeFrame(3, channel, Buffer.from('x')),
  ]);
}

test.each(['e', ''])(
  'another channel has no confirm of a duplicate before the first is durable: exchange "%s"',
  async exchange => {
    const bench = await SessionBench.open();
    const vhost = bench.broker.vhosts.get('/')!;
    const args = exchange === '' ? once : Table.empty;
    const queue = vhost.declareQueue('q', { ...declaration, arguments: args }, undefined);
    const from = vhost.declareExchange('e', { ...declaration, type: 'direct', internal: false, arguments: once });
    vhost.bind(from, queue, 'q', Table.empty);
    bench.send(2, 'channel.open');
    for (const channel of [1, 2]) bench.send(channel, 'confirm.select');
    const waiters: Waiter[] = [];
    bench.journal.whenDurable = waiter => void waiters.push(waiter);
    for (const channel of [1, 2]) bench.receive(publishFrames(channel, exchange));
    const confirms = (): string[] => bench.names().filter(name => name.endsWith('basic.ack'));
    expect([confirms(), queue.ready.count]).toEqual([[], 1]);
    for (const waiter of waiters) waiter.durable();
    bench.connection.output.flush();
    expect(confirms()).toEqual(['1 basic.ack', '2 basic.ack']);
  },
);

test.each(['e', ''])('nor has an operator an answer before that: exchange "%s"', async exchange => {
  const bench = await SessionBench.open();
  const vhost = bench.broker.vhosts.get('/')!;
  const args = exchange === '' ? once : Table.empty;
  const queue = vhost.declareQueue('q', { ...declaration, arguments: args }, undefined);
  const from = vhost.declareExchange('e', { ...declaration, type: 'direct', internal: false, arguments: once });
  vhost.bind(from, queue, 'q', Table.empty);
  const { context } = bench.connection;
  const user = bench.authority.user('guest')!;
  const operator = { context, held: heldByOperators(bench.broker.services), user, vhost };
  const waiters: Waiter[] = [];
  bench.journal.whenDurable = waiter => void waiters.push(waiter);
  const answers: boolean[] = [];
  const headers = Table.from({ 'x-deduplication-header': longstr('v') });
  for (let n = 0; n < 2; n++) {
    const properties = { deliveryMode: 2, headers };
    const message = { exchange, routingKey: 'q', properties, body: Buffer.from('x') };
    publishFor(operator, message, routed => void answers.push(routed));
  }
  expect([answers, queue.ready.count]).toEqual([[], 1]);
  for (const waiter of waiters) waiter.durable();
  expect(answers).toEqual([true, true]);
});
