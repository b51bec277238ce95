// A vhost as RabbitMQ shows it, with the sums of what is in it.
import type { Vhost } from '../../broker/vhost.ts';
import type { VhostMetadata } from '../../broker/vhost-metadata.ts';
import { ofPublishes, ofTotalBytes, ofTotalLengths, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import type { Totals } from '../totals.ts';
import type { Rates } from './rates.ts';

/** `totals` are the sums of the vhost. */
export function vhostView(vhost: Vhost, totals: Totals, management: Management, rates: Rates): object {
  const { description, tags, defaultQueueType } = vhost.metadata;
  return {
    name: vhost.name,
    description,
    tags,
    // As RabbitMQ writes that there is none.
    default_queue_type: defaultQueueType ?? 'undefined',
    metadata: metadataView(vhost.metadata),
    tracing: vhost.tracer !== undefined,
    cluster_state: { [management.node]: 'running' },
    ...rates.all(vhost, 'lengths', valuesOf(ofTotalLengths, totals)),
    message_stats: rates.all(vhost, 'msg_rates', valuesOf(ofPublishes, totals)),
    ...rates.all(vhost, 'data_rates', valuesOf(ofTotalBytes, totals)),
  };
}

/** What is said of a vhost, as definitions carry it. */
export function metadataView({ description, tags, defaultQueueType }: VhostMetadata): object {
  return { description, tags, ...(defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType }) };
}
