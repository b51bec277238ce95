// A binding leads from an exchange to a queue or to another exchange; an exchange's type finds those that match.

import type { Table } from '../amqp/table.ts';

/** Where a binding leads. Compared by identity. */
export interface Destination {
  readonly kind: 'queue' | 'exchange';
}

/** Immutable; an exchange type knows a binding by its identity, so what is removed must be the object that was added. */
export interface Binding<D> {
  readonly destination: D;
  /** A byte string: one char per byte, so that keys that are no UTF-8 work and compare as bytes. */
  readonly routingKey: string;
  readonly arguments: Table;
}

/** The bindings of one exchange, arranged for finding. D is what bindings lead to. */
export interface ExchangeType<D> {
  /** As in `exchange.declare`. */
  readonly name: string;
  /** Whether `route` looks at the headers; if not, none need to be decoded. */
  readonly needsHeaders: boolean;
  /** A binding that was not added before (the caller knows which exist). */
  add(binding: Binding<D>): void;
  /** The object that was added; another one is ignored. */
  remove(binding: Binding<D>): void;
  /** Calls `found` for every binding that matches, so more than once for a destination that is bound more than once. */
  route(routingKey: string, headers: Table | undefined, found: (destination: D) => void): void;
  /** The text of the 406 for a binding that this type refuses. */
  validate?(routingKey: string, args: Table): string | undefined;
}
