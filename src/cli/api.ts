// The management API as the commands use it: where it is, who asks, and every way to fail told in one sentence.
import type { Call } from '../http/calls.ts';
import { type Given, ManagementClient, ManagementError } from '../http/client.ts';
import { Failure } from './failure.ts';
import { plain } from './text.ts';

/** Where the API is when nothing else is said. */
const URL_DEFAULT = 'http://guest:guest@127.0.0.1:15672';
/** Longest wait for an answer, ms. */
const answerMs = 30_000;

/** What every command that asks the API takes. */
export interface BrokerOptions {
  readonly url?: string;
  readonly json?: true;
}

/** What goes with a call, besides what the client takes. */
export interface Asked<C extends Call> extends Given<C> {
  /** What it is about, in words: a 404 says that there is none. */
  readonly about?: string;
  /** Refusals that the caller looks at itself. */
  readonly accept?: readonly number[];
  readonly timeoutMs?: number;
}

/** An answer: its status, and its body where there is one. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The broker's clock when it answered, ms since the epoch, exact to a second; NaN where it refused. */
  readonly dateMs: number;
}

/** The API at one address for one user. */
export class Api {
  /** Without name and password. */
  readonly where: string;
  readonly user: string;
  readonly #client: ManagementClient;

  constructor(given: string | undefined) {
    const url = parseUrl(given ?? (process.env['LEVERET_URL'] || URL_DEFAULT));
    this.where = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
    this.user = decode(url.username) || 'guest';
    const password = decode(url.password) || process.env['LEVERET_PASSWORD'] || (url.username === '' ? 'guest' : '');
    this.#client = new ManagementClient({ url: this.where, username: this.user, password });
  }

  /** What the broker answers to a call. @throws Failure in words */
  async call<C extends Call>(call: C, asked: Asked<C> = {}): Promise<unknown> {
    return (await this.ask(call, asked)).body;
  }

  /** The same, with the status. @throws Failure in words */
  async ask<C extends Call>(call: C, asked: Asked<C> = {}): Promise<Answer> {
    const { timeoutMs = answerMs } = asked;
    try {
      const response = await this.#client.send(call, { signal: AbortSignal.timeout(timeoutMs), ...asked });
      const text = await response.text();
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      return { status: response.status, body, dateMs: Date.parse(response.headers.get('date') ?? '') };
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#notABroker();
      if (!(error instanceof ManagementError)) throw this.#unreachable(error as Error, timeoutMs);
      const { status, reason } = error;
      if (!asked.accept?.includes(status)) throw this.#refused(error, asked.about);
      return { status, body: { error: error.error, reason }, dateMs: Number.NaN };
    }
  }

  /** The answer as it comes, without an end: for streams. @throws Failure in words */
  async open<C extends Call>(call: C, asked: Given<C>): Promise<Response> {
    const beginning = new AbortController();
    const timer = setTimeout(() => beginning.abort(new DOMException('', 'TimeoutError')), answerMs);
    try {
      return await this.#client.send(call, { signal: beginning.signal, ...asked });
    } catch (error) {
      if (error instanceof ManagementError) throw this.#refused(error, undefined);
      throw this.#unreachable(error as Error, answerMs);
    } finally {
      clearTimeout(timer);
    }
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
    // fetch keeps a list of ports that it asks nothing of, such as 6000 and 10080.
    if (message === 'bad port') {
      return new Failure(
        `no client that works like a browser asks ${this.where}; choose another --management-port for the broker`,
        3,
      );
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

  #refused({ status, error, reason }: ManagementError, about: string | undefined): Failure {
    const words = withoutDot(plain(reason || error));
    if (status >= 500 && status !== 503)
      return new Failure(`the broker at ${this.where} failed (${status}); see its log`);
    if (status === 401 && (words === '' || words === 'Login failed')) {
      return new Failure(
        `the broker at ${this.where} does not let user '${this.user}' in; check the name and the password in --url or LEVERET_PASSWORD`,
        4,
      );
    }
    if (words === '') return this.#notABroker();
    if (status === 401 || status === 403) {
      return new Failure(`user '${this.user}' may not do this: ${words}; see \`leveret permissions\``, 4);
    }
    if (status === 429) return new Failure(`the broker takes no logins for a while: ${words}`, 4);
    if (status === 404)
      return new Failure(about !== undefined && words === 'Not Found' ? `there is no ${about}` : words, 5);
    return new Failure(`the broker refused: ${words}`);
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
