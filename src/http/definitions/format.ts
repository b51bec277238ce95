// Definitions files: the form in which RabbitMQ 3.10 and later export users, vhosts, permissions, queues, exchanges and bindings.
import { z } from 'zod';
import type { Patterns } from '../../auth/permission.ts';
import { argumentsTable, name, truth, words } from '../fields.ts';
import { metadataFields, type VhostWords } from '../vhost-fields.ts';

type Arguments = z.output<typeof argumentsTable>;
type Other = { readonly [key: string]: unknown };

export interface UserDefinition {
  readonly name: string;
  readonly password?: string | undefined;
  readonly password_hash?: string | undefined;
  /** Of Leveret's own: a hash that RabbitMQ cannot read, beside an empty `password_hash`. */
  readonly leveret_password_hash?: string | undefined;
  readonly hashing_algorithm?: string | null | undefined;
  readonly tags: readonly string[];
}

/** RabbitMQ 3.10 says it beside the name, later ones in `metadata`; without either what is known stays. */
interface VhostDefinition extends VhostWords {
  readonly name: string;
  readonly metadata?: VhostWords | undefined;
}

/** A definitions file that was checked. In that of one vhost nothing says which. */
export interface Definitions {
  readonly users: readonly UserDefinition[];
  readonly vhosts: readonly VhostDefinition[];
  readonly permissions: readonly (Patterns & { readonly user: string; readonly vhost: string })[];
  readonly queues: readonly (Declared & { readonly name: string })[];
  readonly exchanges: readonly (Declared & {
    readonly name: string;
    readonly type: string;
    readonly internal: boolean;
  })[];
  readonly bindings: readonly BindingDefinition[];
  /** These are not kept yet: an import names those that there were. */
  readonly topic_permissions: readonly Other[];
  readonly parameters: readonly Other[];
  readonly global_parameters: readonly Other[];
  readonly policies: readonly Other[];
}

interface Declared {
  readonly vhost?: string | undefined;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly arguments: Arguments;
}

interface BindingDefinition {
  readonly source: string;
  readonly vhost?: string | undefined;
  readonly destination: string;
  readonly destination_type: 'queue' | 'exchange';
  readonly routing_key: string;
  readonly arguments: Arguments;
}

/** Most of anything in a file. */
const itemsMax = 200_000;

const many = <T extends z.ZodType>(item: T): z.ZodDefault<z.ZodArray<T>> => z.array(item).max(itemsMax).default([]);

// Every version adds fields of its own: those that are not known here are left alone.
const user = z.looseObject({
  name,
  password: z.string().max(4096).optional(),
  password_hash: z.string().max(4096).optional(),
  leveret_password_hash: z.string().max(4096).optional(),
  hashing_algorithm: z.string().nullish(),
  tags: words.default([]),
});

const vhost = z.looseObject({ name, ...metadataFields, metadata: z.looseObject(metadataFields).optional() });

const permission = z.looseObject({
  user: name,
  vhost: name,
  configure: z.string().max(4096),
  write: z.string().max(4096),
  read: z.string().max(4096),
});

const queue = z.looseObject({
  name,
  vhost: name.optional(),
  durable: truth.default(true),
  auto_delete: truth.default(false),
  arguments: argumentsTable.default({}),
});

const exchange = z.looseObject({
  name,
  vhost: name.optional(),
  type: z.string().max(255),
  durable: truth.default(true),
  auto_delete: truth.default(false),
  internal: truth.default(false),
  arguments: argumentsTable.default({}),
});

const binding = z.looseObject({
  source: name,
  vhost: name.optional(),
  destination: name,
  destination_type: z.enum(['queue', 'exchange']),
  routing_key: name,
  arguments: argumentsTable.default({}),
});

const unknownItem = z.looseObject({});

export const definitionsFile: z.ZodType<Definitions, unknown> = z.looseObject({
  users: many(user),
  vhosts: many(vhost),
  permissions: many(permission),
  queues: many(queue),
  exchanges: many(exchange),
  bindings: many(binding),
  topic_permissions: many(unknownItem),
  parameters: many(unknownItem),
  global_parameters: many(unknownItem),
  policies: many(unknownItem),
});

/** What an import takes of a file but does not keep. `global_parameters` always has RabbitMQ's own id of the cluster. */
export function ignoredIn(file: Definitions): Record<string, number> {
  const counts = {
    topic_permissions: file.topic_permissions.length,
    parameters: file.parameters.length,
    global_parameters: file.global_parameters.filter(({ name: key }) => !isOfCluster(key)).length,
    policies: file.policies.length,
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

function isOfCluster(key: unknown): boolean {
  return key === 'internal_cluster_id' || key === 'cluster_name';
}
