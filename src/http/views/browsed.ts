// A message of a queue as a look into it shows it.
import { decodeProperties } from '../../amqp/properties.ts';
import type { BrowsedMessage } from '../../broker/browse.ts';
import { deathOf } from '../../broker/death-headers.ts';
import { jsonOfProperties, payloadOf } from '../amqp-json.ts';
import { channelName } from './channel.ts';
import { bodyOf, exchangeAndKey } from './message.ts';
import { channelOf } from './worker.ts';

/** `truncate` is how many bytes of the payload are shown. A message that the disk does not give back has no payload. */
export function browsedView(item: BrowsedMessage, now: number, truncate: number): object {
  const { message, publishedAt, bodyBytes } = item;
  return {
    sequence: item.sequence,
    state: item.state,
    redelivered: item.redelivered,
    published_at: publishedAt ?? null,
    age_ms: publishedAt === undefined ? null : Math.max(0, now - publishedAt),
    body_bytes: bodyBytes,
    expires_at: item.deadline === 0 ? null : item.deadline,
    worker: workerOf(item),
    ...(message === undefined ? unreadable : contentView(message, truncate)),
  };
}

const unreadable = {
  exchange: null,
  routing_key: null,
  properties: {},
  payload: '',
  payload_encoding: 'string',
  truncated: true,
  death: null,
} as const;

function contentView(message: NonNullable<BrowsedMessage['message']>, truncate: number): object {
  const { exchange, routingKey } = exchangeAndKey(message);
  return {
    exchange,
    routing_key: routingKey,
    properties: jsonOfProperties(decodeProperties(message.header as Buffer, message.headerStart, message.headerEnd)),
    ...payloadOf(bodyOf(message, truncate), 'auto'),
    truncated: message.bodyBytes > truncate,
    death: deathView(message),
  };
}

/** Why and from where the message died last; null where it never did. */
function deathView(message: NonNullable<BrowsedMessage['message']>): object | null {
  const death = deathOf(message);
  if (death === undefined) return null;
  const { reason, queue, exchange, routingKeys, count, time } = death;
  const keys = routingKeys.map(key => Buffer.from(key, 'latin1').toString());
  return { reason, queue, exchange, routing_keys: keys, count, time: time ?? null };
}

/** A message that an exchange keeps back. */
export function delayedView(item: BrowsedMessage, now: number, truncate: number): object {
  const {
    state: _,
    redelivered: _r,
    worker: _w,
    expires_at: _e,
    death: _d,
    ...view
  } = browsedView(item, now, truncate) as Record<string, unknown>;
  return { ...view, due_at: item.deadline, due_in_ms: Math.max(0, item.deadline - now) };
}

function workerOf({ delivery }: BrowsedMessage): object | null {
  if (delivery === undefined) return null;
  const channel = channelOf(delivery.unsettled);
  return {
    channel: channel === undefined ? '' : channelName(channel),
    consumer_tag: delivery.consumer?.tag ?? '',
    connection_name: channel?.connection.name ?? '',
    delivery_tag: delivery.tag,
    delivered_at: delivery.deliveredAt,
  };
}
