// The x-modulus-hash exchange: the destination whose place is the hash of the routing keys modulo the number of them.

import type { Binding, ExchangeType } from '../binding.ts';
import type { Routed } from '../routed.ts';
import { hashText } from './hash.ts';

export class ModulusHashExchange<D extends { readonly kind: string; readonly name: string }>
  implements ExchangeType<D>
{
  readonly name = 'x-modulus-hash';
  readonly byKey = true;
  readonly #bindings = new Set<Binding<D>>();
  /** In the order of their names, so that a restart changes nothing. */
  #destinations: readonly D[] | undefined;

  add(binding: Binding<D>): void {
    this.#bindings.add(binding);
    this.#destinations = undefined;
  }

  remove(binding: Binding<D>): void {
    this.#bindings.delete(binding);
    this.#destinations = undefined;
  }

  route({ keys }: Routed, found: (destination: D) => void): void {
    this.#destinations ??= inOrder(this.#bindings);
    const { length } = this.#destinations;
    if (length > 0) found(this.#destinations[hashText(keys.join('\0')) % length] as D);
  }
}

function inOrder<D extends { readonly kind: string; readonly name: string }>(bindings: Iterable<Binding<D>>): D[] {
  const place = ({ kind, name }: D): string => `${kind} ${name}`;
  const destinations = new Set(Array.from(bindings, ({ destination }) => destination));
  return [...destinations].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}
