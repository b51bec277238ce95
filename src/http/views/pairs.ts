// Who publishes where and who is given what, pair by pair, as RabbitMQ shows it with detailed rates. What exchanges hand to queues is
// not counted by pair.
import type { Consumer } from '../../broker/consumer.ts';
import type { Exchange } from '../../broker/exchange.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Channel } from '../../session/channel.ts';
import type { Connection } from '../../session/connection.ts';
import { ofChannelPublishes, ofConsumer, valuesOf } from '../counters.ts';
import { channelName } from './channel.ts';
import type { Rates } from './rates.ts';

/** What a channel publishes, by exchange. */
export function publishesOf(channel: Channel, rates: Rates): object[] {
  const pairs: object[] = [];
  for (const [exchange, stats] of channel.publishing.published) {
    if (channel.vhost.exchanges.get(exchange.name) !== exchange) continue;
    const { name, vhost } = exchange;
    pairs.push({
      exchange: { name, vhost },
      stats: rates.all(stats, 'msg_rates', valuesOf(ofChannelPublishes, stats)),
    });
  }
  return pairs;
}

/** What comes to an exchange, by channel. */
export function incomingOf(exchange: Exchange, connections: Iterable<Connection>, rates: Rates): object[] {
  const pairs: object[] = [];
  for (const { channels } of connections)
    for (const channel of channels.values())
      for (const [to, stats] of channel.publishing.published) {
        if (to !== exchange) continue;
        const counted = rates.all(stats, 'msg_rates', valuesOf(ofChannelPublishes, stats));
        pairs.push({ channel_details: channelDetails(channel), stats: counted });
      }
  return pairs;
}

/** What the consumers of a channel are given, by queue. */
export function deliveriesTo(channel: Channel, rates: Rates): object[] {
  return grouped(channel.consumers.values(), ({ queue }) => queue).map(([{ name, vhost }, consumers]) => ({
    queue: { name, vhost },
    stats: statsOf(consumers, rates),
  }));
}

/** What a queue gives to its consumers, by channel. */
export function deliveriesFrom(queue: Queue, rates: Rates): object[] {
  return grouped(queue.consumers, ({ channel }) => channel as Channel).map(([channel, consumers]) => ({
    channel_details: channelDetails(channel),
    stats: statsOf(consumers, rates),
  }));
}

function statsOf(consumers: readonly Consumer[], rates: Rates): object {
  const parts = consumers.map(consumer => ({ object: consumer, values: valuesOf(ofConsumer, consumer) }));
  return rates.summed(parts, 'msg_rates');
}

function grouped<T, K>(all: Iterable<T>, keyOf: (one: T) => K): [K, T[]][] {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return [...groups];
}

function channelDetails(channel: Channel): object {
  const { connection, number, user } = channel;
  return {
    connection_name: connection.name,
    name: channelName(channel),
    number,
    peer_host: connection.peer.host,
    peer_port: connection.peer.port,
    user: user.name,
  };
}
