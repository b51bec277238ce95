// A client of the management API: every call is one of the route table's, and refusals are errors with the broker's reason.
import type { Call } from './calls.ts';

/** The broker answered, but not with what was asked for. */
export class ManagementError extends Error {
  override readonly name = 'ManagementError';
  readonly status: number;
  /** RabbitMQ's word for the kind of error, such as `not_found`. */
  readonly error: string;
  readonly reason: string;
  /** Seconds to wait, where the broker says so. */
  readonly retryAfterS: number | undefined;

  constructor(status: number, error: string, reason: string, retryAfterS: number | undefined) {
    super(reason || error || `status ${status}`);
    this.status = status;
    this.error = error;
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }
}

type NamesIn<C extends string> = C extends `${string}:${infer Name}/${infer Rest}`
  ? Name | NamesIn<Rest>
  : C extends `${string}:${infer Name}`
    ? Name
    : never;

/** What goes with a call: the names in its path, and what the path takes. */
export interface Given<C extends Call> {
  /** Encoded by the client. */
  readonly names?: Readonly<Record<NamesIn<C>, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the call early. */
  readonly signal?: AbortSignal;
}

export interface ClientOptions {
  /** Without a path: `http://127.0.0.1:15672`. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Longest wait for an answer, ms. */
  readonly timeoutMs?: number;
}

const timeoutMsDefault = 30_000;

/**
 *     const client = new ManagementClient({ url: 'http://127.0.0.1:15672', username: 'guest', password: 'guest' });
 *     const queue = await client.call('GET /queues/:vhost/:queue', { names: { vhost: '/', queue: 'work' } });
 */
export class ManagementClient {
  readonly #url: string;
  readonly #authorization: string;
  readonly #timeoutMs: number;

  constructor({ url, username, password, timeoutMs = timeoutMsDefault }: ClientOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Calls the API. Resolves with the parsed answer, undefined where there is none.
   * @throws ManagementError where the broker refuses; what fetch throws where it cannot be reached
   */
  async call<C extends Call>(call: C, given: Given<C> = {}): Promise<unknown> {
    const response = await this.send(call, given);
    const text = await response.text();
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  }

  /** The same, with the answer as it comes: for streams. */
  async send<C extends Call>(call: C, given: Given<C> = {}): Promise<Response> {
    const [method, path] = call.split(' ') as [string, string];
    const names = (given.names ?? {}) as Readonly<Record<string, string | number>>;
    const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(names[name] ?? ''));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(given.query ?? {}))
      if (value !== undefined) query.set(name, String(value));
    const response = await fetch(`${this.#url}/api${filled}${query.size === 0 ? '' : `?${query}`}`, {
      method,
      redirect: 'error',
      signal: given.signal ?? AbortSignal.timeout(this.#timeoutMs),
      headers: { authorization: this.#authorization, 'content-type': 'application/json', ...given.headers },
      ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

async function refusal(response: Response): Promise<ManagementError> {
  const text = await response.text();
  const after = response.headers.get('retry-after');
  const { error, reason } = parse(text);
  return new ManagementError(response.status, error ?? '', reason ?? '', after === null ? undefined : Number(after));
}

function parse(text: string): { error?: string; reason?: string } {
  try {
    return JSON.parse(text) as { error?: string; reason?: string };
  } catch {
    return {};
  }
}
