// A delayed exchange that is deleted, with what it keeps back.
import { expect, test } from 'vitest';
import { longstr, Table } from '../../../src/amqp/table.ts';
import type { DelayLine } from '../../../src/broker/delay-line.ts';
import type { Fact } from '../../../src/broker/facts.ts';
import { House } from './house.ts';

function declare(house: House): void {
  const args = Table.from({ 'x-delayed-type': longstr('direct') });
  const declaration = { type: 'x-delayed-message', durable: true, autoDelete: false, internal: false, arguments: args };
  house.vhost.declareExchange('late', declaration);
}

test('the journal hears of the end of the exchange before its messages are forgotten', () => {
  const house = new House();
  declare(house);
  const line = house.vhost.exchange('late').delayLine as DelayLine;
  const told: boolean[] = [];
  house.broker.services.journal.record = ({ type }: Fact) => {
    if (type === 'exchange.deleted') told.push(line.deleted);
  };
  house.vhost.deleteExchange('late', false);
  expect([told, line.deleted]).toEqual([[false], true]);
});

test('with the vhost goes what its delayed exchanges keep back', () => {
  const house = new House();
  declare(house);
  const line = house.vhost.exchange('late').delayLine as DelayLine;
  expect([...house.broker.queuesById.values()]).toContain(line);
  house.broker.deleteVhost('/');
  expect([house.broker.queuesById.size, line.deleted]).toEqual([0, true]);
});
