// Exporting definitions: all of the broker, or one vhost, in RabbitMQ's form.
import type { Account } from '../../auth/authority.ts';
import type { Exchange } from '../../broker/exchange.ts';
import { isPredeclared } from '../../broker/predeclared.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { jsonOf } from '../amqp-json.ts';
import type { Management } from '../management.ts';
import { anyBinding, type BindingDefinition, bindingDefinition } from '../views/binding.ts';
import { parametersOf } from '../views/parameter.ts';
import { permissionsOf, topicPermissionsOf } from '../views/permission.ts';
import { type PolicyView, policyDefinition } from '../views/policy.ts';
import { metadataView } from '../views/vhost.ts';

/** Everything. Users whose hashes RabbitMQ cannot read are named in `users_that_do_not_travel`. */
export function exportAll(management: Management): object {
  const accounts = [...management.authority.accounts.values()];
  const vhosts = [...management.broker.vhosts.values()];
  return {
    ...versions(management),
    rabbitmq_definition_format: 'cluster',
    original_cluster_name: management.clusterName,
    users_that_do_not_travel: accounts.filter(staysHere).map(({ user }) => user.name),
    users: accounts.map(userDefinition),
    vhosts: vhosts.map(({ name, metadata }) => ({ name, metadata: metadataView(metadata) })),
    permissions: accounts.flatMap(permissionsOf),
    topic_permissions: accounts.flatMap(topicPermissionsOf),
    parameters: vhosts.flatMap(parametersOf),
    global_parameters: [...management.broker.globalParameters].map(([name, value]) => ({ name, value })),
    policies: vhosts.flatMap(policiesOf),
    queues: vhosts.flatMap(vhost => queuesOf(vhost).map(queue => queueDefinition(queue, { vhost: vhost.name }))),
    exchanges: vhosts.flatMap(vhost =>
      exchangesOf(vhost).map(exchange => exchangeDefinition(exchange, { vhost: vhost.name })),
    ),
    bindings: vhosts.flatMap(bindingsOf),
  };
}

/** One vhost: without its name anywhere, so that it can be imported into another. */
export function exportVhost(management: Management, vhost: Vhost): object {
  return {
    ...versions(management),
    rabbitmq_definition_format: 'single_virtual_host',
    parameters: parametersOf(vhost).map(({ vhost: _, ...parameter }) => parameter),
    policies: policiesOf(vhost).map(({ vhost: _, ...policy }) => policy),
    queues: queuesOf(vhost).map(queue => queueDefinition(queue, {})),
    exchanges: exchangesOf(vhost).map(exchange => exchangeDefinition(exchange, {})),
    bindings: bindingsOf(vhost).map(({ vhost: _, ...binding }) => binding),
  };
}

function versions({ product, productVersion, version }: Management): object {
  return {
    rabbit_version: productVersion,
    rabbitmq_version: productVersion,
    product_name: product,
    product_version: productVersion,
    leveret_version: version,
  };
}

/** RabbitMQ refuses a file with a hash that it does not know: there such a user gets no password. */
function staysHere({ algorithm, passwordHash }: Account): boolean {
  return algorithm === 'scrypt' && passwordHash !== '';
}

function userDefinition(account: Account): object {
  const { user, passwordHash, algorithm, limits } = account;
  const hash = staysHere(account)
    ? { password_hash: '', leveret_password_hash: passwordHash, hashing_algorithm: 'rabbit_password_hashing_sha256' }
    : { password_hash: passwordHash, hashing_algorithm: algorithm };
  return { name: user.name, ...hash, tags: user.tags, limits: Object.fromEntries(limits) };
}

function policiesOf(vhost: Vhost): PolicyView[] {
  return [...vhost.rules.policies].map(policy => policyDefinition(vhost, policy));
}

/** Exclusive queues go with their connections. */
function queuesOf({ queues }: Vhost): Queue[] {
  return [...queues.values()].filter(({ owner }) => owner === undefined);
}

function exchangesOf({ exchanges }: Vhost): Exchange[] {
  return [...exchanges.values()].filter(({ name }) => !isPredeclared(name));
}

function bindingsOf(vhost: Vhost): BindingDefinition[] {
  const bindings: BindingDefinition[] = [];
  for (const exchange of vhost.exchanges.values())
    for (const bound of exchange.bindings.values()) {
      const { destination } = bound;
      if (destination.kind === 'queue' && destination.owner !== undefined) continue;
      bindings.push(bindingDefinition(anyBinding(vhost, bound)));
    }
  return bindings;
}

function queueDefinition({ name, durable, autoDelete, arguments: args }: Queue, place: object): object {
  return { name, ...place, durable, auto_delete: autoDelete, arguments: jsonOf(args) };
}

function exchangeDefinition(exchange: Exchange, place: object): object {
  const { name, type, durable, autoDelete, internal, arguments: args } = exchange;
  return { name, ...place, type, durable, auto_delete: autoDelete, internal, arguments: jsonOf(args) };
}
