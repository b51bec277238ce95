// Permissions: who may do what in which vhost.
import { z } from 'zod';
import { checkPatterns, PatternError } from '../../auth/permission.ts';
import { badRequest, notFound } from '../errors.ts';
import { repeated } from '../fields.ts';
import { recordPeople } from '../people.ts';
import { changed, plainList, put, type Route, route } from '../route.ts';
import { allPermissions, permissionView } from '../views/permission.ts';

const pattern = z.string().max(4096);

const patterns = z.strictObject({
  configure: pattern,
  write: pattern,
  read: pattern,
  ...repeated,
  username: z.unknown().optional(),
});

export const permissionRoutes: readonly Route[] = [
  route('GET', '/permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'All permissions',
    run: ({ management }) => plainList(allPermissions(management), ({ user }) => user),
  }),
  route('GET', '/permissions/:vhost/:user', {
    need: 'administrator',
    anyVhost: true,
    answer: 'object',
    summary: 'What a user may do in a vhost',
    run: ({ management, params }) => {
      const permission = management.authority.accounts.get(params.user)?.permissions.get(params.vhost);
      if (permission === undefined) throw notFound();
      return permissionView(params.user, params.vhost, permission.patterns);
    },
  }),
  route('PUT', '/permissions/:vhost/:user', {
    need: 'administrator',
    anyVhost: true,
    body: patterns,
    answer: 'nothing',
    summary: 'Lets a user do what matches three regular expressions in a vhost',
    run: async ({ management, params, body }) => {
      const account = management.authority.accounts.get(params.user);
      if (account === undefined || !management.broker.vhosts.has(params.vhost))
        throw badRequest('vhost_or_user_not_found');
      try {
        checkPatterns(body);
      } catch (error) {
        throw error instanceof PatternError ? badRequest(error.message) : error;
      }
      const isNew = !account.permissions.has(params.vhost);
      const { configure, write, read } = body;
      const { user, vhost } = params;
      await recordPeople(management, [{ type: 'permission.put', user, vhost, configure, write, read }]);
      return put(isNew);
    },
  }),
  route('DELETE', '/permissions/:vhost/:user', {
    need: 'administrator',
    anyVhost: true,
    answer: 'nothing',
    summary: 'Takes a user every permission in a vhost',
    run: async ({ management, params }) => {
      const { user, vhost } = params;
      if (!management.authority.accounts.get(user)?.permissions.has(vhost)) throw notFound();
      await recordPeople(management, [{ type: 'permission.delete', user, vhost }]);
      return changed;
    },
  }),
];
