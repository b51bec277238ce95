// x-delayed-message: keeps a message back for as long as its header `x-delay` says, then routes it as its `x-delayed-type` does.
import type { Table } from '../../amqp/table.ts';
import type { Binding, ExchangeType } from '../binding.ts';
import { delayOf } from '../delay-line.ts';
import type { Routed } from '../routed.ts';

export class DelayedExchange<D> implements ExchangeType<D> {
  readonly name = 'x-delayed-message';
  readonly byKey = false;
  readonly #inner: ExchangeType<D>;
  /** Where messages wait: set as soon as the exchange has one, until it is deleted. */
  line: D | undefined;

  constructor(inner: ExchangeType<D>) {
    this.#inner = inner;
  }

  add(binding: Binding<D>): void {
    this.#inner.add(binding);
  }

  remove(binding: Binding<D>): void {
    this.#inner.remove(binding);
  }

  route(message: Routed, found: (destination: D) => void): void {
    if (this.line !== undefined && delayOf(message.message) > 0) found(this.line);
    else this.#inner.route(message, found);
  }

  validate(...binding: Parameters<NonNullable<ExchangeType<D>['validate']>>): string | undefined {
    return this.#inner.validate?.(...binding);
  }
}

/** The type that an exchange's arguments name; undefined when they name none of `known`, or one that delays itself. */
export function delayedTypeOf(args: Table, known: readonly string[]): string | undefined {
  const type = args.get('x-delayed-type');
  const name = type?.type === 'longstr' ? Buffer.from(type.value).toString() : '';
  return name !== 'x-delayed-message' && known.includes(name) ? name : undefined;
}
