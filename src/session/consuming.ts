// Class basic but for publishing: qos, consume, cancel, get, settlements, recover.

import type { Arguments } from '../amqp/command.ts';
import { checkConsumerArguments, queueTypeOf } from '../broker/arguments.ts';
import { Consumer } from '../broker/consumer.ts';
import { accessRefused, notAllowed, notFound, notImplemented, resourceLocked } from '../broker/errors.ts';
import type { Queue } from '../broker/queue.ts';
import { replyQueue } from '../broker/reply-to.ts';
import type { Channel, Handlers } from './channel.ts';
import { watchTimeout } from './consumer-timeout.ts';
import { deliveryPrefix, writeGetOk } from './delivery.ts';
import { consumerCreated, consumerDeleted } from './event-source.ts';
import { consumeReplies } from './reply-consumer.ts';
import { settleOne, settleRange, type Verdict } from './settling.ts';
import { queueName } from './topology.ts';

export const basicHandlers: Handlers = {
  'basic.qos': (channel, args) => {
    if (args.prefetchSize !== 0) throw notImplemented(`prefetch_size!=0 (${args.prefetchSize})`);
    if (args.global) {
      if (channel.credit.limit === 0) channel.credit.used = channel.unsettled.consumed;
      channel.credit.limit = args.prefetchCount;
    } else {
      // Any call without global lifts the limit that the consumers share (RabbitMQ 3.10).
      channel.credit.limit = 0;
      channel.prefetch = args.prefetchCount;
    }
    channel.send('basic.qos-ok', {});
    channel.resume();
  },

  'basic.consume': consume,

  'basic.cancel': (channel, args) => {
    const consumer = channel.consumers.get(args.consumerTag);
    if (channel.replies?.tag === args.consumerTag) {
      channel.replies.end();
      channel.replies = undefined;
    } else if (consumer !== undefined) cancel(channel, consumer);
    if (!args.noWait) channel.send('basic.cancel-ok', { consumerTag: args.consumerTag });
  },

  // The client's answer to a basic.cancel of ours; 3.10 closes the connection for it, 4.x takes it.
  'basic.cancel-ok': () => {},

  'basic.get': (channel, args) => {
    const name = queueName(channel, args.queue);
    channel.mayOr403('read', 'queue', name);
    const queue = channel.vhost.queue(name, channel.connection);
    const { type, singleActiveConsumer } = queue.settings;
    if (type === 'quorum' && singleActiveConsumer)
      throw resourceLocked(
        `cannot obtain access to locked ${channel.vhost.queueResource(name)}. basic.get operations are not supported by quorum queues with single active consumer`,
      );
    whenMarked(channel, queue, 70, () => get(channel, queue, args.noAck));
  },

  'basic.ack': (channel, args) => settle(channel, args.deliveryTag, args.multiple, 'ack'),
  'basic.nack': (channel, args) =>
    settle(channel, args.deliveryTag, args.multiple, args.requeue ? 'requeue' : 'reject'),
  'basic.reject': (channel, args) => settle(channel, args.deliveryTag, false, args.requeue ? 'fail' : 'reject'),

  'basic.recover': (channel, args) => {
    recover(channel, args.requeue, () => channel.send('basic.recover-ok', {}));
  },
  'basic.recover-async': (channel, args) => recover(channel, args.requeue),
};

function consume(channel: Channel, args: Arguments<'basic.consume'>): void {
  if (args.queue === replyQueue) return consumeReplies(channel, args);
  const { connection, vhost } = channel;
  const name = queueName(channel, args.queue);
  channel.mayOr403('read', 'queue', name);
  if (channel.consumers.has(args.consumerTag)) throw notAllowed(`attempt to reuse consumer tag '${args.consumerTag}'`);
  const { consumersMax } = connection.context.limits;
  if (channel.consumers.size >= consumersMax)
    throw notAllowed(`reached maximum (${consumersMax}) of consumers per channel`);
  const queue = vhost.queue(name, connection);
  checkConsumerArguments(vhost.queueResource(name), queueTypeOf(queue.arguments), args.arguments);
  expectShared(channel, queue, args.exclusive);
  const tag = args.consumerTag === '' ? `amq.ctag-${connection.context.random.name(16)}` : args.consumerTag;
  const consumer = new Consumer(queue, channel, tag, {
    noAck: args.noAck,
    exclusive: args.exclusive,
    prefetch: channel.prefetch,
    arguments: args.arguments.copy(),
    prefix: deliveryPrefix(channel.number, tag),
  });
  whenMarked(channel, queue, 20, () => {
    expectShared(channel, queue, args.exclusive);
    channel.consumers.set(tag, consumer);
    queue.addConsumer(consumer);
    consumerCreated(channel, consumer);
    watchTimeout(channel, consumer);
    if (!args.noWait) channel.send('basic.consume-ok', { consumerTag: tag });
    queue.dispatch();
  });
}

/** A consumer that wants the queue alone gets it alone. */
function expectShared(channel: Channel, queue: Queue, exclusive: boolean): void {
  const { singleActiveConsumer, type } = queue.settings;
  const resource = channel.vhost.queueResource(queue.name);
  if (type === 'quorum') {
    if (channel.credit.limit !== 0) throw notImplemented(`${resource} does not support global qos`);
    // It takes no notice of the flag (RabbitMQ behaviour).
    return;
  }
  if (queue.exclusiveConsumer !== undefined || (exclusive && (singleActiveConsumer || queue.consumers.size > 0)))
    throw accessRefused(`${resource} in exclusive use`);
}

/** Runs it when it is durable that the queue may have delivered: at once where it is. */
function whenMarked(channel: Channel, queue: Queue, methodId: number, run: () => void): void {
  const { broker } = channel.connection.context;
  const { journal } = broker.services;
  broker.markConsumed(queue);
  if (!journal.factsPending) return run();
  const resume = channel.park(60, methodId);
  const ifThere = (): void => {
    if (queue.deleted) throw notFound(`no ${channel.vhost.queueResource(queue.name)}`);
    run();
  };
  journal.whenDurable({ durable: () => resume(ifThere) });
}

/** Takes the consumer out; what it has unsettled stays with the channel. */
function cancel(channel: Channel, consumer: Consumer): void {
  channel.consumers.delete(consumer.tag);
  consumer.queue.removeConsumer(consumer);
  consumerDeleted(channel, consumer);
  channel.deleteIfUnused(consumer.queue);
  // Another one may be the single active consumer now.
  consumer.queue.dispatch();
}

function get(channel: Channel, queue: Queue, noAck: boolean): void {
  if (channel.connection.congested) {
    // Many of them may stand in one chunk: the answers come as fast as the client reads.
    const resume = channel.park();
    channel.connection.reading.whenDrained(() => resume(() => get(channel, queue, noAck)));
    return;
  }
  // It may have been deleted while the get waited.
  if (queue.deleted) throw notFound(`no ${channel.vhost.queueResource(queue.name)}`);
  const entry = queue.take(noAck);
  if (entry === undefined) {
    channel.stats.gotEmpty++;
    channel.send('basic.get-empty', { clusterId: '' });
    return;
  }
  if (entry === 'paged') {
    const resume = channel.park();
    queue.whenLoaded(() => resume(() => get(channel, queue, noAck)));
    return;
  }
  const tag = channel.unsettled.nextTag;
  if (noAck) {
    channel.stats.gotNoAck++;
    channel.unsettled.skip();
  } else {
    channel.stats.got++;
    channel.unsettled.add(entry);
  }
  if (entry.redelivered) channel.stats.redelivered++;
  writeGetOk(channel.connection, channel.number, tag, entry, queue.ready.count);
  channel.vhost.tracer?.delivered(entry, channel.actor);
}

function settle(channel: Channel, tag: number, multiple: boolean, verdict: Verdict): void {
  if (channel.transaction !== undefined) channel.transaction.settle(tag, multiple, verdict);
  else settleOne(channel, tag, multiple, verdict);
}

/** Gives back all that the channel has; the answer goes out before what comes again. */
function recover(channel: Channel, requeue: boolean, answer: () => void = () => {}): void {
  if (!requeue) throw notImplemented('requeue=false');
  answer();
  const { unsettled, transaction } = channel;
  const consumed = settleRange(channel, 0, unsettled.nextTag, 'requeue', tag => transaction?.hasSettled(tag) === true);
  channel.released(consumed);
}
