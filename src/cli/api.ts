// The management API as the commands use it: where it is, who asks, and every way to fail told in one sentence.
import { Failure } from './failure.ts';

/** Where the API is when nothing else is said. */
const URL_DEFAULT = 'http://guest:guest@127.0.0.1:15672';
/** Longest wait for an answer, ms. */
const answerMs = 30_000;

/** What every command that asks the API takes. */
export interface BrokerOptions {
  readonly url?: string;
  readonly json?: true;
}

/** A path below `/api` whose inserted names are encoded: at`/queues/${vhost}/${queue}`. */
export function at(parts: TemplateStringsArray, ...names: readonly (string | number)[]): string {
  return parts.reduce((path, part, i) => path + encodeURIComponent(names[i - 1] as string | number) + part);
}

interface Request {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the request is about, in words: a 404 says that there is none. */
  readonly about?: string;
  readonly timeoutMs?: number;
  /** Answers that are not refusals besides those from 200 to 299. */
  readonly accept?: readonly number[];
}

/** An answer: its status, and its body where there is one. */
export interface Answer<T> {
  readonly status: number;
  readonly body: T;
  /** The broker's clock when it answered, ms since the epoch, exact to a second. */
  readonly dateMs: number;
}

/** The API at one address for one user. */
export class Api {
  /** Without name and password. */
  readonly where: string;
  readonly user: string;
  readonly #authorization: string;

  constructor(given: string | undefined) {
    const url = parseUrl(given ?? (process.env['LEVERET_URL'] || URL_DEFAULT));
    this.where = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
    this.user = decode(url.username) || 'guest';
    const password = decode(url.password) || process.env['LEVERET_PASSWORD'] || (url.username === '' ? 'guest' : '');
    this.#authorization = `Basic ${Buffer.from(`${this.user}:${password}`).toString('base64')}`;
  }

  /** What a GET answers. */
  async get<T>(path: string, request: Request = {}): Promise<T> {
    return (await this.ask<T>(path, request)).body;
  }

  /** Any request. @throws Failure in words */
  async ask<T>(path: string, request: Request = {}): Promise<Answer<T>> {
    const { method = 'GET', query = {}, body, timeoutMs = answerMs } = request;
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) asked.set(name, String(value));
    const search = asked.size === 0 ? '' : `?${asked}`;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.where}/api${path}${search}`, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: this.#authorization,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (error) {
      throw this.#unreachable(error as Error, timeoutMs);
    }
    const { status } = response;
    const answer = parse(text);
    const accepted = request.accept?.includes(status);
    if (status >= 300 && !accepted) throw this.#refused(status, answer, request.about);
    if (answer === undefined && text !== '' && !accepted) throw this.#notABroker();
    return { status, body: answer as T, dateMs: Date.parse(response.headers.get('date') ?? '') };
  }

  #unreachable(error: Error, timeoutMs: number): Failure {
    const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
    if (error.name === 'TimeoutError')
      return new Failure(`${this.where} did not answer within ${timeoutMs / 1000} s`, 3);
    if (code === 'ECONNREFUSED') {
      return new Failure(
        `no broker answers at ${this.where}; start one with \`leveret start\`, or say where it is with --url or LEVERET_URL`,
        3,
      );
    }
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      return new Failure(`there is no host ${new URL(this.where).hostname}; check --url or LEVERET_URL`, 3);
    }
    if (/^(HPE_|UND_ERR_SOCKET)/.test(code ?? '')) return this.#notABroker();
    return new Failure(`cannot reach the broker at ${this.where}: ${message || code}`, 3);
  }

  #notABroker(): Failure {
    return new Failure(
      `what answers at ${this.where} is not a broker's management API; check the port in --url (15672 is usual, not 5672)`,
      3,
    );
  }

  #refused(status: number, answer: unknown, about: string | undefined): Failure {
    const { error, reason } = (answer ?? {}) as { error?: unknown; reason?: unknown };
    const words = typeof reason === 'string' ? reason : typeof error === 'string' ? error : `status ${status}`;
    if (status >= 500 && status !== 503)
      return new Failure(`the broker at ${this.where} failed (${status}); see its log`);
    if (error === undefined && reason === undefined && status !== 401) return this.#notABroker();
    if (status === 401 && (reason === undefined || words === 'Login failed' || words === 'Not_Authorized')) {
      return new Failure(
        `the broker at ${this.where} does not let user '${this.user}' in; check the name and the password in --url or LEVERET_PASSWORD`,
        4,
      );
    }
    if (status === 401 || status === 403) {
      return new Failure(`user '${this.user}' may not do this: ${withoutDot(words)}; see \`leveret permissions\``, 4);
    }
    if (status === 429) return new Failure(`the broker refuses logins for a while: ${words}`, 4);
    if (status === 404) {
      const bare = words === 'Not Found' || words === 'Object Not Found';
      return new Failure(
        about !== undefined && bare ? `there is no ${about}` : words === 'Not Found' ? 'not found' : words,
        5,
      );
    }
    return new Failure(`the broker refused: ${withoutDot(words)}`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withoutDot(words: string): string {
  return words.replace(/\.$/, '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The message never has the url in it: there may be a password there. */
function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  const amqp = url?.protocol === 'amqp:' ? '; this command asks the management API, not AMQP' : '';
  throw new Failure(`the url must have the form http://user:password@host:15672${amqp}`, 2);
}
