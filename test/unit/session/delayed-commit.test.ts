// A transaction that has published to a delayed exchange which is deleted before the commit.
import { expect, test } from 'vitest';
import { longstr, Table } from '../../../src/amqp/table.ts';
import { encodeFrame, encodeHeader, encodeMethod } from '../../conformance/wire-codec.ts';
import { SessionBench } from './bench.ts';

test('what was published to it goes nowhere, as to any other exchange that is gone', async () => {
  const bench = await SessionBench.open();
  const vhost = bench.broker.vhosts.get('/')!;
  const args = Table.from({ 'x-delayed-type': longstr('direct') });
  const declaration = { type: 'x-delayed-message', durable: true, autoDelete: false, internal: false, arguments: args };
  vhost.declareExchange('late', declaration);
  bench.send(1, 'tx.select');
  const headers = { 'x-delay': 1000n };
  bench.receive(
    Buffer.concat([
      encodeFrame(1, 1, encodeMethod('basic.publish', { exchange: 'late', routingKey: 'q' })),
      encodeFrame(2, 1, encodeHeader(1, { deliveryMode: 2, headers })),
      encodeFrame(3, 1, Buffer.from('x')),
    ]),
  );
  vhost.deleteExchange('late', false);
  bench.send(1, 'tx.commit');
  expect(bench.names().at(-1)).toBe('1 tx.commit-ok');
  expect(bench.journal.events).toEqual([]);
});
