// A client that declares, binds, unbinds and deletes durable queues all the time, and what must be there of them after a kill.
import { randomUUID } from 'node:crypto';
import { type Channel, type ChannelModel, connect } from 'amqplib';
import { type Life, watch } from './client.ts';
import type { Random } from './random.ts';

const exchange = 'torture-routes';
const queues = ['torture-route-0', 'torture-route-1', 'torture-route-2', 'torture-route-3'] as const;
const keys = ['red', 'green', 'blue', 'black'] as const;

/** Something that is there, or is not, or may be: the broker was killed before it answered. */
type Presence = 'yes' | 'no' | 'maybe';

export class Churn {
  /** Operations that were answered. */
  operations = 0;
  readonly #problems: string[];
  readonly #queues: Map<string, Presence> = new Map(queues.map(queue => [queue, 'no']));
  readonly #bindings: Map<string, Presence> = new Map(pairs().map(({ id }) => [id, 'no']));

  constructor(problems: string[]) {
    this.#problems = problems;
  }

  /** Declares the exchange; once, before the first kill. */
  async setUp(channel: Channel): Promise<void> {
    await channel.assertExchange(exchange, 'direct', { durable: true });
  }

  /** Changes the topology until the broker dies. */
  async run(life: Life, random: Random): Promise<void> {
    const connection = await connect(life.url);
    connection.on('error', () => {});
    const channel = await connection.createConfirmChannel();
    watch(life, channel);
    while (!life.over) {
      const queue = random.pick(queues);
      if (this.#queues.get(queue) === 'no') {
        await this.#declare(channel, queue);
      } else if (random.chance(0.2)) {
        // With something in it, that must not be there when the queue is declared again.
        channel.sendToQueue(queue, Buffer.from(randomUUID()), { persistent: true });
        await this.#delete(channel, queue);
      } else {
        await this.#rebind(channel, queue, random.pick(keys), random.chance(0.6));
      }
      this.operations++;
    }
  }

  /** After a restart: looks at every queue and every binding, and settles what may or may not be. */
  async inspect(url: string): Promise<void> {
    const connection = await connect(url);
    try {
      for (const queue of queues) await this.#inspectQueue(connection, queue);
      const channel = await connection.createConfirmChannel();
      for (const key of keys) channel.publish(exchange, key, Buffer.from(key));
      await channel.waitForConfirms();
      for (const queue of queues) {
        if (this.#queues.get(queue) === 'yes') await this.#inspectBindings(channel, queue);
      }
    } finally {
      await connection.close();
    }
  }

  async #declare(channel: Channel, queue: string): Promise<void> {
    this.#queues.set(queue, 'maybe');
    const { messageCount } = await channel.assertQueue(queue, { durable: true });
    if (messageCount > 0)
      this.#problems.push(`${queue}: declared again after deletion, it holds ${messageCount} messages`);
    this.#queues.set(queue, 'yes');
  }

  async #delete(channel: Channel, queue: string): Promise<void> {
    this.#queues.set(queue, 'maybe');
    const bound = pairs().filter(pair => pair.queue === queue && this.#bindings.get(pair.id) !== 'no');
    for (const { id } of bound) this.#bindings.set(id, 'maybe');
    await channel.deleteQueue(queue);
    this.#queues.set(queue, 'no');
    for (const { id } of bound) this.#bindings.set(id, 'no');
  }

  async #rebind(channel: Channel, queue: string, key: string, bound: boolean): Promise<void> {
    const id = `${queue} ${key}`;
    this.#bindings.set(id, 'maybe');
    await (bound ? channel.bindQueue(queue, exchange, key) : channel.unbindQueue(queue, exchange, key));
    this.#bindings.set(id, bound ? 'yes' : 'no');
  }

  async #inspectQueue(connection: ChannelModel, queue: string): Promise<void> {
    const channel = await connection.createChannel();
    // A queue that is not there closes the channel; the rejection tells us.
    channel.on('error', () => {});
    const expected = this.#queues.get(queue);
    const found = await channel.checkQueue(queue).then(
      () => true,
      error => {
        if (error.code !== 404) throw error;
        return false;
      },
    );
    if (expected !== 'maybe' && found !== (expected === 'yes')) {
      this.#problems.push(`${queue}: ${found ? 'deleted, but there' : 'declared, but not there'} after a restart`);
    }
    this.#queues.set(queue, found ? 'yes' : 'no');
    if (!found) for (const { id } of pairs().filter(pair => pair.queue === queue)) this.#bindings.set(id, 'no');
    else {
      await channel.purgeQueue(queue);
      await channel.close();
    }
  }

  async #inspectBindings(channel: Channel, queue: string): Promise<void> {
    const found = new Set<string>();
    for (let got = await channel.get(queue, { noAck: true }); got; got = await channel.get(queue, { noAck: true })) {
      found.add(got.content.toString());
    }
    for (const { id, key } of pairs().filter(pair => pair.queue === queue)) {
      const expected = this.#bindings.get(id);
      if (expected !== 'maybe' && found.has(key) !== (expected === 'yes')) {
        this.#problems.push(`${queue}: the binding ${key} is ${found.has(key) ? 'there, but was removed' : 'lost'}`);
      }
      this.#bindings.set(id, found.has(key) ? 'yes' : 'no');
    }
  }
}

function pairs(): { id: string; queue: string; key: string }[] {
  return queues.flatMap(queue => keys.map(key => ({ id: `${queue} ${key}`, queue, key })));
}
