// Logins of the page: a random cookie stands for a user until it ends, is not used for long, or the user changes.
import { randomBytes } from 'node:crypto';
import type { Authority, User } from '../auth/authority.ts';

/** The name of the cookie. */
export const sessionCookie = 'leveret_session';
/** A session ends so long after its last request, ms. */
const idleMsMax = 8 * 3_600_000;
/** Sessions at a time; one more ends the oldest. */
const sessionsMax = 1000;

interface Session {
  readonly name: string;
  /** The hash that the password had: another password ends the session. */
  readonly passwordHash: string;
  lastUsed: number;
}

export class CookieSessions {
  readonly #authority: Authority;
  readonly #now: () => number;
  readonly #sessions = new Map<string, Session>();

  /** `now` gives ms of any clock that does not run backwards. */
  constructor(authority: Authority, now: () => number) {
    this.#authority = authority;
    this.#now = now;
  }

  /** Begins a session for somebody who has logged in; returns the secret for the cookie. */
  begin(name: string): string {
    const passwordHash = this.#authority.accounts.get(name)?.passwordHash ?? '';
    const secret = randomBytes(32).toString('base64url');
    if (this.#sessions.size >= sessionsMax)
      for (const [oldest] of this.#sessions) {
        this.#sessions.delete(oldest);
        break;
      }
    this.#sessions.set(secret, { name, passwordHash, lastUsed: this.#now() });
    return secret;
  }

  /** The user of a session that goes on. Looking 256 random bits up by hash tells nothing by its timing. */
  user(secret: string): User | undefined {
    const session = this.#sessions.get(secret);
    if (session === undefined) return undefined;
    const account = this.#authority.accounts.get(session.name);
    if (account?.passwordHash !== session.passwordHash || this.#now() - session.lastUsed > idleMsMax) {
      this.#sessions.delete(secret);
      return undefined;
    }
    session.lastUsed = this.#now();
    // The oldest in use is the first.
    this.#sessions.delete(secret);
    this.#sessions.set(secret, session);
    return account.user;
  }

  end(secret: string): void {
    this.#sessions.delete(secret);
  }
}
