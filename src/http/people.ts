// Changing users and permissions: recorded in the journal and answered when durable.
import type { AuthFact } from '../auth/authority.ts';
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

/** Deletes the users that are there; their connections are closed with it. */
export async function deleteUsers(management: Management, names: readonly string[]): Promise<void> {
  const known = names.filter(name => management.authority.accounts.has(name));
  await recordPeople(
    management,
    known.map(name => ({ type: 'user.delete', name })),
  );
}
