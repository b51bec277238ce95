// The broker: its vhosts, and the fold of the facts that make them.
import { Table } from '../amqp/table.ts';
import type { Plain } from '../amqp/table-plain.ts';
import { DeadLetters } from './dead-letters.ts';
import { Deadlines } from './deadlines.ts';
import { preconditionFailed } from './errors.ts';
import { Events, eventExchange } from './events.ts';
import type { Destination } from './exchange.ts';
import type { Fact, GlobalParameterFact } from './facts.ts';
import { type BrokerLimits, unlimited } from './limits.ts';
import { Queue } from './queue.ts';
import { Replays } from './replays.ts';
import type { ReplyConsumers } from './reply-to.ts';
import type { Services, Surroundings } from './services.ts';
import { BrokerStats } from './stats.ts';
import { Vhost, type VhostOwner } from './vhost.ts';
import { factsOf, vhostCreated } from './vhost-facts.ts';
import { noMetadata, sameMetadata, type VhostMetadata } from './vhost-metadata.ts';

export class Broker implements VhostOwner {
  readonly vhosts: Map<string, Vhost> = new Map();
  readonly services: Services;
  /** All queues by their id, as the stores' records name them. */
  readonly queuesById: Map<number, Queue> = new Map();
  readonly stats: BrokerStats = new BrokerStats();
  /** Dead letters on their way back to where they came from. */
  readonly replays: Replays = new Replays();
  readonly events: Events;
  /** Nothing here acts on them. */
  readonly globalParameters: Map<string, Plain> = new Map();
  /** Holds for what is declared from now on. */
  limits: BrokerLimits = unlimited;
  /** Channels that wait for direct replies, of all vhosts. */
  readonly replyConsumers: ReplyConsumers = new Map();
  /** What the broker is called in what it tells of itself. */
  nodeName = '';
  readonly #eventVhost: string | undefined;
  #lastQueueId = 0;
  /** The journal ends with a clean stop. The first that may be delivered to records it again: a crash must not pass for that stop. */
  afterCleanStop = false;
  /** Told of a vhost that was deleted. */
  whenVhostDeleted: (vhost: Vhost) => void = () => {};

  /** `eventVhost` has the exchange `amq.rabbitmq.event` whenever it is there; undefined: none has. */
  constructor(surroundings: Surroundings, eventVhost?: string) {
    this.#eventVhost = eventVhost;
    this.events = new Events(surroundings);
    const dropped: Services['dropped'] = reason => {
      this.stats.dropped[reason]++;
    };
    this.services = {
      ...surroundings,
      deadlines: new Deadlines(),
      deadLetters: new DeadLetters(surroundings, queue => this.vhosts.get(queue.vhost), dropped),
      dropped,
      died: ({ settings }, reason, lettered) => {
        const { classic, quorum } = this.stats.deaths;
        (settings.type === 'quorum' ? quorum : classic)[lettered ? 'lettered' : 'disabled'][reason]++;
      },
      unused: queue => this.vhosts.get(queue.vhost)?.deleteQueue(queue),
    };
  }

  /** The id of the queue made last; ids are never reused. */
  get lastQueueId(): number {
    return this.#lastQueueId;
  }

  set lastQueueId(id: number) {
    this.#lastQueueId = Math.max(this.#lastQueueId, id);
  }

  get queueCount(): number {
    let count = 0;
    for (const vhost of this.vhosts.values()) count += vhost.queues.size;
    return count;
  }

  get exchangeCount(): number {
    let count = 0;
    for (const vhost of this.vhosts.values()) count += vhost.exchanges.size;
    return count;
  }

  nextQueueId(): number {
    return ++this.#lastQueueId;
  }

  /** The vhost of that name, made where there is none; what is said of one that is there stays. @throws AmqpError 406 where there may be no more */
  createVhost(name: string, metadata: VhostMetadata = noMetadata): Vhost {
    const existing = this.vhosts.get(name);
    if (existing !== undefined) return existing;
    const { vhostsMax } = this.limits;
    if (this.vhosts.size >= vhostsMax)
      throw preconditionFailed(`cannot create vhost '${name}': vhost limit of ${vhostsMax} is reached`);
    const vhost = this.#addVhost(name);
    vhost.metadata = metadata;
    this.services.journal.record(vhostCreated(vhost));
    vhost.tellOfPredeclared();
    this.events.emit('vhost.created', {
      tags: [],
      description: metadata.description,
      cluster_state: { [this.nodeName]: 'running' },
      tracing: false,
      metadata: '#{description => <<>>,tags => []}',
      default_queue_type: 'undefined',
      name,
    });
    return vhost;
  }

  /** Says something else of the vhost. */
  changeVhost(vhost: Vhost, metadata: VhostMetadata): void {
    if (sameMetadata(vhost.metadata, metadata)) return;
    vhost.metadata = metadata;
    this.services.journal.record({ type: 'vhost.changed', name: vhost.name, metadata });
  }

  /**
   * Deletes the vhost with all that is in it; false when there is none. `whenVhostDeleted` then ends its connections. What users were
   * allowed in it is the authority's to forget.
   */
  deleteVhost(name: string): boolean {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return false;
    // The fact stands for the end of everything in the vhost.
    this.services.journal.record({ type: 'vhost.deleted', name });
    this.stats.queuesDeleted += vhost.queues.size;
    this.#removeVhost(vhost);
    this.events.emit('vhost.deleted', { name });
    this.whenVhostDeleted(vhost);
    return true;
  }

  /** Takes in a fact as recovery reads it. Facts about things that are not there any more change nothing. */
  apply(fact: Fact): void {
    switch (fact.type) {
      case 'vhost.created':
        this.#addVhost(fact.name).metadata =
          fact.metadata === undefined ? noMetadata : { ...noMetadata, ...fact.metadata };
        return;
      case 'vhost.changed': {
        const vhost = this.vhosts.get(fact.name);
        if (vhost !== undefined) vhost.metadata = { ...noMetadata, ...fact.metadata };
        return;
      }
      case 'vhost.deleted': {
        const vhost = this.vhosts.get(fact.name);
        if (vhost !== undefined) this.#removeVhost(vhost);
        return;
      }
      case 'vhost.tracing':
        this.vhosts.get(fact.vhost)?.applyTracing(fact.on);
        return;
      case 'exchange.declared':
        this.#recoverExchange(fact);
        return;
      case 'exchange.deleted': {
        const vhost = this.vhosts.get(fact.vhost);
        const exchange = vhost?.exchanges.get(fact.name);
        if (exchange !== undefined) vhost?.removeExchange(exchange);
        return;
      }
      case 'queue.declared':
        this.#recoverQueue(fact);
        return;
      case 'queue.deleted': {
        this.lastQueueId = fact.id;
        const vhost = this.vhosts.get(fact.vhost);
        const queue = vhost?.queues.get(fact.name);
        if (queue?.id === fact.id) vhost?.removeQueue(queue);
        return;
      }
      case 'queue.consumed': {
        const queue = this.queuesById.get(fact.id);
        if (queue !== undefined) queue.consumed = true;
        return;
      }
      case 'policy.put':
      case 'policy.delete':
      case 'operator-policy.put':
      case 'operator-policy.delete':
      case 'limit.put':
      case 'limit.delete':
      case 'parameter.put':
      case 'parameter.delete':
        this.vhosts.get(fact.vhost)?.applyRule(fact);
        return;
      case 'global-parameter.put':
        this.globalParameters.set(fact.name, fact.value);
        return;
      case 'global-parameter.delete':
        this.globalParameters.delete(fact.name);
        return;
      case 'exchange.seen':
        this.vhosts.get(fact.vhost)?.exchanges.get(fact.exchange)?.deduplication?.recover(fact.values);
        return;
      case 'queue.seen':
        this.queuesById.get(fact.id)?.recoverSeen(fact.values);
        return;
      case 'bound':
      case 'unbound':
        this.#recoverBinding(fact);
        return;
      default:
        throw new Error(`the broker knows no fact of type ${fact.type}`);
    }
  }

  /** The facts that make all that is durable again, in an order that replays. */
  *facts(): Generator<Fact> {
    for (const [name, value] of this.globalParameters) yield { type: 'global-parameter.put', name, value };
    for (const vhost of this.vhosts.values()) yield* factsOf(vhost);
  }

  setGlobalParameter(fact: GlobalParameterFact): void {
    this.services.journal.record(fact);
    this.apply(fact);
  }

  /** The queue may be delivered from from now on: after an unclean stop its messages count as redelivered. */
  markConsumed(queue: Queue): void {
    const first = this.afterCleanStop && queue.durable;
    if (queue.consumed && !first) return;
    queue.consumed = true;
    if (!queue.durable) return;
    this.afterCleanStop = false;
    this.services.journal.record({ type: 'queue.consumed', id: queue.id });
  }

  #removeVhost(vhost: Vhost): void {
    this.vhosts.delete(vhost.name);
    if (this.events.home === vhost) this.events.home = undefined;
    vhost.end();
  }

  #addVhost(name: string): Vhost {
    const vhost = new Vhost(name, this.services, this);
    this.vhosts.set(name, vhost);
    if (name === this.#eventVhost) {
      const declaration = { type: 'topic', durable: true, autoDelete: false, internal: true, arguments: Table.empty };
      vhost.addExchange(eventExchange, declaration);
      this.events.home = vhost;
    }
    return vhost;
  }

  #recoverExchange(fact: Extract<Fact, { type: 'exchange.declared' }>): void {
    if (fact.id !== undefined) this.lastQueueId = fact.id;
    const { kind, autoDelete, internal } = fact;
    const declaration = { type: kind, durable: true, autoDelete, internal, arguments: decode(fact.arguments) };
    this.vhosts.get(fact.vhost)?.addExchange(fact.name, declaration, fact.id);
  }

  #recoverQueue(fact: Extract<Fact, { type: 'queue.declared' }>): void {
    this.lastQueueId = fact.id;
    const vhost = this.vhosts.get(fact.vhost);
    if (vhost === undefined) return;
    const queue = new Queue(
      {
        id: fact.id,
        vhost: fact.vhost,
        name: fact.name,
        durable: true,
        autoDelete: fact.autoDelete,
        owner: undefined,
        arguments: decode(fact.arguments),
      },
      this.services,
    );
    vhost.addQueue(queue);
  }

  #recoverBinding(fact: Extract<Fact, { type: 'bound' | 'unbound' }>): void {
    const vhost = this.vhosts.get(fact.vhost);
    const source = vhost?.exchanges.get(fact.source);
    const destination: Destination | undefined =
      fact.kind === 'queue' ? vhost?.queues.get(fact.destination) : vhost?.exchanges.get(fact.destination);
    if (vhost === undefined || source === undefined || destination === undefined) return;
    if (fact.type === 'bound') vhost.addBinding(source, destination, fact.routingKey, decode(fact.arguments));
    else vhost.unbind(source, destination, fact.routingKey, decode(fact.arguments));
  }
}

function decode(encoded: string): Table {
  return Table.read(Buffer.from(encoded, 'base64'));
}
