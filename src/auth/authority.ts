// Who may do what: the fold of the facts about users and permissions, and the questions asked of it.
import { LoginCheck } from './login-check.ts';
import type { HashAlgorithm } from './password.ts';
import { Permission, type Right } from './permission.ts';
import { TopicPermission, type TopicRight } from './topic-permission.ts';

/** What is journaled about users and permissions. Vhosts are the broker's own facts. */
export type AuthFact =
  | {
      readonly type: 'user.put';
      readonly name: string;
      readonly passwordHash: string;
      readonly algorithm: HashAlgorithm;
      readonly tags: readonly string[];
    }
  | { readonly type: 'user.delete'; readonly name: string }
  | { readonly type: 'user.limit.put'; readonly user: string; readonly name: string; readonly value: number }
  | { readonly type: 'user.limit.delete'; readonly user: string; readonly name: string }
  | {
      readonly type: 'permission.put';
      readonly user: string;
      readonly vhost: string;
      readonly configure: string;
      readonly write: string;
      readonly read: string;
    }
  | { readonly type: 'permission.delete'; readonly user: string; readonly vhost: string }
  | {
      readonly type: 'topic-permission.put';
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
      readonly write: string;
      readonly read: string;
    }
  | {
      readonly type: 'topic-permission.delete';
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
    };

/** Someone who has logged in. */
export interface User {
  readonly name: string;
  readonly tags: readonly string[];
}

/** The answer to a login. The reason is for the log only: a client is never told which it was. */
export type LoginResult = { readonly ok: true; readonly user: User } | { readonly ok: false; readonly reason: string };

/** How an authority is set up. */
export interface AuthorityOptions {
  /** Milliseconds of any clock that does not run backwards. */
  readonly now: () => number;
  /** Users who may log in from this machine only; `guest` when left out. */
  readonly loopbackUsers?: Iterable<string>;
}

/** A user with the hash of the password and, by vhost, what is allowed. */
export interface Account {
  readonly user: User;
  /** Empty: the user cannot log in with a password. */
  readonly passwordHash: string;
  readonly algorithm: HashAlgorithm;
  readonly permissions: ReadonlyMap<string, Permission>;
  /** By vhost, then by exchange. */
  readonly topicPermissions: ReadonlyMap<string, ReadonlyMap<string, TopicPermission>>;
  /** `max-connections` and `max-channels`, as far as set; below 0 is no limit. */
  readonly limits: ReadonlyMap<string, number>;
}

interface OwnAccount extends Account {
  readonly permissions: Map<string, Permission>;
  readonly topicPermissions: Map<string, Map<string, TopicPermission>>;
  readonly limits: Map<string, number>;
}

/** Users and permissions. Everything but `login` is synchronous and a pure function of the facts applied. */
export class Authority {
  /** Who may log in from this machine only. */
  readonly loopbackUsers: Set<string>;
  readonly #accounts = new Map<string, OwnAccount>();
  readonly #check: LoginCheck;
  #version = 0;
  /** Told of a user who was deleted. */
  whenUserDeleted: (name: string) => void = () => {};

  constructor(options: AuthorityOptions) {
    this.loopbackUsers = new Set(options.loopbackUsers ?? ['guest']);
    this.#check = new LoginCheck(options.now);
  }

  /** Grows with every change; what was answered under the same version still holds. */
  get version(): number {
    return this.#version;
  }

  /** Takes a fact in. Never throws: a fact about a user who is gone changes nothing. */
  apply(fact: AuthFact): void {
    this.#version += 1;
    switch (fact.type) {
      case 'user.put':
        this.#accounts.set(fact.name, {
          user: Object.freeze({ name: fact.name, tags: Object.freeze([...fact.tags]) }),
          passwordHash: fact.passwordHash,
          algorithm: fact.algorithm,
          permissions: this.#accounts.get(fact.name)?.permissions ?? new Map(),
          topicPermissions: this.#accounts.get(fact.name)?.topicPermissions ?? new Map(),
          limits: this.#accounts.get(fact.name)?.limits ?? new Map(),
        });
        break;
      case 'user.delete':
        if (this.#accounts.delete(fact.name)) this.whenUserDeleted(fact.name);
        break;
      case 'user.limit.put':
        this.#accounts.get(fact.user)?.limits.set(fact.name, fact.value);
        break;
      case 'user.limit.delete':
        this.#accounts.get(fact.user)?.limits.delete(fact.name);
        break;
      case 'permission.put':
        this.#accounts.get(fact.user)?.permissions.set(fact.vhost, new Permission(fact));
        break;
      case 'permission.delete':
        this.#accounts.get(fact.user)?.permissions.delete(fact.vhost);
        break;
      case 'topic-permission.put': {
        const all = this.#accounts.get(fact.user)?.topicPermissions;
        const ofVhost = all?.get(fact.vhost) ?? new Map<string, TopicPermission>();
        all?.set(fact.vhost, ofVhost.set(fact.exchange, new TopicPermission(fact, fact.user, fact.vhost)));
        break;
      }
      case 'topic-permission.delete': {
        const all = this.#accounts.get(fact.user)?.topicPermissions;
        const ofVhost = all?.get(fact.vhost);
        if (ofVhost?.delete(fact.exchange) && ofVhost.size === 0) all?.delete(fact.vhost);
        break;
      }
    }
  }

  /** Drops what everybody was allowed in a vhost that is deleted. The deletion of the vhost is the fact; this follows from it. */
  forgetVhost(vhost: string): void {
    this.#version += 1;
    for (const { permissions, topicPermissions } of this.#accounts.values()) {
      permissions.delete(vhost);
      topicPermissions.delete(vhost);
    }
  }

  /** The state as facts which, applied in this order to an empty authority, give the same state. */
  *facts(): Generator<AuthFact> {
    for (const { user, passwordHash, algorithm } of this.#accounts.values()) {
      yield { type: 'user.put', name: user.name, passwordHash, algorithm, tags: user.tags };
    }
    for (const { user, limits } of this.#accounts.values())
      for (const [name, value] of limits) yield { type: 'user.limit.put', user: user.name, name, value };
    for (const { user, permissions } of this.#accounts.values()) {
      for (const [vhost, { patterns }] of permissions) {
        const { configure, write, read } = patterns;
        yield { type: 'permission.put', user: user.name, vhost, configure, write, read };
      }
    }
    for (const { user, topicPermissions } of this.#accounts.values())
      for (const [vhost, ofVhost] of topicPermissions)
        for (const [exchange, { patterns }] of ofVhost)
          yield { type: 'topic-permission.put', user: user.name, vhost, exchange, ...patterns };
  }

  /** Whether these are a user's name and password, from where that user may log in. */
  async login(name: string, password: string, fromLoopback: boolean): Promise<LoginResult> {
    const account = this.#accounts.get(name);
    if (password === '') return { ok: false, reason: `user '${name}' gave a blank password` };
    const right = await this.#check.verify(name, password, account?.passwordHash, account?.algorithm);
    if (!account) return { ok: false, reason: `there is no user '${name}'` };
    if (!right) return { ok: false, reason: `wrong password for user '${name}'` };
    // The user may have been deleted or given another password while the hash was computed.
    const current = this.#accounts.get(name);
    if (current?.passwordHash !== account.passwordHash) {
      return { ok: false, reason: `user '${name}' was changed during the login` };
    }
    if (!fromLoopback && this.loopbackUsers.has(name)) {
      return { ok: false, reason: `user '${name}' may log in from this machine only` };
    }
    return { ok: true, user: current.user };
  }

  /** Everybody there is. */
  get accounts(): ReadonlyMap<string, Account> {
    return this.#accounts;
  }

  /** The user of that name, if there is one. */
  user(name: string): User | undefined {
    return this.#accounts.get(name)?.user;
  }

  /** How many of these the user may have at most; Infinity without a limit. */
  limit(user: string, name: 'max-connections' | 'max-channels'): number {
    const value = this.#accounts.get(user)?.limits.get(name) ?? -1;
    return value < 0 ? Number.POSITIVE_INFINITY : value;
  }

  /** Whether any permission was set for the user in the vhost: RabbitMQ's condition for connection.open. */
  mayAccessVhost(user: User, vhost: string): boolean {
    return this.#accounts.get(user.name)?.permissions.has(vhost) ?? false;
  }

  /** Whether the user has the right on the resource. The default exchange is asked for as `amq.default` (reference 1.7). */
  may(user: User, vhost: string, right: Right, resource: string): boolean {
    return this.#accounts.get(user.name)?.permissions.get(vhost)?.allows(right, resource) ?? false;
  }

  /** Whether the user may publish with that key to a topic exchange (write) or bind it there (read). Without a topic permission, yes. */
  mayTopic(user: User, vhost: string, exchange: string, right: TopicRight, routingKey: string): boolean {
    const permission = this.#accounts.get(user.name)?.topicPermissions.get(vhost)?.get(exchange);
    return permission === undefined || permission.allows(right, routingKey);
  }
}
