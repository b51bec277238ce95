// From an exchange and a routing key to the queues that get the message.
import { decodeProperties } from '../amqp/properties.ts';
import type { Table } from '../amqp/table.ts';
import type { Destination, Exchange } from './exchange.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';
import type { Vhost } from './vhost.ts';

/** Where a message goes. */
export interface Routing {
  /** Each queue once, in the order found. */
  readonly queues: readonly Queue[];
  /** False when the headers had a say, so that another message with the same key may go elsewhere. */
  readonly reusable: boolean;
}

/**
 * Follows bindings, exchange-to-exchange ones included; each exchange and each queue is reached once, so cycles end.
 * An exchange that itself routes nowhere hands over to its alternate exchange. `routingKey` holds one character per byte.
 */
export function route(vhost: Vhost, exchange: Exchange, routingKey: string, headers: () => Table | undefined): Routing {
  const queues = new Set<Queue>();
  const seen = new Set<Exchange>([exchange]);
  const open = [exchange];
  let reusable = true;
  for (let from = open.shift(); from !== undefined; from = open.shift()) {
    let found = false;
    const take = (destination: Destination): void => {
      found = true;
      if (destination.kind === 'queue') queues.add(destination);
      else if (!seen.has(destination)) {
        seen.add(destination);
        open.push(destination);
      }
    };
    if (from.name === '') {
      const queue = vhost.queues.get(Buffer.from(routingKey, 'latin1').toString());
      if (queue !== undefined) take(queue);
    } else {
      if (from.routing.needsHeaders) reusable = false;
      from.routing.route(routingKey, from.routing.needsHeaders ? headers() : undefined, take);
    }
    const alternate = found || from.alternate === undefined ? undefined : vhost.exchanges.get(from.alternate);
    if (alternate !== undefined) take(alternate);
  }
  return { queues: [...queues], reusable };
}

/** The headers of a message whose content is in memory, for exchanges that look at them. */
export function headersOf({ header, headerStart, headerEnd }: Message): Table | undefined {
  return decodeProperties(header as Buffer, headerStart, headerEnd).headers;
}
