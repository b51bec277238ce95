// A binding leads from an exchange to a queue or to another exchange; an exchange's type finds those that match.

import type { Table } from '../amqp/table.ts';
import type { Message } from './message.ts';
import type { Routed } from './routed.ts';

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
  /** Whether all messages with the same routing key go the same way for as long as the bindings are the same. */
  readonly byKey: boolean;
  /** A binding that was not added before (the caller knows which exist). */
  add(binding: Binding<D>): void;
  /** The object that was added; another one is ignored. */
  remove(binding: Binding<D>): void;
  /** Calls `found` for every binding that matches, so more than once for a destination that is bound more than once. */
  route(message: Routed, found: (destination: D) => void): void;
  /** The text of the 406 for a binding that this type refuses. */
  validate?(routingKey: string, args: Table, destination: Destination): string | undefined;
  /** What a new binding is given at once, in this order. */
  history?(): Iterable<Message>;
  /** The exchange is deleted: lets go of what it keeps beside bindings. */
  forget?(): void;
}
