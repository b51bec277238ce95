// Verifying passwords without doing the same slow work twice, and without starving the threads that write the journal.
import { createHmac, randomBytes } from 'node:crypto';
import { DUMMY_HASH, type HashAlgorithm, verifyPassword } from './password.ts';

/** How long a verified password is remembered, in milliseconds. */
const REMEMBERED_MS = 60_000;
/** How many verified passwords are remembered. */
const REMEMBERED_MAX = 1024;
/** Node has four threads for all slow calls; the journal must always find one free. */
const RUNNING_MAX = 2;

/**
 * Rules: only success is remembered, by a keyed digest of name, password and hash, so a new password forgets the old one and
 * memory holds no password; equal checks at the same time are one check; unknown users cost what known ones do.
 */
export class LoginCheck {
  readonly #now: () => number;
  readonly #key = randomBytes(32);
  readonly #verifiedAt = new Map<string, number>();
  readonly #running = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the password has the hash; without a hash, false after the time that a check takes. */
  async verify(
    name: string,
    password: string,
    hash: string | undefined,
    algorithm: HashAlgorithm | undefined,
  ): Promise<boolean> {
    const digest = this.#digest([name, password, hash ?? DUMMY_HASH]);
    if (this.#isRemembered(digest)) return true;
    let check = this.#running.get(digest);
    if (!check) {
      check = this.#inTurn(() => verifyPassword(password, hash ?? DUMMY_HASH, algorithm ?? 'scrypt'));
      this.#running.set(digest, check);
    }
    try {
      const right = await check;
      if (right) this.#remember(digest);
      return right;
    } finally {
      this.#running.delete(digest);
    }
  }

  #digest(parts: string[]): string {
    return createHmac('sha256', this.#key).update(JSON.stringify(parts)).digest('base64');
  }

  #isRemembered(digest: string): boolean {
    const since = this.#verifiedAt.get(digest);
    if (since === undefined) return false;
    if (this.#now() - since < REMEMBERED_MS) return true;
    this.#verifiedAt.delete(digest);
    return false;
  }

  #remember(digest: string): void {
    if (this.#verifiedAt.has(digest)) return;
    if (this.#verifiedAt.size >= REMEMBERED_MAX) {
      for (const oldest of this.#verifiedAt.keys()) {
        this.#verifiedAt.delete(oldest);
        break;
      }
    }
    this.#verifiedAt.set(digest, this.#now());
  }

  async #inTurn(check: () => Promise<boolean>): Promise<boolean> {
    if (this.#busy < RUNNING_MAX) this.#busy += 1;
    else await new Promise<void>(resolve => this.#waiting.push(resolve));
    try {
      return await check();
    } finally {
      // The place is handed over rather than freed, so nobody can slip in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy -= 1;
    }
  }
}
