// A vhost as RabbitMQ shows it, with the sums of what is in it.
import type { Vhost } from '../../broker/vhost.ts';
import type { Management } from '../management.ts';
import { queueCounters, queueLengths } from './queue.ts';
import type { Rates } from './rates.ts';

export function vhostView(vhost: Vhost, management: Management, rates: Rates): object {
  const isDefault = vhost.name === '/';
  const description = isDefault ? 'Default virtual host' : '';
  return {
    name: vhost.name,
    description,
    tags: [],
    default_queue_type: 'undefined',
    metadata: { description, tags: [] },
    tracing: false,
    cluster_state: { [management.node]: 'running' },
    ...rates.all(vhost, 'lengths', vhostLengths([vhost])),
    message_stats: rates.all(vhost, 'msg_rates', vhostCounters(vhost)),
    ...rates.all(vhost, 'data_rates', vhostBytes(vhost, management)),
  };
}

/** The sums of the queues' lengths. */
export function vhostLengths(vhosts: Iterable<Vhost>): Record<string, number> {
  let ready = 0;
  let unacknowledged = 0;
  for (const { queues } of vhosts)
    for (const queue of queues.values()) {
      const lengths = queueLengths(queue);
      ready += lengths.messages_ready;
      unacknowledged += lengths.messages_unacknowledged;
    }
  return { messages: ready + unacknowledged, messages_ready: ready, messages_unacknowledged: unacknowledged };
}

function vhostCounters({ queues }: Vhost): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const queue of queues.values()) {
    const counters = queueCounters(queue);
    for (const name in counters) sums[name] = (sums[name] ?? 0) + (counters[name] as number);
  }
  return sums;
}

function vhostBytes(vhost: Vhost, { connections }: Management): Record<string, number> {
  const sums = { recv_oct: 0, send_oct: 0 };
  for (const connection of connections) if (connection.vhost === vhost) sums.recv_oct += connection.received;
  return sums;
}
