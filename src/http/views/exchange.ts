// An exchange as RabbitMQ shows it.
import { type Exchange, exchangeTypes } from '../../broker/exchange.ts';
import { isPredeclared } from '../../broker/predeclared.ts';
import type { Queue } from '../../broker/queue.ts';
import { jsonOf } from '../amqp-json.ts';
import { ofExchange, valuesOf } from '../counters.ts';
import type { Rates } from './rates.ts';

export function exchangeView(exchange: Exchange, rates: Rates): object {
  return {
    arguments: jsonOf(exchange.arguments),
    auto_delete: exchange.autoDelete,
    durable: exchange.durable,
    internal: exchange.internal,
    message_stats: rates.all(exchange, 'msg_rates', valuesOf(ofExchange, exchange)),
    name: exchange.name,
    // Only where there is one (RabbitMQ behaviour).
    ...(exchange.policy === undefined ? {} : { policy: exchange.policy.name }),
    type: exchange.type,
    user_who_performed_action: isPredeclared(exchange.name) ? 'rmq-internal' : '',
    vhost: exchange.vhost,
    messages_deduplicated: exchange.stats.deduplicated,
    ...(exchange.delayLine === undefined ? {} : delayed(exchange.delayLine)),
  };
}

/** What a delayed exchange keeps back. */
function delayed({ ready }: Queue): object {
  return {
    messages_delayed: ready.count,
    message_bytes_delayed: ready.bytes,
    next_due_at: ready.headDeadline === 0 ? null : ready.headDeadline,
  };
}

/** What types say of themselves that are not of AMQP's specification. */
const descriptions: Readonly<Record<string, string>> = {
  'x-consistent-hash': 'Consistent Hashing Exchange',
  'x-local-random': 'Picks one random local binding (queue) to route via (to).',
  'x-modulus-hash': 'Modulus Hashing Exchange',
  'x-random': 'Randomly picks a binding (queue) to route via (to).',
  'x-recent-history': 'Recent History Exchange.',
};

/** The types of exchanges, as overview and nodes list them. */
export function exchangeTypesView(): object[] {
  return [...exchangeTypes].sort().map(name => ({
    name,
    description: descriptions[name] ?? `AMQP ${name} exchange, as per the AMQP specification`,
    enabled: true,
  }));
}
