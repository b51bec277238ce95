// Importing definitions: checked as a whole first, then added to what is there. Nothing is deleted; policies, limits and parameters of
// the same name are replaced, queues and exchanges that are there stay as they are.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuthFact } from '../../auth/authority.ts';
import {
  checkPasswordHash,
  HASH_ALGORITHMS,
  type HashAlgorithm,
  hashPassword,
  PasswordError,
} from '../../auth/password.ts';
import { checkPatterns, PatternError } from '../../auth/permission.ts';
import { checkTopicPatterns } from '../../auth/topic-permission.ts';
import { AmqpError } from '../../broker/errors.ts';
import { exchangeTypes } from '../../broker/exchange.ts';
import type { RuleFact } from '../../broker/facts.ts';
import { isPredeclared } from '../../broker/predeclared.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { tableOf } from '../amqp-json.ts';
import { untilDurable } from '../durable.ts';
import { badRequest } from '../errors.ts';
import type { Management } from '../management.ts';
import { recordPeople } from '../people.ts';
import { metadataOf } from '../vhost-fields.ts';
import { type Definitions, isOfCluster, type UserDefinition } from './format.ts';
import { ruleFactsOf, userLimitsOf } from './rules.ts';

/** What an import changes. */
export type ImportTarget = Pick<Management, 'broker' | 'authority' | 'passwordAlgorithm'>;

/** So many declarations are made in one turn of the event loop. */
const sliceItems = 500;

/**
 * Imports a file; with `into`, what a vhost has only, all into that one.
 * @throws HttpError 400 that names the first thing that cannot be imported
 */
export async function importDefinitions(target: ImportTarget, file: Definitions, into?: Vhost): Promise<void> {
  const rules = ruleFactsOf(file, into?.name);
  if (into === undefined) await importPeople(target, file, rules);
  const vhostOf = (name: string | undefined): Vhost => {
    const vhost = into ?? target.broker.vhosts.get(name ?? '');
    if (vhost === undefined) throw badRequest(`no such vhost: '${name ?? ''}'`);
    return vhost;
  };
  for (const { vhost } of [...file.queues, ...file.exchanges, ...file.bindings]) vhostOf(vhost);
  for (const { type, name } of file.exchanges) {
    if (!exchangeTypes.includes(type)) throw badRequest(`exchange '${name}': unknown exchange type '${type}'`);
  }
  // Before what they hold for: so queues and exchanges need not change.
  await each(rules, fact => vhostOf(fact.vhost).setRule(fact));
  if (into === undefined)
    for (const { name, value } of file.global_parameters)
      if (!isOfCluster(name)) target.broker.setGlobalParameter({ type: 'global-parameter.put', name, value });
  await each(file.queues, ({ name, vhost, durable, auto_delete: autoDelete, arguments: args }) => {
    const there = vhostOf(vhost);
    if (there.queues.has(name)) return;
    const declaration = { durable, autoDelete, exclusive: false, arguments: tableOf(args) };
    naming(`queue '${name}'`, () => there.declareQueue(name, declaration, undefined));
  });
  await each(file.exchanges, ({ name, vhost, type, durable, auto_delete: autoDelete, internal, arguments: args }) => {
    const there = vhostOf(vhost);
    if (isPredeclared(name) || there.exchanges.has(name)) return;
    const declaration = { type, durable, autoDelete, internal, arguments: tableOf(args) };
    naming(`exchange '${name}'`, () => there.declareExchange(name, declaration));
  });
  await each(
    file.bindings,
    ({ source, vhost, destination, destination_type: kind, routing_key: key, arguments: args }) => {
      const there = vhostOf(vhost);
      // Every queue is bound to the default exchange by its name.
      if (source === '') return;
      naming(`binding of '${destination}' to '${source}'`, () => {
        const to = kind === 'queue' ? there.queue(destination, undefined) : there.exchange(destination);
        there.bind(there.exchange(source), to, Buffer.from(key).toString('latin1'), tableOf(args));
      });
    },
  );
  await untilDurable(target);
}

/** Users, vhosts, permissions: all of them are checked before the first is recorded. */
async function importPeople(target: ImportTarget, file: Definitions, rules: readonly RuleFact[]): Promise<void> {
  const { broker, authority } = target;
  const facts: AuthFact[] = [];
  for (const user of file.users) {
    const credential = await credentialOf(target, user);
    facts.push({ type: 'user.put', name: user.name, ...credential, tags: user.tags });
    for (const { name, value } of userLimitsOf(user))
      facts.push({ type: 'user.limit.put', user: user.name, name, value });
  }
  const users = new Set([...authority.accounts.keys(), ...file.users.map(({ name }) => name)]);
  const vhosts = new Set([...broker.vhosts.keys(), ...file.vhosts.map(({ name }) => name)]);
  for (const { user, vhost } of [...file.permissions, ...file.topic_permissions]) {
    if (!users.has(user)) throw badRequest(`permission: no such user: '${user}'`);
    if (!vhosts.has(vhost)) throw badRequest(`permission: no such vhost: '${vhost}'`);
  }
  for (const { user, vhost, configure, write, read } of file.permissions) {
    naming(`permission of user '${user}' in vhost '${vhost}'`, () => checkPatterns({ configure, write, read }));
    facts.push({ type: 'permission.put', user, vhost, configure, write, read });
  }
  for (const { user, vhost, exchange, write, read } of file.topic_permissions) {
    naming(`topic permission of user '${user}' in vhost '${vhost}'`, () => checkTopicPatterns({ write, read }));
    facts.push({ type: 'topic-permission.put', user, vhost, exchange, write, read });
  }
  for (const { vhost } of rules) if (!vhosts.has(vhost)) throw badRequest(`no such vhost: '${vhost}'`);
  for (const { name, metadata, ...beside } of file.vhosts) {
    const vhost = naming(`vhost '${name}'`, () => broker.createVhost(name));
    const given = { ...beside, ...metadata };
    if ('description' in given || 'tags' in given || 'default_queue_type' in given)
      broker.changeVhost(vhost, metadataOf(given));
  }
  await recordPeople(target, facts);
}

async function credentialOf(
  { passwordAlgorithm }: ImportTarget,
  user: UserDefinition,
): Promise<{ passwordHash: string; algorithm: HashAlgorithm }> {
  const who = `user '${user.name}'`;
  try {
    if (user.password !== undefined) {
      const passwordHash = await hashPassword(user.password, passwordAlgorithm);
      return { passwordHash, algorithm: passwordAlgorithm };
    }
    if (user.leveret_password_hash !== undefined) {
      checkPasswordHash(user.leveret_password_hash, 'scrypt');
      return { passwordHash: user.leveret_password_hash, algorithm: 'scrypt' };
    }
    const passwordHash = user.password_hash ?? '';
    const named = user.hashing_algorithm ?? algorithmOf(passwordHash);
    const algorithm = HASH_ALGORITHMS.find(known => known === named);
    if (algorithm === undefined)
      throw badRequest(`${who}: hashing_algorithm is not one of ${HASH_ALGORITHMS.join(', ')}`);
    if (passwordHash !== '') checkPasswordHash(passwordHash, algorithm);
    return { passwordHash, algorithm };
  } catch (error) {
    throw error instanceof PasswordError ? badRequest(`${who}: ${error.message}`) : error;
  }
}

/** Old files do not say the algorithm; the length of the hash does. */
function algorithmOf(hash: string): HashAlgorithm {
  if (hash.startsWith('scrypt$')) return 'scrypt';
  const bytes = Buffer.from(hash, 'base64').length;
  if (bytes === 20) return 'rabbit_password_hashing_md5';
  return bytes === 68 ? 'rabbit_password_hashing_sha512' : 'rabbit_password_hashing_sha256';
}

/** Runs over all of them, with other things in between. */
async function each<T>(items: readonly T[], run: (item: T) => void): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % sliceItems === 0) await nextTurn();
    run(item);
  }
}

function naming<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof AmqpError) throw badRequest(`${what}: ${error.text}`);
    throw error instanceof PatternError ? badRequest(`${what}: ${error.message}`) : error;
  }
}
