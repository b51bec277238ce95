// The broker's plain counters under RabbitMQ's names: what `message_stats` and the totals are made of.
import type { Broker } from '../../broker/broker.ts';
import type { Exchange } from '../../broker/exchange.ts';
import type { Queue } from '../../broker/queue.ts';
import { ChannelStats, type QueueStats } from '../../broker/stats.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Channel } from '../../session/channel.ts';
import type { Connection } from '../../session/connection.ts';

/** Numbers by RabbitMQ's names. */
export type Counters = Record<string, number>;

export function queueCounters({ stats }: Queue): Counters {
  return { publish: stats.published, ...deliveries(stats) };
}

/** Messages in a queue now. */
export function queueLengths(queue: Queue): Counters {
  const { unsettled } = queue;
  const ready = queue.ready.count;
  return { messages: ready + unsettled, messages_ready: ready, messages_unacknowledged: unsettled };
}

export function channelCounters({ stats }: Channel): Counters {
  return publishes(stats);
}

export function exchangeCounters({ stats }: Exchange): Counters {
  return { publish_in: stats.publishedIn, publish_out: stats.publishedOut };
}

export function connectionCounters({ stats }: Connection): Counters {
  return { recv_oct: stats.receivedBytes, send_oct: stats.sentBytes };
}

/** What all channels of the vhosts have counted, ended ones included. */
export function vhostCounters(vhosts: ReadonlySet<Vhost>, connections: Iterable<Connection>): Counters {
  const sum = new ChannelStats();
  for (const { stats } of vhosts) sum.add(stats);
  for (const { vhost, channels } of connections)
    if (vhost !== undefined && vhosts.has(vhost)) for (const { stats } of channels.values()) sum.add(stats);
  return publishes(sum);
}

/** Messages in the queues of the vhosts now. */
export function vhostLengths(vhosts: Iterable<Vhost>): Counters {
  let ready = 0;
  let unacknowledged = 0;
  for (const { queues } of vhosts)
    for (const queue of queues.values()) {
      ready += queue.ready.count;
      unacknowledged += queue.unsettled;
    }
  return { messages: ready + unacknowledged, messages_ready: ready, messages_unacknowledged: unacknowledged };
}

/** Bytes of the connections to the vhost that are open. */
export function vhostBytes(vhost: Vhost, connections: Iterable<Connection>): Counters {
  const sum = { recv_oct: 0, send_oct: 0 };
  for (const connection of connections) {
    if (connection.vhost !== vhost) continue;
    sum.recv_oct += connection.stats.receivedBytes;
    sum.send_oct += connection.stats.sentBytes;
  }
  return sum;
}

/** What came and went since the start. */
export function churnCounters({ stats }: Broker): Counters {
  return {
    channel_closed: stats.channelsClosed,
    channel_created: stats.channelsOpened,
    connection_closed: stats.connectionsClosed,
    connection_created: stats.connectionsOpened,
    queue_created: stats.queuesCreated,
    queue_declared: stats.queuesDeclared,
    queue_deleted: stats.queuesDeleted,
  };
}

function publishes(stats: ChannelStats): Counters {
  return {
    publish: stats.published,
    confirm: stats.confirmed,
    return_unroutable: stats.returned,
    drop_unroutable: stats.unroutable,
    ...deliveries(stats),
  };
}

function deliveries(stats: QueueStats): Counters {
  return {
    ack: stats.acked,
    deliver: stats.delivered,
    deliver_get: stats.delivered + stats.deliveredNoAck + stats.got + stats.gotNoAck,
    deliver_no_ack: stats.deliveredNoAck,
    get: stats.got,
    get_empty: stats.gotEmpty,
    get_no_ack: stats.gotNoAck,
    redeliver: stats.redelivered,
  };
}
