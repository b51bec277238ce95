// Who the configuration knows: the first user, users, vhosts and permissions, and whether they fit together.
import { checkPasswordHash, HASH_ALGORITHMS, type HashAlgorithm } from '../auth/password.ts';
import { checkPatterns, type Patterns } from '../auth/permission.ts';
import { checkTopicPatterns, type TopicPatterns } from '../auth/topic-permission.ts';
import { Secret } from './secret.ts';
import type { Named, Settings } from './settings.ts';

/** A user of the config file: put in place at every start. */
export interface ConfiguredUser {
  readonly name: string;
  readonly tags: readonly string[];
  readonly credential:
    | { readonly password: Secret }
    | { readonly passwordHash: Secret; readonly algorithm: HashAlgorithm };
}

/** What a user of the config file may do in a vhost of it. */
export interface ConfiguredPermission extends Patterns {
  readonly vhost: string;
  readonly user: string;
}

/** Which routing keys a user of the config file may use on a topic exchange. */
export interface ConfiguredTopicPermission extends TopicPatterns {
  readonly vhost: string;
  readonly user: string;
  readonly exchange: string;
}

/** The user that a new data folder begins with, administrator of the default vhost. */
export interface FirstUser {
  readonly name: string;
  readonly password: Secret;
  readonly tags: readonly string[];
  readonly permission: Patterns;
}

/** What the settings say of users, vhosts and permissions. */
export interface People {
  readonly firstUser: FirstUser;
  readonly loopbackUsers: readonly string[];
  readonly users: readonly ConfiguredUser[];
  readonly vhosts: readonly string[];
  readonly permissions: readonly ConfiguredPermission[];
  readonly topicPermissions: readonly ConfiguredTopicPermission[];
}

const GUEST = 'guest';

/** Reads them; what is wrong is added to the settings' problems. */
export function peopleOf(settings: Settings): People {
  const firstUser = firstUserOf(settings);
  const users = usersOf(settings);
  const vhosts = settings.named('vhosts').flatMap(({ names, value }) => (value ? [names[0]!] : []));
  const userNames = [firstUser.name, ...users.map(user => user.name)];
  const vhostNames = [settings.values.defaultVhost, ...vhosts];
  const permissions = permissionsOf(settings, userNames, vhostNames);
  const topicPermissions = topicPermissionsOf(settings, userNames, vhostNames);
  const loopbackUsers = loopbackUsersOf(settings, firstUser.name);
  return { firstUser, loopbackUsers, users, vhosts, permissions, topicPermissions };
}

function firstUserOf(settings: Settings): FirstUser {
  const { values, given, problems } = settings;
  if (given.has('defaultUser') && !given.has('defaultPass')) {
    problems.push(
      'default_user is given without default_pass; give both, as it may log in from anywhere (or LEVERET_DEFAULT_PASS)',
    );
  }
  const tags = new Map([['administrator', true]]);
  for (const { names, value } of settings.named('defaultTags')) tags.set(names[0]!, value);
  const permission = { configure: values.defaultConfigure, write: values.defaultWrite, read: values.defaultRead };
  check(problems, 'default_permissions', () => checkPatterns(permission));
  return {
    name: values.defaultUser ?? GUEST,
    password: values.defaultPass ?? new Secret(GUEST),
    tags: [...tags].flatMap(([tag, on]) => (on ? [tag] : [])),
    permission,
  };
}

function loopbackUsersOf(settings: Settings, firstUser: string): string[] {
  const users = new Set(settings.noLoopbackUsers ? [] : [GUEST]);
  if (settings.given.has('defaultUser')) users.delete(firstUser);
  for (const { names, value } of settings.named('loopback')) {
    if (value) users.add(names[0]!);
    else users.delete(names[0]!);
  }
  return [...users];
}

function usersOf(settings: Settings): ConfiguredUser[] {
  const passwords = byFirstName(settings.named('password'));
  const hashes = byFirstName(settings.named('passwordHash'));
  const algorithms = byFirstName(settings.named('algorithm'));
  const tags = byFirstName(settings.named('tags'));
  const users: ConfiguredUser[] = [];
  for (const name of new Set([passwords, hashes, algorithms, tags].flatMap(each => [...each.keys()]))) {
    const password = passwords.get(name);
    const hash = hashes.get(name);
    const place = (password ?? hash ?? algorithms.get(name) ?? tags.get(name))!.place;
    if ((password === undefined) === (hash === undefined)) {
      settings.problems.push(`${place}: user '${name}' needs either a password or a password_hash`);
      continue;
    }
    if (password) {
      users.push({ name, tags: tags.get(name)?.value ?? [], credential: { password: password.value } });
      continue;
    }
    const passwordHash = hash!.value;
    const algorithm = algorithmOf(passwordHash, algorithms.get(name)?.value) as HashAlgorithm;
    if (!HASH_ALGORITHMS.includes(algorithm)) {
      settings.problems.push(`${place}: hashing_algorithm '${algorithm}' is not one of ${HASH_ALGORITHMS.join(', ')}`);
      continue;
    }
    check(settings.problems, place, () => checkPasswordHash(passwordHash.reveal(), algorithm));
    users.push({ name, tags: tags.get(name)?.value ?? [], credential: { passwordHash, algorithm } });
  }
  return users;
}

function permissionsOf(settings: Settings, users: string[], vhosts: string[]): ConfiguredPermission[] {
  const permissions = new Map<
    string,
    { vhost: string; user: string; configure: string; write: string; read: string }
  >();
  for (const right of ['configure', 'write', 'read'] as const) {
    for (const { names, value, place } of settings.named(right)) {
      const [vhost, user] = [names[0]!, names[1]!];
      expectKnown(
        settings,
        place,
        users.includes(user) || `user '${user}'`,
        vhosts.includes(vhost) || `vhost '${vhost}'`,
      );
      const key = JSON.stringify(names);
      const permission = permissions.get(key) ?? { vhost, user, configure: '', write: '', read: '' };
      permission[right] = value;
      permissions.set(key, permission);
      check(settings.problems, place, () => checkPatterns({ configure: '', write: '', read: '', [right]: value }));
    }
  }
  return [...permissions.values()];
}

function topicPermissionsOf(settings: Settings, users: string[], vhosts: string[]): ConfiguredTopicPermission[] {
  const permissions = new Map<string, ConfiguredTopicPermission>();
  for (const [right, key] of [['write', 'topicWrite'] as const, ['read', 'topicRead'] as const]) {
    for (const { names, value, place } of settings.named(key)) {
      const [vhost, user, exchange] = names as [string, string, string];
      expectKnown(
        settings,
        place,
        users.includes(user) || `user '${user}'`,
        vhosts.includes(vhost) || `vhost '${vhost}'`,
      );
      const id = JSON.stringify(names);
      const known = permissions.get(id) ?? { vhost, user, exchange, write: '', read: '' };
      permissions.set(id, { ...known, [right]: value });
      check(settings.problems, place, () => checkTopicPatterns({ write: '', read: '', [right]: value }));
    }
  }
  return [...permissions.values()];
}

/** Each is true, or says what is missing; the first one that does is a problem. */
function expectKnown(settings: Settings, place: string, ...known: (true | string)[]): void {
  const missing = known.find(each => each !== true);
  if (missing !== undefined)
    settings.problems.push(`${place}: this configuration has no ${missing}; add it under users or vhosts`);
}

function byFirstName<T>(settings: Named<T>[]): Map<string, Named<T>> {
  return new Map(settings.map(setting => [setting.names[0]!, setting]));
}

/** Without a word about it, a hash is ours when it says so, and RabbitMQ's usual one otherwise. */
function algorithmOf(hash: Secret, given: string | undefined): string {
  return given ?? (hash.reveal().startsWith('scrypt$') ? 'scrypt' : 'rabbit_password_hashing_sha256');
}

function check(problems: string[], place: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    problems.push(`${place}: ${(error as Error).message}`);
  }
}
