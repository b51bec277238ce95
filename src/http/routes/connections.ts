// Connections: list, look at, close.
import { z } from 'zod';
import { connectionForced } from '../../broker/errors.ts';
import type { Connection } from '../../session/connection.ts';
import { isAdministrator, maySee } from '../access.ts';
import { notAuthorised, notFound } from '../errors.ts';
import { flag } from '../fields.ts';
import type { Asked } from '../filters.ts';
import { connectionFilters } from '../list-filters.ts';
import { type Ask, changed, emptyList, type Listing, plainList, type Route, route } from '../route.ts';
import { connectionView } from '../views/connection.ts';
import { channelListing } from './channels.ts';

/** What every list of connections takes. */
export const connectionQuery: z.ZodType<Asked<'state' | 'user'>> = z.object({
  disable_stats: flag,
  ...connectionFilters.fields,
});

type AnyAsk = Ask<unknown, unknown, unknown>;

/** The connections that are past their handshake and picked. */
export function connectionListing(
  { management, rates }: AnyAsk,
  picked: (connection: Connection) => boolean,
): Listing<Connection> {
  const items = [...management.connections].filter(connection => connection.vhost !== undefined && picked(connection));
  items.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return {
    items,
    nameOf: connection => connection.name,
    view: connection => connectionView(connection, management, rates),
  };
}

function keyOf({ vhost, name }: Connection): string {
  return `${vhost?.name}\0${name}`;
}

/** The connection of that name, if the user may see it. @throws HttpError 401, 404 */
function connectionOf({ management, viewer }: AnyAsk, name: string): Connection {
  for (const connection of management.connections) {
    if (connection.name !== name || connection.vhost === undefined) continue;
    if (!maySee(viewer, connection)) throw notAuthorised('User not authorised to access object');
    return connection;
  }
  throw notFound();
}

function closeByOperator({ management, viewer, request }: AnyAsk, connection: Connection): void {
  if (!isAdministrator(viewer) && connection.user?.name !== viewer.name) {
    throw notAuthorised('User not authorised to access object');
  }
  const reason = request.headers.get('x-reason') || 'Closed via management plugin';
  management.log.info(`user '${viewer.name}' closes connection ${connection.name}: ${reason}`);
  connection.close(connectionForced(reason));
}

export const connectionRoutes: readonly Route[] = [
  route('GET', '/connections', {
    query: connectionQuery,
    answer: 'list',
    summary: 'Connections: all of them for who monitors, else one’s own',
    run: ask => ({
      ...connectionListing(ask, connection => maySee(ask.viewer, connection)),
      picks: connectionFilters.picking(ask),
    }),
  }),
  route('GET', '/connections/:connection', {
    answer: 'object',
    summary: 'One connection',
    run: ask => connectionView(connectionOf(ask, ask.params.connection), ask.management, ask.rates),
  }),
  route('DELETE', '/connections/:connection', {
    answer: 'nothing',
    summary: 'Closes a connection; the header X-Reason says why',
    run: ask => {
      closeByOperator(ask, connectionOf(ask, ask.params.connection));
      return changed;
    },
  }),
  route('GET', '/connections/:connection/channels', {
    answer: 'list',
    summary: 'The channels of a connection',
    run: ask => {
      const connection = connectionOf(ask, ask.params.connection);
      return channelListing(ask, channel => channel.connection === connection);
    },
  }),
  route('GET', '/connections/:connection/sessions', {
    answer: 'list',
    summary: 'Sessions of AMQP 1.0: there are none',
    run: ask => {
      connectionOf(ask, ask.params.connection);
      return emptyList;
    },
  }),
  route('GET', '/connections/username/:user', {
    answer: 'list',
    summary: 'The connections of a user, in short',
    run: ask => {
      const { items } = connectionListing(
        ask,
        connection => connection.user?.name === ask.params.user && maySee(ask.viewer, connection),
      );
      const { node } = ask.management;
      return plainList(
        items.map(({ name, vhost, user }) => ({ name, vhost: vhost?.name, user: user?.name, node })),
        ({ name }) => name,
      );
    },
  }),
  route('DELETE', '/connections/username/:user', {
    answer: 'nothing',
    summary: 'Closes all connections of a user; the header X-Reason says why',
    run: ask => {
      const { items } = connectionListing(ask, connection => connection.user?.name === ask.params.user);
      for (const connection of items) closeByOperator(ask, connection);
      return changed;
    },
  }),
];
