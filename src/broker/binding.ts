// A binding: what leads from an exchange to a queue or to another exchange.

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
