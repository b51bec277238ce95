// An exchange as RabbitMQ shows it.
import { type Exchange, exchangeTypes } from '../../broker/exchange.ts';
import { isPredeclared } from '../../broker/vhost.ts';
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
  };
}

/** The types of exchanges, as overview and nodes list them. */
export function exchangeTypesView(): object[] {
  return [...exchangeTypes].sort().map(name => ({
    name,
    description: `AMQP ${name} exchange, as per the AMQP specification`,
    enabled: true,
  }));
}
