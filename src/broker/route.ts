// From an exchange and a routing key to the queues that get the message.
import type { Destination, Exchange } from './exchange.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';
import { Routed } from './routed.ts';
import type { Vhost } from './vhost.ts';

/** Where a message goes. */
export interface Routing {
  /** Each queue once, in the order found. */
  readonly queues: readonly Queue[];
  /** False when more than the keys had a say, so that another message with the same keys may go elsewhere. */
  readonly reusable: boolean;
}

/**
 * Follows bindings, exchange-to-exchange ones included; each exchange and each queue is reached once, so cycles end.
 * An exchange that itself routes nowhere with all keys hands over to its alternate exchange. `keys` is as in `Routed`.
 */
export function route(vhost: Vhost, exchange: Exchange, message: Message, keys: readonly string[]): Routing {
  const queues = new Set<Queue>();
  const seen = new Set<Exchange>([exchange]);
  const open = [exchange];
  const routed = new Routed(message, keys);
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
      for (const key of keys) {
        const queue = vhost.queues.get(Buffer.from(key, 'latin1').toString());
        if (queue !== undefined) take(queue);
      }
    } else {
      if (!from.routing.byKey) reusable = false;
      from.routing.route(routed, take);
    }
    // The default exchange takes nothing as an alternate: its bindings are implied, not there (RabbitMQ behaviour).
    const alternate = found || !from.alternate ? undefined : vhost.exchanges.get(from.alternate);
    if (alternate !== undefined) take(alternate);
  }
  return { queues: [...queues], reusable };
}
