// What the whole broker has to show: one value each, in RabbitMQ's families of metrics.
import type { DeathReason } from '../../broker/dead-letter.ts';
import type { BrokerStats, DropStats } from '../../broker/stats.ts';
import type { Management } from '../management.ts';
import type { Totals } from '../totals.ts';
import type { ProcessFigures } from './process-figures.ts';

/** What values are taken from, once for each page. */
export interface Whole {
  readonly management: Management;
  readonly stats: BrokerStats;
  readonly totals: Totals;
  readonly process: ProcessFigures;
}

export type Labels = Readonly<Record<string, string>>;
type Reading = (whole: Whole) => number;
/** One value, or several with a label each. */
type Value = Reading | (readonly [labels: Labels, reading: Reading])[];

export interface Singles {
  /** As `?family=` names it; undefined for what the detailed page does not have. */
  readonly family: string | undefined;
  readonly prefix: 'rabbitmq_' | 'leveret_';
  /** Undefined values are left out. */
  readonly values: Readonly<Record<string, Value>>;
}

const amqp: Labels = { protocol: 'amqp091' };
const classic: Labels = { ...amqp, queue_type: 'rabbit_classic_queue' };

const quorum: Labels = { ...amqp, queue_type: 'rabbit_quorum_queue' };

/** Every death by RabbitMQ's labels: of the type of the queue, and of whether it had a dead-letter exchange. */
function deaths(reason: DeathReason): Value {
  return (['classic', 'quorum'] as const).flatMap(type => {
    const queue_type = (type === 'quorum' ? quorum : classic)['queue_type'] as string;
    return [
      [{ queue_type, dead_letter_strategy: 'at_most_once' }, ({ stats }) => stats.deaths[type].lettered[reason]],
      [{ queue_type, dead_letter_strategy: 'disabled' }, ({ stats }) => stats.deaths[type].disabled[reason]],
    ] satisfies Value;
  });
}

function drops(...reasons: (keyof DropStats)[]): Value {
  return reasons.map(reason => [{ reason }, ({ stats }) => stats.dropped[reason]] as const);
}

/** On the page of sums alone. */
export const alarms: Singles = {
  family: undefined,
  prefix: 'rabbitmq_',
  values: {
    alarms_file_descriptor_limit: () => 0,
    alarms_free_disk_space_watermark: ({ management }) => Number(management.session.alarms.has('disk')),
    alarms_memory_used_watermark: ({ management }) => Number(management.session.alarms.has('memory')),
  },
};

/** Those before the metrics of queues, channels and connections, as RabbitMQ orders them. */
export const singlesBefore: readonly Singles[] = [
  {
    family: 'connection_churn_metrics',
    prefix: 'rabbitmq_',
    values: {
      connections_opened_total: ({ stats }) => stats.connectionsOpened,
      connections_closed_total: ({ stats }) => stats.connectionsClosed,
      channels_opened_total: ({ stats }) => stats.channelsOpened,
      channels_closed_total: ({ stats }) => stats.channelsClosed,
      queues_declared_total: ({ stats }) => stats.queuesDeclared,
      queues_created_total: ({ stats }) => stats.queuesCreated,
      queues_deleted_total: ({ stats }) => stats.queuesDeleted,
    },
  },
  {
    family: 'node_coarse_metrics',
    prefix: 'rabbitmq_',
    values: {
      process_open_fds: ({ process }) => process.openFiles,
      process_open_tcp_sockets: ({ management }) => management.connections.size,
      process_resident_memory_bytes: ({ process }) => process.memory.rss,
      disk_space_available_bytes: ({ process }) => process.diskFreeBytes,
    },
  },
  {
    family: 'node_metrics',
    prefix: 'rabbitmq_',
    values: {
      process_max_fds: ({ process }) => process.openFilesMax,
      process_max_tcp_sockets: ({ process }) => process.openFilesMax,
      resident_memory_limit_bytes: ({ management }) => management.watermarks.memoryBytes,
      disk_space_available_limit_bytes: ({ management }) => management.watermarks.diskBytes,
      erlang_uptime_seconds: ({ process }) => process.uptimeS,
    },
  },
  {
    family: 'node_persister_metrics',
    prefix: 'rabbitmq_',
    values: {
      io_write_ops_total: ({ management }) => management.journal?.writes.count ?? 0,
      io_write_bytes_total: ({ management }) => management.journal?.writes.bytes ?? 0,
      io_sync_ops_total: ({ management }) => management.journal?.writes.count ?? 0,
      io_sync_time_seconds_total: ({ management }) => management.journal?.writes.sumS ?? 0,
    },
  },
  {
    family: undefined,
    prefix: 'rabbitmq_',
    values: {
      auth_attempts_total: [[amqp, ({ stats }) => stats.loginsSucceeded + stats.loginsFailed]],
      auth_attempts_succeeded_total: [[amqp, ({ stats }) => stats.loginsSucceeded]],
      auth_attempts_failed_total: [[amqp, ({ stats }) => stats.loginsFailed]],
    },
  },
];

/** Of channels and connections that have ended as well: sums that only rise. RabbitMQ's fall when a connection closes. */
export const sumsOfAll: Singles = {
  family: undefined,
  prefix: 'rabbitmq_',
  values: {
    channel_messages_published_total: ({ totals }) => totals.published,
    channel_messages_confirmed_total: ({ totals }) => totals.confirmed,
    channel_messages_unroutable_returned_total: ({ totals }) => totals.returned,
    channel_messages_unroutable_dropped_total: ({ totals }) => totals.unroutable,
    channel_get_ack_total: ({ totals }) => totals.got,
    channel_get_total: ({ totals }) => totals.gotNoAck,
    channel_messages_delivered_ack_total: ({ totals }) => totals.delivered,
    channel_messages_delivered_total: ({ totals }) => totals.deliveredNoAck,
    channel_messages_redelivered_total: ({ totals }) => totals.redelivered,
    channel_messages_acked_total: ({ totals }) => totals.acked,
    channel_get_empty_total: ({ totals }) => totals.gotEmpty,
    connection_incoming_bytes_total: ({ totals }) => totals.receivedBytes,
    connection_outgoing_bytes_total: ({ totals }) => totals.sentBytes,
    connection_incoming_packets_total: ({ totals }) => totals.receivedChunks,
    connection_outgoing_packets_total: ({ totals }) => totals.sentChunks,
    queue_messages_published_total: ({ totals }) => totals.routed,
  },
};

/** Those after them. */
export const singlesAfter: readonly Singles[] = [
  {
    family: undefined,
    prefix: 'rabbitmq_',
    values: {
      connections: ({ totals }) => totals.connections,
      channels: ({ totals }) => totals.channels,
      consumers: ({ totals }) => totals.consumers,
      queues: ({ totals }) => totals.queues,
      global_consumers: [[amqp, ({ totals }) => totals.consumers]],
      global_messages_acknowledged_total: [[classic, ({ totals }) => totals.acked]],
      global_messages_confirmed_total: [[amqp, ({ totals }) => totals.confirmed]],
      global_messages_dead_lettered_delivery_limit_total: deaths('delivery_limit'),
      global_messages_dead_lettered_expired_total: deaths('expired'),
      global_messages_dead_lettered_maxlen_total: deaths('maxlen'),
      global_messages_dead_lettered_rejected_total: deaths('rejected'),
      global_messages_delivered_consume_auto_ack_total: [[classic, ({ totals }) => totals.deliveredNoAck]],
      global_messages_delivered_consume_manual_ack_total: [[classic, ({ totals }) => totals.delivered]],
      global_messages_delivered_get_auto_ack_total: [[classic, ({ totals }) => totals.gotNoAck]],
      global_messages_delivered_get_manual_ack_total: [[classic, ({ totals }) => totals.got]],
      global_messages_delivered_total: [
        [classic, ({ totals }) => totals.delivered + totals.deliveredNoAck + totals.got + totals.gotNoAck],
      ],
      global_messages_get_empty_total: [[classic, ({ totals }) => totals.gotEmpty]],
      global_messages_received_confirm_total: [[amqp, ({ totals }) => totals.toConfirm]],
      global_messages_received_total: [[amqp, ({ totals }) => totals.published]],
      global_messages_redelivered_total: [[classic, ({ totals }) => totals.redelivered]],
      global_messages_routed_total: [[amqp, ({ totals }) => totals.routed]],
      global_messages_unroutable_dropped_total: [[amqp, ({ totals }) => totals.unroutable]],
      global_messages_unroutable_returned_total: [[amqp, ({ totals }) => totals.returned]],
      global_publishers: [[amqp, ({ totals }) => totals.publishers]],
    },
  },
  {
    family: undefined,
    prefix: 'leveret_',
    values: {
      messages_dropped_total: drops('rejected', 'expired', 'maxlen', 'delivery_limit', 'due'),
      journal_pending_bytes: ({ management }) => management.journal?.pendingBytes ?? 0,
      journal_failing: ({ management }) => Number(management.journal?.failing ?? false),
      messages_deduplicated_total: ({ totals }) => totals.deduplicated,
      message_memory_bytes: ({ management }) => management.broker.services.memory.bytes,
      message_memory_limit_bytes: ({ management }) => management.broker.services.memory.limit,
      event_loop_delay_seconds: [
        [{ quantile: '0.5' }, ({ process }) => process.eventLoop.p50S],
        [{ quantile: '0.99' }, ({ process }) => process.eventLoop.p99S],
        [{ quantile: '1' }, ({ process }) => process.eventLoop.maxS],
      ],
      event_loop_busy_seconds_total: ({ process }) => process.eventLoop.busyS,
      cpu_seconds_total: ({ process }) => process.cpuS,
    },
  },
];

/** What the memory of the process is used for. */
export const memoryBreakdown: Singles = {
  family: undefined,
  prefix: 'leveret_',
  values: {
    memory_bytes: [
      [{ kind: 'resident' }, ({ process }) => process.memory.rss],
      [{ kind: 'heap' }, ({ process }) => process.memory.heapTotal],
      [{ kind: 'heap_used' }, ({ process }) => process.memory.heapUsed],
      [{ kind: 'external' }, ({ process }) => process.memory.external],
      [{ kind: 'buffers' }, ({ process }) => process.memory.arrayBuffers],
      [{ kind: 'messages' }, ({ management }) => management.broker.services.memory.bytes],
      [{ kind: 'histories' }, ({ management }) => management.sampler.historyBytes],
    ],
  },
};
