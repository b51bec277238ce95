// A vhost as RabbitMQ shows it, with the sums of what is in it.
import type { Vhost } from '../../broker/vhost.ts';
import type { Management } from '../management.ts';
import { vhostBytes, vhostCounters, vhostLengths } from './counters.ts';
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
    message_stats: rates.all(vhost, 'msg_rates', vhostCounters(new Set([vhost]), management.connections)),
    ...rates.all(vhost, 'data_rates', vhostBytes(vhost, management.connections)),
  };
}
