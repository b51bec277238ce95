// What a vhost tells the event exchange of its exchanges, queues, bindings and policies, with RabbitMQ's names.
import type { EventValues } from './event-table.ts';
import type { Events } from './events.ts';
import type { Bound, Exchange } from './exchange.ts';
import type { RuleFact } from './facts.ts';
import type { Queue } from './queue.ts';

export function exchangeCreated(vhost: string, exchange: Exchange): EventValues<'exchange.created'> {
  const { policy, arguments: args, internal, autoDelete, durable, type, name } = exchange;
  return { policy: policy?.name ?? '', arguments: args, internal, auto_delete: autoDelete, durable, type, name, vhost };
}

export function queueCreated({
  owner,
  arguments: args,
  autoDelete,
  durable,
  name,
  vhost,
}: Queue): EventValues<'queue.created'> {
  return {
    exclusive: owner !== undefined,
    owner_pid: nameOf(owner),
    arguments: args,
    auto_delete: autoDelete,
    durable,
    name,
    vhost,
  };
}

export function bindingEvent(
  vhost: string,
  { source, destination, routingKey, arguments: args }: Bound,
): EventValues<'binding.created'> {
  return {
    vhost,
    arguments: args,
    routing_key: routingKey,
    destination_kind: destination.kind,
    destination_name: destination.name,
    source_kind: 'exchange',
    source_name: source.name,
  };
}

/** RabbitMQ tells of an operator policy as of any, until it is cleared. */
export function tellOfRule(events: Events, vhost: string, fact: RuleFact): void {
  switch (fact.type) {
    case 'policy.put':
    case 'operator-policy.put': {
      const { applyTo, priority, definition, pattern, name } = fact;
      events.emit('policy.set', { 'apply-to': applyTo, priority, definition, pattern, vhost, name });
      return;
    }
    case 'policy.delete':
      events.emit('policy.cleared', { vhost, name: fact.name });
      return;
    case 'operator-policy.delete':
      events.emit('operator.policy.cleared', { vhost, name: fact.name });
  }
}

/** Owners are connections, which have names. */
function nameOf(owner: object | undefined): string {
  return owner !== undefined && 'name' in owner ? String(owner.name) : '';
}
