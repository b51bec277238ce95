// The fanout exchange: every binding matches.

import type { Table } from '../../amqp/table.ts';
import type { Binding, ExchangeType } from '../binding.ts';

export class FanoutExchange<D> implements ExchangeType<D> {
  readonly name = 'fanout';
  readonly needsHeaders = false;
  readonly #bindings = new Set<Binding<D>>();

  add(binding: Binding<D>): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding<D>): void {
    this.#bindings.delete(binding);
  }

  route(_routingKey: string, _headers: Table | undefined, found: (destination: D) => void): void {
    for (const binding of this.#bindings) found(binding.destination);
  }
}
