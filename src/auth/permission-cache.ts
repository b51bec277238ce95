// What one channel was allowed a moment ago, so that a publish costs no regular expression.
import type { Authority, User } from './authority.ts';
import type { Right } from './permission.ts';

/** RabbitMQ keeps as many per channel (reference 1.7). */
const ENTRIES_MAX = 12;

/** Remembers rights that were granted, newest last, until anything about users or permissions changes. */
export class PermissionCache {
  readonly #authority: Authority;
  readonly #user: User;
  readonly #vhost: string;
  readonly #granted: { right: Right; resource: string }[] = [];
  #version = -1;

  constructor(authority: Authority, user: User, vhost: string) {
    this.#authority = authority;
    this.#user = user;
    this.#vhost = vhost;
  }

  /** As `Authority.may`, for this user and vhost. */
  may(right: Right, resource: string): boolean {
    if (this.#version !== this.#authority.version) {
      this.#granted.length = 0;
      this.#version = this.#authority.version;
    }
    for (let i = this.#granted.length - 1; i >= 0; i--) {
      const entry = this.#granted[i]!;
      if (entry.resource === resource && entry.right === right) return true;
    }
    if (!this.#authority.may(this.#user, this.#vhost, right, resource)) return false;
    if (this.#granted.length === ENTRIES_MAX) this.#granted.shift();
    this.#granted.push({ right, resource });
    return true;
  }
}
