// Limits of vhosts and users.
import { z } from 'zod';
import type { Account } from '../../auth/authority.ts';
import { expectVhost, isAdministrator, isMonitor, visibleVhosts } from '../access.ts';
import { durably } from '../durable.ts';
import { badRequest, HttpError, notFound } from '../errors.ts';
import { json, repeated } from '../fields.ts';
import { recordPeople } from '../people.ts';
import { changed, plainList, type Route, route } from '../route.ts';
import { limitFact, limitProblem, userLimits } from '../rules.ts';

/** Below 0 is no limit. */
const limit = z.strictObject({ value: json, ...repeated });

interface VhostLimits {
  readonly vhost: string;
  readonly value: object;
}

function vhostView({
  name,
  rules,
}: {
  readonly name: string;
  readonly rules: { limits: ReadonlyMap<string, number> };
}): VhostLimits[] {
  return rules.limits.size === 0 ? [] : [{ vhost: name, value: Object.fromEntries(rules.limits) }];
}

function userView({ user, limits }: Account): { user: string; value: object }[] {
  return limits.size === 0 ? [] : [{ user: user.name, value: Object.fromEntries(limits) }];
}

export const limitRoutes: readonly Route[] = [
  route('GET', '/vhost-limits', {
    answer: 'list',
    summary: 'The limits of the vhosts that the user may see',
    run: ({ management, viewer }) =>
      plainList(visibleVhosts(management, viewer).flatMap(vhostView), ({ vhost }) => vhost),
  }),
  route('GET', '/vhost-limits/:vhost', {
    anyVhost: true,
    answer: 'list',
    summary: 'The limits of a vhost',
    run: ({ management, viewer, vhost }) => {
      if (!isMonitor(viewer)) expectVhost(management, viewer, vhost.name);
      return plainList(vhostView(vhost), each => each.vhost);
    },
  }),
  route('PUT', '/vhost-limits/:vhost/:name', {
    need: 'administrator',
    anyVhost: true,
    body: limit,
    answer: 'nothing',
    summary: 'Sets max-connections or max-queues of a vhost; a value below 0 is no limit',
    run: async ({ management, vhost, params, body }) => {
      const fact = limitFact(vhost.name, params.name, body.value);
      await durably(management, 'topology', () => vhost.setRule(fact));
      return changed;
    },
  }),
  route('DELETE', '/vhost-limits/:vhost/:name', {
    need: 'administrator',
    anyVhost: true,
    answer: 'nothing',
    summary: 'Lifts a limit of a vhost',
    run: async ({ management, vhost, params: { name } }) => {
      if (vhost.rules.limits.has(name))
        await durably(management, 'topology', () => vhost.setRule({ type: 'limit.delete', vhost: vhost.name, name }));
      return changed;
    },
  }),
  route('GET', '/user-limits', {
    answer: 'list',
    summary: 'The limits of users: of all for an administrator, of oneself for others',
    run: ({ management, viewer }) => {
      const accounts = [...management.authority.accounts.values()];
      const shown = accounts.filter(({ user }) => isAdministrator(viewer) || user.name === viewer.name);
      return plainList(shown.flatMap(userView), ({ user }) => user);
    },
  }),
  route('GET', '/user-limits/:user', {
    answer: 'list',
    summary: 'The limits of a user',
    run: ({ management, viewer, params }) => {
      const account = management.authority.accounts.get(params.user);
      if (account === undefined || (!isAdministrator(viewer) && viewer.name !== params.user)) throw notFound();
      return plainList(userView(account), ({ user }) => user);
    },
  }),
  route('PUT', '/user-limits/:user/:name', {
    need: 'administrator',
    body: limit,
    answer: 'nothing',
    summary: 'Sets max-connections or max-channels of a user; a value below 0 is no limit',
    run: async ({ management, params: { user, name }, body }) => {
      if (!management.authority.accounts.has(user)) throw new HttpError(400, 'bad_request', `no such user: '${user}'`);

      const problem = limitProblem('user-limits', userLimits, name, body.value);
      if (problem !== undefined) throw badRequest(problem);
      await recordPeople(management, [{ type: 'user.limit.put', user, name, value: body.value as number }]);
      return changed;
    },
  }),
  route('DELETE', '/user-limits/:user/:name', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Lifts a limit of a user; the name all lifts every one',
    run: async ({ management, params: { user, name } }) => {
      const account = management.authority.accounts.get(user);
      if (account === undefined) throw notFound();
      const lifted = [...account.limits.keys()].filter(each => name === 'all' || name === each);
      await recordPeople(
        management,
        lifted.map(each => ({ type: 'user.limit.delete', user, name: each })),
      );
      return changed;
    },
  }),
];
