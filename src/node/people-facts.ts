// Turning the people of the configuration into facts for the journal, as few as bring the authority to that state.
import type { AuthFact, Authority } from '../auth/authority.ts';
import { type HashAlgorithm, hashPassword, verifyPassword } from '../auth/password.ts';
import type { Config } from './config.ts';
import type { ConfiguredUser } from './config-people.ts';

/**
 * The facts still missing. The first user belongs to new data only: one deleted later stays deleted. Users of the config file are
 * put in place at every start; a password that still holds is not hashed again, so nothing is written when nothing changed.
 * Vhosts are the broker's facts: declare `config.vhosts` (and the default one for new data) before applying these.
 */
export async function peopleFacts(config: Config, authority: Authority, isNewData: boolean): Promise<AuthFact[]> {
  const facts: AuthFact[] = [];
  const now = new Map<string, AuthFact>();
  for (const fact of authority.facts()) now.set(keyOf(fact), fact);
  const add = (fact: AuthFact): void => {
    if (JSON.stringify(now.get(keyOf(fact))) !== JSON.stringify(fact)) facts.push(fact);
  };
  const { firstUser } = config;
  if (isNewData && !config.users.some(user => user.name === firstUser.name)) {
    add(await userFact({ ...firstUser, credential: { password: firstUser.password } }, config.passwordHashing));
    const { configure, write, read } = firstUser.permission;
    add({ type: 'permission.put', user: firstUser.name, vhost: config.defaultVhost, configure, write, read });
  }
  for (const user of config.users) add(await userFact(user, config.passwordHashing, now.get(`user ${user.name}`)));
  for (const { user, vhost, configure, write, read } of config.permissions) {
    add({ type: 'permission.put', user, vhost, configure, write, read });
  }
  for (const { user, vhost, exchange, write, read } of config.topicPermissions)
    add({ type: 'topic-permission.put', user, vhost, exchange, write, read });
  return facts;
}

async function userFact(user: ConfiguredUser, algorithm: HashAlgorithm, known?: AuthFact): Promise<AuthFact> {
  const { name, tags, credential } = user;
  const put = (passwordHash: string, algorithm: HashAlgorithm): AuthFact => {
    return { type: 'user.put', name, passwordHash, algorithm, tags };
  };
  if ('passwordHash' in credential) return put(credential.passwordHash.reveal(), credential.algorithm);
  const password = credential.password.reveal();
  if (known?.type === 'user.put' && (await verifyPassword(password, known.passwordHash, known.algorithm))) {
    return put(known.passwordHash, known.algorithm);
  }
  return put(await hashPassword(password, algorithm), algorithm);
}

function keyOf(fact: AuthFact): string {
  if ('name' in fact) return `user ${fact.name}`;
  return JSON.stringify('exchange' in fact ? [fact.vhost, fact.user, fact.exchange] : [fact.vhost, fact.user]);
}
