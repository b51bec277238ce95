// What is said of an exchange or a queue that is declared, and what is refused of it whatever its arguments are.
import type { Table } from '../amqp/table.ts';
import { accessRefused, commandInvalid, preconditionFailed } from './errors.ts';

export interface ExchangeDeclaration {
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Table;
}

/** Asked, before anything is made, whether who declares may have messages sent on to that exchange. Throws where not. */
export type MaySendOn = (exchange: string) => void;

/** For who may. */
export const anywhere: MaySendOn = () => {};

export interface QueueDeclaration {
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Table;
}

export function checkSame(resource: string, name: string, received: string | boolean, current: string | boolean): void {
  if (received !== current)
    throw preconditionFailed(
      `inequivalent arg '${name}' for ${resource}: received '${received}' but current is '${current}'`,
    );
}

export function reservedPrefix(kind: 'queue' | 'exchange', name: string): Error {
  return accessRefused(`${kind} name '${name}' contains reserved prefix 'amq.*'`);
}

/** RabbitMQ says `invalid` when the word happens to be known to its runtime as an atom, else `unknown`; these are the common ones. */
export function unknownExchangeType(type: string): Error {
  const atoms = [
    '',
    'foo',
    'Direct',
    'bar',
    'queue',
    'exchange',
    'default',
    'stream',
    'quorum',
    'classic',
    'x',
    'test',
  ];
  return commandInvalid(`${atoms.includes(type) ? 'invalid' : 'unknown'} exchange type '${type}'`);
}
