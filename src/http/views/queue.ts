// A queue as RabbitMQ shows it.
import { queueTypeOf } from '../../broker/arguments.ts';
import { effectiveDefinition } from '../../broker/effective.ts';
import type { Queue } from '../../broker/queue.ts';
import { jsonOf } from '../amqp-json.ts';
import { ofLengths, ofMessages, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import { idleView } from './idle.ts';
import type { Rates } from './rates.ts';
import { percentiles } from './worker.ts';

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
    type: queueTypeOf(queue.arguments),
    vhost: queue.vhost,
  };
}

export function queueView(queue: Queue, management: Management, rates: Rates): object {
  const { ready } = queue;
  const inMemory = ready.count - ready.unloaded;
  const bytes = ready.bytes + queue.unsettledBytes;
  const capacity = management.sampler.average(queue, 'consumer_capacity');
  return {
    ...queueBasics(queue, management),
    consumer_capacity: capacity,
    consumer_utilisation: capacity,
    consumers: queue.consumers.size,
    effective_policy_definition: effectiveDefinition(queue.policy, queue.operatorPolicy),
    exclusive_consumer_tag: queue.exclusiveConsumer?.tag ?? null,
    head_message_timestamp: null,
    memory: ready.bytes,
    message_bytes: bytes,
    message_bytes_paged_out: 0,
    message_bytes_persistent: queue.durable ? bytes : 0,
    message_bytes_ram: bytes,
    message_bytes_ready: ready.bytes,
    message_bytes_unacknowledged: queue.unsettledBytes,
    ...idleView(management.sampler, queue),
    message_stats: rates.all(queue, 'msg_rates', valuesOf(ofMessages, queue.stats)),
    ...rates.all(queue, 'lengths', valuesOf(ofLengths, queue)),
    messages_paged_out: ready.unloaded,
    messages_persistent: queue.durable ? ready.count + queue.unsettled : 0,
    messages_ram: inMemory + queue.unsettled,
    messages_ready_ram: inMemory,
    messages_unacknowledged_ram: queue.unsettled,
    operator_policy: queue.operatorPolicy?.name ?? null,
    policy: queue.policy?.name ?? null,
    recoverable_slaves: null,
    single_active_consumer_tag: queue.activeConsumer?.tag ?? null,
    messages_retrying: queue.retrying,
    deaths: { ...queue.deaths },
    messages_deduplicated: queue.stats.deduplicated,
    ...times(queue, management),
  };
}

/** What RabbitMQ does not tell: how long messages wait and are worked at. */
function times(queue: Queue, { session, sampler }: Management): object {
  const { oldestPublishedAt, ready } = queue;
  const falling = -sampler.rate(queue, 'messages_ready');
  return {
    oldest_message_age_ms: oldestPublishedAt === undefined ? null : Math.max(0, session.clock.now - oldestPublishedAt),
    wait_ms: percentiles(queue.waitTimes),
    processing_ms: percentiles(queue.processingTimes),
    time_to_empty_s: ready.count === 0 ? 0 : falling > 0 ? ready.count / falling : null,
  };
}
