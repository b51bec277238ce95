// The direct exchange: a binding matches the routing key that equals its own.

import type { Binding, ExchangeType } from '../binding.ts';
import type { Routed } from '../routed.ts';

export class DirectExchange<D> implements ExchangeType<D> {
  readonly name = 'direct';
  readonly byKey = true;
  readonly #bindings = new Map<string, Set<Binding<D>>>();

  add(binding: Binding<D>): void {
    const sameKey = this.#bindings.get(binding.routingKey);
    if (sameKey === undefined) this.#bindings.set(binding.routingKey, new Set([binding]));
    else sameKey.add(binding);
  }

  remove(binding: Binding<D>): void {
    const sameKey = this.#bindings.get(binding.routingKey);
    if (sameKey?.delete(binding) && sameKey.size === 0) this.#bindings.delete(binding.routingKey);
  }

  route({ keys }: Routed, found: (destination: D) => void): void {
    for (const key of keys) {
      const sameKey = this.#bindings.get(key);
      if (sameKey !== undefined) for (const binding of sameKey) found(binding.destination);
    }
  }
}
