// The flow of a vhost as a drawing: producers, exchanges, queues and workers, with rates on the edges between them.
import type { Exchange } from '../../broker/exchange.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Channel } from '../../session/channel.ts';
import type { Connection } from '../../session/connection.ts';
import type { Management } from '../management.ts';
import { givenName } from './connection.ts';

/** More of a kind than this are left out, those that do least first. */
const flowNodesMax = 200;
/** Routing keys that stand on one edge. */
const keysMax = 3;

export interface FlowNode {
  readonly id: string;
  readonly kind: 'producer' | 'exchange' | 'queue' | 'worker';
  readonly name: string;
  readonly vhost: string;
  /** Messages per second through it; null where that is not known: what reaches an exchange through another is not counted. */
  readonly rate: number | null;
  readonly [more: string]: unknown;
}

export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  /**
   * Messages per second; what goes into a queue through several exchanges is shared out by what these get. Null where what one of them
   * gets is not known.
   */
  readonly rate: number | null;
  readonly label: string;
}

export interface Flow {
  readonly nodes: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
  /** How many of each kind there are, shown or not. */
  readonly totals: Readonly<Record<FlowNode['kind'], number>>;
}

const exchangeId = (name: string): string => `x:${name}`;
const queueId = (name: string): string => `q:${name}`;

/** Draws the vhost; exchanges that nobody uses are left out. */
export function flowView(vhost: Vhost, management: Management): Flow {
  const drawing = new Drawing(vhost, management);
  const channels = [...management.connections].filter(connection => connection.vhost === vhost).flatMap(channelsOf);
  for (const queue of vhost.queues.values()) drawing.queue(queue);
  for (const channel of channels) drawing.producer(channel);
  for (const exchange of vhost.exchanges.values()) drawing.exchange(exchange);
  for (const channel of channels) drawing.worker(channel);
  return drawing.done();
}

function channelsOf({ channels }: Connection): Channel[] {
  return [...channels.values()];
}

class Drawing {
  readonly #vhost: Vhost;
  readonly #management: Management;
  readonly #nodes = new Map<string, FlowNode & { rate: number | null }>();
  readonly #edges = new Map<string, { from: string; to: string; rate: number | null; labels: Set<string> }>();

  constructor(vhost: Vhost, management: Management) {
    this.#vhost = vhost;
    this.#management = management;
  }

  queue(queue: Queue): void {
    const { ready, unsettled, consumers } = queue;
    this.#node(queueId(queue.name), 'queue', queue.name, this.#rate(queue, 'publish'), {
      messages_ready: ready.count,
      messages_unacknowledged: unsettled,
      consumers: consumers.size,
      deliver_rate: this.#rate(queue, 'deliver_get'),
    });
  }

  exchange(exchange: Exchange): void {
    const { name, stats, type, bindings } = exchange;
    const used = stats.publishedIn > 0 || bindings.size > 0 || this.#nodes.has(exchangeId(name));
    if (!used) return;
    const through = this.#isBehindAnother(exchange) ? null : this.#rate(exchange, 'publish_in');
    this.#node(exchangeId(name), 'exchange', name, through, { type });
    for (const { destination, routingKey } of bindings.values()) {
      const key = Buffer.from(routingKey, 'latin1').toString();
      if (destination.kind === 'queue') {
        this.#edge(exchangeId(name), queueId(destination.name), this.#share(exchange, destination), key);
      } else {
        // All that a fanout exchange gets goes everywhere; what matches a key is not counted.
        const rate = type === 'fanout' ? through : null;
        this.#edge(exchangeId(name), exchangeId(destination.name), rate, key);
      }
    }
    if (name !== '' || stats.publishedIn === 0) return;
    // The default exchange leads to every queue: those count to which nothing else does, as far as anything went in.
    for (const queue of this.#vhost.queues.values()) {
      const bound = [...this.#vhost.bindingsTo(queue)].length > 0;
      if (!bound && queue.stats.published > 0)
        this.#edge(exchangeId(''), queueId(queue.name), this.#rate(queue, 'publish'), '');
    }
  }

  /** A connection that has published, with an edge to each exchange it did to. */
  producer(channel: Channel): void {
    const { connection, stats, publishing } = channel;
    if (stats.published === 0) return;
    const rate = this.#rate(channel, 'publish');
    const id = `p:${connection.name}`;
    this.#node(id, 'producer', givenName(connection) ?? connection.name, rate, { connection: connection.name });
    for (const [exchange, { publishedIn }] of publishing.published) {
      if (this.#vhost.exchanges.get(exchange.name) !== exchange) continue;
      this.#edge(id, exchangeId(exchange.name), rate * (publishedIn / stats.published), '');
    }
  }

  /** A connection that consumes, with an edge from each queue. */
  worker(channel: Channel): void {
    const { connection, consumers } = channel;
    for (const consumer of consumers.values()) {
      const rate = this.#rate(consumer, 'deliver_get');
      const id = `w:${connection.name}`;
      this.#node(id, 'worker', givenName(connection) ?? connection.name, rate, { connection: connection.name });
      this.#edge(queueId(consumer.queue.name), id, rate, '');
    }
  }

  done(): Flow {
    const kinds = ['producer', 'exchange', 'queue', 'worker'] as const;
    const all = [...this.#nodes.values()];
    const of = (kind: FlowNode['kind']): FlowNode[] => all.filter(node => node.kind === kind);
    const nodes = kinds.flatMap(kind => of(kind).sort(busiestFirst).slice(0, flowNodesMax));
    const shown = new Set(nodes.map(({ id }) => id));
    const edges = [...this.#edges.values()].filter(({ from, to }) => shown.has(from) && shown.has(to));
    return {
      nodes,
      edges: edges.map(({ labels, ...edge }) => ({ ...edge, label: labelOf([...labels]) })),
      totals: Object.fromEntries(kinds.map(kind => [kind, of(kind).length])) as Flow['totals'],
    };
  }

  /** Of what comes into the queue, the share that comes through this exchange. */
  #share(exchange: Exchange, queue: Queue): number | null {
    const sources = new Set([...this.#vhost.bindingsTo(queue)].map(({ source }) => source));
    if (sources.size === 1) return this.#rate(queue, 'publish');
    if ([...sources].some(source => this.#isBehindAnother(source))) return null;
    const all = [...sources].reduce((sum, { stats }) => sum + stats.publishedIn, 0);
    return all === 0 ? 0 : (this.#rate(queue, 'publish') * exchange.stats.publishedIn) / all;
  }

  /** Whether another exchange leads to it: what comes that way is not counted. */
  #isBehindAnother(exchange: Exchange): boolean {
    for (const _ of this.#vhost.bindingsTo(exchange)) return true;
    return false;
  }

  #rate(object: object, counter: string): number {
    return this.#management.sampler.rate(object, counter);
  }

  #node(id: string, kind: FlowNode['kind'], name: string, rate: number | null, more: object): void {
    const known = this.#nodes.get(id);
    if (known !== undefined && known.kind === kind) known.rate = sum(known.rate, rate);
    else this.#nodes.set(id, { id, kind, name, vhost: this.#vhost.name, rate, ...more });
  }

  #edge(from: string, to: string, rate: number | null, label: string): void {
    const id = `${from}\0${to}`;
    const known = this.#edges.get(id);
    if (known === undefined) {
      this.#edges.set(id, { from, to, rate, labels: new Set(label === '' ? [] : [label]) });
      return;
    }
    // Several bindings lead the same way; several channels or consumers of one connection add up.
    if (label !== '') known.labels.add(label);
    else known.rate = sum(known.rate, rate);
  }
}

/** What is not known makes the sum so. */
function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function busiestFirst(a: FlowNode, b: FlowNode): number {
  return (b.rate ?? 0) - (a.rate ?? 0) || (a.name < b.name ? -1 : 1);
}

function labelOf(keys: readonly string[]): string {
  const more = keys.length - keysMax;
  return keys.slice(0, keysMax).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
