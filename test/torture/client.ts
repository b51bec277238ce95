// The clients of the torture: producers with confirms, and consumers that acknowledge, put back, hold, and go away without a word.
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { type Message, type Model, parseKey } from './model.ts';
import type { Random } from './random.ts';

export const exchange = 'torture-fanout';
export const fanned = ['torture-fan-a', 'torture-fan-b'] as const;
export const worked = ['torture-work-0', 'torture-work-1', 'torture-work-2'] as const;
export const backlog = 'torture-backlog';
export const queues: readonly string[] = [...worked, ...fanned, backlog];

/** More than this in a queue and producers wait, so that looking through it after each kill stays quick. */
const depthMax = 1500;

/** What all clients of one life of the broker share. `over` becomes true when it is killed. */
export type Life = { url: string; model: Model; over: boolean };

/** Sends numbered messages of one sender; the numbers go on from life to life. */
export class Sender {
  readonly #name: string;
  #number = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Sends one message; `done` is called when it is confirmed, and never when the broker dies before. */
  send(life: Life, channel: ConfirmChannel, target: string, bytes: number, done: () => void): void {
    const toExchange = target === exchange;
    const { message, body } = life.model.sending(
      `${this.#name}:${this.#number++}`,
      bytes,
      toExchange ? fanned : [target],
    );
    channel.publish(toExchange ? exchange : '', toExchange ? '' : target, body, { persistent: true }, error => {
      if (!error) {
        life.model.confirmed(message);
        done();
      } else if (error.message === 'message nacked') {
        life.model.problems.push(`the broker nacked the publish of ${message.key}`);
      }
    });
  }
}

/** Publishes with a window of unconfirmed messages until the broker dies. */
export async function produce(life: Life, random: Random, sender: Sender): Promise<void> {
  const connection = await connectQuietly(life);
  const channel = await connection.createConfirmChannel();
  watch(life, channel);
  const window = random.pick([1, 20, 300]);
  let open = 0;
  while (!life.over) {
    const target = random.pick([...worked, exchange, exchange, backlog]);
    const depth = Math.max(...(target === exchange ? fanned : [target]).map(queue => life.model.size(queue)));
    if (open >= window || depth > depthMax) {
      await sleep(1);
      continue;
    }
    open++;
    sender.send(life, channel, target, bodyBytes(random), () => open--);
    if (random.chance(0.05)) await new Promise(setImmediate);
  }
}

function bodyBytes(random: Random): number {
  if (random.chance(0.01)) return random.between(100_000, 400_000);
  return random.chance(0.1) ? random.between(2_000, 40_000) : random.between(0, 2_000);
}

/** Consumes one queue until the broker dies: connection after connection, each cut without a word after a while. */
export async function consume(life: Life, random: Random, queue: string, sender: Sender): Promise<void> {
  while (!life.over) {
    const connection = await connectQuietly(life);
    await consumeFor(life, random, queue, sender, connection);
    (connection.connection as unknown as { stream: Socket }).stream.destroy();
  }
}

async function consumeFor(
  life: Life,
  random: Random,
  queue: string,
  sender: Sender,
  connection: ChannelModel,
): Promise<void> {
  const channel = await connection.createConfirmChannel();
  watch(life, channel);
  await channel.prefetch(random.pick([1, 10, 100]));
  const settlements = new Settlements(life, random, queue, sender, channel);
  await channel.consume(queue, delivery => delivery && settlements.take(delivery));
  const until = Date.now() + random.between(50, 1500);
  while (!life.over && Date.now() < until) {
    await sleep(random.between(1, 20));
    settlements.mark();
  }
  settlements.cut = true;
}

/** What one consumer does with what it is given. */
class Settlements {
  /** The connection is about to be cut: nothing is sent any more. */
  cut = false;
  readonly #life: Life;
  readonly #random: Random;
  readonly #queue: string;
  readonly #sender: Sender;
  readonly #channel: ConfirmChannel;
  /** Delivered and not settled, by delivery tag, oldest first. */
  readonly #held: Map<number, Message> = new Map();
  /** Acked since the last marker. */
  #unmarked: Message[] = [];
  readonly #lastOf: Map<string, number> = new Map();

  constructor(life: Life, random: Random, queue: string, sender: Sender, channel: ConfirmChannel) {
    this.#life = life;
    this.#random = random;
    this.#queue = queue;
    this.#sender = sender;
    this.#channel = channel;
  }

  take(delivery: ConsumeMessage): void {
    if (this.cut || this.#life.over) return;
    const { deliveryTag, redelivered } = delivery.fields;
    const message = this.#life.model.delivered(this.#queue, { body: delivery.content, redelivered });
    if (!message) return;
    this.#checkOrder(message, redelivered);
    this.#held.set(deliveryTag, message);
    const roll = this.#random.next();
    if (roll < 0.04) {
      this.#held.delete(deliveryTag);
      this.#channel.nack(delivery);
    } else if (roll < 0.08) {
      // Held, until a later ack with `multiple` or the end of the connection.
    } else if (roll < 0.2) {
      this.#ack(delivery, true);
    } else {
      this.#ack(delivery, false);
    }
  }

  /** Publishes a marker: when it is confirmed, every ack sent before it is settled for sure. */
  mark(): void {
    if (this.#unmarked.length === 0) return;
    const acked = this.#unmarked;
    this.#unmarked = [];
    this.#sender.send(this.#life, this.#channel, backlog, 0, () => {
      for (const message of acked) this.#life.model.settled(this.#queue, message);
    });
  }

  #ack(delivery: ConsumeMessage, multiple: boolean): void {
    const { deliveryTag } = delivery.fields;
    for (const [tag, message] of this.#held) {
      if (multiple ? tag > deliveryTag : tag !== deliveryTag) continue;
      this.#held.delete(tag);
      this.#life.model.acked(this.#queue, message);
      this.#unmarked.push(message);
    }
    this.#channel.ack(delivery, multiple);
  }

  /** What one consumer is given for the first time comes in the order in which it was sent. */
  #checkOrder(message: Message, redelivered: boolean): void {
    if (redelivered) return;
    const { sender, number } = parseKey(message.key);
    const last = this.#lastOf.get(sender) ?? -1;
    if (number < last)
      this.#life.model.problems.push(`${this.#queue}: ${message.key} was delivered after ${sender}:${last}`);
    this.#lastOf.set(sender, number);
  }
}

/** A channel that the broker closes, or has to be closed for what the broker did, is a problem: no client does anything wrong. */
export function watch(life: Life, channel: Channel): void {
  channel.on('error', error => {
    if (!life.over) life.model.problems.push(`a channel was closed: ${error.stack}`);
  });
}

/** A connection whose end is no news: the broker is killed on purpose. */
async function connectQuietly(life: Life): Promise<ChannelModel> {
  const connection = await connect(life.url);
  connection.on('error', () => {});
  return connection;
}
