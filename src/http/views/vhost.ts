// A vhost as RabbitMQ shows it, with the sums of what is in it.
import type { Vhost } from '../../broker/vhost.ts';
import { ofPublishes, ofTotalBytes, ofTotalLengths, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import type { Totals } from '../totals.ts';
import type { Rates } from './rates.ts';

/** `totals` are the sums of the vhost. */
export function vhostView(vhost: Vhost, totals: Totals, management: Management, rates: Rates): object {
  const isDefault = vhost.name === '/';
  const description = isDefault ? 'Default virtual host' : '';
  return {
    name: vhost.name,
    description,
    tags: [],
    default_queue_type: 'undefined',
    metadata: { description, tags: [] },
    tracing: vhost.tracer !== undefined,
    cluster_state: { [management.node]: 'running' },
    ...rates.all(vhost, 'lengths', valuesOf(ofTotalLengths, totals)),
    message_stats: rates.all(vhost, 'msg_rates', valuesOf(ofPublishes, totals)),
    ...rates.all(vhost, 'data_rates', valuesOf(ofTotalBytes, totals)),
  };
}
