// Publishing and getting for an operator, who has no connection: the checks, ways and errors of a client's channel.

import { encodeProperties, type Properties } from '../amqp/properties.ts';
import type { User } from '../auth/authority.ts';
import { copyKeys, withoutBcc } from '../broker/copy-keys.ts';
import { Credit } from '../broker/credit.ts';
import type { Entry } from '../broker/entry.ts';
import { type AmqpError, accessRefused, notFound, preconditionFailed, topicRefused } from '../broker/errors.ts';
import type { Exchange } from '../broker/exchange.ts';
import { Source } from '../broker/memory.ts';
import { encodeAddress, Message } from '../broker/message.ts';
import { publishVia } from '../broker/publish.ts';
import type { Queue } from '../broker/queue.ts';
import { deliverReplies } from '../broker/reply-to.ts';
import { route } from '../broker/route.ts';
import type { Services } from '../broker/services.ts';
import type { Actor } from '../broker/tracer.ts';
import { Unsettled } from '../broker/unsettled.ts';
import type { Vhost } from '../broker/vhost.ts';
import { asksForDirectReply, checkUserId, expirationOf, isPersistent, withReplyTo } from './content-header.ts';
import type { SessionContext } from './context.ts';
import { nackReasons, type Verdict } from './settling.ts';

/** Who acts, and where. */
export interface Operator {
  readonly context: SessionContext;
  /** What all operators have taken and not settled. */
  readonly held: Unsettled;
  readonly user: User;
  readonly vhost: Vhost;
}

/** Where what operators take is kept until they settle it, so that a journal that moves it finds it. */
export function heldByOperators(services: Services): Unsettled {
  return new Unsettled(services, { credit: new Credit(), deliver: () => {}, cancelled: () => {} });
}

export interface OperatorMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: Properties;
  readonly body: Buffer;
}

/**
 * Publishes as mandatory and with confirm: `done` is told whether a queue got it, when it is where it is safe.
 * @throws AmqpError as basic.publish would close the channel with
 */
export function publishFor(operator: Operator, given: OperatorMessage, done: (routed: boolean) => void): void {
  const { context, user, vhost } = operator;
  const { exchange: name, routingKey, properties, body } = given;
  const { messageBytesMax } = context.limits;
  if (body.length > messageBytesMax)
    throw preconditionFailed(`message size ${body.length} is larger than configured max size ${messageBytesMax}`);
  mayOr403(operator, 'write', 'exchange', name);
  const exchange = vhost.exchange(name);
  if (exchange.internal) throw accessRefused(`cannot publish to internal ${vhost.exchangeResource(name)}`);
  mayPublishWith(operator, exchange, routingKey);
  let header = encodeProperties(properties, body.length);
  // An operator has no channel to wait on.
  if (asksForDirectReply(header, 0)) header = withReplyTo(header, 0, header.length, undefined);
  checkUserId(header, 0, header.length, user);
  expirationOf(header, 0, header.length);
  const persistent = isPersistent(header, 0, header.length);
  const { journal, memory } = context.broker.services;
  const key = Buffer.from(routingKey).toString('latin1');
  const keys = [key, ...copyKeys(header, 0, header.length)];
  for (const one of keys.slice(1)) mayPublishWith(operator, exchange, Buffer.from(one, 'latin1').toString());
  header = withoutBcc(header, 0, header.length);
  const message = new Message(
    encodeAddress(name, key),
    header,
    0,
    header.length,
    body,
    0,
    body.length,
    undefined,
    body.length,
    persistent,
    new Source(memory, header.length + body.length),
    context.clock.now,
  );
  if (exchange.deduplication?.isDuplicate(message) === true) {
    exchange.stats.publishedIn++;
    exchange.stats.deduplicated++;
    vhost.stats.published++;
    vhost.stats.deduplicated++;
    // What it is a duplicate of may be on its way to the disk.
    return journal.whenDurable({ durable: () => done(true) });
  }
  const { queues } = route(vhost, exchange, message, keys);
  vhost.tracer?.published(message, keys, queues, actorOf(user));
  if (name === '') deliverReplies(context.broker.replyConsumers, keys, message);
  exchange.stats.publishedIn++;
  vhost.stats.published++;
  if (queues.length === 0) {
    vhost.stats.returned++;
    context.broker.stats.returned++;
    return done(false);
  }
  exchange.stats.publishedOut += queues.length;
  const outcome = publishVia(exchange, queues, message, journal);
  if (outcome === 'kept' || outcome === 'known') journal.whenDurable({ durable: () => done(true) });
  else done(true);
}

/** What a get has taken: in order, with how many were left after each. */
export interface Taken {
  readonly tag: number;
  readonly entry: Entry;
  readonly left: number;
}

/**
 * Takes messages from the head of a queue, up to a count and until their bodies are so many bytes. They count as delivered, and wait for `settleFor`.
 * @throws AmqpError as basic.get would close the channel with
 */
export function getFor(
  operator: Operator,
  name: string,
  atMost: { readonly count: number; readonly bytes: number },
  done: (taken: readonly Taken[], error?: AmqpError) => void,
): void {
  const { context, vhost, held } = operator;
  mayOr403(operator, 'read', 'queue', name);
  const queue = vhost.queue(name, undefined);
  const { broker } = context;
  const { journal } = broker.services;
  const taken: Taken[] = [];
  let bytes = 0;
  const next = (): void => {
    while (taken.length < atMost.count && bytes < atMost.bytes) {
      // It may have been deleted while the get waited.
      if (queue.deleted) return done(taken, taken.length === 0 ? gone(operator, name) : undefined);
      const entry = queue.take(false);
      if (entry === 'paged') return queue.whenLoaded(next);
      if (entry === undefined) {
        vhost.stats.gotEmpty++;
        break;
      }
      vhost.stats.got++;
      if (entry.redelivered) vhost.stats.redelivered++;
      bytes += entry.message.bodyBytes;
      taken.push({ tag: held.nextTag, entry, left: queue.ready.count });
      held.add(entry);
      vhost.tracer?.delivered(entry, actorOf(operator.user));
    }
    done(taken);
  };
  broker.markConsumed(queue);
  if (journal.factsPending) journal.whenDurable({ durable: next });
  else next();
}

/** Settles what a get has taken: acknowledged, dropped, or given back to its old place. */
export function settleFor({ context, vhost, held, user }: Operator, taken: readonly Taken[], verdict: Verdict): void {
  const { now } = context.clock;
  const returnedTo = new Set<Queue>();
  for (const { tag } of taken) {
    const entry = held.take(tag);
    // Somebody may have removed it meanwhile.
    if (entry === undefined) continue;
    const { queue } = entry;
    vhost.tracer?.settled(entry, tag, nackReasons[verdict], actorOf(user));
    if (verdict === 'ack') {
      vhost.stats.acked++;
      queue.ack(entry, now);
    } else if (verdict === 'reject') queue.reject(entry, now);
    else {
      queue.giveBack(entry, verdict === 'fail');
      returnedTo.add(queue);
    }
  }
  for (const queue of returnedTo) queue.redistribute();
}

/** As traces name an operator. */
function actorOf({ name }: User): Actor {
  return { connection: 'management', channel: 0, user: name };
}

function gone({ vhost }: Operator, name: string): AmqpError {
  return notFound(`no ${vhost.queueResource(name)}`);
}

function mayPublishWith({ context, user, vhost }: Operator, { name, type }: Exchange, topic: string): void {
  if (type !== 'topic' || context.authority.mayTopic(user, vhost.name, name, 'write', topic)) return;
  throw topicRefused(topic, vhost.exchangeResource(name), user.name);
}

function mayOr403(
  { context, user, vhost }: Operator,
  right: 'write' | 'read',
  kind: 'queue' | 'exchange',
  name: string,
): void {
  const resource = kind === 'exchange' && name === '' ? 'amq.default' : name;
  if (context.authority.may(user, vhost.name, right, resource)) return;
  throw accessRefused(`access to ${kind} '${resource}' in vhost '${vhost.name}' refused for user '${user.name}'`);
}
