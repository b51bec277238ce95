// The overview of a broker in the words of RabbitMQ's management API, counted when it is asked for.
import type { User } from '../../auth/authority.ts';
import { isMonitor, maySee, ownVhosts, visibleVhosts } from '../access.ts';
import type { Management } from '../management.ts';
import { churnCounters, vhostCounters, vhostLengths } from './counters.ts';
import { exchangeTypesView } from './exchange.ts';
import type { Rates } from './rates.ts';

/** Ages of the histories that are kept, s. */
export const retentionS: readonly number[] = [60, 600, 3600, 28_800, 86_400];

/** Takes time in proportion to the number of queues. Who does not monitor sees the sums of their own vhosts. */
export function overviewView(management: Management, viewer: User, rates: Rates): object {
  const { broker, product, productVersion, node } = management;
  const monitors = isMonitor(viewer);
  const vhosts = monitors ? visibleVhosts(management, viewer) : ownVhosts(management, viewer);
  const objects = { channels: 0, connections: 0, consumers: 0, exchanges: 0, queues: 0 };
  for (const connection of management.connections) {
    if (connection.vhost === undefined || !maySee(viewer, connection)) continue;
    objects.connections++;
    objects.channels += connection.channels.size;
  }
  for (const { exchanges, queues } of vhosts) {
    objects.exchanges += exchanges.size;
    objects.queues += queues.size;
    for (const queue of queues.values()) objects.consumers += queue.consumers.size;
  }
  return {
    management_version: productVersion,
    rates_mode: 'basic',
    sample_retention_policies: { global: retentionS, basic: retentionS, detailed: retentionS },
    exchange_types: exchangeTypesView(),
    product_version: productVersion,
    product_name: product,
    rabbitmq_version: productVersion,
    leveret_version: management.version,
    cluster_name: management.clusterName,
    erlang_version: '',
    erlang_full_version: `Node.js ${process.version}`,
    release_series_support_status: 'supported',
    disable_stats: false,
    enable_queue_totals: false,
    message_stats: {
      ...rates.all(broker, 'msg_rates', vhostCounters(new Set(vhosts), management.connections)),
      ...rates.all(broker, 'msg_rates', { disk_reads: 0, disk_writes: 0 }),
    },
    churn_rates: rates.all(broker, 'msg_rates', churnCounters(broker)),
    queue_totals: rates.all(broker, 'lengths', vhostLengths(vhosts)),
    object_totals: objects,
    statistics_db_event_queue: 0,
    node,
    listeners: monitors ? listenersView(management) : [],
    contexts: monitors ? [contextView(management)] : [],
  };
}

export function listenersView({ node, listeners, http }: Management): object[] {
  const view = (protocol: string, host: string, port: number): object => ({
    node,
    protocol,
    ip_address: host,
    port,
    socket_opts: {},
  });
  return [...listeners.map(({ host, port }) => view('amqp', host, port)), view('http', http.host, http.port)];
}

export function contextView({ node, http }: Management): object {
  return {
    ssl_opts: [],
    node,
    description: 'Leveret Management',
    path: '/',
    cowboy_opts: '[]',
    ip: http.host,
    port: String(http.port),
  };
}
