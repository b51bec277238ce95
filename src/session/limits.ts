// How many connections and channels a vhost and a user may have, asked where one more is opened.
import type { User } from '../auth/authority.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Connection } from './connection.ts';

/** Why a connection that has logged in is not let into the vhost; undefined when nothing is exceeded. */
export function connectionRefused(connection: Connection, vhost: Vhost): string | undefined {
  const { authority, connections } = connection.context;
  const { name } = connection.user as User;
  const ofVhost = vhost.rules.limit('max-connections');
  if (ofVhost <= connections.size && counted(connections, each => each.vhost === vhost) >= ofVhost)
    return `access to vhost '${vhost.name}' refused for user '${name}': connection limit (${ofVhost}) is reached`;
  const ofUser = authority.limit(name, 'max-connections');
  const isOfUser = (each: Connection): boolean => each.vhost !== undefined && each.user?.name === name;
  if (ofUser <= connections.size && counted(connections, isOfUser) >= ofUser)
    return `connection refused for user '${name}': user connection limit (${ofUser}) is reached`;
  return undefined;
}

/** Why one more channel is not opened; undefined when nothing is exceeded. */
export function channelRefused({ context, user }: Connection): string | undefined {
  const { authority, connections, limits, nodeName } = context;
  const { name } = user as User;
  const ofUser = authority.limit(name, 'max-channels');
  if (ofUser !== Number.POSITIVE_INFINITY && channels(connections, name) >= ofUser)
    return `number of channels opened for user '${name}' has reached the maximum allowed user limit of (${ofUser})`;
  const { channelsMax } = limits;
  if (channelsMax !== Number.POSITIVE_INFINITY && channels(connections) >= channelsMax)
    return `number of channels opened on node '${nodeName}' has reached the maximum allowed limit of (${channelsMax})`;
  return undefined;
}

function counted(connections: Iterable<Connection>, is: (connection: Connection) => boolean): number {
  let count = 0;
  for (const connection of connections) if (is(connection)) count++;
  return count;
}

/** How many channels there are, of one user or of all. */
function channels(connections: Iterable<Connection>, user?: string): number {
  let count = 0;
  for (const connection of connections)
    if (user === undefined || connection.user?.name === user) count += connection.channels.size;
  return count;
}
