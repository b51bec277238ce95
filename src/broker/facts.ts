// The facts that must survive a restart, besides messages: state is their fold, in the order in which they were recorded.

import type { Plain } from '../amqp/table-plain.ts';
import type { SeenValue, WaitingValue } from './deduplication.ts';
import type { PolicyOptions } from './policy.ts';
import type { PolicyKind } from './policy-check.ts';
import type { VhostMetadata } from './vhost-metadata.ts';

/** What was set for a vhost as a whole; what is put replaces what was there under the name. */
export type RuleFact =
  | ({ readonly type: `${PolicyKind}.put`; readonly vhost: string } & PolicyOptions)
  | { readonly type: `${PolicyKind}.delete`; readonly vhost: string; readonly name: string }
  | { readonly type: 'limit.put'; readonly vhost: string; readonly name: string; readonly value: number }
  | { readonly type: 'limit.delete'; readonly vhost: string; readonly name: string }
  | {
      readonly type: 'parameter.put';
      readonly vhost: string;
      readonly component: string;
      readonly name: string;
      readonly value: Plain;
    }
  | { readonly type: 'parameter.delete'; readonly vhost: string; readonly component: string; readonly name: string };

/** What was set for the whole broker. */
export type GlobalParameterFact =
  | { readonly type: 'global-parameter.put'; readonly name: string; readonly value: Plain }
  | { readonly type: 'global-parameter.delete'; readonly name: string };

/** Arguments travel as base64 of an encoded field table, so that every type tag survives. */
export type Fact =
  | RuleFact
  | GlobalParameterFact
  /** Without metadata there is none. */
  | { readonly type: 'vhost.created'; readonly name: string; readonly metadata?: Partial<VhostMetadata> }
  /** The metadata is all that the vhost has from then on. */
  | { readonly type: 'vhost.changed'; readonly name: string; readonly metadata: Partial<VhostMetadata> }
  | { readonly type: 'vhost.deleted'; readonly name: string }
  | { readonly type: 'vhost.tracing'; readonly vhost: string; readonly on: boolean }
  | {
      readonly type: 'exchange.declared';
      readonly vhost: string;
      readonly name: string;
      readonly kind: string;
      readonly autoDelete: boolean;
      readonly internal: boolean;
      readonly arguments: string;
      /** Of a delayed exchange: what the entries of its messages carry, never reused. */
      readonly id?: number;
    }
  | { readonly type: 'exchange.deleted'; readonly vhost: string; readonly name: string }
  | {
      readonly type: 'queue.declared';
      /** Never reused; the entries of the queue's messages carry it. */
      readonly id: number;
      readonly vhost: string;
      readonly name: string;
      readonly autoDelete: boolean;
      readonly arguments: string;
    }
  | { readonly type: 'queue.deleted'; readonly id: number; readonly vhost: string; readonly name: string }
  /** The queue has had a consumer or a get since this was recorded: after an unclean stop its messages may have been delivered. */
  | { readonly type: 'queue.consumed'; readonly id: number }
  /** Values that messages had that were published to the exchange, which takes none of them again. */
  | {
      readonly type: 'exchange.seen';
      readonly vhost: string;
      readonly exchange: string;
      readonly values: readonly SeenValue[];
    }
  /** Values of messages in the queue; those of messages that are settled mean nothing any more. */
  | { readonly type: 'queue.seen'; readonly id: number; readonly values: readonly WaitingValue[] }
  | {
      readonly type: 'bound' | 'unbound';
      readonly vhost: string;
      readonly source: string;
      readonly kind: 'queue' | 'exchange';
      readonly destination: string;
      readonly routingKey: string;
      readonly arguments: string;
    }
  | {
      readonly type: 'user.put';
      readonly name: string;
      readonly passwordHash: string;
      readonly algorithm: string;
      readonly tags: readonly string[];
    }
  | { readonly type: 'user.delete'; readonly name: string }
  | { readonly type: 'user.limit.put'; readonly user: string; readonly name: string; readonly value: number }
  | { readonly type: 'user.limit.delete'; readonly user: string; readonly name: string }
  | {
      readonly type: 'permission.put';
      readonly user: string;
      readonly vhost: string;
      readonly configure: string;
      readonly write: string;
      readonly read: string;
    }
  | { readonly type: 'permission.delete'; readonly user: string; readonly vhost: string }
  | {
      readonly type: 'topic-permission.put';
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
      readonly write: string;
      readonly read: string;
    }
  | {
      readonly type: 'topic-permission.delete';
      readonly user: string;
      readonly vhost: string;
      readonly exchange: string;
    };
