// Users: list, create, change, delete.
import { z } from 'zod';
import type { Account } from '../../auth/authority.ts';
import {
  checkPasswordHash,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  hashPassword,
  PasswordError,
} from '../../auth/password.ts';
import { userLimitsOf } from '../definitions/rules.ts';
import { badRequest, notFound } from '../errors.ts';
import { argumentsTable, name, repeated, words } from '../fields.ts';
import type { Management } from '../management.ts';
import { deleteUsers, recordPeople } from '../people.ts';
import { changed, plainList, put, type Route, route } from '../route.ts';
import { permissionsOf, topicPermissionsOf } from '../views/permission.ts';
import { userView } from '../views/user.ts';

const rabbitmqHash = 'rabbit_password_hashing_sha256';

const user = z.strictObject({
  password: z.string().max(4096).optional(),
  /** Empty: the user cannot log in with a password. */
  password_hash: z.string().max(4096).optional(),
  hashing_algorithm: z.string().optional(),
  tags: words.optional(),
  limits: argumentsTable.optional(),
  ...repeated,
  username: z.unknown().optional(),
});

/** Usual for such a long password hash: a mistake of the client, told without the secret. */
async function credentialOf(
  { passwordAlgorithm }: Management,
  body: z.infer<typeof user>,
): Promise<{ passwordHash: string; algorithm: HashAlgorithm }> {
  try {
    const given = body.hashing_algorithm;
    const algorithm = HASH_ALGORITHMS.find(each => each === (given ?? rabbitmqHash));
    if (algorithm === undefined) {
      throw badRequest(`hashing_algorithm: not one of ${HASH_ALGORITHMS.join(', ')}`);
    }
    if (body.password !== undefined) {
      const chosen = given === undefined ? passwordAlgorithm : algorithm;
      return { passwordHash: await hashPassword(body.password, chosen), algorithm: chosen };
    }
    const passwordHash = body.password_hash ?? '';
    const ours = passwordHash.startsWith('scrypt$') && given === undefined ? 'scrypt' : algorithm;
    if (passwordHash !== '') checkPasswordHash(passwordHash, ours);
    return { passwordHash, algorithm: ours };
  } catch (error) {
    throw error instanceof PasswordError ? badRequest(error.message) : error;
  }
}

function accountOf({ authority }: Management, userName: string): Account {
  const account = authority.accounts.get(userName);
  if (account === undefined) throw notFound();
  return account;
}

function usersList(accounts: Iterable<Account>): ReturnType<typeof plainList<ReturnType<typeof userView>>> {
  const users = [...accounts].map(userView).sort((a, b) => (a.name < b.name ? -1 : 1));
  return plainList(users, each => each.name);
}

export const userRoutes: readonly Route[] = [
  route('GET', '/users', {
    need: 'administrator',
    answer: 'list',
    summary: 'All users',
    run: ({ management }) => usersList(management.authority.accounts.values()),
  }),
  route('GET', '/users/without-permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'Users who may do nothing in any vhost',
    run: ({ management }) =>
      usersList([...management.authority.accounts.values()].filter(({ permissions }) => permissions.size === 0)),
  }),
  route('POST', '/users/bulk-delete', {
    need: 'administrator',
    body: z.strictObject({ users: z.array(name).max(10_000) }),
    answer: 'nothing',
    summary: 'Deletes several users and closes their connections',
    run: async ({ management, body }) => {
      await deleteUsers(management, body.users);
      return changed;
    },
  }),
  route('GET', '/users/:user', {
    need: 'administrator',
    answer: 'object',
    summary: 'One user',
    run: ({ management, params }) => userView(accountOf(management, params.user)),
  }),
  route('PUT', '/users/:user', {
    need: 'administrator',
    body: user,
    answer: 'nothing',
    summary: 'Creates or changes a user: with password, password_hash, or none of both for one who cannot log in',
    run: async ({ management, viewer, params, body }) => {
      if (Buffer.byteLength(params.user) > 255) throw badRequest('the name of a user has at most 255 bytes');
      if (body.tags === undefined) throw badRequest('tags_not_present');
      const credential = await credentialOf(management, body);
      const isNew = !management.authority.accounts.has(params.user);
      const limits = userLimitsOf({ name: params.user, limits: body.limits ?? {} });
      const facts = [
        { type: 'user.put', name: params.user, ...credential, tags: body.tags } as const,
        ...limits.map(({ name, value }) => ({ type: 'user.limit.put', user: params.user, name, value }) as const),
      ];
      await recordPeople(management, facts, viewer.name);
      return put(isNew);
    },
  }),
  route('DELETE', '/users/:user', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Deletes a user and closes the connections',
    run: async ({ management, params }) => {
      accountOf(management, params.user);
      await deleteUsers(management, [params.user]);
      return changed;
    },
  }),
  route('GET', '/users/:user/permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'What a user may do, by vhost',
    run: ({ management, params }) => plainList(permissionsOf(accountOf(management, params.user)), ({ vhost }) => vhost),
  }),
  route('GET', '/users/:user/topic-permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'Which routing keys of topic exchanges a user may use',
    run: ({ management, params }) =>
      plainList(topicPermissionsOf(accountOf(management, params.user)), ({ vhost }) => vhost),
  }),
];
