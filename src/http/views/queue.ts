// A queue as RabbitMQ shows it.
import type { Queue } from '../../broker/queue.ts';
import { jsonOf } from '../amqp-json.ts';
import type { Management } from '../management.ts';
import type { Rates } from './rates.ts';

/** The counters of a queue under RabbitMQ's names. */
export function queueCounters({ stats }: Queue): Record<string, number> {
  return {
    publish: stats.published,
    ...deliveryCounters(stats),
  };
}

/** Counters of deliveries under RabbitMQ's names. */
export function deliveryCounters(stats: {
  readonly delivered: number;
  readonly deliveredNoAck: number;
  readonly got: number;
  readonly gotNoAck: number;
  readonly gotEmpty: number;
  readonly acked: number;
  readonly redelivered: number;
}): Record<string, number> {
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

/** Messages of a queue. */
export function queueLengths(queue: Queue): {
  messages: number;
  messages_ready: number;
  messages_unacknowledged: number;
} {
  const { unsettled } = queue;
  const ready = queue.ready.count;
  return { messages: ready + unsettled, messages_ready: ready, messages_unacknowledged: unsettled };
}

/** What `disable_stats` leaves of a queue. */
export function queueBasics(queue: Queue, { node }: Management): object {
  return {
    arguments: jsonOf(queue.arguments),
    auto_delete: queue.autoDelete,
    durable: queue.durable,
    exclusive: queue.owner !== undefined,
    name: queue.name,
    node,
    state: 'running',
    type: 'classic',
    vhost: queue.vhost,
  };
}

export function queueView(queue: Queue, management: Management, rates: Rates): object {
  const { ready } = queue;
  const inMemory = ready.count - ready.unloaded;
  return {
    ...queueBasics(queue, management),
    consumer_capacity: 0,
    consumer_utilisation: 0,
    consumers: queue.consumers.size,
    effective_policy_definition: {},
    exclusive_consumer_tag: queue.exclusiveConsumer?.tag ?? null,
    head_message_timestamp: null,
    memory: ready.bytes,
    message_bytes: ready.bytes,
    message_bytes_paged_out: 0,
    message_bytes_persistent: queue.durable ? ready.bytes : 0,
    message_bytes_ram: ready.bytes,
    message_bytes_ready: ready.bytes,
    message_bytes_unacknowledged: 0,
    message_stats: rates.all(queue, 'msg_rates', queueCounters(queue)),
    ...rates.all(queue, 'lengths', queueLengths(queue)),
    messages_paged_out: ready.unloaded,
    messages_persistent: queue.durable ? ready.count + queue.unsettled : 0,
    messages_ram: inMemory + queue.unsettled,
    messages_ready_ram: inMemory,
    messages_unacknowledged_ram: queue.unsettled,
    operator_policy: null,
    policy: null,
    recoverable_slaves: null,
    single_active_consumer_tag: null,
  };
}
