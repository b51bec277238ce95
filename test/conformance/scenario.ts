// What a conformance scenario is, and the stage it plays on: connections, names of its own, and a second client that looks.
import assert from 'node:assert/strict';
import type { Broker, Product } from './brokers.ts';
import { type Channel, type LoginOptions, Wire } from './wire.ts';
import type { Fields } from './wire-codec.ts';

/** An intended difference between Leveret and RabbitMQ 3.10.8; becomes a row of the compatibility page. */
export type Difference = { readonly rabbitmq: string; readonly leveret: string; readonly reason: string };

/** One scenario. `covers` names rows of the coverage table. */
export type Scenario = {
  readonly id: string;
  readonly covers: readonly string[];
  readonly differs?: Difference;
  /** Set where RabbitMQ 3.10.8 has no such feature, so that Leveret plays alone: where the expected values come from. */
  readonly source?: string;
  /** Played with no other beside it, since it changes what all clients of the broker see. */
  readonly alone?: boolean;
  /** Played after all others, alone, since it stops the broker. */
  readonly last?: boolean;
  readonly play: (t: Stage) => Promise<void>;
};

/** All scenarios that were declared, in order. */
export const scenarios: Scenario[] = [];

/** Declares one scenario: its title, the rows it covers, and how it is played. */
export type Declare = (
  title: string,
  options: {
    covers: readonly string[];
    differs?: Difference;
    source?: string;
    alone?: boolean;
    last?: boolean;
  },
  play: (t: Stage) => Promise<void>,
) => void;

/** How the scenarios of one theme are declared; the theme stands before each title. */
export function theme(name: string): Declare {
  return (title, options, play) => {
    const id = `${name}: ${title}`;
    if (scenarios.some(other => other.id === id)) throw new Error(`two scenarios are called ${id}`);
    scenarios.push({ id, ...options, play });
  };
}

let stages = 0;

/** What a scenario has at hand. Everything opened or named through it is closed and deleted afterwards. */
export class Stage {
  readonly product: Product;
  readonly port: number;
  readonly broker: Broker;
  private readonly prefix: string;
  private readonly names: string[] = [];
  private readonly undo: (() => Promise<void>)[] = [];
  private named = 0;
  private readonly wires: Wire[] = [];
  private second: Promise<Wire> | undefined;

  constructor(product: Product, broker: Broker) {
    this.product = product;
    this.broker = broker;
    this.port = broker.port;
    this.prefix = `s${process.pid}-${++stages}`;
  }

  /** True when the broker is RabbitMQ; for the listed differences only. */
  get onRabbitmq(): boolean {
    return this.product === 'rabbitmq';
  }

  /** A name that no other scenario has; the queue and the exchange called so are deleted at the end. */
  name(suffix = 'q'): string {
    return this.track(`${this.prefix}-${++this.named}-${suffix}`);
  }

  /** Has the queue and the exchange of this name deleted at the end. */
  track(name: string): string {
    if (!this.names.includes(name)) this.names.push(name);
    return name;
  }

  /** A TCP connection that has said nothing yet. */
  async connect(): Promise<Wire> {
    const wire = await Wire.connect(this.port);
    this.wires.push(wire);
    return wire;
  }

  /** A connection that is logged in, as guest on `/` unless told otherwise. */
  async login(options: LoginOptions = {}): Promise<Wire> {
    const wire = await Wire.login(this.port, options);
    this.wires.push(wire);
    return wire;
  }

  /** A channel on a connection of its own. */
  async channel(options: LoginOptions = {}): Promise<Channel> {
    return (await this.login(options)).channel();
  }

  /** Declares a queue, new and empty, and returns its name. */
  async queue(channel: Channel, options: Fields = {}, queue: string = this.name()): Promise<string> {
    await channel.call('queue.declare', { queue, ...options }, { queue, messageCount: 0, consumerCount: 0 });
    return this.track(queue);
  }

  /** Declares an exchange and returns its name. */
  async exchange(
    channel: Channel,
    type: string,
    options: Fields = {},
    exchange: string = this.name('x'),
  ): Promise<string> {
    await channel.call('exchange.declare', { exchange, type, ...options }, {});
    return this.track(exchange);
  }

  /** Binds a queue to an exchange. */
  async bind(channel: Channel, queue: string, exchange: string, routingKey = '', options: Fields = {}): Promise<void> {
    await channel.call('queue.bind', { queue, exchange, routingKey, ...options }, {});
  }

  /** A queue with these messages in it, published through the default exchange and confirmed. */
  async filled(channel: Channel, bodies: readonly string[], options: Fields = {}): Promise<string> {
    const queue = await this.queue(channel, options);
    const publisher = await channel.wire.channel();
    await publisher.call('confirm.select', {}, {});
    for (const body of bodies) publisher.publish('', queue, body);
    for (let last = 0; last < bodies.length; ) {
      last = (await publisher.expect('basic.ack')).fields['deliveryTag'] as number;
    }
    await publisher.close();
    return queue;
  }

  /** A new channel of the second client, which looks at what the first one did. */
  async observer(): Promise<Channel> {
    this.second ??= this.login();
    return (await this.second).channel();
  }

  /** The second client must come to see so many ready messages and consumers. */
  async sees(queue: string, messageCount: number, consumerCount = 0): Promise<void> {
    const channel = await this.observer();
    const expected = { queue, messageCount, consumerCount };
    for (const until = Date.now() + 3_000; ; await new Promise(resolve => setTimeout(resolve, 5))) {
      const seen = await channel.call('queue.declare', { queue, passive: true });
      if (Date.now() > until) assert.deepStrictEqual(seen, expected, 'what a second client sees of the queue');
      if (seen['messageCount'] === messageCount && seen['consumerCount'] === consumerCount) break;
    }
    await channel.close();
  }

  /** The second client must come to see exactly these messages ready, and takes them. */
  async holds(queue: string, bodies: readonly string[], consumerCount = 0): Promise<void> {
    await this.sees(queue, bodies.length, consumerCount);
    const channel = await this.observer();
    const got: string[] = [];
    for (;;) {
      channel.send('basic.get', { queue, noAck: true });
      const arrival = await channel.next();
      if (arrival.name === 'basic.get-empty') break;
      got.push(arrival.body!.toString());
    }
    assert.deepStrictEqual(got, bodies, 'the messages that a second client finds in the queue');
    await channel.close();
  }

  /** The second client must find no such queue. */
  async noQueue(queue: string, vhost = '/'): Promise<void> {
    const channel = await this.observer();
    channel.send('queue.declare', { queue, passive: true });
    await channel.refused(404, `NOT_FOUND - no queue '${queue}' in vhost '${vhost}'`, 'queue.declare');
  }

  /** The second client must find an exchange of this name. */
  async seesExchange(exchange: string): Promise<void> {
    const channel = await this.observer();
    await channel.call('exchange.declare', { exchange, passive: true }, {});
    await channel.close();
  }

  /** The second client must find no such exchange. */
  async noExchange(exchange: string): Promise<void> {
    const channel = await this.observer();
    channel.send('exchange.declare', { exchange, passive: true });
    await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`, 'exchange.declare');
  }

  /** Publishes as the second client and returns once the message is in its queues. */
  async publishes(exchange: string, routingKey: string, body: string | Buffer, properties: Fields = {}): Promise<void> {
    const channel = await this.observer();
    await channel.call('confirm.select', {}, {});
    channel.publish(exchange, routingKey, body, { properties });
    await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
    await channel.close();
  }

  /** Ends the broker as an operator would. */
  async stopBroker(): Promise<void> {
    this.names.length = 0;
    await this.broker.stop();
  }

  /** Has this done at the end, before names are deleted; what was asked for last comes first. */
  afterwards(undo: () => Promise<void>): void {
    this.undo.unshift(undo);
  }

  /** Closes every connection, undoes what is to be undone and deletes every name. */
  async clear(): Promise<void> {
    for (const wire of this.wires) wire.destroy();
    for (const undo of this.undo) await undo();
    if (this.names.length === 0) return;
    const wire = await Wire.login(this.port);
    for (const name of this.names) await deleteBoth(wire, name);
    wire.destroy();
  }
}

/** Deletes the queue and the exchange called `name`, waiting for an exclusive owner that is just going. */
async function deleteBoth(wire: Wire, name: string): Promise<void> {
  for (const until = Date.now() + 3_000; ; await new Promise(resolve => setTimeout(resolve, 20))) {
    const channel = await wire.channel();
    channel.send('queue.delete', { queue: name });
    const answer = await channel.next();
    if (answer.name === 'queue.delete-ok') {
      if (!name.startsWith('amq.')) await channel.call('exchange.delete', { exchange: name }, {});
      await channel.close();
      return;
    }
    channel.send('channel.close-ok');
    if (Date.now() > until) throw new Error(`could not delete ${name}: ${String(answer.fields['replyText'])}`);
  }
}
