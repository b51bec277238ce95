// Letting people in: Basic credentials or the page's cookie, checked, throttled, and safe from other sites.
import type { User } from '../auth/authority.ts';
import { mayManage } from './access.ts';
import { CookieSessions, sessionCookie } from './cookie-sessions.ts';
import { HttpError, notAuthorised } from './errors.ts';
import { LoginAttempts } from './login-attempts.ts';
import { LoginThrottle } from './login-throttle.ts';
import type { Management } from './management.ts';

const realm = { 'www-authenticate': 'Basic realm="RabbitMQ Management"' };
/** Changes that a cookie asks for need `x-requested-with: leveret`, which no other site can send. */
const requestedWith = 'leveret';

interface Credentials {
  readonly name: string;
  readonly password: string;
}

export class Login {
  readonly #management: Management;
  readonly #throttle: LoginThrottle;
  readonly #sessions: CookieSessions;
  readonly attempts: LoginAttempts;

  constructor(management: Management, now: () => number = () => performance.now()) {
    this.#management = management;
    this.#throttle = new LoginThrottle(now);
    this.attempts = new LoginAttempts(management.broker.stats);
    this.#sessions = new CookieSessions(management.authority, now);
  }

  /** The user that a request comes from. @throws HttpError 401, 403 or 429 */
  async user(request: Request, address: string): Promise<User> {
    const header = request.headers.get('authorization');
    if (header !== null) {
      const credentials = basicCredentials(header);
      if (credentials === undefined) throw new HttpError(401, '', '', realm);
      return this.#check(credentials, address);
    }
    const secret = cookieOf(request);
    const user = secret === undefined ? undefined : this.#sessions.user(secret);
    if (user === undefined) throw new HttpError(401, '', '', challenge(request));
    if (request.method !== 'GET' && request.method !== 'HEAD' && !fromPage(request)) {
      throw new HttpError(
        403,
        'forbidden',
        `requests by cookie that change something need the header x-requested-with: ${requestedWith}`,
      );
    }
    return user;
  }

  /** Begins a session of the page. Returns the header that sets its cookie. */
  async begin(request: Request, credentials: Credentials, address: string): Promise<string> {
    const origin = request.headers.get('origin');
    const { host } = new URL(request.url);
    if (origin !== null && !(URL.canParse(origin) && new URL(origin).host === host)) {
      throw new HttpError(403, 'forbidden', 'a login must come from the page itself');
    }
    const user = await this.#check(credentials, address, challenge(request));
    return cookie(this.#sessions.begin(user.name));
  }

  /** Ends the session that the request's cookie stands for. Returns the header that removes the cookie. */
  end(request: Request): string {
    const secret = cookieOf(request);
    if (secret !== undefined) this.#sessions.end(secret);
    return `${cookie('')}; Max-Age=0`;
  }

  async #check(
    { name, password }: Credentials,
    address: string,
    headers: Record<string, string> = realm,
  ): Promise<User> {
    const { authority, log } = this.#management;
    const waitS = this.#throttle.waitS(address, name);
    if (waitS > 0) {
      const after = { 'retry-after': String(waitS) };
      throw new HttpError(429, 'too_many_requests', `too many failed logins; try again in ${waitS} s`, after);
    }
    const result = await authority.login(name, password, isLoopback(address));
    if (!result.ok) {
      this.#throttle.failed(address, name);
      this.attempts.count('failed');
      log.warning(`management login refused: ${result.reason}`);
      throw new HttpError(401, 'not_authorized', 'Login failed', headers);
    }
    this.#throttle.succeeded(address, name);
    this.attempts.count('succeeded');
    if (!mayManage(result.user)) {
      log.warning(`management login refused: user '${name}' has no tag that allows it`);
      throw notAuthorised('Not management user');
    }
    return result.user;
  }
}

/** What asks for a password. The page, and its streams, do without the browser's own question. */
function challenge(request: Request): Record<string, string> {
  const isPage = fromPage(request) || request.headers.get('accept') === 'text/event-stream';
  return isPage ? {} : realm;
}

function fromPage(request: Request): boolean {
  return request.headers.get('x-requested-with') === requestedWith;
}

function cookie(secret: string): string {
  return `${sessionCookie}=${secret}; Path=/; HttpOnly; SameSite=Strict`;
}

function cookieOf(request: Request): string | undefined {
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === sessionCookie && value) return value;
  }
  return undefined;
}

function basicCredentials(header: string): Credentials | undefined {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(header)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A request that did not come through a socket is from nowhere that is known, hence not from this machine. */
function isLoopback(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(address);
}
