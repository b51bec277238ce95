// What clients do by chance.

import { Table } from '../../src/amqp/table.ts';
import type { Chance } from './chance.ts';
import type { Client } from './client.ts';
import type { ClientChannel, Mode } from './client-channel.ts';
import { Features, letterExchange, letterQueues } from './features.ts';
import type { Observer } from './observer.ts';

/** Durable ones begin with d. */
const queues = ['d0', 'd1', 'd2', 'd3', 'd4', 't0', 't1'];
const exchanges = { fan: 'fanout', top: 'topic' } as const;
const routingKeys = ['a', 'b', 'a.b', 'a.c', 'b.c.d'];
const patterns = ['a', 'a.*', '#', 'b.#', '*.c.*', 'a.b'];
const modes: readonly Mode[] = ['confirm', 'confirm', 'confirm', 'confirm', 'tx', 'plain'];

/** How the clients of one seed behave. */
export interface Habits {
  /** Body lengths: most are up to `small`, some up to `medium`, a few up to `large`. */
  readonly small: number;
  readonly medium: number;
  readonly large: number;
  /** Chance of a publish among what is done. */
  readonly publishing: number;
  /** Chance that deliveries are settled rather than kept. */
  readonly settling: number;
  readonly persistent: number;
  readonly consuming: number;
  readonly topology: number;
  /** How many of the queues are used. */
  readonly queueCount: number;
  readonly features: Features;
}

export function chooseHabits(chance: Chance, fileBytes: number): Habits {
  return {
    small: chance.pick([20, 200, 1000]),
    medium: chance.pick([1000, 5000, 12_000]),
    large: chance.of(0.3) ? fileBytes * 2 : 20_000,
    publishing: chance.pick([0.3, 0.5, 0.7]),
    settling: chance.pick([0.2, 0.6, 0.9]),
    persistent: chance.pick([0.5, 0.9, 1]),
    consuming: chance.pick([0.05, 0.1, 0.2]),
    topology: chance.pick([0.01, 0.03, 0.1]),
    queueCount: 1 + chance.below(queues.length),
    features: new Features(chance, queues),
  };
}

export class Actor {
  readonly client: Client;
  readonly #chance: Chance;
  readonly #habits: Habits;
  readonly #observer: Observer;
  #consumers = 0;
  #prepared = false;

  constructor(client: Client, chance: Chance, habits: Habits, observer: Observer) {
    this.client = client;
    this.#chance = chance;
    this.#habits = habits;
    this.#observer = observer;
  }

  /** Does something, or a few things. */
  act(): void {
    const { client } = this;
    const chance = this.#chance;
    if (client.state !== 'open') return;
    if (!this.#prepared) {
      this.#prepared = true;
      if (chance.of(0.7)) return this.prepare();
    }
    const number = 1 + chance.below(2);
    const channel = client.channels.get(number) ?? client.openChannel(number, chance.pick(modes));
    if (channel.closing) return;
    const { publishing, consuming, topology } = this.#habits;
    const roll = chance.next();
    if (roll < publishing) for (let n = 1 + chance.below(chance.of(0.1) ? 20 : 3); n > 0; n--) this.#publish(channel);
    else if (roll < publishing + topology) this.#topology(channel);
    else if (roll < publishing + topology + consuming) this.#consume(channel);
    else this.#settle(channel);
    if (chance.of(0.01)) client.closeChannel(channel);
    else if (chance.of(0.004)) client.hangUp();
  }

  /** Makes what there is to publish to. */
  prepare(): void {
    const channel = this.client.openChannel(1, 'confirm');
    if (this.#habits.features.uses('letters')) {
      for (const queue of letterQueues) this.#declareQueue(channel, queue);
      this.#declareExchange(channel, letterExchange);
      for (const queue of letterQueues) this.#bindTo(channel, queue, letterExchange, '', true);
    }
    for (const queue of this.#queues()) if (this.#chance.of(0.9)) this.#declareQueue(channel, queue);
    for (const exchange of this.#exchanges()) this.#declareExchange(channel, exchange);
    for (const queue of this.#queues()) if (this.#chance.of(0.4)) this.#bind(channel, queue, true);
    for (const exchange of Object.keys(this.#habits.features.exchanges))
      this.#bindTo(channel, this.#queue(), exchange, '#', true);
  }

  #queues(): string[] {
    return queues.slice(0, this.#habits.queueCount);
  }

  #exchanges(): string[] {
    return [...Object.keys(exchanges), ...Object.keys(this.#habits.features.exchanges)];
  }

  #queue(): string {
    return this.#chance.pick(this.#queues());
  }

  #publish(channel: ClientChannel): void {
    const chance = this.#chance;
    const { small, medium, large, features } = this.#habits;
    const roll = chance.next();
    const bodyBytes = chance.below(roll < 0.9 ? small : roll < 0.99 ? medium : large);
    const exchange = chance.pick(['', '', '', 'fan', 'top', ...Object.keys(features.exchanges)]);
    const routingKey = exchange === '' ? this.#queue() : chance.pick(routingKeys);
    const persistent = chance.of(this.#habits.persistent);
    const { life, now, messages } = this.#observer;
    const message = messages.add(
      { persistent, life, sentAt: now, exchange, routingKey, bodyBytes },
      features.extras(exchange, persistent),
    );
    this.client.publish(channel, message);
  }

  #settle(channel: ClientChannel): void {
    const chance = this.#chance;
    const { client } = this;
    if (channel.mode === 'tx' && chance.of(0.3)) {
      if (chance.of(0.7)) {
        client.send(channel.number, 'tx.commit', {});
        channel.awaitCommit();
      } else {
        client.send(channel.number, 'tx.rollback', {});
        channel.rolledBack();
        channel.await('tx.rollback-ok');
      }
      return;
    }
    const tags = [...channel.unsettled.keys()].sort((a, b) => a - b);
    if (tags.length === 0 || !chance.of(this.#habits.settling)) return;
    if (chance.of(0.03) && channel.mode !== 'tx') {
      client.send(channel.number, 'basic.recover', { requeue: true });
      channel.requeuedAll('basic.recover-ok');
      return;
    }
    const multiple = chance.of(0.3);
    const tag = chance.of(0.6) ? (tags[0] as number) : chance.pick(tags);
    const all = multiple && chance.of(0.1);
    // Tag 0 means all, also deliveries that are still under way to us.
    const settled = multiple ? tags.filter(one => all || one <= tag) : [tag];
    if (all) channel.settledAll = true;
    if (chance.of(0.75)) {
      client.send(channel.number, 'basic.ack', { deliveryTag: all ? 0 : tag, multiple });
      channel.settled(settled, false);
      return;
    }
    const requeue = chance.of(0.6);
    client.send(channel.number, 'basic.nack', { deliveryTag: all ? 0 : tag, multiple, requeue });
    channel.settled(settled, requeue);
    if (!all || !requeue) return;
    // Has no effect but an answer, which basic.nack has not.
    client.send(channel.number, 'channel.flow', { active: true });
    channel.requeuedAll('channel.flow-ok');
  }

  #consume(channel: ClientChannel): void {
    const chance = this.#chance;
    const { client } = this;
    const queue = this.#habits.features.letters && chance.of(0.15) ? chance.pick(letterQueues) : this.#queue();
    const roll = chance.next();
    if (roll < 0.3) {
      const noAck = chance.of(0.2);
      client.send(channel.number, 'basic.get', { queue, noAck });
      channel.gets.push({ queue, noAck });
      channel.await('basic.get-ok');
    } else if (roll < 0.5) {
      client.send(channel.number, 'basic.qos', {
        prefetchSize: 0,
        prefetchCount: chance.below(20),
        global: !this.#habits.features.uses('quorum') && chance.of(0.3),
      });
      channel.await('basic.qos-ok');
    } else if (roll < 0.7 && channel.consumers.size > 0) {
      const consumerTag = chance.pick([...channel.consumers.keys()]);
      channel.consumers.delete(consumerTag);
      client.send(channel.number, 'basic.cancel', { consumerTag, noWait: false });
      channel.await('basic.cancel-ok');
    } else if (channel.consumers.size < 3) {
      const noAck = chance.of(0.1);
      const consumerTag = `${this.#consumers++}/${queue}${noAck ? '/noack' : ''}`;
      client.send(channel.number, 'basic.consume', {
        queue,
        consumerTag,
        noLocal: false,
        noAck,
        exclusive: false,
        noWait: false,
        arguments: Table.empty,
      });
      channel.consumers.set(consumerTag, queue);
      channel.await('basic.consume-ok');
    }
  }

  #topology(channel: ClientChannel): void {
    const chance = this.#chance;
    const { client } = this;
    const queue = this.#queue();
    const roll = chance.next();
    if (roll < 0.35) this.#declareQueue(channel, queue);
    else if (roll < 0.45) {
      client.send(channel.number, 'queue.delete', { queue, ifUnused: false, ifEmpty: false, noWait: false });
      channel.awaitFact('queue.delete-ok', 'queue.deleted', `queue ${queue}`);
      if (chance.of(0.7)) this.#declareQueue(channel, queue);
    } else if (roll < 0.6) {
      client.send(channel.number, 'queue.purge', { queue, noWait: false });
      channel.await('queue.purge-ok');
    } else if (roll < 0.75) this.#bind(channel, queue, true);
    else if (roll < 0.85) this.#bind(channel, queue, false);
    else if (roll < 0.9) {
      const exchange = chance.pick(this.#exchanges());
      client.send(channel.number, 'exchange.delete', { exchange, ifUnused: false, noWait: false });
      channel.awaitFact('exchange.delete-ok', 'exchange.deleted', `exchange ${exchange}`);
      if (chance.of(0.7)) this.#declareExchange(channel, exchange);
    } else this.#declareExchange(channel, chance.pick(this.#exchanges()));
  }

  #declareQueue(channel: ClientChannel, queue: string): void {
    this.client.send(channel.number, 'queue.declare', {
      queue,
      passive: false,
      durable: queue.startsWith('d'),
      exclusive: false,
      autoDelete: false,
      noWait: false,
      arguments: this.#habits.features.argumentsOf(queue),
    });
    channel.awaitFact('queue.declare-ok', 'queue.declared', `queue ${queue}`);
  }

  #declareExchange(channel: ClientChannel, exchange: string): void {
    const { features } = this.#habits;
    const types: Readonly<Record<string, string>> = { ...exchanges, [letterExchange]: 'fanout', ...features.exchanges };
    this.client.send(channel.number, 'exchange.declare', {
      exchange,
      type: types[exchange] as string,
      passive: false,
      durable: true,
      autoDelete: false,
      internal: false,
      noWait: false,
      arguments: features.exchangeArgumentsOf(exchange),
    });
    channel.awaitFact('exchange.declare-ok', 'exchange.declared', `exchange ${exchange}`);
  }

  #bind(channel: ClientChannel, queue: string, bind: boolean): void {
    const exchange = this.#chance.pick(this.#exchanges());
    this.#bindTo(channel, queue, exchange, exchange === 'fan' ? '' : this.#chance.pick(patterns), bind);
  }

  #bindTo(channel: ClientChannel, queue: string, exchange: string, routingKey: string, bind: boolean): void {
    if (!this.#habits.features.mayBind(exchange, queue)) return;
    const key = `binding ${exchange}>${queue} ${routingKey}`;
    const args = { queue, exchange, routingKey, arguments: Table.empty };
    if (bind) {
      this.client.send(channel.number, 'queue.bind', { ...args, noWait: false });
      channel.awaitFact('queue.bind-ok', 'bound', key);
    } else {
      this.client.send(channel.number, 'queue.unbind', args);
      channel.awaitFact('queue.unbind-ok', 'unbound', key);
    }
  }
}
