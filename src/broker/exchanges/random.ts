// The x-random exchange: one binding, drawn for each message, whatever the routing key.

import type { Binding, ExchangeType } from '../binding.ts';
import type { Random } from '../random.ts';
import type { Routed } from '../routed.ts';

export class RandomExchange<D> implements ExchangeType<D> {
  readonly name: string = 'x-random';
  readonly byKey = false;
  readonly #random: Random;
  /** Bindings by destination: one that is bound twice is not drawn twice as often. */
  readonly #bindings = new Map<D, Set<Binding<D>>>();
  #destinations: readonly D[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  add(binding: Binding<D>): void {
    const same = this.#bindings.get(binding.destination);
    if (same === undefined) this.#bindings.set(binding.destination, new Set([binding]));
    else same.add(binding);
    this.#destinations = [...this.#bindings.keys()];
  }

  remove(binding: Binding<D>): void {
    const same = this.#bindings.get(binding.destination);
    if (same?.delete(binding) && same.size === 0) this.#bindings.delete(binding.destination);
    this.#destinations = [...this.#bindings.keys()];
  }

  route(_message: Routed, found: (destination: D) => void): void {
    const { length } = this.#destinations;
    if (length > 0) found(this.#destinations[length === 1 ? 0 : this.#random.below(length)] as D);
  }
}
