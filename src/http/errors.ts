// What a request can be refused with: status, RabbitMQ's error word and the reason.
import type { AmqpError } from '../broker/errors.ts';

/** A refusal that reaches the client as `{"error":..., "reason":...}`. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 503;
  readonly error: string;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: HttpError['status'],
    error: string,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(reason);
    this.status = status;
    this.error = error;
    this.reason = reason;
    this.headers = headers;
  }
}

export const badRequest = (reason: string): HttpError => new HttpError(400, 'bad_request', reason);
export const notAuthorised = (reason: string): HttpError => new HttpError(401, 'not_authorised', reason);
export const notFound = (): HttpError => new HttpError(404, 'Object Not Found', 'Not Found');

/** How RabbitMQ words what the broker refuses, by the kind of request; `move` is Leveret's own. */
export type Wording = 'topology' | 'publish' | 'get' | 'move';

/** The answer for an error of the broker. */
export function refusal(wording: Wording, error: AmqpError): HttpError {
  if (wording === 'topology') {
    if (error.code === 403) return notAuthorised('Access refused.');
    return error.code === 404 ? new HttpError(404, 'not_found', error.text) : badRequest(error.text);
  }
  if (wording === 'move' && error.code === 404) return new HttpError(404, 'not_found', error.text);
  if (wording === 'get' && error.code === 404) return new HttpError(404, 'not_found', error.message);
  if (wording === 'get' && error.code === 403) return notAuthorised(error.message);
  return badRequest(`${error.code} ${error.message}`);
}
