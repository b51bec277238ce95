// The exchanges that nobody declares.
import { eventExchange } from './events.ts';

/** The exchanges that every vhost has (RabbitMQ behaviour). */
export const predeclared: readonly (readonly [name: string, type: string, internal: boolean])[] = [
  ['', 'direct', false],
  ['amq.direct', 'direct', false],
  ['amq.fanout', 'fanout', false],
  ['amq.topic', 'topic', false],
  ['amq.headers', 'headers', false],
  ['amq.match', 'headers', false],
  ['amq.rabbitmq.trace', 'topic', true],
];

export function isPredeclared(exchange: string): boolean {
  return exchange === eventExchange || predeclared.some(([name]) => name === exchange);
}
