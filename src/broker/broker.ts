// The broker: its vhosts, and the fold of the facts that make them.
import { Table } from '../amqp/table.ts';
import type { Destination } from './exchange.ts';
import type { Fact } from './facts.ts';
import { Queue, type Services } from './queue.ts';
import { BrokerStats } from './stats.ts';
import { Vhost, type VhostOwner } from './vhost.ts';
import { noMetadata, sameMetadata, type VhostMetadata } from './vhost-metadata.ts';

export class Broker implements VhostOwner {
  readonly vhosts: Map<string, Vhost> = new Map();
  readonly services: Services;
  /** All queues by their id, as the stores' records name them. */
  readonly queuesById: Map<number, Queue> = new Map();
  readonly stats: BrokerStats = new BrokerStats();
  #lastQueueId = 0;
  /** The journal ends with a clean stop. The first that may be delivered to records it again: a crash must not pass for that stop. */
  afterCleanStop = false;
  /** Told of a vhost that was deleted. */
  whenVhostDeleted: (vhost: Vhost) => void = () => {};

  constructor(services: Services) {
    this.services = services;
  }

  /** The id of the queue made last; ids are never reused. */
  get lastQueueId(): number {
    return this.#lastQueueId;
  }

  set lastQueueId(id: number) {
    this.#lastQueueId = Math.max(this.#lastQueueId, id);
  }

  nextQueueId(): number {
    return ++this.#lastQueueId;
  }

  /** Idempotent: what is said of a vhost that is there stays. */
  createVhost(name: string, metadata: VhostMetadata = noMetadata): Vhost {
    const existing = this.vhosts.get(name);
    if (existing !== undefined) return existing;
    const vhost = this.#addVhost(name);
    vhost.metadata = metadata;
    this.services.journal.record(vhost.created);
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
    this.whenVhostDeleted(vhost);
    return true;
  }

  /** Takes in a fact as recovery reads it. Facts about things that are not there any more change nothing. */
  apply(fact: Fact): void {
    switch (fact.type) {
      case 'vhost.created':
        this.#addVhost(fact.name).metadata = { ...noMetadata, ...fact.metadata };
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
      case 'exchange.declared':
        this.vhosts.get(fact.vhost)?.addExchange(fact.name, {
          type: fact.kind,
          durable: true,
          autoDelete: fact.autoDelete,
          internal: fact.internal,
          arguments: decode(fact.arguments),
        });
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
    for (const vhost of this.vhosts.values()) yield* vhost.facts();
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
    vhost.end();
  }

  #addVhost(name: string): Vhost {
    const vhost = new Vhost(name, this.services, this);
    this.vhosts.set(name, vhost);
    return vhost;
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
