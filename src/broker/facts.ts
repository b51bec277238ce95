// The facts that must survive a restart, besides messages: state is their fold, in the order in which they were recorded.
import type { VhostMetadata } from './vhost-metadata.ts';

/** Arguments travel as base64 of an encoded field table, so that every type tag survives. */
export type Fact =
  /** Without metadata there is none. */
  | { readonly type: 'vhost.created'; readonly name: string; readonly metadata?: Partial<VhostMetadata> }
  /** The metadata is all that the vhost has from then on. */
  | { readonly type: 'vhost.changed'; readonly name: string; readonly metadata: Partial<VhostMetadata> }
  | { readonly type: 'vhost.deleted'; readonly name: string }
  | {
      readonly type: 'exchange.declared';
      readonly vhost: string;
      readonly name: string;
      readonly kind: string;
      readonly autoDelete: boolean;
      readonly internal: boolean;
      readonly arguments: string;
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
  | {
      readonly type: 'permission.put';
      readonly user: string;
      readonly vhost: string;
      readonly configure: string;
      readonly write: string;
      readonly read: string;
    }
  | { readonly type: 'permission.delete'; readonly user: string; readonly vhost: string };
