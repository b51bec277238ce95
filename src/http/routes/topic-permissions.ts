// Topic permissions: which routing keys users may use on topic exchanges.
import { z } from 'zod';
import { PatternError } from '../../auth/permission.ts';
import { checkTopicPatterns } from '../../auth/topic-permission.ts';
import { badRequest, notFound } from '../errors.ts';
import { name, repeated } from '../fields.ts';
import type { Management } from '../management.ts';
import { recordPeople } from '../people.ts';
import { changed, plainList, put, type Route, route } from '../route.ts';
import { allTopicPermissions, type TopicPermissionView } from '../views/permission.ts';

const pattern = z.string().max(4096);

const patterns = z.strictObject({
  exchange: name,
  write: pattern,
  read: pattern,
  ...repeated,
  username: z.unknown().optional(),
});

export const topicPermissionRoutes: readonly Route[] = [
  route('GET', '/topic-permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'All topic permissions',
    run: ({ management }) => plainList(allTopicPermissions(management), ({ user }) => user),
  }),
  route('GET', '/topic-permissions/:vhost/:user', {
    need: 'administrator',
    anyVhost: true,
    answer: 'list',
    summary: 'The topic permissions of a user in a vhost',
    run: ({ management, params }) =>
      plainList(permissionsThere(management, params.vhost, params.user), ({ exchange }) => exchange),
  }),
  route('PUT', '/topic-permissions/:vhost/:user', {
    need: 'administrator',
    anyVhost: true,
    body: patterns,
    answer: 'nothing',
    summary: 'Lets a user publish to a topic exchange, and bind it, with the routing keys that match',
    run: async ({ management, params, body }) => {
      const account = management.authority.accounts.get(params.user);
      if (account === undefined || !management.broker.vhosts.has(params.vhost))
        throw badRequest('vhost_or_user_not_found');
      try {
        checkTopicPatterns(body);
      } catch (error) {
        throw error instanceof PatternError ? badRequest(error.message) : error;
      }
      const { user, vhost } = params;
      const { exchange, write, read } = body;
      // As in RabbitMQ: of the user's first one in the vhost, whatever the exchange.
      const isNew = !account.topicPermissions.has(vhost);
      await recordPeople(management, [{ type: 'topic-permission.put', user, vhost, exchange, write, read }]);
      return put(isNew);
    },
  }),
  route('DELETE', '/topic-permissions/:vhost/:user', {
    need: 'administrator',
    anyVhost: true,
    answer: 'nothing',
    summary: 'Takes away all topic permissions of a user in a vhost',
    run: ({ management, params }) => remove(management, permissionsThere(management, params.vhost, params.user)),
  }),
  route('DELETE', '/topic-permissions/:vhost/:user/:exchange', {
    need: 'administrator',
    anyVhost: true,
    answer: 'nothing',
    summary: 'Takes away the topic permissions of a user for one exchange',
    run: ({ management, params }) => {
      const there = permissionsThere(management, params.vhost, params.user);
      const found = there.filter(({ exchange }) => exchange === params.exchange);
      if (found.length === 0) throw notFound();
      return remove(management, found);
    },
  }),
];

/** @throws HttpError 404 where there are none */
function permissionsThere(management: Management, vhost: string, user: string): TopicPermissionView[] {
  const found = allTopicPermissions(management).filter(each => each.vhost === vhost && each.user === user);
  if (found.length === 0) throw notFound();
  return found;
}

async function remove(management: Management, permissions: readonly TopicPermissionView[]): Promise<typeof changed> {
  await recordPeople(
    management,
    permissions.map(({ user, vhost, exchange }) => ({ type: 'topic-permission.delete', user, vhost, exchange })),
  );
  return changed;
}
