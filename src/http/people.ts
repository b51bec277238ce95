// Changing users and permissions: recorded in the journal and answered when durable.
import type { AuthFact, Authority } from '../auth/authority.ts';
import type { Events } from '../broker/events.ts';
import { untilDurable } from './durable.ts';
import type { Management } from './management.ts';

/** Applies the facts and waits until they are durable. `by` is who changes them, where the request has waited before. */
export async function recordPeople(
  management: Pick<Management, 'authority' | 'broker'>,
  facts: readonly AuthFact[],
  by?: string,
): Promise<void> {
  const { authority, broker } = management;
  for (const fact of facts) {
    const tell = (): void => tellOf(fact, authority, broker.events);
    if (by === undefined) tell();
    else broker.events.by(by, tell);
    authority.apply(fact);
    broker.services.journal.record(fact);
  }
  await untilDurable(management);
}

/** Deletes the users that are there; their connections are closed with it. */
export async function deleteUsers(management: Management, names: readonly string[]): Promise<void> {
  const known = names.filter(name => management.authority.accounts.has(name));
  await recordPeople(
    management,
    known.map(name => ({ type: 'user.delete', name })),
  );
}

/** The events of a fact that is about to be applied. */
function tellOf(fact: AuthFact, { accounts }: Authority, events: Events): void {
  switch (fact.type) {
    case 'user.put': {
      const { name, tags } = fact;
      const before = accounts.get(name);
      if (before === undefined) events.emit('user.created', { name });
      else if (before.passwordHash !== fact.passwordHash) events.emit('user.password.changed', { name });
      events.emit('user.tags.set', { tags, name });
      return;
    }
    case 'user.delete':
      events.emit('user.deleted', { name: fact.name });
      return;
    case 'permission.put': {
      const { read, write, configure, vhost, user } = fact;
      events.emit('permission.created', { read, write, configure, vhost, user });
      return;
    }
    case 'permission.delete':
      events.emit('permission.deleted', { vhost: fact.vhost, user: fact.user });
      return;
    case 'topic-permission.put': {
      const { read, write, exchange, vhost, user } = fact;
      events.emit('topic.permission.created', { read, write, exchange, vhost, user });
      return;
    }
    case 'topic-permission.delete':
      events.emit('topic.permission.deleted', { vhost: fact.vhost, user: fact.user });
  }
}
