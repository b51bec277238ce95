// The fanout exchange: every binding matches.

import type { Binding, ExchangeType } from '../binding.ts';
import type { Routed } from '../routed.ts';

export class FanoutExchange<D> implements ExchangeType<D> {
  readonly name = 'fanout';
  readonly byKey = true;
  readonly #bindings = new Set<Binding<D>>();

  add(binding: Binding<D>): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding<D>): void {
    this.#bindings.delete(binding);
  }

  route(_message: Routed, found: (destination: D) => void): void {
    for (const binding of this.#bindings) found(binding.destination);
  }
}
