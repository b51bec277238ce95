// What `leveret list` shows of each kind of thing: where the API has it, and the columns of its table.
import type { Call } from '../http/calls.ts';
import { bytes, duration, plain, rate } from './text.ts';

/** A column of a list: its title, the field of the API by its dotted path, and how a value looks when not as it is. */
export interface ListColumn {
  readonly title: string;
  readonly field: string;
  readonly show?: (value: unknown) => string;
  /** Shown only when the list is not of one vhost. */
  readonly vhost?: true;
}

type VhostCall =
  | 'GET /queues/:vhost'
  | 'GET /vhosts/:vhost/connections'
  | 'GET /vhosts/:vhost/channels'
  | 'GET /consumers/:vhost'
  | 'GET /exchanges/:vhost'
  | 'GET /bindings/:vhost'
  | 'GET /vhosts/:name/permissions'
  | 'GET /vhosts/:name/topic-permissions'
  | 'GET /policies/:vhost'
  | 'GET /operator-policies/:vhost';

/** A kind of thing that can be listed. */
export interface ListKind {
  readonly summary: string;
  /** The call for those of all vhosts. */
  readonly all: Exclude<Call, `${string}:${string}`>;
  /** The call for those of one; undefined where they are of none. */
  readonly ofVhost?: VhostCall;
  /** The first one is what `--filter` looks into. */
  readonly columns: readonly ListColumn[];
}

const orDash =
  (show: (value: number) => string) =>
  (value: unknown): string =>
    typeof value === 'number' ? show(value) : '-';
const perSecond = orDash(rate);
const span = orDash(duration);
const since = orDash(ms => duration(Date.now() - ms));
const size = orDash(bytes);
const yesNo = (value: unknown): string => (value === true ? 'yes' : value === false ? 'no' : '-');
const exchangeName = (value: unknown): string => (value === '' ? '(default)' : shown(value));
const list = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(',') : shown(value));
const vhost: ListColumn = { title: 'vhost', field: 'vhost', vhost: true };

const policyColumns: readonly ListColumn[] = [
  { title: 'name', field: 'name' },
  vhost,
  { title: 'pattern', field: 'pattern' },
  { title: 'apply-to', field: 'apply-to' },
  { title: 'priority', field: 'priority' },
  { title: 'definition', field: 'definition' },
  { title: 'queues', field: 'holds_for.queues' },
  { title: 'exchanges', field: 'holds_for.exchanges' },
];

/** The kinds, by their names in the plural. */
export const LIST_KINDS: Readonly<Record<string, ListKind>> = {
  queues: {
    summary: 'queues, what waits in them and how fast it moves',
    all: 'GET /queues',
    ofVhost: 'GET /queues/:vhost',
    columns: [
      { title: 'name', field: 'name' },
      vhost,
      { title: 'durable', field: 'durable', show: yesNo },
      { title: 'state', field: 'state' },
      { title: 'ready', field: 'messages_ready' },
      { title: 'unacked', field: 'messages_unacknowledged' },
      { title: 'consumers', field: 'consumers' },
      { title: 'in/s', field: 'message_stats.publish_details.rate', show: perSecond },
      { title: 'out/s', field: 'message_stats.deliver_get_details.rate', show: perSecond },
      { title: 'ack/s', field: 'message_stats.ack_details.rate', show: perSecond },
      { title: 'oldest', field: 'oldest_message_age_ms', show: span },
    ],
  },
  connections: {
    summary: 'connections, who they are and what they send',
    all: 'GET /connections',
    ofVhost: 'GET /vhosts/:vhost/connections',
    columns: [
      { title: 'name', field: 'name' },
      { title: 'its name', field: 'user_provided_name' },
      { title: 'user', field: 'user' },
      vhost,
      { title: 'state', field: 'state' },
      { title: 'channels', field: 'channels' },
      { title: 'client', field: 'client_properties.product' },
      { title: 'in/s', field: 'recv_oct_details.rate', show: size },
      { title: 'out/s', field: 'send_oct_details.rate', show: size },
      { title: 'since', field: 'connected_at', show: since },
    ],
  },
  channels: {
    summary: 'channels, their mode and what they have in hand',
    all: 'GET /channels',
    ofVhost: 'GET /vhosts/:vhost/channels',
    columns: [
      { title: 'name', field: 'name' },
      { title: 'user', field: 'user' },
      vhost,
      { title: 'state', field: 'state' },
      { title: 'confirm', field: 'confirm', show: yesNo },
      { title: 'tx', field: 'transactional', show: yesNo },
      { title: 'unconfirmed', field: 'messages_unconfirmed' },
      { title: 'prefetch', field: 'prefetch_count' },
      { title: 'unacked', field: 'messages_unacknowledged' },
      { title: 'consumers', field: 'consumer_count' },
      { title: 'in/s', field: 'message_stats.publish_details.rate', show: perSecond },
      { title: 'out/s', field: 'message_stats.deliver_get_details.rate', show: perSecond },
      { title: 'ack/s', field: 'message_stats.ack_details.rate', show: perSecond },
    ],
  },
  consumers: {
    summary: 'consumers and their queues',
    all: 'GET /consumers',
    ofVhost: 'GET /consumers/:vhost',
    columns: [
      { title: 'queue', field: 'queue.name' },
      { title: 'vhost', field: 'queue.vhost', vhost: true },
      { title: 'tag', field: 'consumer_tag' },
      { title: 'channel', field: 'channel_details.name' },
      { title: 'user', field: 'channel_details.user' },
      { title: 'acks', field: 'ack_required', show: yesNo },
      { title: 'prefetch', field: 'prefetch_count' },
      { title: 'active', field: 'active', show: yesNo },
    ],
  },
  exchanges: {
    summary: 'exchanges and how fast messages go through them',
    all: 'GET /exchanges',
    ofVhost: 'GET /exchanges/:vhost',
    columns: [
      { title: 'name', field: 'name', show: exchangeName },
      vhost,
      { title: 'type', field: 'type' },
      { title: 'durable', field: 'durable', show: yesNo },
      { title: 'auto-delete', field: 'auto_delete', show: yesNo },
      { title: 'internal', field: 'internal', show: yesNo },
      { title: 'in/s', field: 'message_stats.publish_in_details.rate', show: perSecond },
      { title: 'out/s', field: 'message_stats.publish_out_details.rate', show: perSecond },
    ],
  },
  bindings: {
    summary: 'bindings: which exchange gives what to whom',
    all: 'GET /bindings',
    ofVhost: 'GET /bindings/:vhost',
    columns: [
      { title: 'source', field: 'source', show: exchangeName },
      vhost,
      { title: 'destination', field: 'destination' },
      { title: 'to', field: 'destination_type' },
      { title: 'key', field: 'routing_key' },
      { title: 'arguments', field: 'arguments', show: value => (shown(value) === '{}' ? '' : shown(value)) },
    ],
  },
  users: {
    summary: 'users and their tags',
    all: 'GET /users',
    columns: [
      { title: 'name', field: 'name' },
      { title: 'tags', field: 'tags', show: list },
    ],
  },
  permissions: {
    summary: 'who may configure, write and read what',
    all: 'GET /permissions',
    ofVhost: 'GET /vhosts/:name/permissions',
    columns: [
      { title: 'user', field: 'user' },
      vhost,
      { title: 'configure', field: 'configure' },
      { title: 'write', field: 'write' },
      { title: 'read', field: 'read' },
    ],
  },
  'topic-permissions': {
    summary: 'who may use which routing keys of topic exchanges',
    all: 'GET /topic-permissions',
    ofVhost: 'GET /vhosts/:name/topic-permissions',
    columns: [
      { title: 'user', field: 'user' },
      vhost,
      { title: 'exchange', field: 'exchange' },
      { title: 'write', field: 'write' },
      { title: 'read', field: 'read' },
    ],
  },
  policies: {
    summary: 'policies, and how many queues and exchanges each holds for',
    all: 'GET /policies',
    ofVhost: 'GET /policies/:vhost',
    columns: policyColumns,
  },
  'operator-policies': {
    summary: 'operator policies, and how many queues and exchanges each holds for',
    all: 'GET /operator-policies',
    ofVhost: 'GET /operator-policies/:vhost',
    columns: policyColumns,
  },
  parameters: {
    summary: 'parameters of virtual hosts, limits and operator policies included',
    all: 'GET /parameters',
    columns: [
      { title: 'name', field: 'name' },
      { title: 'component', field: 'component' },
      { title: 'vhost', field: 'vhost' },
      { title: 'value', field: 'value' },
    ],
  },
  'global-parameters': {
    summary: 'parameters of the whole broker',
    all: 'GET /global-parameters',
    columns: [
      { title: 'name', field: 'name' },
      { title: 'value', field: 'value' },
    ],
  },
  vhosts: {
    summary: 'virtual hosts and how many messages are in them',
    all: 'GET /vhosts',
    columns: [
      { title: 'name', field: 'name' },
      { title: 'ready', field: 'messages_ready' },
      { title: 'unacked', field: 'messages_unacknowledged' },
      { title: 'tags', field: 'tags' },
      { title: 'description', field: 'description' },
    ],
  },
};

/** The value at a dotted path of an object of the API. */
export function fieldOf(item: object, field: string): unknown {
  let value: unknown = item;
  for (const key of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** A value on one line. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  return plain(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
