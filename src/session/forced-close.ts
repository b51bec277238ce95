// Connections that an operator's change ends: their vhost or their user is deleted.
import type { Authority } from '../auth/authority.ts';
import type { Broker } from '../broker/broker.ts';
import { connectionForced } from '../broker/errors.ts';
import type { Connection } from './connection.ts';

/** Closes the connections to vhosts and of users as these are deleted. */
export function closeWithOwners(connections: ReadonlySet<Connection>, broker: Broker, authority: Authority): void {
  broker.whenVhostDeleted = vhost => {
    authority.forgetVhost(vhost.name);
    close(connections, connection => connection.vhost === vhost, `vhost '${vhost.name}' is deleted`);
  };
  authority.whenUserDeleted = name =>
    close(connections, connection => connection.user?.name === name, `user '${name}' is deleted`);
}

function close(connections: ReadonlySet<Connection>, whose: (connection: Connection) => boolean, text: string): void {
  for (const connection of [...connections]) if (whose(connection)) connection.close(connectionForced(text));
}
