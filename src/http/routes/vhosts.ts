// Virtual hosts: list, create, delete, and what is in one.
import { z } from 'zod';
import type { Vhost } from '../../broker/vhost.ts';
import { isMonitor, maySee, visibleVhosts } from '../access.ts';
import { durably } from '../durable.ts';
import { badRequest, notFound } from '../errors.ts';
import { repeated, truth } from '../fields.ts';
import { channelFilters, connectionFilters } from '../list-filters.ts';
import { recordPeople } from '../people.ts';
import { changed, plainList, put, type Route, route } from '../route.ts';
import { Totals, totalsOf } from '../totals.ts';
import { metadataFields, metadataOf } from '../vhost-fields.ts';
import { allTopicPermissions, permissionsIn } from '../views/permission.ts';
import { vhostView } from '../views/vhost.ts';
import { channelListing, channelQuery } from './channels.ts';
import { connectionListing, connectionQuery } from './connections.ts';

const settings = z.strictObject({
  ...metadataFields,
  tracing: truth.optional(),
  protected_from_deletion: truth.optional(),
  ...repeated,
  metadata: z.looseObject(metadataFields).optional(),
});

function vhostNamed(vhosts: ReadonlyMap<string, Vhost>, name: string): Vhost {
  const vhost = vhosts.get(name);
  if (vhost === undefined) throw notFound();
  return vhost;
}

export const vhostRoutes: readonly Route[] = [
  route('GET', '/vhosts', {
    answer: 'list',
    summary: 'The vhosts that the user may see, with their totals',
    run: ({ management, viewer, rates }) => {
      const totals = totalsOf(management.broker, management.connections).vhosts;
      return {
        items: visibleVhosts(management, viewer),
        nameOf: vhost => vhost.name,
        view: vhost => vhostView(vhost, totals.get(vhost) ?? new Totals(), management, rates),
      };
    },
  }),
  route('GET', '/vhosts/:name', {
    need: 'administrator',
    answer: 'object',
    summary: 'One vhost',
    run: ({ management, params, rates }) => {
      const vhost = vhostNamed(management.broker.vhosts, params.name);
      const totals = totalsOf(management.broker, management.connections).vhosts.get(vhost);
      return vhostView(vhost, totals ?? new Totals(), management, rates);
    },
  }),
  route('PUT', '/vhosts/:name', {
    need: 'administrator',
    body: settings,
    answer: 'nothing',
    summary:
      'Creates a vhost, and lets its maker do everything there; or says all anew of one that is there; turns its tracing on or off',
    run: async ({ management, viewer, params, body }) => {
      const { name } = params;
      if (Buffer.byteLength(name) > 255) throw badRequest('the name of a vhost has at most 255 bytes');
      const { broker } = management;
      const isNew = !broker.vhosts.has(name);
      await durably(management, 'topology', () => {
        const vhost = broker.createVhost(name);
        broker.changeVhost(vhost, metadataOf({ ...body.metadata, ...body }));
        if (body.tracing !== undefined) vhost.trace(body.tracing);
      });
      // Who makes a vhost may use it (RabbitMQ behaviour).
      const all = { configure: '.*', write: '.*', read: '.*' };
      const permission = { type: 'permission.put', user: viewer.name, vhost: name, ...all } as const;
      await recordPeople(management, isNew ? [permission] : [], viewer.name);
      return put(isNew);
    },
  }),
  route('DELETE', '/vhosts/:name', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Deletes a vhost with all that is in it, and closes its connections',
    run: async ({ management, params }) => {
      const { name } = vhostNamed(management.broker.vhosts, params.name);
      await durably(management, 'topology', () => management.broker.deleteVhost(name));
      return changed;
    },
  }),
  route('POST', '/vhosts/:name/start/:node', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Starts a vhost: every vhost runs',
    run: ({ management, params }) => {
      vhostNamed(management.broker.vhosts, params.name);
      if (params.node !== management.node) throw notFound();
      return changed;
    },
  }),
  route('GET', '/vhosts/:name/permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'Who may do what in a vhost',
    run: ({ management, params }) =>
      plainList(permissionsIn(management, vhostNamed(management.broker.vhosts, params.name).name), ({ user }) => user),
  }),
  route('GET', '/vhosts/:name/topic-permissions', {
    need: 'administrator',
    answer: 'list',
    summary: 'Who may use which routing keys of topic exchanges in a vhost',
    run: ({ management, params }) => {
      const { name } = vhostNamed(management.broker.vhosts, params.name);
      const there = allTopicPermissions(management).filter(({ vhost }) => vhost === name);
      return plainList(there, ({ user }) => user);
    },
  }),
  route('GET', '/vhosts/:vhost/connections', {
    query: connectionQuery,
    anyVhost: true,
    answer: 'list',
    summary: 'The connections to a vhost',
    run: ask => ({
      ...connectionListing(ask, connection => connection.vhost === ask.vhost && maySee(ask.viewer, connection)),
      picks: connectionFilters.picking(ask),
    }),
  }),
  route('GET', '/vhosts/:vhost/channels', {
    query: channelQuery,
    anyVhost: true,
    answer: 'list',
    summary: 'The channels of a vhost',
    run: ask => ({
      ...channelListing(
        ask,
        channel => channel.vhost === ask.vhost && (isMonitor(ask.viewer) || maySee(ask.viewer, channel.connection)),
      ),
      picks: channelFilters.picking(ask),
    }),
  }),
];
