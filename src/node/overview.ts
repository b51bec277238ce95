// The overview of a broker in the words of RabbitMQ's management API, counted when it is asked for.
import { hostname } from 'node:os';
import type { Broker } from '../broker/broker.ts';
import type { Connection } from '../session/connection.ts';
import type { Address, Config } from './config.ts';
import { VERSION } from './version.ts';

/** What the overview is of. */
export interface OverviewSubject {
  readonly config: Config;
  readonly broker: Broker;
  readonly connections: ReadonlySet<Connection>;
  /** Where AMQP is listened for. */
  readonly listeners: readonly Address[];
}

/** Reference 1.9, the shape of overview: the fields that mean something here. Takes time in proportion to the number of queues. */
export function overview({ config, broker, connections, listeners }: OverviewSubject): object {
  const node = `leveret@${hostname()}`;
  const objects = { channels: 0, connections: connections.size, consumers: 0, exchanges: 0, queues: 0 };
  const messages = { messages: 0, messages_ready: 0, messages_unacknowledged: 0 };
  for (const connection of connections) objects.channels += connection.channels.size;
  for (const vhost of broker.vhosts.values()) {
    objects.exchanges += vhost.exchanges.size;
    objects.queues += vhost.queues.size;
    for (const queue of vhost.queues.values()) {
      objects.consumers += queue.consumers.size;
      messages.messages_ready += queue.ready.count;
      messages.messages_unacknowledged += queue.unsettled;
    }
  }
  messages.messages = messages.messages_ready + messages.messages_unacknowledged;
  return {
    management_version: config.productVersion,
    rabbitmq_version: config.productVersion,
    product_name: config.product,
    product_version: config.productVersion,
    leveret_version: VERSION,
    cluster_name: config.clusterName ?? node,
    node,
    object_totals: objects,
    queue_totals: messages,
    listeners: listeners.map(({ host, port }) => ({ node, protocol: 'amqp', ip_address: host, port })),
  };
}
