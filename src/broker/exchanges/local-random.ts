// The x-local-random exchange: as x-random, for queues that are bound with an empty key. On one machine every queue is local.

import type { Table } from '../../amqp/table.ts';
import type { Destination } from '../binding.ts';
import { RandomExchange } from './random.ts';

export class LocalRandomExchange<D> extends RandomExchange<D> {
  override readonly name = 'x-local-random';

  validate(routingKey: string, _args: Table, { kind }: Destination): string | undefined {
    if (routingKey !== '') return `Non empty binding '${text(routingKey)}' key not permitted`;
    return kind === 'queue' ? undefined : 'Destination not found';
  }
}

function text(key: string): string {
  return Buffer.from(key, 'latin1').toString();
}
