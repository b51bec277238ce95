// The consumer of direct reply-to: a channel's name for replies, and their way into its output.
import type { Arguments } from '../amqp/command.ts';
import { notAllowed, notFound, preconditionFailed } from '../broker/errors.ts';
import type { Message } from '../broker/message.ts';
import { type ReplyConsumer, replyQueue } from '../broker/reply-to.ts';
import type { Channel } from './channel.ts';
import { repliesBytesMax } from './context.ts';
import { deliveryPrefix, writeDelivery } from './delivery.ts';

/** What a reply that waits counts beside its body, bytes. */
const replyBytes = 512;

export class DirectReplies implements ReplyConsumer {
  readonly tag: string;
  /** What stands for `amq.rabbitmq.reply-to` in what the channel publishes. Nobody can guess it. */
  readonly name: string;
  readonly #channel: Channel;
  readonly #prefix: Buffer;
  /** While the client reads too slowly. */
  #waiting: Message[] = [];
  #waitingBytes = 0;
  #told = false;

  constructor(channel: Channel, tag: string) {
    const { random, broker } = channel.connection.context;
    this.#channel = channel;
    this.tag = tag;
    this.name = `${replyQueue}.${base64(random.name(12))}.${base64(random.name(16))}`;
    this.#prefix = deliveryPrefix(channel.number, tag);
    broker.replyConsumers.set(this.name, this);
  }

  reply(message: Message): void {
    if (this.#channel.connection.congested) this.#keep(message);
    else this.#write(message);
  }

  /** The client reads again. */
  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#told = false;
    for (const message of waiting) {
      this.reply(message);
      message.release();
    }
  }

  end(): void {
    this.#channel.connection.context.broker.replyConsumers.delete(this.name);
    for (const message of this.#waiting) message.release();
    this.#waiting = [];
  }

  /** A reply takes the tag that the channel's next delivery will have, and leaves it to that one (RabbitMQ behaviour). */
  #write(message: Message): void {
    const { connection, number, unsettled } = this.#channel;
    writeDelivery(connection, number, this.#prefix, unsettled.nextTag, message, false);
  }

  #keep(message: Message): void {
    const { connection, number } = this.#channel;
    if (this.#waitingBytes + message.bodyBytes > repliesBytesMax) {
      if (!this.#told)
        connection.context.log.warning(
          `connection ${connection.description}, channel ${number}: replies are dropped, because the client does not read those that it has`,
        );
      this.#told = true;
      return;
    }
    this.#waitingBytes += message.bodyBytes + replyBytes;
    // A copy: what else stood in the chunk that it came in need not wait.
    const copy = message.twin();
    copy.detach(connection.context.broker.services.memory);
    copy.retain();
    this.#waiting.push(copy);
  }
}

/** basic.consume from `amq.rabbitmq.reply-to`. */
export function consumeReplies(channel: Channel, args: Arguments<'basic.consume'>): void {
  const { consumerTag, noAck, noWait } = args;
  if (channel.consumers.has(consumerTag)) throw notAllowed(`attempt to reuse consumer tag '${consumerTag}'`);
  if (!noAck) throw preconditionFailed('reply consumer cannot acknowledge');
  if (channel.replies !== undefined) throw preconditionFailed('reply consumer already set');
  const tag = consumerTag === '' ? `amq.ctag-${channel.connection.context.random.name(16)}` : consumerTag;
  channel.replies = new DirectReplies(channel, tag);
  if (!noWait) channel.send('basic.consume-ok', { consumerTag: tag });
}

/** queue.declare of a name that begins with `amq.rabbitmq.reply-to`: is somebody there who waits for replies? */
export function declareReplies(channel: Channel, name: string, noWait: boolean): void {
  const { vhost, connection } = channel;
  if (name !== replyQueue && !connection.context.broker.replyConsumers.has(name))
    throw notFound(`no ${vhost.queueResource(name)}`);
  channel.lastQueue = name;
  if (!noWait) channel.send('queue.declare-ok', { queue: name, messageCount: 0, consumerCount: 1 });
}

function base64(name: string): string {
  return Buffer.from(name, 'base64url').toString('base64');
}
