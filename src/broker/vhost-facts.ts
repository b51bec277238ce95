// The facts by which a vhost, its durable exchanges, queues and bindings are made again.
import type { Table } from '../amqp/table.ts';
import type { Bound, Exchange } from './exchange.ts';
import type { Fact } from './facts.ts';
import { isPredeclared } from './predeclared.ts';
import type { Queue } from './queue.ts';
import type { Vhost } from './vhost.ts';
import { noMetadata } from './vhost-metadata.ts';

/** The fact that makes a vhost, with what is said of it. */
export function vhostCreated({ name, metadata }: Vhost): Fact {
  return metadata === noMetadata ? { type: 'vhost.created', name } : { type: 'vhost.created', name, metadata };
}

/** The facts that make a vhost's durable exchanges, queues and bindings again. */
export function* factsOf(vhost: Vhost): Generator<Fact> {
  const { name, exchanges, queues } = vhost;
  yield vhostCreated(vhost);
  if (vhost.tracer !== undefined) yield { type: 'vhost.tracing', vhost: name, on: true };
  yield* vhost.rules.facts(name);
  for (const exchange of exchanges.values())
    if (exchange.durable && !isPredeclared(exchange.name)) {
      yield exchangeDeclared(name, exchange);
      for (const values of exchange.deduplication?.values() ?? [])
        yield { type: 'exchange.seen', vhost: name, exchange: exchange.name, values };
    }
  for (const queue of queues.values()) {
    if (!queue.durable) continue;
    yield queueDeclared(queue);
    if (queue.consumed) yield { type: 'queue.consumed', id: queue.id };
    for (const values of queue.deduplication?.values() ?? []) yield { type: 'queue.seen', id: queue.id, values };
  }
  for (const exchange of exchanges.values())
    for (const bound of exchange.bindings.values()) if (bound.durable) yield bindingFact('bound', name, bound);
}

export function exchangeDeclared(vhost: string, exchange: Exchange): Fact {
  return {
    type: 'exchange.declared',
    vhost,
    name: exchange.name,
    kind: exchange.type,
    autoDelete: exchange.autoDelete,
    internal: exchange.internal,
    arguments: encode(exchange.arguments),
    ...(exchange.delayLine === undefined ? {} : { id: exchange.delayLine.id }),
  };
}

export function queueDeclared(queue: Queue): Fact {
  return {
    type: 'queue.declared',
    id: queue.id,
    vhost: queue.vhost,
    name: queue.name,
    autoDelete: queue.autoDelete,
    arguments: encode(queue.arguments),
  };
}

export function bindingFact(type: 'bound' | 'unbound', vhost: string, bound: Bound): Fact {
  return {
    type,
    vhost,
    source: bound.source.name,
    kind: bound.destination.kind,
    destination: bound.destination.name,
    routingKey: bound.routingKey,
    arguments: encode(bound.arguments),
  };
}

function encode(args: Table): string {
  return Buffer.from(args.encoded).toString('base64');
}
