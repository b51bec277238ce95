// What a thrown error becomes: a channel.close, a connection.close, and a line in the log.

import { findMethod } from '../amqp/command.ts';
import { erlangOctets, frameErrorText } from '../amqp/erlang.ts';
import { SyntaxFault, TableFault, UnknownMethod } from '../amqp/faults.ts';
import { replyText } from '../amqp/reply-code.ts';
import { AmqpError, commandInvalid, frameError, internalError } from '../broker/errors.ts';
import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';
import { FrameFault } from './scanner.ts';

/** Runs a step of a channel's command; what it throws ends the channel or the connection. The ids are those of the command. */
export function guarded(channel: Channel, step: () => void, classId: number, methodId: number): void {
  try {
    step();
  } catch (error) {
    handlerFailed(channel, error, classId, methodId);
  }
}

/** Ends what an error of a channel's command is about: the channel or the connection, as its scope says. */
export function handlerFailed(channel: Channel, error: unknown, classId: number, methodId: number): void {
  const { connection } = channel;
  if (!(error instanceof AmqpError) || error.scope !== 'channel') {
    connectionFailed(connection, error, classId, methodId);
    return;
  }
  connection.context.log.error(
    `Channel error on connection ${connection.description}, channel ${channel.number}: operation ${describe(classId, methodId)} caused a channel exception: ${error.message}`,
  );
  channel.fail(error, classId, methodId);
}

/** Ends the connection for what was thrown while a frame was read, or outside of any. */
export function frameFailed(connection: Connection, error: unknown): void {
  if (error instanceof FrameFault) {
    failConnection(connection, frameError(frameErrorText(error.type, error.payload, error.reason)), 0, 0);
    // What follows cannot be told from noise.
    connection.resetSoon();
  } else if (error instanceof SyntaxFault) {
    const known = error.classId !== 0;
    const text = known ? `cannot decode ${erlangOctets(error.octets)}` : 'unknown_frame';
    failConnection(connection, frameError(text), error.classId, error.methodId);
  } else if (error instanceof UnknownMethod) {
    const { classId, methodId } = error;
    const text = `unknown method: class ${classId}, method ${methodId}`;
    failConnection(connection, commandInvalid(text), classId, methodId);
  } else if (error instanceof TableFault) {
    failConnection(connection, frameError(error.message), 0, 0);
  } else if (error instanceof Error && error.name === 'MalformedUtf8') {
    failConnection(connection, frameError('Malformed UTF-8 in shortstr'), 0, 0);
  } else if (error instanceof Error && error.name === 'PropertiesFault') {
    connection.context.log.error(`connection ${connection.name}: ${error.message}`);
    failConnection(connection, internalError(''), 0, 0);
  } else connectionFailed(connection, error, 0, 0);
}

/** Closes the connection with an error, unless it is closing already. */
export function failConnection(connection: Connection, error: AmqpError, classId: number, methodId: number): void {
  if (connection.state === 'closed' || connection.state === 'closing') return;
  connection.context.log.error(
    `Error on AMQP connection ${connection.description}: operation ${describe(classId, methodId)} caused a connection exception: ${error.message}`,
  );
  connection.closing({ replyCode: error.code, replyText: replyText(error.code, error.text), classId, methodId });
}

function connectionFailed(connection: Connection, error: unknown, classId: number, methodId: number): void {
  if (error instanceof AmqpError) {
    failConnection(connection, error, classId, methodId);
    return;
  }
  // A fault of ours: it ends this connection and no other.
  connection.context.log.error(`unexpected error on AMQP connection ${connection.description}`, { err: error });
  failConnection(connection, internalError(''), classId, methodId);
}

function describe(classId: number, methodId: number): string {
  return findMethod(classId, methodId)?.name ?? 'none';
}
