// A virtual host: its exchanges, queues and bindings, and the operations on them.
import { Table } from '../amqp/table.ts';
import {
  checkDeduplicationArguments,
  checkEquivalentExchangeArguments,
  checkEquivalentQueueArguments,
  checkQueueDeclaration,
  exchangeArgument,
} from './arguments.ts';
import {
  anywhere,
  checkSame,
  type ExchangeDeclaration,
  type MaySendOn,
  type QueueDeclaration,
  reservedPrefix,
  unknownExchangeType,
} from './declaration.ts';
import { DelayLine } from './delay-line.ts';
import { settingsOf } from './effective.ts';
import { notFound, notImplemented, preconditionFailed, resourceLocked } from './errors.ts';
import type { Events } from './events.ts';
import {
  type Bound,
  bindingIdentity,
  type Destination,
  Exchange,
  exchangeTypes,
  refusedArguments,
} from './exchange.ts';
import { DelayedExchange } from './exchanges/delayed.ts';
import type { Fact, RuleFact } from './facts.ts';
import type { BrokerLimits } from './limits.ts';
import { keyOf, type Message } from './message.ts';
import { targetOf } from './policy.ts';
import { predeclared } from './predeclared.ts';
import { publish } from './publish.ts';
import { Queue } from './queue.ts';
import { route } from './route.ts';
import type { Services } from './services.ts';
import { type BrokerStats, ChannelStats } from './stats.ts';
import { Tracer } from './tracer.ts';
import { bindingEvent, exchangeCreated, queueCreated, tellOfRule } from './vhost-events.ts';
import { bindingFact, exchangeDeclared, queueDeclared } from './vhost-facts.ts';
import { noMetadata, type VhostMetadata } from './vhost-metadata.ts';
import { VhostRules } from './vhost-rules.ts';

/** What all vhosts share. */
export interface VhostOwner {
  readonly stats: BrokerStats;
  /** All queues by their id. */
  readonly queuesById: Map<number, Queue>;
  readonly limits: BrokerLimits;
  /** Of all vhosts. */
  readonly exchangeCount: number;
  readonly queueCount: number;
  /** Gives a new id. */
  nextQueueId(): number;
  readonly nodeName: string;
  readonly events: Events;
}

export class Vhost {
  readonly name: string;
  readonly exchanges: Map<string, Exchange> = new Map();
  readonly queues: Map<string, Queue> = new Map();
  readonly rules: VhostRules = new VhostRules();
  /** Rises with every change that can make a message go elsewhere. */
  version = 0;
  deleted = false;
  /** Has everything that happens to messages told to `amq.rabbitmq.trace`; undefined while that is off. */
  tracer: Tracer | undefined;
  /** Changed by the broker, which records it. */
  metadata: VhostMetadata = noMetadata;
  /** What channels that have ended have counted. */
  readonly stats: ChannelStats = new ChannelStats();
  readonly #bindingsTo = new Map<Destination, Set<Bound>>();
  readonly #services: Services;
  readonly #owner: VhostOwner;

  constructor(name: string, services: Services, owner: VhostOwner) {
    this.name = name;
    this.#services = services;
    this.#owner = owner;
    for (const [exchange, type, internal] of predeclared)
      this.addExchange(exchange, { type, durable: true, autoDelete: false, internal, arguments: Table.empty });
  }

  exchange(name: string): Exchange {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) throw notFound(`no ${this.exchangeResource(name)}`);
    return exchange;
  }

  /** The queue, if that connection may use it: an exclusive one is its owner's alone. */
  queue(name: string, connection: object | undefined): Queue {
    const queue = this.queues.get(name);
    if (queue === undefined) throw notFound(`no ${this.queueResource(name)}`);
    if (queue.owner !== undefined && queue.owner !== connection) throw this.#locked(name);
    return queue;
  }

  declareExchange(name: string, declaration: ExchangeDeclaration, maySendOn: MaySendOn = anywhere): Exchange {
    if (!exchangeTypes.includes(declaration.type)) throw unknownExchangeType(declaration.type);
    const resource = this.exchangeResource(name);
    const existing = this.exchanges.get(name);
    if (existing === undefined) {
      if (name.startsWith('amq.')) throw reservedPrefix('exchange', name);
      const { exchangesMax } = this.#owner.limits;
      if (this.#owner.exchangeCount >= exchangesMax)
        throw preconditionFailed(`cannot declare ${resource}: exchange limit of ${exchangesMax} is reached`);
      const alternate = exchangeArgument(resource, 'alternate-exchange', declaration.arguments);
      if (alternate !== undefined) maySendOn(alternate);
      checkDeduplicationArguments(resource, declaration.arguments);
      const refused = refusedArguments(declaration.type, declaration.arguments);
      if (refused !== undefined) throw preconditionFailed(refused);
      const exchange = this.addExchange(name, declaration);
      if (exchange.durable) this.#record(exchangeDeclared(this.name, exchange));
      this.#owner.events.emit('exchange.created', exchangeCreated(this.name, exchange));
      return exchange;
    }
    checkSame(resource, 'type', declaration.type, existing.type);
    checkSame(resource, 'durable', declaration.durable, existing.durable);
    checkSame(resource, 'auto_delete', declaration.autoDelete, existing.autoDelete);
    checkSame(resource, 'internal', declaration.internal, existing.internal);
    checkEquivalentExchangeArguments(resource, declaration.arguments, existing.arguments);
    return existing;
  }

  /** Deletes it if it is there. */
  deleteExchange(name: string, ifUnused: boolean): void {
    const exchange = this.exchanges.get(name);
    if (exchange === undefined) return;
    if (ifUnused && exchange.bindings.size > 0) throw preconditionFailed(`${this.exchangeResource(name)} in use`);
    this.removeExchange(exchange);
  }

  /** @throws AmqpError 403 for a name that is the broker's to give, unless there is a queue of that name */
  checkQueueName(name: string): void {
    if (name.startsWith('amq.') && !name.startsWith('amq.gen-') && !this.queues.has(name))
      throw reservedPrefix('queue', name);
  }

  /** `owner` is the declaring connection; the queue is its own when the declaration says exclusive. */
  declareQueue(
    name: string,
    declaration: QueueDeclaration,
    owner: object | undefined,
    maySendOn: MaySendOn = anywhere,
  ): Queue {
    this.checkQueueName(name);
    const existing = this.queues.get(name);
    if (existing === undefined) return this.createQueue(name, declaration, owner, maySendOn);
    this.#owner.stats.queuesDeclared++;
    if (existing.owner !== (declaration.exclusive ? owner : undefined)) throw this.#locked(name);
    const resource = this.queueResource(name);
    if (existing.owner === undefined) checkSame(resource, 'durable', declaration.durable, existing.durable);
    checkSame(resource, 'auto_delete', declaration.autoDelete, existing.autoDelete);
    checkEquivalentQueueArguments(resource, declaration.arguments, existing.arguments);
    return existing;
  }

  /** Makes a queue under a name that is free, without asking whether the name is reserved. */
  createQueue(
    name: string,
    declaration: QueueDeclaration,
    owner: object | undefined,
    maySendOn: MaySendOn = anywhere,
  ): Queue {
    this.#checkNewQueue(name, declaration, maySendOn);
    const durable = declaration.durable && !declaration.exclusive;
    const queue = new Queue(
      {
        id: this.#owner.nextQueueId(),
        vhost: this.name,
        name,
        durable,
        autoDelete: declaration.autoDelete,
        owner: declaration.exclusive ? owner : undefined,
        arguments: declaration.arguments,
      },
      this.#services,
    );
    this.addQueue(queue);
    this.#owner.stats.queuesDeclared++;
    this.#owner.stats.queuesCreated++;
    if (durable) this.#record(queueDeclared(queue));
    this.#owner.events.emit('queue.created', queueCreated(queue));
    return queue;
  }

  /** @throws AmqpError 406 where the queue is in use or not empty and should not be; 540 where its type does not look at that */
  expectDeletable(queue: Queue, when: { readonly ifUnused: boolean; readonly ifEmpty: boolean }): void {
    const { type } = queue.settings;
    const flag = (when.ifUnused && 'if-unused') || (when.ifEmpty && 'if-empty');
    if (type === 'quorum' && flag)
      throw notImplemented(
        `cannot delete ${this.queueResource(queue.name)}. queue.delete operations with ${flag} flag set are not supported by quorum queues`,
      );
    if (when.ifEmpty && queue.ready.count > 0) throw preconditionFailed(`${this.queueResource(queue.name)} not empty`);
    if (when.ifUnused && queue.consumers.size > 0) throw preconditionFailed(`${this.queueResource(queue.name)} in use`);
  }

  /** Deletes the queue, its bindings and what it holds. `deleted` is told how many messages waited in it, before consumers are told. */
  deleteQueue(queue: Queue, deleted: (count: number) => void = () => {}): void {
    if (queue.deleted) return;
    this.#owner.stats.queuesDeleted++;
    this.removeQueue(queue, deleted);
  }

  /** As `deleteQueue`, of a queue that is there. */
  removeQueue(queue: Queue, deleted: (count: number) => void = () => {}): void {
    this.queues.delete(queue.name);
    this.#owner.queuesById.delete(queue.id);
    this.version++;
    this.#unbindAll(queue);
    if (queue.durable) this.#record({ type: 'queue.deleted', id: queue.id, vhost: this.name, name: queue.name });
    deleted(queue.forget());
    this.stats.deduplicated += queue.stats.deduplicated;
    this.#owner.stats.endedChannels.deduplicated += queue.stats.deduplicated;
    this.#owner.stats.waitTimes.add(queue.waitTimes);
    this.#owner.stats.processingTimes.add(queue.processingTimes);
    for (const consumer of [...queue.consumers]) {
      queue.removeConsumer(consumer);
      consumer.channel.cancelled(consumer);
    }
    this.#owner.events.emit('queue.deleted', { name: queue.name, vhost: this.name });
  }

  /** The vhost is deleted: so is all that is in it, and nothing of it is recorded any more. */
  end(): void {
    this.deleted = true;
    for (const queue of [...this.queues.values()]) this.removeQueue(queue);
    for (const exchange of this.exchanges.values()) {
      const { name, routing } = exchange;
      routing.forget?.();
      this.#endLine(exchange);
      this.#owner.events.emit('exchange.deleted', { name, vhost: this.name });
    }
    this.exchanges.clear();
    this.version++;
    this.#bindingsTo.clear();
  }

  /** Idempotent. `routingKey` holds one character per byte. */
  bind(source: Exchange, destination: Destination, routingKey: string, args: Table): void {
    const identity = bindingIdentity(destination, routingKey, args);
    if (source.bindings.has(identity)) return;
    const refused = source.routing.validate?.(routingKey, args, destination);
    if (refused !== undefined) throw preconditionFailed(refused);
    const bound = this.addBinding(source, destination, routingKey, args);
    if (bound.durable) this.#record(bindingFact('bound', this.name, bound));
    this.#owner.events.emit('binding.created', bindingEvent(this.name, bound));
    for (const message of source.routing.history?.() ?? []) this.#give(message, destination);
  }

  unbind(source: Exchange, destination: Destination, routingKey: string, args: Table): void {
    const bound = source.bindings.get(bindingIdentity(destination, routingKey, args));
    if (bound !== undefined) this.#unbind(bound);
  }

  bindingsTo(destination: Destination): Iterable<Bound> {
    return this.#bindingsTo.get(destination) ?? [];
  }

  /** `lineId` is the id of what a delayed exchange had kept its messages under; a new one gets a new one. */
  addExchange(name: string, declaration: ExchangeDeclaration, lineId?: number): Exchange {
    const exchange = new Exchange({ vhost: this.name, name, ...declaration }, this.#services);
    this.#govern(exchange);
    this.exchanges.set(name, exchange);
    if (exchange.routing instanceof DelayedExchange) {
      const line = new DelayLine(lineId ?? this.#owner.nextQueueId(), exchange, this.#services);
      this.#owner.queuesById.set(line.id, line);
      exchange.routing.line = line;
    }
    this.version++;
    return exchange;
  }

  removeExchange(exchange: Exchange): void {
    this.exchanges.delete(exchange.name);
    exchange.routing.forget?.();
    exchange.deduplication = undefined;
    this.version++;
    // Recorded first: the fold then drops the bindings with it, and an auto-delete exchange behind one goes by a fact of its own. Nor may an
    // index say of what it keeps back that it is settled, while the end of the exchange is not durable.
    if (exchange.durable) this.#record({ type: 'exchange.deleted', vhost: this.name, name: exchange.name });
    this.#endLine(exchange);
    this.#owner.events.emit('exchange.deleted', { name: exchange.name, vhost: this.name });
    for (const bound of [...exchange.bindings.values()]) this.#unbind(bound);
    this.#unbindAll(exchange);
  }

  /** What a delayed exchange keeps back goes with it. */
  #endLine({ routing, delayLine }: Exchange): void {
    if (delayLine === undefined) return;
    this.#owner.queuesById.delete(delayLine.id);
    delayLine.forget();
    // A transaction may still have messages for it.
    (routing as DelayedExchange<Destination>).line = undefined;
  }

  addQueue(queue: Queue): void {
    this.queues.set(queue.name, queue);
    queue.tracer = this.tracer;
    this.#owner.queuesById.set(queue.id, queue);
    if (!this.#govern(queue)) queue.configure(settingsOf(queue));
    this.version++;
  }

  addBinding(source: Exchange, destination: Destination, routingKey: string, args: Table): Bound {
    const durable = source.durable && destination.durable;
    const bound: Bound = { source, destination, routingKey, arguments: args, durable };
    source.bindings.set(bindingIdentity(destination, routingKey, args), bound);
    source.routing.add(bound);
    let to = this.#bindingsTo.get(destination);
    if (to === undefined) {
      to = new Set();
      this.#bindingsTo.set(destination, to);
    }
    to.add(bound);
    this.version++;
    return bound;
  }

  /** Sets, changes or takes away a rule of the vhost: it holds at once for what is there. The fact must be a checked one. */
  setRule(fact: RuleFact): void {
    this.#record(fact);
    this.applyRule(fact);
    tellOfRule(this.#owner.events, this.name, fact);
  }

  /** As `setRule`, of a rule that is recorded. */
  applyRule(fact: RuleFact): void {
    this.rules.apply(fact);
    if (!fact.type.includes('policy')) return;
    for (const queue of this.queues.values()) this.#govern(queue);
    for (const exchange of this.exchanges.values()) if (this.#govern(exchange)) this.version++;
  }

  /** Turns tracing on or off. */
  trace(on: boolean): void {
    if (on === (this.tracer !== undefined)) return;
    this.#record({ type: 'vhost.tracing', vhost: this.name, on });
    this.applyTracing(on);
  }

  /** As `trace`, where it is recorded. */
  applyTracing(on: boolean): void {
    this.tracer = on ? new Tracer(this, this.#owner.nodeName, this.#services) : undefined;
    for (const queue of this.queues.values()) queue.tracer = this.tracer;
    // Publishers route anew: that is where the tracer looks.
    this.version++;
  }

  queueResource(name: string): string {
    return `queue '${name}' in vhost '${this.name}'`;
  }

  exchangeResource(name: string): string {
    return `exchange '${name}' in vhost '${this.name}'`;
  }

  /** What an exchange has kept goes to a destination that is new. */
  #give(message: Message, destination: Destination): void {
    const copy = message.twin();
    const queues = destination.kind === 'queue' ? [destination] : route(this, destination, copy, [keyOf(copy)]).queues;
    if (queues.length > 0) publish(queues, copy, this.#services.journal);
  }

  /** In RabbitMQ's order. */
  #checkNewQueue(name: string, declaration: QueueDeclaration, maySendOn: MaySendOn): void {
    const limit = this.rules.limit('max-queues');
    const refuse = (what: string): never => {
      throw preconditionFailed(`cannot declare queue '${name}': queue limit in ${what} is reached`);
    };
    if (this.queues.size >= limit) refuse(`vhost '${this.name}' (${limit})`);
    const { queuesMax } = this.#owner.limits;
    if (this.#owner.queueCount >= queuesMax) refuse(`cluster (${queuesMax})`);
    const resource = this.queueResource(name);
    const deadLetterExchange = exchangeArgument(resource, 'x-dead-letter-exchange', declaration.arguments);
    if (deadLetterExchange !== undefined) maySendOn(deadLetterExchange);
    checkQueueDeclaration(resource, declaration);
  }

  /** Finds the policies that hold for it; false when they are those that it has. */
  #govern(governed: Queue | Exchange): boolean {
    const target = targetOf(governed);
    const policy = this.rules.policies.match(target);
    const operatorPolicy = this.rules.operatorPolicies.match(target);
    if (policy === governed.policy && operatorPolicy === governed.operatorPolicy) return false;
    governed.govern(policy, operatorPolicy);
    return true;
  }

  #unbind(bound: Bound): void {
    const { source, destination } = bound;
    source.bindings.delete(bindingIdentity(destination, bound.routingKey, bound.arguments));
    source.routing.remove(bound);
    const to = this.#bindingsTo.get(destination);
    to?.delete(bound);
    if (to?.size === 0) this.#bindingsTo.delete(destination);
    this.version++;
    const gone =
      this.exchanges.get(source.name) !== source || (destination.kind === 'queue' ? destination.deleted : false);
    if (bound.durable && !gone && this.#isThere(destination)) this.#record(bindingFact('unbound', this.name, bound));
    this.#owner.events.emit('binding.deleted', bindingEvent(this.name, bound));
    if (source.autoDelete && source.bindings.size === 0 && this.exchanges.get(source.name) === source)
      this.removeExchange(source);
  }

  #unbindAll(destination: Destination): void {
    for (const bound of [...(this.#bindingsTo.get(destination) ?? [])]) this.#unbind(bound);
  }

  #isThere(destination: Destination): boolean {
    return destination.kind === 'queue'
      ? this.queues.get(destination.name) === destination
      : this.exchanges.get(destination.name) === destination;
  }

  #record(fact: Fact): void {
    if (!this.deleted) this.#services.journal.record(fact);
  }

  /** The exchanges that it was made with. */
  tellOfPredeclared(): void {
    for (const exchange of this.exchanges.values())
      this.#owner.events.emit('exchange.created', exchangeCreated(this.name, exchange));
  }

  #locked(name: string): Error {
    return resourceLocked(
      `cannot obtain exclusive access to locked ${this.queueResource(name)}. It could be originally declared on another connection ` +
        'or the exclusive property value does not match that of the original declaration.',
    );
  }
}
