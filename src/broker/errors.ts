// What a client can be refused with: RabbitMQ's reply codes, texts and the class of close that goes with each.

/** Whether an error closes the channel or the whole connection. */
export type Scope = 'channel' | 'connection';

/** A refusal that reaches the client as channel.close or connection.close. `text` is what follows the code's name. */
export class AmqpError extends Error {
  override readonly name = 'AmqpError';
  readonly code: number;
  readonly symbol: string;
  readonly scope: Scope;
  readonly text: string;

  constructor(code: number, symbol: string, scope: Scope, text: string) {
    super(text === '' ? symbol : `${symbol} - ${text}`);
    this.code = code;
    this.symbol = symbol;
    this.scope = scope;
    this.text = text;
  }
}

const make =
  (code: number, symbol: string, scope: Scope) =>
  (text: string): AmqpError =>
    new AmqpError(code, symbol, scope, text);

export const connectionForced: (text: string) => AmqpError = make(320, 'CONNECTION_FORCED', 'connection');
export const accessRefused: (text: string) => AmqpError = make(403, 'ACCESS_REFUSED', 'channel');
export const notFound: (text: string) => AmqpError = make(404, 'NOT_FOUND', 'channel');
export const resourceLocked: (text: string) => AmqpError = make(405, 'RESOURCE_LOCKED', 'channel');
export const preconditionFailed: (text: string) => AmqpError = make(406, 'PRECONDITION_FAILED', 'channel');
export const frameError: (text: string) => AmqpError = make(501, 'FRAME_ERROR', 'connection');
export const commandInvalid: (text: string) => AmqpError = make(503, 'COMMAND_INVALID', 'connection');
export const channelError: (text: string) => AmqpError = make(504, 'CHANNEL_ERROR', 'connection');
export const unexpectedFrame: (text: string) => AmqpError = make(505, 'UNEXPECTED_FRAME', 'connection');
export const notAllowed: (text: string) => AmqpError = make(530, 'NOT_ALLOWED', 'connection');
export const notImplemented: (text: string) => AmqpError = make(540, 'NOT_IMPLEMENTED', 'connection');
export const internalError: (text: string) => AmqpError = make(541, 'INTERNAL_ERROR', 'connection');

export function topicRefused(topic: string, exchangeResource: string, user: string): AmqpError {
  return accessRefused(`access to topic '${topic}' in ${exchangeResource} refused for user '${user}'`);
}
