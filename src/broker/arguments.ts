// The arguments of declarations and consumers, held against the argument table: what is refused, and in RabbitMQ's words.
import type { FieldValue, Table } from '../amqp/table.ts';
import { erlangTerm } from '../amqp/table-term.ts';
import { equivalentValues } from '../amqp/table-value.ts';
import { textOf } from './argument-check.ts';
import { type ArgumentRow, type QueueType, rowOfArgument, rowsOf } from './argument-table.ts';
import { preconditionFailed } from './errors.ts';

/** What a queue is declared with besides its name. */
interface QueueFlags {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Table;
}

/** The type that a queue with checked arguments has. */
export function queueTypeOf(args: Table): 'classic' | 'quorum' {
  return textOf(args.get('x-queue-type')) === 'quorum' ? 'quorum' : 'classic';
}

/** @throws AmqpError 406 where a queue of that type gets no name from the broker */
export function checkServerNamed(args: Table): void {
  const type = textOf(args.get('x-queue-type'));
  if (type === 'quorum' || type === 'stream')
    throw preconditionFailed(`Cannot declare a server-named queue for type ${moduleOf(type)}`);
}

/** What a new queue is declared with. @throws AmqpError 406 for the first thing that is wrong, in RabbitMQ's order */
export function checkQueueDeclaration(resource: string, declaration: QueueFlags): void {
  const args = declaration.arguments;
  // The type first: it says which of the others there may be.
  checkValue(resource, rowOfArgument('x-queue-type') as ArgumentRow, args);
  const type = queueTypeOf(args);
  checkAll(resource, 'queue', type, args);
  if (type === 'classic') return;
  const refuse = (property: string): never => {
    throw preconditionFailed(`invalid property '${property}' for ${resource}`);
  };
  if (declaration.autoDelete) refuse('auto-delete');
  if (declaration.exclusive) refuse('exclusive-owner');
  if (!declaration.durable) refuse('non-durable');
}

/** @throws AmqpError 406 for the first argument that a consumer of such a queue cannot have */
export function checkConsumerArguments(resource: string, type: QueueType, args: Table): void {
  if (args.encoded.length > 0) checkAll(resource, 'consumer', type, args);
}

/** An argument that names an exchange; undefined where it is not there. @throws AmqpError 406 for another type */
export function exchangeArgument(resource: string, name: string, args: Table): string | undefined {
  const value = args.get(name);
  if (value !== undefined && value.type !== 'longstr')
    throw preconditionFailed(`invalid type '${value.type}' for arg '${name}' in ${resource}`);
  return textOf(value);
}

/** @throws AmqpError 406 for the first argument that says no proper thing of the deduplication of a new exchange */
export function checkDeduplicationArguments(resource: string, args: Table): void {
  if (!args.has('x-message-deduplication')) return;
  for (const name of ['x-message-deduplication', 'x-cache-size', 'x-cache-ttl', 'x-deduplication-header'])
    checkValue(resource, rowOfArgument(name) as ArgumentRow, args);
}

/** @throws AmqpError 406 for the first argument that a declaration of an existing queue has otherwise */
export function checkEquivalentQueueArguments(resource: string, received: Table, current: Table): void {
  const type = queueTypeOf(current);
  for (const { argument, types, compared } of rowsOf('queue'))
    if (compared === true && types?.includes(type))
      checkEquivalent(resource, argument as string, received.get(argument as string), current.get(argument as string));
}

/** @throws AmqpError 406 where a declaration of an existing exchange names another alternate exchange */
export function checkEquivalentExchangeArguments(resource: string, received: Table, current: Table): void {
  const name = 'alternate-exchange';
  checkEquivalent(resource, name, received.get(name), current.get(name));
}

/** Values first, then arguments that belong to other types, in the order in which they were given. */
function checkAll(resource: string, on: 'queue' | 'consumer', type: QueueType, args: Table): void {
  for (const row of rowsOf(on)) if (row.types?.includes(type)) checkValue(resource, row, args);
  for (const [name] of args) {
    const row = rowOfArgument(name);
    if (row?.on.includes(on) && row.types?.includes(type) === false)
      throw preconditionFailed(`invalid arg '${name}' for ${resource} of queue type ${moduleOf(type)}`);
  }
}

function checkValue(resource: string, { argument, kind }: ArgumentRow, args: Table): void {
  const value = args.get(argument as string);
  const refused = value === undefined ? undefined : kind.argument(value, args);
  if (refused !== undefined) throw preconditionFailed(`invalid arg '${argument}' for ${resource}: ${refused}`);
}

/** What RabbitMQ calls a queue type in its texts. */
function moduleOf(type: QueueType): string {
  return `rabbit_${type}_queue`;
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
  return value.type === 'float' || value.type === 'double' ? erlangTerm(value) : String(value.value);
}
