// What the API's answers hold, as far as the page shows it. All is optional that depends on columns or on the broker's age.
import type { Details } from './series.ts';

export type Table = Readonly<Record<string, unknown>>;

/** Counters, each with its `_details`. */
export type Counters = { readonly [name: `${string}_details`]: Details } & {
  readonly [name: string]: number | Details | undefined;
};

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly count: number;
}

export interface Queue {
  readonly name: string;
  readonly vhost: string;
  readonly type?: string;
  readonly durable?: boolean;
  readonly auto_delete?: boolean;
  readonly exclusive?: boolean;
  readonly arguments?: Table;
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: Table | null;
  /** Of one queue alone. */
  readonly effective?: readonly EffectiveValue[];
  /** Messages that left it without an ack, by the reason. */
  readonly deaths?: Readonly<Record<string, number>>;
  readonly messages_retrying?: number;
  readonly messages_deduplicated?: number;
  readonly state?: string;
  readonly node?: string;
  readonly idle_since?: string;
  readonly consumers?: number;
  readonly consumer_capacity?: number | null;
  readonly memory?: number;
  readonly messages?: number;
  readonly messages_details?: Details;
  readonly messages_ready?: number;
  readonly messages_ready_details?: Details;
  readonly messages_unacknowledged?: number;
  readonly messages_unacknowledged_details?: Details;
  readonly messages_persistent?: number;
  readonly messages_ram?: number;
  readonly message_bytes?: number;
  readonly message_bytes_ready?: number;
  readonly message_bytes_unacknowledged?: number;
  readonly message_bytes_persistent?: number;
  readonly message_bytes_ram?: number;
  readonly message_stats?: Counters;
  readonly oldest_message_age_ms?: number | null;
  readonly wait_ms?: Percentiles | null;
  readonly processing_ms?: Percentiles | null;
  readonly time_to_empty_s?: number | null;
  readonly incoming?: readonly { readonly exchange: { readonly name: string }; readonly stats: Counters }[];
  readonly deliveries?: readonly { readonly channel_details: { readonly name: string }; readonly stats: Counters }[];
}

export interface Exchange {
  readonly name: string;
  readonly vhost: string;
  readonly type?: string;
  readonly durable?: boolean;
  readonly auto_delete?: boolean;
  readonly internal?: boolean;
  readonly arguments?: Table;
  readonly policy?: string | null;
  readonly effective?: readonly EffectiveValue[];
  readonly messages_deduplicated?: number;
  /** Of those alone that delay. */
  readonly messages_delayed?: number;
  readonly message_bytes_delayed?: number;
  readonly next_due_at?: number | null;
  readonly message_stats?: Counters;
}

/** A value that holds for a queue or an exchange. */
export interface EffectiveValue {
  /** The argument or, where policies alone can say it, the policy key. */
  readonly name: string;
  readonly key: string | null;
  readonly value: string | number | boolean;
  readonly from: 'argument' | 'policy' | 'operator policy';
  /** The name of the policy that it comes from. */
  readonly policy: string | null;
}

/** The two kinds of policies, as paths name them. */
export type PolicyKind = 'policies' | 'operator-policies';

export interface Policy {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly definition: Table;
  readonly priority: number;
  readonly holds_for?: { readonly queues: number; readonly exchanges: number };
  /** Names of what it holds for, the first 500 of each kind; of one policy alone. */
  readonly queues?: readonly string[];
  readonly exchanges?: readonly string[];
  /** How many it matches for which another one holds, and which. */
  readonly overruled?: number;
  readonly overruled_by?: readonly string[];
}

export interface Alarm {
  readonly node: string;
  readonly resource: 'memory' | 'disk';
  readonly set_by: 'watermark' | 'operator' | 'journal';
  readonly reason: string;
}

export interface TopicPermission {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export interface Binding {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: 'queue' | 'exchange';
  readonly routing_key: string;
  readonly arguments: Table;
  readonly properties_key: string;
}

export interface ConnectionInfo {
  readonly name: string;
  readonly vhost: string;
  readonly user?: string;
  readonly user_provided_name?: string;
  readonly node?: string;
  readonly state?: string;
  readonly protocol?: string;
  readonly channels?: number;
  readonly channel_max?: number;
  readonly frame_max?: number;
  readonly auth_mechanism?: string;
  readonly ssl?: boolean;
  readonly peer_host?: string;
  readonly peer_port?: number;
  readonly host?: string;
  readonly port?: number;
  readonly timeout?: number;
  readonly connected_at?: number;
  readonly client_properties?: Table;
  readonly recv_oct?: number;
  readonly recv_oct_details?: Details;
  readonly send_oct?: number;
  readonly send_oct_details?: Details;
}

export interface ChannelInfo {
  readonly name: string;
  readonly vhost: string;
  readonly number?: number;
  readonly user?: string;
  readonly node?: string;
  readonly state?: string;
  readonly idle_since?: string;
  readonly confirm?: boolean;
  readonly transactional?: boolean;
  readonly prefetch_count?: number;
  readonly global_prefetch_count?: number;
  readonly consumer_count?: number;
  readonly messages_unacknowledged?: number;
  readonly messages_unconfirmed?: number;
  readonly messages_uncommitted?: number;
  readonly acks_uncommitted?: number;
  readonly connection_details?: { readonly name: string; readonly peer_host?: string; readonly peer_port?: number };
  readonly message_stats?: Counters;
  readonly consumer_details?: readonly ConsumerInfo[];
  readonly publishes?: readonly { readonly exchange: { readonly name: string }; readonly stats: Counters }[];
  readonly deliveries?: readonly {
    readonly queue: { readonly name: string; readonly vhost: string };
    readonly stats: Counters;
  }[];
}

export interface ConsumerInfo {
  readonly consumer_tag: string;
  readonly queue: { readonly name: string; readonly vhost: string };
  readonly channel_details: {
    readonly name: string;
    readonly connection_name?: string;
    readonly peer_host?: string;
    readonly peer_port?: number;
    readonly user?: string;
  };
  readonly ack_required?: boolean;
  readonly active?: boolean;
  readonly activity_status?: string;
  readonly exclusive?: boolean;
  readonly prefetch_count?: number;
  readonly arguments?: Table;
}

export interface Worker {
  /** '' for messages that were got with basic.get. */
  readonly consumer_tag: string;
  readonly channel: string;
  readonly connection_name: string;
  readonly user_provided_name?: string | null;
  readonly peer_host?: string;
  readonly peer_port?: number;
  readonly user?: string;
  readonly client?: string | { readonly product?: string; readonly version?: string } | null;
  readonly ack_required: boolean;
  readonly active?: boolean;
  readonly prefetch_count: number;
  readonly delivered: number;
  readonly acked: number;
  readonly task_count: number;
  readonly tasks: readonly Task[];
  readonly processing_ms: Percentiles | null;
}

export interface Task {
  readonly delivery_tag: number;
  readonly sequence: number;
  readonly delivered_at: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routing_key: string;
  readonly body_bytes: number;
}

export interface Message {
  readonly sequence: number;
  readonly state: 'ready' | 'unacked';
  readonly redelivered: boolean;
  /** null where the disk has not been asked. */
  readonly published_at: number | null;
  readonly age_ms: number;
  readonly exchange: string;
  readonly routing_key: string;
  readonly properties: Table;
  readonly body_bytes: number;
  readonly payload: string;
  readonly payload_encoding: 'string' | 'base64';
  readonly truncated: boolean;
  /** When it expires, ms; null where it does not. */
  readonly expires_at?: number | null;
  /** Why and where it died last; null where it never did. */
  readonly death?: {
    readonly reason: string;
    readonly queue: string;
    readonly exchange: string;
    readonly routing_keys: readonly string[];
    readonly count: number;
  } | null;
  readonly worker: {
    readonly channel: string;
    readonly consumer_tag: string;
    readonly connection_name: string;
    readonly delivery_tag: number;
    readonly delivered_at: number;
  } | null;
}

/** A message that an exchange keeps back. */
export type DelayedMessage = Omit<Message, 'state' | 'redelivered' | 'worker' | 'expires_at' | 'death'> & {
  readonly due_at: number;
  readonly due_in_ms: number;
};

export interface Replay {
  readonly id: number;
  readonly vhost: string;
  readonly queue: string;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly dry_run: boolean;
  readonly started_at: number;
  readonly limit: number | null;
  readonly rate: number | null;
  /** Messages that are as asked for. */
  readonly matched: number;
  readonly sent: number;
  readonly unroutable: number;
  readonly skipped: number;
  /** Not looked at yet. */
  readonly remaining: number;
  readonly origins: readonly { readonly exchange: string; readonly routing_key: string; readonly count: number }[];
}

export interface RouteTest {
  readonly bindings: readonly (Binding & { readonly matched: boolean; readonly why: string })[];
  readonly queues: readonly string[];
  readonly outcome: 'routed' | 'dropped' | 'returned';
  readonly why: string;
}

export interface FlowNode {
  readonly id: string;
  readonly kind: 'producer' | 'exchange' | 'queue' | 'worker';
  readonly name: string;
  readonly vhost: string;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly [more: string]: unknown;
}

export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  /** null where it is not known. */
  readonly rate: number | null;
  readonly label?: string;
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

export interface Overview {
  readonly product_name?: string;
  readonly product_version?: string;
  readonly rabbitmq_version?: string;
  readonly leveret_version?: string;
  readonly cluster_name?: string;
  readonly node?: string;
  readonly object_totals?: Readonly<Record<'channels' | 'connections' | 'consumers' | 'exchanges' | 'queues', number>>;
  readonly queue_totals?: Pick<
    Queue,
    | 'messages'
    | 'messages_details'
    | 'messages_ready'
    | 'messages_ready_details'
    | 'messages_unacknowledged'
    | 'messages_unacknowledged_details'
  >;
  readonly message_stats?: Counters;
  readonly churn_rates?: Counters;
  readonly listeners?: readonly { readonly protocol: string; readonly ip_address: string; readonly port: number }[];
}

export interface NodeInfo {
  readonly name: string;
  readonly uptime?: number;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly mem_alarm?: boolean;
  readonly disk_free?: number;
  readonly disk_free_limit?: number;
  readonly disk_free_alarm?: boolean;
  readonly fd_used?: number;
  readonly fd_total?: number;
  readonly processors?: number;
}

export interface UserInfo {
  readonly name: string;
  readonly tags: string | readonly string[];
  readonly password_hash?: string;
}

export interface Permission {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface VhostInfo {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly default_queue_type?: string;
  readonly tracing?: boolean;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly message_stats?: Counters;
}
