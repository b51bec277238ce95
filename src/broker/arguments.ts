// The arguments of queues and exchanges that mean something: how they are compared, and what RabbitMQ says of a difference.

import type { FieldValue, Table } from '../amqp/table.ts';
import { equivalentValues } from '../amqp/table-value.ts';
import { preconditionFailed } from './errors.ts';

/** Queue arguments that a redeclaration must repeat. All others are stored, shown and never compared (RabbitMQ behaviour). */
const comparedQueueArguments = [
  'x-expires',
  'x-message-ttl',
  'x-dead-letter-exchange',
  'x-dead-letter-routing-key',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-overflow',
  'x-queue-mode',
  'x-single-active-consumer',
  'x-queue-type',
  'x-delivery-limit',
  'x-queue-version',
];

export function checkEquivalentQueueArguments(resource: string, received: Table, current: Table): void {
  for (const name of comparedQueueArguments) checkEquivalent(resource, name, received.get(name), current.get(name));
}

export function checkEquivalentExchangeArguments(resource: string, received: Table, current: Table): void {
  const name = 'alternate-exchange';
  checkEquivalent(resource, name, received.get(name), current.get(name));
}

function checkEquivalent(
  resource: string,
  name: string,
  received: FieldValue | undefined,
  current: FieldValue | undefined,
): void {
  if (received === undefined && current === undefined) return;
  const fail = (what: string): never => {
    throw preconditionFailed(`inequivalent arg '${name}' for ${resource}: ${what}`);
  };
  if (received === undefined) {
    if (name === 'x-queue-type' && print(current as FieldValue) === 'classic') return;
    fail(
      `received none but current is the value '${print(current as FieldValue)}' of type '${(current as FieldValue).type}'`,
    );
  } else if (current === undefined) {
    if (name === 'x-queue-type' && print(received) === 'classic') return;
    fail(`received the value '${print(received)}' of type '${received.type}' but current is none`);
  } else if (!equivalentValues(received, current))
    fail(`received '${print(received)}' but current is '${print(current)}'`);
}

function print(value: FieldValue): string {
  if (value.type === 'longstr' || value.type === 'binary') return Buffer.from(value.value).toString();
  if (value.type === 'void') return 'undefined';
  if (value.type === 'table' || value.type === 'array') return value.type;
  return String(value.value);
}
