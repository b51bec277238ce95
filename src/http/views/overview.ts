// The overview of a broker in the words of RabbitMQ's management API, counted when it is asked for.
import type { User } from '../../auth/authority.ts';
import { isMonitor, maySee, ownVhosts } from '../access.ts';
import { ofChurn, ofPublishes, ofTotalLengths, valuesOf } from '../counters.ts';
import type { Management } from '../management.ts';
import type { Counters } from '../rates.ts';
import { Totals, totalsOf } from '../totals.ts';
import { exchangeTypesView } from './exchange.ts';
import type { Counted, Kind, Rates } from './rates.ts';

/** Ages of the histories that are kept, s. */
const retentionS: readonly number[] = [60, 600, 3600, 28_800, 86_400];

/** Takes time in proportion to the number of queues. Who does not monitor sees the sums of their own vhosts, and no more. */
export function overviewView(management: Management, viewer: User, rates: Rates): object {
  const { broker, product, productVersion, node } = management;
  const monitors = isMonitor(viewer);
  const totals = totalsOf(broker, management.connections);
  const vhosts = monitors ? [] : ownVhosts(management, viewer);
  const parts = monitors
    ? [{ object: broker, totals: totals.broker }]
    : vhosts.map(vhost => ({ object: vhost, totals: totals.vhosts.get(vhost) ?? new Totals() }));
  const objects = { channels: 0, connections: 0, consumers: 0, exchanges: 0, queues: 0 };
  for (const connection of management.connections) {
    if (connection.vhost === undefined || !maySee(viewer, connection)) continue;
    objects.connections++;
    objects.channels += connection.channels.size;
  }
  for (const { totals: part } of parts) {
    objects.exchanges += part.exchanges;
    objects.queues += part.queues;
    objects.consumers += part.consumers;
  }
  const summed = (kind: Kind, counters: Counters<Totals>): Counted =>
    rates.summed(
      parts.map(part => ({ object: part.object, values: valuesOf(counters, part.totals) })),
      kind,
    );
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
      ...summed('msg_rates', ofPublishes),
      ...rates.all(broker, 'msg_rates', { disk_reads: 0, disk_writes: 0 }),
    },
    ...(monitors ? { churn_rates: rates.all(broker, 'msg_rates', valuesOf(ofChurn, broker)) } : {}),
    queue_totals: summed('lengths', ofTotalLengths),
    object_totals: objects,
    statistics_db_event_queue: 0,
    node,
    listeners: monitors ? listenersView(management) : [],
    contexts: monitors ? [contextView(management)] : [],
  };
}

function listenersView({ node, listeners, http }: Management): object[] {
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
