// Every event there is, as data: its key and its headers with their kinds, as RabbitMQ's plugin rabbitmq_event_exchange has them.
import type { Table } from '../amqp/table.ts';
import type { Plain } from '../amqp/table-plain.ts';

/** What a header takes, by its kind. */
export interface HeaderValues {
  text: string;
  /** A routing key of one character per byte. */
  key: string;
  number: number;
  flag: boolean;
  texts: readonly string[];
  /** Printed as Erlang terms, one text per argument. */
  arguments: Table;
  plain: Plain;
  /** A text as the numbers of its characters, which is how RabbitMQ happens to send it. */
  codes: string;
  /** Who did it; the emitter knows. */
  actor: never;
}

export type HeaderKind = keyof HeaderValues;

/** In RabbitMQ's order; `timestamp_in_ms` follows in all of them. */
export const eventTable = {
  'queue.created': {
    user_who_performed_action: 'actor',
    exclusive: 'flag',
    owner_pid: 'text',
    arguments: 'arguments',
    auto_delete: 'flag',
    durable: 'flag',
    name: 'text',
    vhost: 'text',
  },
  'queue.deleted': { user_who_performed_action: 'actor', name: 'text', vhost: 'text' },
  'exchange.created': {
    user_who_performed_action: 'actor',
    policy: 'text',
    arguments: 'arguments',
    internal: 'flag',
    auto_delete: 'flag',
    durable: 'flag',
    type: 'text',
    name: 'text',
    vhost: 'text',
  },
  'exchange.deleted': { user_who_performed_action: 'actor', name: 'text', vhost: 'text' },
  'binding.created': {
    user_who_performed_action: 'actor',
    vhost: 'text',
    arguments: 'arguments',
    routing_key: 'key',
    destination_kind: 'text',
    destination_name: 'text',
    source_kind: 'text',
    source_name: 'text',
  },
  'binding.deleted': {
    user_who_performed_action: 'actor',
    vhost: 'text',
    arguments: 'arguments',
    routing_key: 'key',
    destination_kind: 'text',
    destination_name: 'text',
    source_kind: 'text',
    source_name: 'text',
  },
  'connection.created': {
    user_who_performed_action: 'actor',
    node: 'text',
    connected_at: 'number',
    client_properties: 'arguments',
    channel_max: 'number',
    frame_max: 'number',
    timeout: 'number',
    vhost: 'text',
    user: 'text',
    protocol: 'text',
    ssl_hash: 'text',
    ssl_cipher: 'text',
    ssl_key_exchange: 'text',
    ssl_protocol: 'text',
    auth_mechanism: 'text',
    peer_cert_validity: 'text',
    peer_cert_issuer: 'text',
    peer_cert_subject: 'text',
    ssl: 'flag',
    peer_host: 'text',
    host: 'text',
    peer_port: 'number',
    port: 'number',
    name: 'text',
    pid: 'text',
    type: 'text',
    user_provided_name: 'text',
  },
  'connection.closed': {
    client_properties: 'arguments',
    node: 'text',
    pid: 'text',
    name: 'text',
    user_provided_name: 'text',
  },
  'channel.created': {
    user_who_performed_action: 'actor',
    vhost: 'text',
    user: 'text',
    number: 'number',
    connection: 'text',
    name: 'text',
    pid: 'text',
  },
  'channel.closed': { user_who_performed_action: 'actor', pid: 'text' },
  'consumer.created': {
    user_who_performed_action: 'actor',
    arguments: 'arguments',
    prefetch_count: 'number',
    queue: 'text',
    vhost: 'text',
    channel: 'text',
    ack_required: 'flag',
    exclusive: 'flag',
    consumer_tag: 'text',
  },
  'consumer.deleted': {
    user_who_performed_action: 'actor',
    queue: 'text',
    vhost: 'text',
    channel: 'text',
    consumer_tag: 'text',
  },
  'policy.set': {
    'apply-to': 'text',
    priority: 'number',
    definition: 'plain',
    pattern: 'text',
    user_who_performed_action: 'actor',
    vhost: 'text',
    name: 'text',
  },
  'policy.cleared': { user_who_performed_action: 'actor', vhost: 'text', name: 'text' },
  'operator.policy.cleared': { user_who_performed_action: 'actor', vhost: 'text', name: 'text' },
  'vhost.created': {
    tags: 'texts',
    description: 'text',
    user_who_performed_action: 'actor',
    cluster_state: 'plain',
    tracing: 'flag',
    metadata: 'text',
    default_queue_type: 'text',
    name: 'text',
  },
  'vhost.deleted': { user_who_performed_action: 'actor', name: 'text' },
  'user.created': { user_who_performed_action: 'actor', name: 'text' },
  'user.deleted': { user_who_performed_action: 'actor', name: 'text' },
  'user.password.changed': { user_who_performed_action: 'actor', name: 'text' },
  'user.tags.set': { user_who_performed_action: 'actor', tags: 'texts', name: 'text' },
  'user.authentication.success': {
    ssl: 'flag',
    auth_mechanism: 'text',
    protocol: 'text',
    peer_port: 'number',
    peer_host: 'text',
    connection_name: 'text',
    host: 'text',
    name: 'text',
    connection_type: 'text',
  },
  'user.authentication.failure': {
    error: 'codes',
    ssl: 'flag',
    auth_mechanism: 'text',
    protocol: 'text',
    peer_port: 'number',
    peer_host: 'text',
    connection_name: 'text',
    host: 'text',
    name: 'text',
    connection_type: 'text',
  },
  'permission.created': {
    user_who_performed_action: 'actor',
    read: 'text',
    write: 'text',
    configure: 'text',
    vhost: 'text',
    user: 'text',
  },
  'permission.deleted': { user_who_performed_action: 'actor', vhost: 'text', user: 'text' },
  'topic.permission.created': {
    user_who_performed_action: 'actor',
    read: 'text',
    write: 'text',
    exchange: 'text',
    vhost: 'text',
    user: 'text',
  },
  'topic.permission.deleted': { user_who_performed_action: 'actor', vhost: 'text', user: 'text' },
  'alarm.set': { node: 'text', source: 'text' },
  'alarm.cleared': { node: 'text', source: 'text' },
} as const;

export type EventKey = keyof typeof eventTable;

type Headers<K extends EventKey> = (typeof eventTable)[K];

/** What is told of an event: every header but the actor; `user_provided_name` only where there is one. */
export type EventValues<K extends EventKey> = {
  readonly [H in keyof Headers<K> as Headers<K>[H] extends 'actor' ? never : H]: Headers<K>[H] extends HeaderKind
    ? HeaderValues[Headers<K>[H]] | (H extends 'user_provided_name' ? undefined : never)
    : never;
};
