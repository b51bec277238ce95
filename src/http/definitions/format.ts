// Definitions files: the form in which RabbitMQ 3.10 and later export users, vhosts, permissions, queues, exchanges and bindings.
import { z } from 'zod';
import type { Patterns } from '../../auth/permission.ts';
import type { TopicPatterns } from '../../auth/topic-permission.ts';
import type { Json } from '../amqp-json.ts';
import { argumentsTable, json, name, truth, words } from '../fields.ts';
import { metadataFields, type VhostWords } from '../vhost-fields.ts';

type Arguments = z.output<typeof argumentsTable>;

export interface UserDefinition {
  readonly name: string;
  readonly password?: string | undefined;
  readonly password_hash?: string | undefined;
  /** Of Leveret's own: a hash that RabbitMQ cannot read, beside an empty `password_hash`. */
  readonly leveret_password_hash?: string | undefined;
  readonly hashing_algorithm?: string | null | undefined;
  readonly tags: readonly string[];
  readonly limits: { readonly [name: string]: Json };
}

/** RabbitMQ 3.10 says it beside the name, later ones in `metadata`; without either what is known stays. */
interface VhostDefinition extends VhostWords {
  readonly name: string;
  readonly limits?: Json | undefined;
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
  readonly topic_permissions: readonly (TopicPatterns & {
    readonly user: string;
    readonly vhost: string;
    readonly exchange: string;
  })[];
  readonly parameters: readonly {
    readonly vhost?: string | undefined;
    readonly component: string;
    readonly name: string;
    readonly value: Json;
  }[];
  readonly global_parameters: readonly { readonly name: string; readonly value: Json }[];
  readonly policies: readonly {
    readonly vhost?: string | undefined;
    readonly name: string;
    readonly pattern: Json;
    readonly definition: Json;
    readonly priority?: Json | undefined;
    readonly 'apply-to'?: Json | undefined;
  }[];
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
  limits: argumentsTable.default({}),
});

const vhost = z.looseObject({
  name,
  limits: json.optional(),
  ...metadataFields,
  metadata: z.looseObject(metadataFields).optional(),
});

const permission = z.looseObject({
  user: name,
  vhost: name,
  configure: z.string().max(4096),
  write: z.string().max(4096),
  read: z.string().max(4096),
});

const topicPermission = z.looseObject({
  user: name,
  vhost: name,
  exchange: name,
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

const parameter = z.looseObject({ vhost: name.optional(), component: name, name, value: json });

const globalParameter = z.looseObject({ name, value: json });

// Checked by the broker, which knows RabbitMQ's words for what is wrong.
const policy = z.looseObject({
  vhost: name.optional(),
  name,
  pattern: json,
  definition: json,
  priority: json.optional(),
  'apply-to': json.optional(),
});

export const definitionsFile: z.ZodType<Definitions, unknown> = z.looseObject({
  users: many(user),
  vhosts: many(vhost),
  permissions: many(permission),
  queues: many(queue),
  exchanges: many(exchange),
  bindings: many(binding),
  topic_permissions: many(topicPermission),
  parameters: many(parameter),
  global_parameters: many(globalParameter),
  policies: many(policy),
});

/** RabbitMQ's own id and name of the cluster: every file has them, and they are of that cluster alone. */
export function isOfCluster(globalParameter: string): boolean {
  return globalParameter === 'internal_cluster_id' || globalParameter === 'cluster_name';
}
