// The counters that are sampled of each kind of objects, under RabbitMQ's names, which views show them by.
import type { Broker } from '../broker/broker.ts';
import type { Consumer } from '../broker/consumer.ts';
import type { Exchange } from '../broker/exchange.ts';
import type { Queue } from '../broker/queue.ts';
import type { ChannelStats, ExchangeStats, QueueStats } from '../broker/stats.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Channel } from '../session/channel.ts';
import type { Connection } from '../session/connection.ts';
import type { Counters } from './rates.ts';
import type { Sampled } from './sampler.ts';
import { Totals, totalsOf } from './totals.ts';

export const ofMessages: Counters<QueueStats> = {
  publish: stats => stats.published,
  deliver: stats => stats.delivered,
  deliver_no_ack: stats => stats.deliveredNoAck,
  get: stats => stats.got,
  get_no_ack: stats => stats.gotNoAck,
  get_empty: stats => stats.gotEmpty,
  deliver_get: stats => stats.delivered + stats.deliveredNoAck + stats.got + stats.gotNoAck,
  ack: stats => stats.acked,
  redeliver: stats => stats.redelivered,
};

export const ofPublishes: Counters<ChannelStats> = {
  ...ofMessages,
  confirm: stats => stats.confirmed,
  return_unroutable: stats => stats.returned,
  drop_unroutable: stats => stats.unroutable,
};

export const ofTotalBytes: Counters<Totals> = {
  recv_oct: totals => totals.receivedBytes,
  send_oct: totals => totals.sentBytes,
};

export const ofTotalLengths: Counters<Totals> = {
  messages_ready: totals => totals.messagesReady,
  messages_unacknowledged: totals => totals.messagesUnacknowledged,
  messages: totals => totals.messagesReady + totals.messagesUnacknowledged,
};

const ofTotals: Counters<Totals> = { ...ofPublishes, ...ofTotalBytes, ...ofTotalLengths };

export const ofLengths: Counters<Queue> = {
  messages_ready: queue => queue.ready.count,
  messages_unacknowledged: queue => queue.unsettled,
  messages: queue => queue.ready.count + queue.unsettled,
};

/** Whether the queue's consumers could take more at once: nothing waits for them. Its averages are what RabbitMQ calls capacity. */
const ofQueueShares: Counters<Queue> = {
  consumer_capacity: queue => (queue.consumers.size === 0 ? Number.NaN : queue.ready.count === 0 ? 1 : 0),
};

const ofQueue: Counters<Queue> = { ...through(ofMessages, (queue: Queue) => queue.stats), ...ofLengths };

export const ofExchange: Counters<Exchange> = {
  publish_in: exchange => exchange.stats.publishedIn,
  publish_out: exchange => exchange.stats.publishedOut,
};

export const ofConnectionBytes: Counters<Connection> = {
  recv_oct: connection => connection.stats.receivedBytes,
  send_oct: connection => connection.stats.sentBytes,
};

const ofConnection: Counters<Connection> = {
  ...ofConnectionBytes,
  recv_cnt: connection => connection.stats.receivedChunks,
  send_cnt: connection => connection.stats.sentChunks,
};

const ofChannel: Counters<Channel> = through(ofPublishes, (channel: Channel) => channel.stats);

/** Of one channel to one exchange. */
export const ofChannelPublishes: Counters<ExchangeStats> = { publish: stats => stats.publishedIn };

export const ofConsumer: Counters<Consumer> = {
  deliver: consumer => (consumer.noAck ? 0 : consumer.stats.delivered),
  deliver_no_ack: consumer => (consumer.noAck ? consumer.stats.delivered : 0),
  deliver_get: consumer => consumer.stats.delivered,
  ack: consumer => consumer.stats.acked,
  redeliver: consumer => consumer.stats.redelivered,
};

export const ofChurn: Counters<Broker> = {
  connection_created: broker => broker.stats.connectionsOpened,
  connection_closed: broker => broker.stats.connectionsClosed,
  channel_created: broker => broker.stats.channelsOpened,
  channel_closed: broker => broker.stats.channelsClosed,
  queue_declared: broker => broker.stats.queuesDeclared,
  queue_created: broker => broker.stats.queuesCreated,
  queue_deleted: broker => broker.stats.queuesDeleted,
};

/** What the counters say now. */
export function valuesOf<T>(counters: Counters<T>, object: T): Record<string, number> {
  const values: Record<string, number> = {};
  for (const name in counters) values[name] = (counters[name] as (object: T) => number)(object);
  return values;
}

/** All that is sampled of a broker, the whole first: its history has room before any other. */
export function sampledOf(broker: Broker, connections: ReadonlySet<Connection>): Sampled<object>[] {
  const none = new Totals();
  let totals = totalsOf(broker, connections);
  const vhosts = (): Iterable<Vhost> => broker.vhosts.values();
  const channels = (): Iterable<Channel> => each(connections, connection => connection.channels.values());
  return [
    sampled<Broker>({
      objects: () => {
        totals = totalsOf(broker, connections);
        return [broker];
      },
      counters: {
        ...through(ofTotals, () => totals.broker),
        ...ofChurn,
        mem_used: () => process.memoryUsage.rss(),
        sockets_used: () => totals.broker.connections,
      },
      history: 'always',
    }),
    sampled<Vhost>({
      objects: vhosts,
      counters: through(ofTotals, (vhost: Vhost) => totals.vhosts.get(vhost) ?? none),
      history: 'with room',
    }),
    sampled({
      objects: () => each(vhosts(), vhost => vhost.queues.values()),
      counters: ofQueue,
      averaged: ofQueueShares,
      history: 'with room',
    }),
    sampled({
      objects: () => each(vhosts(), vhost => vhost.exchanges.values()),
      counters: ofExchange,
      history: 'looked at',
    }),
    sampled({ objects: () => connections, counters: ofConnection, history: 'looked at' }),
    sampled({ objects: channels, counters: ofChannel, history: 'looked at' }),
    sampled<ExchangeStats>({
      objects: () => each(channels(), channel => each(channel.publishing.published, ([, stats]) => [stats])),
      counters: ofChannelPublishes,
      history: 'looked at',
    }),
    sampled({
      objects: () => each(channels(), channel => channel.consumers.values()),
      counters: ofConsumer,
      history: 'looked at',
    }),
  ];
}

/** Forgets the type of the objects; the sampler gives them to their own counters only. */
function sampled<T extends object>(kind: Sampled<T>): Sampled<object> {
  return kind as unknown as Sampled<object>;
}

/** The same counters of objects that have what is counted in them. */
function through<T, U>(counters: Counters<U>, of: (object: T) => U): Counters<T> {
  return Object.fromEntries(Object.entries(counters).map(([name, read]) => [name, (object: T) => read(of(object))]));
}

function* each<T, U>(all: Iterable<T>, of: (one: T) => Iterable<U>): Generator<U> {
  for (const one of all) yield* of(one);
}
