// Requests to the broker's API, and its errors in words.
import { signal } from '@preact/signals';

/** What the broker answered instead of what was asked for. */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  /** What was asked, for those who look into it. */
  readonly request: string;

  constructor(status: number, reason: string, request: string) {
    super(reason);
    this.status = status;
    this.request = request;
  }
}

/** Why the user has to log in: undefined while the session is good. */
export const loggedOut = signal<'first' | 'left' | 'ended' | undefined>(undefined);

/** How far the broker's clock is ahead of this machine's, ms; 0 when within two seconds. */
let clockAheadMs = 0;

/** The time by the broker's clock, ms. */
export function brokerNow(): number {
  return Date.now() + clockAheadMs;
}

/** A path of the API: `` api`queues/${vhost}/${name}` `` encodes what is put in. */
export function api(parts: TemplateStringsArray, ...names: readonly (string | number)[]): string {
  return `/${parts.reduce((path, part, index) => path + encodeURIComponent(names[index - 1] ?? '') + part)}`;
}

/** The path of an exchange; the one that has no name is called amq.default there. */
export function exchangePath(vhost: string, name: string): string {
  return api`exchanges/${vhost}/${name || 'amq.default'}`;
}

/** A path with a query; undefined values are left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path;
}

/** GETs a path below /api. @throws ApiError */
export function read<T>(path: string): Promise<T> {
  return request<T>('GET', path);
}

/** Sends a change to a path below /api; the answer's body, undefined when there is none. @throws ApiError */
export function send<T = unknown>(
  method: 'PUT' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  return request<T>(method, path, body, headers);
}

async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const asked = `${method} /api${path}`;
  let response: Response;
  try {
    response = await fetch(`./api${path}`, {
      method,
      headers: {
        // Proves that no other site sent this, and spares the browser's own question for a password.
        'x-requested-with': 'leveret',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  } catch {
    throw new ApiError(0, 'The broker does not answer. Is it running, and can this machine reach it?', asked);
  }
  noteClock(response.headers.get('date'));
  const text = await response.text();
  const answer = parsed(text);
  if (!response.ok) {
    if (response.status === 401 && path !== '/login' && (await sessionIsOver(path))) loggedOut.value ??= 'ended';
    throw new ApiError(response.status, reasonOf(answer, response.status), asked);
  }
  return answer as T;
}

/** Asks whether a 401 was for want of a login or of a right: RabbitMQ's API gives the same status for both. */
async function sessionIsOver(path: string): Promise<boolean> {
  if (path === '/whoami') return true;
  const response = await fetch('./api/whoami', { headers: { 'x-requested-with': 'leveret' } }).catch(() => undefined);
  return response?.status === 401;
}

function reasonOf(answer: unknown, status: number): string {
  if (typeof answer === 'object' && answer !== null && 'reason' in answer) {
    const { reason } = answer;
    return typeof reason === 'string' ? reason : JSON.stringify(reason);
  }
  return status === 401 ? 'You may not do this.' : `The broker answered ${status}.`;
}

function parsed(text: string): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function noteClock(date: string | null): void {
  const ahead = date ? Date.parse(date) - Date.now() : 0;
  clockAheadMs = Math.abs(ahead) > 2000 ? ahead : 0;
}
