// Reply codes, their names, and which of them end the connection.

/** Every reply code by the name that starts its text. */
export const replyCodes = {
  REPLY_SUCCESS: 200,
  CONTENT_TOO_LARGE: 311,
  NO_ROUTE: 312,
  NO_CONSUMERS: 313,
  CONNECTION_FORCED: 320,
  INVALID_PATH: 402,
  ACCESS_REFUSED: 403,
  NOT_FOUND: 404,
  RESOURCE_LOCKED: 405,
  PRECONDITION_FAILED: 406,
  FRAME_ERROR: 501,
  SYNTAX_ERROR: 502,
  COMMAND_INVALID: 503,
  CHANNEL_ERROR: 504,
  UNEXPECTED_FRAME: 505,
  RESOURCE_ERROR: 506,
  NOT_ALLOWED: 530,
  NOT_IMPLEMENTED: 540,
  INTERNAL_ERROR: 541,
} as const;

/** `NOT_FOUND`, ... */
export type ReplyName = keyof typeof replyCodes;
/** 404, ... */
export type ReplyCode = (typeof replyCodes)[ReplyName];

const names = new Map<number, ReplyName>(Object.entries(replyCodes).map(([name, code]) => [code, name as ReplyName]));

/** The name of a code: 404 is `NOT_FOUND`. An unknown code is an INTERNAL_ERROR, as in RabbitMQ. */
export function replyName(code: number): ReplyName {
  return names.get(code) ?? 'INTERNAL_ERROR';
}

/** Whether the code closes the connection; the others close their channel only. */
export function isConnectionError(code: number): boolean {
  return code === replyCodes.CONNECTION_FORCED || code === replyCodes.INVALID_PATH || code >= 500;
}

/** The most bytes of a reply text: it is a short string. */
export const replyTextBytesMax = 255;

/** `NOT_FOUND - no queue 'q' in vhost '/'`, cut to 252 bytes and `...` when longer than 255. */
export function replyText(code: number, explanation: string): string {
  const name = replyName(code);
  // RabbitMQ keeps the reason of an internal error to its log.
  if (name === 'INTERNAL_ERROR' && explanation === '') return name;
  const text = `${name} - ${explanation}`;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= replyTextBytesMax) return text;
  let cut = replyTextBytesMax - 3;
  while ((bytes[cut]! & 0xc0) === 0x80) cut -= 1; // never within a character
  return `${bytes.toString('utf8', 0, cut)}...`;
}
