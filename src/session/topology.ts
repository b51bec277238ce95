// Classes exchange, queue, channel.flow and access: what there is, and how it hangs together.
import type { Table } from '../amqp/table.ts';
import { checkServerNamed } from '../broker/arguments.ts';
import { accessRefused, notFound, notImplemented } from '../broker/errors.ts';
import { bindingIdentity, type Destination } from '../broker/exchange.ts';
import type { Queue } from '../broker/queue.ts';
import { replyQueue } from '../broker/reply-to.ts';
import type { Channel, Handlers } from './channel.ts';
import { declareReplies } from './reply-consumer.ts';

/** The queue that a method means: an empty name stands for the queue declared last on the channel. */
export function queueName(channel: Channel, given: string): string {
  if (given !== '') return withoutLineEnds(given);
  if (channel.lastQueue === undefined) throw notFound('no previously declared queue');
  return channel.lastQueue;
}

export const topologyHandlers: Handlers = {
  'channel.flow': (channel, args) => {
    if (!args.active) throw notImplemented('active=false');
    channel.send('channel.flow-ok', { active: true });
  },

  'access.request': channel => channel.send('access.request-ok', { ticket: 1 }),

  'exchange.declare': (channel, args) => {
    const { vhost } = channel;
    const recorded = recordedBy(channel);
    const name = withoutLineEnds(args.exchange);
    if (name === '') throw onDefaultExchange();
    if (args.passive) vhost.exchange(name);
    else {
      channel.mayOr403('configure', 'exchange', name);
      vhost.declareExchange(name, { ...args, arguments: args.arguments.copy() }, alternate => {
        channel.mayOr403('read', 'exchange', name);
        channel.mayOr403('write', 'exchange', alternate);
      });
    }
    channel.reply(recorded, args.noWait, 'exchange.declare-ok', {});
  },

  'exchange.delete': (channel, args) => {
    const { vhost } = channel;
    const recorded = recordedBy(channel);
    const name = withoutLineEnds(args.exchange);
    if (name === '') throw onDefaultExchange();
    channel.mayOr403('configure', 'exchange', name);
    if (name.startsWith('amq.')) throw accessRefused(`deletion of system ${vhost.exchangeResource(name)} not allowed`);
    vhost.deleteExchange(name, args.ifUnused);
    channel.reply(recorded, args.noWait, 'exchange.delete-ok', {});
  },

  'exchange.bind': (channel, args) => {
    const recorded = recordedBy(channel);
    const { source, destination } = exchangesOf(channel, args);
    const { vhost } = channel;
    mayBind(channel, source, args.routingKey);
    vhost.bind(vhost.exchange(source), vhost.exchange(destination), bytes(args.routingKey), args.arguments.copy());
    channel.reply(recorded, args.noWait, 'exchange.bind-ok', {});
  },

  'exchange.unbind': (channel, args) => {
    const recorded = recordedBy(channel);
    const { source, destination } = exchangesOf(channel, args);
    const { vhost } = channel;
    mayBind(channel, source, args.routingKey);
    unbind(channel, source, vhost.exchanges.get(destination), args.routingKey, args.arguments);
    channel.reply(recorded, args.noWait, 'exchange.unbind-ok', {});
  },

  'queue.declare': (channel, args) => {
    if (args.queue.startsWith(replyQueue)) return declareReplies(channel, withoutLineEnds(args.queue), args.noWait);
    const recorded = recordedBy(channel);
    const queue = args.passive ? passive(channel, withoutLineEnds(args.queue)) : declareQueue(channel, args);
    queue.touch();
    channel.lastQueue = queue.name;
    channel.reply(recorded, args.noWait, 'queue.declare-ok', {
      queue: queue.name,
      messageCount: queue.ready.count,
      consumerCount: queue.consumerCount,
    });
  },

  'queue.bind': (channel, args) => {
    const recorded = recordedBy(channel);
    const { vhost, connection } = channel;
    const name = queueName(channel, args.queue);
    const source = withoutLineEnds(args.exchange);
    // With neither queue nor key given, the key is the queue's name.
    const key = args.queue === '' && args.routingKey === '' ? name : args.routingKey;
    channel.mayOr403('write', 'queue', name);
    if (source === '') throw onDefaultExchange();
    channel.mayOr403('read', 'exchange', source);
    mayBind(channel, source, key);
    const exchange = vhost.exchange(source);
    vhost.bind(exchange, vhost.queue(name, connection), bytes(key), args.arguments.copy());
    channel.reply(recorded, args.noWait, 'queue.bind-ok', {});
  },

  'queue.unbind': (channel, args) => {
    const recorded = recordedBy(channel);
    const { vhost } = channel;
    const name = queueName(channel, args.queue);
    const source = withoutLineEnds(args.exchange);
    const key = args.queue === '' && args.routingKey === '' ? name : args.routingKey;
    channel.mayOr403('write', 'queue', name);
    if (source === '') throw onDefaultExchange();
    channel.mayOr403('read', 'exchange', source);
    mayBind(channel, source, key);
    const queue = vhost.queues.get(name);
    // A binding that is there can only be taken away by who may use the queue.
    const bound =
      queue && vhost.exchanges.get(source)?.bindings.has(bindingIdentity(queue, bytes(key), args.arguments));
    if (bound === true) vhost.queue(name, channel.connection);
    unbind(channel, source, queue, key, args.arguments);
    channel.reply(recorded, false, 'queue.unbind-ok', {});
  },

  'queue.purge': (channel, args) => {
    const name = queueName(channel, args.queue);
    channel.mayOr403('read', 'queue', name);
    const messageCount = channel.vhost.queue(name, channel.connection).purge();
    if (!args.noWait) channel.send('queue.purge-ok', { messageCount });
  },

  'queue.delete': (channel, args) => {
    const recorded = recordedBy(channel);
    const { vhost, connection } = channel;
    const name = queueName(channel, args.queue);
    channel.mayOr403('configure', 'queue', name);
    const answer = (messageCount: number): void =>
      channel.reply(recorded, args.noWait, 'queue.delete-ok', { messageCount });
    if (!vhost.queues.has(name)) return answer(0);
    const queue = vhost.queue(name, connection);
    vhost.expectDeletable(queue, args);
    connection.exclusiveQueues.delete(queue);
    // The answer goes out before the cancels that tell this channel's own consumers.
    vhost.deleteQueue(queue, answer);
  },
};

interface QueueArguments {
  readonly queue: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Table;
}

function declareQueue(channel: Channel, args: QueueArguments): Queue {
  const { vhost, connection } = channel;
  const given = withoutLineEnds(args.queue);
  const declaration = {
    durable: args.durable,
    exclusive: args.exclusive,
    autoDelete: args.autoDelete,
    arguments: args.arguments.copy(),
  };
  if (given === '') checkServerNamed(declaration.arguments);
  const name = given === '' ? `amq.gen-${connection.context.random.name(16)}` : given;
  vhost.checkQueueName(name);
  channel.mayOr403('configure', 'queue', name);
  const maySendOn = (deadLetterExchange: string): void => {
    channel.mayOr403('read', 'queue', name);
    channel.mayOr403('write', 'exchange', deadLetterExchange);
  };
  const queue =
    given === ''
      ? vhost.createQueue(name, declaration, connection, maySendOn)
      : vhost.declareQueue(name, declaration, connection, maySendOn);
  if (queue.owner === connection) connection.exclusiveQueues.add(queue);
  return queue;
}

function passive(channel: Channel, name: string): Queue {
  return channel.vhost.queue(name, channel.connection);
}

interface ExchangeBinding {
  readonly source: string;
  readonly destination: string;
}

function exchangesOf(channel: Channel, args: ExchangeBinding): ExchangeBinding {
  const source = withoutLineEnds(args.source);
  const destination = withoutLineEnds(args.destination);
  if (destination === '') throw onDefaultExchange();
  channel.mayOr403('write', 'exchange', destination);
  if (source === '') throw onDefaultExchange();
  channel.mayOr403('read', 'exchange', source);
  return { source, destination };
}

/** Binding and unbinding a key of a topic exchange may need a permission of its own. */
function mayBind(channel: Channel, source: string, key: string): void {
  const exchange = channel.vhost.exchanges.get(source);
  if (exchange !== undefined) channel.mayTopicOr403('read', exchange, bytes(key));
}

/** Nothing to unbind is fine, whatever of it is missing. */
function unbind(
  channel: Channel,
  source: string,
  destination: Destination | undefined,
  key: string,
  args: Table,
): void {
  const exchange = channel.vhost.exchanges.get(source);
  if (exchange !== undefined && destination !== undefined)
    channel.vhost.unbind(exchange, destination, bytes(key), args);
}

function recordedBy(channel: Channel): number {
  return channel.connection.context.broker.services.journal.recorded;
}

/** A key as one character per byte, the form in which keys are matched. */
function bytes(key: string): string {
  return Buffer.from(key).toString('latin1');
}

/** RabbitMQ takes line ends out of names. */
function withoutLineEnds(name: string): string {
  return name.replaceAll(/[\r\n]/g, '');
}

function onDefaultExchange(): Error {
  return accessRefused('operation not permitted on the default exchange');
}
