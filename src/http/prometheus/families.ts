// What each queue, channel, connection, exchange and vhost has to show, in RabbitMQ's families of metrics.
import type { Exchange } from '../../broker/exchange.ts';
import type { Queue } from '../../broker/queue.ts';
import type { ConsumerStats, DeathStats, ExchangeStats } from '../../broker/stats.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Channel } from '../../session/channel.ts';
import type { Connection } from '../../session/connection.ts';
import type { Management } from '../management.ts';
import { channelName } from '../views/channel.ts';
import { queueBuckets } from './buckets.ts';
import type { Buckets } from './text.ts';

/** Some metrics that the same objects have. A family may consist of several of these. */
export interface Group<T> {
  /** As `?family=` names it. */
  readonly family: string;
  /** What stands before the names; the detailed page has `rabbitmq_detailed_` and `leveret_detailed_` in their place. */
  readonly prefix: 'rabbitmq_' | 'leveret_' | 'rabbitmq_cluster_';
  readonly objects: (management: Management) => Iterable<T>;
  readonly labels: (object: T) => Readonly<Record<string, string>>;
  /** The vhost that the object belongs to, for `?vhost=`. */
  readonly vhost: (object: T) => string | undefined;
  /** Undefined values are left out. */
  readonly values: Readonly<Record<string, (object: T, management: Management) => number | undefined>>;
  readonly histograms?: Readonly<Record<string, (object: T) => Buckets | undefined>>;
  /** Where it is shown: of each object with others, only when asked for, or as a sum of all as well. */
  readonly pages: 'detailed' | 'per-object' | 'all';
}

/** Deliveries to one queue over one channel. */
interface Deliveries {
  readonly channel: Channel;
  readonly queue: Queue;
  readonly stats: ConsumerStats & { deliveredNoAck: number };
}

interface Publishes {
  readonly channel: Channel;
  readonly exchange: Exchange;
  readonly stats: ExchangeStats;
}

/** Messages that died in one queue of one reason. */
interface Deaths {
  readonly queue: Queue;
  readonly reason: keyof DeathStats;
}

const ofQueue = {
  objects: queues,
  labels: ({ vhost, name }: Queue) => ({ vhost, queue: name }),
  vhost: ({ vhost }: Queue) => vhost,
};
const ofChannel = {
  objects: channels,
  labels: (channel: Channel) => ({ channel: channelName(channel) }),
  vhost: ({ vhost }: Channel) => vhost.name,
};
const ofChannelInVhost = {
  ...ofChannel,
  labels: (channel: Channel) => ({ channel: channelName(channel), vhost: channel.vhost.name }),
};
/** RabbitMQ's label of a connection is `channel`, too. */
const ofConnection = {
  objects: ({ connections }: Management) => connections,
  labels: ({ name }: Connection) => ({ channel: name }),
  vhost: ({ vhost }: Connection) => vhost?.name,
};
const ofExchange = {
  objects: exchanges,
  labels: ({ vhost, name, type }: Exchange) => ({ vhost, exchange: name, type }),
  vhost: ({ vhost }: Exchange) => vhost,
};

function group<T>(declared: Omit<Group<T>, 'prefix'> & Partial<Group<T>>): Group<unknown> {
  return { prefix: 'rabbitmq_', ...declared } as Group<unknown>;
}

/** All there is of single objects, in the order of RabbitMQ's pages. */
export const groups: readonly Group<unknown>[] = [
  group<Queue>({
    ...ofQueue,
    family: 'queue_coarse_metrics',
    pages: 'all',
    values: {
      queue_messages_ready: ({ ready }) => ready.count,
      queue_messages_unacked: ({ unsettled }) => unsettled,
      queue_messages: ({ ready, unsettled }) => ready.count + unsettled,
    },
  }),
  group<Queue>({
    ...ofQueue,
    family: 'queue_consumer_count',
    pages: 'detailed',
    values: { queue_consumers: ({ consumers }) => consumers.size },
  }),
  group<Queue>({
    ...ofQueue,
    family: 'queue_metrics',
    pages: 'all',
    values: {
      queue_consumers: ({ consumers }) => consumers.size,
      queue_consumer_capacity: consumerCapacity,
      queue_consumer_utilisation: consumerCapacity,
      queue_messages_ram: ({ ready, unsettled }) => ready.count - ready.unloaded + unsettled,
      queue_messages_ready_ram: ({ ready }) => ready.count - ready.unloaded,
      queue_messages_unacked_ram: ({ unsettled }) => unsettled,
      queue_messages_bytes: ({ ready, unsettledBytes }) => ready.bytes + unsettledBytes,
      queue_messages_ready_bytes: ({ ready }) => ready.bytes,
      queue_messages_unacked_bytes: ({ unsettledBytes }) => unsettledBytes,
      queue_messages_paged_out: ({ ready }) => ready.unloaded,
    },
  }),
  group<Channel>({
    ...ofChannel,
    family: 'channel_metrics',
    pages: 'all',
    values: {
      channel_consumers: ({ consumers }) => consumers.size,
      channel_messages_unacked: ({ unsettled }) => unsettled.count,
      channel_messages_unconfirmed: ({ confirms }) => confirms?.unconfirmed ?? 0,
      channel_messages_uncommitted: ({ transaction }) => transaction?.uncommittedPublishes ?? 0,
      channel_acks_uncommitted: ({ transaction }) => transaction?.uncommittedSettlements ?? 0,
      consumer_prefetch: ({ prefetch }) => prefetch,
      channel_prefetch: ({ credit }) => credit.limit,
    },
  }),
  group<Publishes>({
    family: 'channel_exchange_metrics',
    pages: 'per-object',
    objects: publishes,
    labels: ({ channel, exchange }) => ({ ...ofChannelInVhost.labels(channel), exchange: exchange.name }),
    vhost: ({ exchange }) => exchange.vhost,
    values: { channel_messages_published_total: ({ stats }) => stats.publishedIn },
  }),
  group<Channel>({
    ...ofChannelInVhost,
    family: 'channel_exchange_metrics',
    pages: 'per-object',
    values: {
      channel_messages_confirmed_total: ({ stats }) => stats.confirmed,
      channel_messages_unroutable_returned_total: ({ stats }) => stats.returned,
      channel_messages_unroutable_dropped_total: ({ stats }) => stats.unroutable,
    },
  }),
  group<Channel>({
    ...ofChannelInVhost,
    family: 'channel_queue_metrics',
    pages: 'per-object',
    values: {
      channel_get_ack_total: ({ stats }) => stats.got,
      channel_get_total: ({ stats }) => stats.gotNoAck,
      channel_get_empty_total: ({ stats }) => stats.gotEmpty,
    },
  }),
  group<Deliveries>({
    family: 'channel_queue_metrics',
    pages: 'per-object',
    objects: deliveries,
    labels: ({ channel, queue }) => ({ ...ofChannelInVhost.labels(channel), queue: queue.name }),
    vhost: ({ queue }) => queue.vhost,
    values: {
      channel_messages_delivered_ack_total: ({ stats }) => stats.delivered,
      channel_messages_delivered_total: ({ stats }) => stats.deliveredNoAck,
      channel_messages_redelivered_total: ({ stats }) => stats.redelivered,
      channel_messages_acked_total: ({ stats }) => stats.acked,
    },
  }),
  group<Connection>({
    ...ofConnection,
    family: 'connection_coarse_metrics',
    pages: 'per-object',
    values: {
      connection_incoming_bytes_total: ({ stats }) => stats.receivedBytes,
      connection_outgoing_bytes_total: ({ stats }) => stats.sentBytes,
    },
  }),
  group<Connection>({
    ...ofConnection,
    family: 'connection_metrics',
    pages: 'per-object',
    values: {
      connection_incoming_packets_total: ({ stats }) => stats.receivedChunks,
      connection_outgoing_packets_total: ({ stats }) => stats.sentChunks,
    },
  }),
  group<Connection>({
    ...ofConnection,
    family: 'connection_metrics',
    pages: 'all',
    values: { connection_channels: connection => connection.channels.size },
  }),
  group<Queue>({
    ...ofQueue,
    labels: ({ vhost, name }) => ({ queue_vhost: vhost, queue: name }),
    family: 'channel_queue_exchange_metrics',
    pages: 'per-object',
    values: { queue_messages_published_total: ({ stats }) => stats.published },
  }),
  group<Vhost>({
    family: 'vhost_status',
    prefix: 'rabbitmq_cluster_',
    pages: 'detailed',
    objects: ({ broker }) => broker.vhosts.values(),
    labels: ({ name }) => ({ vhost: name }),
    vhost: ({ name }) => name,
    values: { vhost_status: () => 1 },
  }),
  group<Exchange>({
    ...ofExchange,
    family: 'exchange_names',
    prefix: 'rabbitmq_cluster_',
    pages: 'detailed',
    values: { exchange_name: () => 1 },
  }),
  group<Exchange>({
    ...ofExchange,
    family: 'exchange_bindings',
    prefix: 'rabbitmq_cluster_',
    pages: 'detailed',
    values: { exchange_bindings: ({ bindings }) => bindings.size },
  }),
  group<Queue>({
    ...ofQueue,
    family: 'queue_age_metrics',
    prefix: 'leveret_',
    pages: 'per-object',
    values: { queue_oldest_message_age_seconds: oldestAgeS },
  }),
  group<Queue>({
    ...ofQueue,
    family: 'queue_death_metrics',
    prefix: 'leveret_',
    pages: 'all',
    values: { queue_messages_retrying: ({ retrying }) => retrying },
  }),
  group<Deaths>({
    family: 'queue_death_metrics',
    prefix: 'leveret_',
    pages: 'per-object',
    objects: deaths,
    labels: ({ queue, reason }) => ({ ...ofQueue.labels(queue), reason }),
    vhost: ({ queue }) => queue.vhost,
    values: { queue_messages_died_total: ({ queue, reason }) => queue.deaths[reason] },
  }),
  group<Exchange>({
    ...ofExchange,
    objects: delayedExchanges,
    family: 'exchange_delay_metrics',
    prefix: 'leveret_',
    pages: 'all',
    values: {
      exchange_messages_delayed: ({ delayLine }) => delayLine?.ready.count,
      exchange_messages_delayed_bytes: ({ delayLine }) => delayLine?.ready.bytes,
    },
  }),
  group<Exchange>({
    ...ofExchange,
    objects: delayedExchanges,
    family: 'exchange_delay_metrics',
    prefix: 'leveret_',
    pages: 'per-object',
    values: {
      exchange_next_due_timestamp_seconds: ({ delayLine }) =>
        delayLine === undefined || delayLine.ready.count === 0 ? undefined : delayLine.ready.headDeadline / 1000,
    },
  }),
  group<Queue>({
    ...ofQueue,
    family: 'queue_time_metrics',
    prefix: 'leveret_',
    pages: 'detailed',
    values: {},
    histograms: {
      queue_wait_seconds: ({ waitTimes }) => (waitTimes.count > 0 ? queueBuckets(waitTimes) : undefined),
      queue_processing_seconds: ({ processingTimes }) =>
        processingTimes.count > 0 ? queueBuckets(processingTimes) : undefined,
    },
  }),
];

/** Age of what waits longest; undefined where nothing does, or where it is not known because it is paged out. */
export function oldestAgeS(queue: Queue, { session }: Management): number | undefined {
  const since = queue.oldestPublishedAt;
  return since === undefined ? undefined : Math.max(0, session.clock.now - since) / 1000;
}

/** RabbitMQ's is the share of time in which a consumer would take a message at once; here, whether one would now. */
function consumerCapacity({ consumers }: Queue): number {
  for (const consumer of consumers) if (consumer.hasCredit) return 1;
  return 0;
}

function* queues({ broker }: Management): Generator<Queue> {
  for (const { queues } of broker.vhosts.values()) yield* queues.values();
}

function* exchanges({ broker }: Management): Generator<Exchange> {
  for (const { exchanges } of broker.vhosts.values()) yield* exchanges.values();
}

function* delayedExchanges(management: Management): Generator<Exchange> {
  for (const exchange of exchanges(management)) if (exchange.delayLine !== undefined) yield exchange;
}

/** A line only for what has happened. */
function* deaths(management: Management): Generator<Deaths> {
  for (const queue of queues(management))
    for (const reason of ['rejected', 'expired', 'maxlen', 'delivery_limit'] as const)
      if (queue.deaths[reason] > 0) yield { queue, reason };
}

export function* channels({ connections }: Management): Generator<Channel> {
  for (const connection of connections) yield* connection.channels.values();
}

function* publishes(management: Management): Generator<Publishes> {
  for (const channel of channels(management))
    for (const [exchange, stats] of channel.publishing.published) yield { channel, exchange, stats };
}

/** Consumers of one channel on the same queue are one line. */
function* deliveries(management: Management): Generator<Deliveries> {
  for (const channel of channels(management)) {
    const byQueue = new Map<Queue, Deliveries>();
    for (const { queue, noAck, stats } of channel.consumers.values()) {
      let sums = byQueue.get(queue)?.stats;
      if (sums === undefined) {
        sums = { delivered: 0, deliveredNoAck: 0, acked: 0, redelivered: 0 };
        byQueue.set(queue, { channel, queue, stats: sums });
      }
      if (noAck) sums.deliveredNoAck += stats.delivered;
      else sums.delivered += stats.delivered;
      sums.acked += stats.acked;
      sums.redelivered += stats.redelivered;
    }
    yield* byQueue.values();
  }
}
