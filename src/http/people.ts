// Changing users and permissions: recorded in the journal and answered when durable.
import type { AuthFact } from '../auth/authority.ts';
import { connectionForced } from '../broker/errors.ts';
import { untilDurable } from './durable.ts';
import type { Management } from './management.ts';

/** Applies the facts and waits until they are durable. */
export async function recordPeople(
  management: Pick<Management, 'authority' | 'broker'>,
  facts: readonly AuthFact[],
): Promise<void> {
  const { authority, broker } = management;
  for (const fact of facts) {
    authority.apply(fact);
    broker.services.journal.record(fact);
  }
  await untilDurable(management);
}

/** Deletes the users that are there, and closes their connections. */
export async function deleteUsers(management: Management, names: readonly string[]): Promise<void> {
  const known = names.filter(name => management.authority.accounts.has(name));
  const facts = known.map(name => ({ type: 'user.delete', name }) as const);
  for (const connection of [...management.connections]) {
    const name = connection.user?.name;
    if (name !== undefined && known.includes(name)) connection.close(connectionForced(`user '${name}' is deleted`));
  }
  await recordPeople(management, facts);
}

/** Deletes the vhost with all that is in it, and closes its connections. */
export async function deleteVhost(management: Management, name: string): Promise<void> {
  const { authority, broker, connections } = management;
  for (const connection of [...connections])
    if (connection.vhost?.name === name) connection.close(connectionForced(`vhost '${name}' is deleted`));
  const vhost = broker.vhosts.get(name);
  for (const queue of [...(vhost?.queues.values() ?? [])]) vhost?.deleteQueue(queue);
  broker.vhosts.delete(name);
  broker.services.journal.record({ type: 'vhost.deleted', name });
  authority.forgetVhost(name);
  await untilDurable(management);
}
