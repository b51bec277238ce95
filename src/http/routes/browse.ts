// Looking into a queue without touching it, and what an operator does with single messages.
import { z } from 'zod';
import { type BrowsedMessage, type BrowseOptions, browse } from '../../broker/browse.ts';
import { deliveryOf } from '../../broker/deliveries.ts';
import { AmqpError, accessRefused } from '../../broker/errors.ts';
import { type MoveTarget, moveMessage, moveMessages } from '../../broker/move.ts';
import type { Queue } from '../../broker/queue.ts';
import { removeMessage, takeBack } from '../../broker/take-back.ts';
import { expectRight } from '../access.ts';
import { badRequest, notFound, refusal } from '../errors.ts';
import { name, truth, whole } from '../fields.ts';
import type { Management } from '../management.ts';
import { type Ask, changed, type Done, type Route, route } from '../route.ts';
import { browsedView } from '../views/browsed.ts';
import { matcher } from '../views/search.ts';
import { exchangeName } from './exchanges.ts';
import { messageFields, publishAs, publishBytesMax, untilAccepting } from './messages.ts';
import { queueOf } from './queues.ts';

/** Messages of one look. */
const limitDefault = 50;
const limitMax = 500;
/** Messages that one search looks at before it says where to go on. */
export const scanMax = 10_000;
/** Bytes of each payload that are shown where the request does not say. */
const truncateDefault = 50_000;
const truncateMax = 16 << 20;

type Words = z.ZodOptional<z.ZodString>;
type AgeMs = z.ZodOptional<ReturnType<typeof whole>>;

const search: Words = z.string().max(1024).optional();
const ageMs: AgeMs = whole(0, Number.MAX_SAFE_INTEGER).optional();

interface SearchFields {
  readonly key: Words;
  readonly header: Words;
  readonly text: Words;
  readonly death_reason: Words;
  readonly death_queue: Words;
  readonly older_than_ms: AgeMs;
  readonly younger_than_ms: AgeMs;
}

/** What is looked for, as parameters of an address or fields of a body. */
export const searchFields: SearchFields = {
  key: search,
  header: search,
  text: search,
  death_reason: search,
  death_queue: search,
  older_than_ms: ageMs,
  younger_than_ms: ageMs,
};

type WholeOrDefault = z.ZodDefault<ReturnType<typeof whole>>;

/** Which part of what is looked into. */
export const lookFields: Readonly<Record<'after' | 'limit' | 'truncate', WholeOrDefault>> = {
  after: whole(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: whole(1, limitMax).default(limitDefault),
  truncate: whole(0, truncateMax).default(truncateDefault),
};

const look = z.object({
  ...lookFields,
  ...searchFields,
  state: z.enum(['ready', 'unacked', 'all'], 'not one of ready, unacked, all').default('all'),
});

const destination = z.union(
  [z.strictObject({ queue: name }), z.strictObject({ exchange: name, routing_key: name })],
  'either queue, or exchange and routing_key',
);

interface AtMessage {
  readonly queue: string;
  readonly sequence: string;
}

/** The queue and the message that the path names; the user must be allowed to read from the queue. */
function at(ask: Ask<AtMessage, unknown, unknown>): { queue: Queue; sequence: number } {
  return { queue: readable(ask), sequence: sequenceOf(ask.params) };
}

/** @throws HttpError 400 */
export function sequenceOf({ sequence }: { readonly sequence: string }): number {
  if (!/^\d{1,15}$/.test(sequence)) throw badRequest('sequence: not a whole number');
  return Number(sequence);
}

export function readable({
  management,
  viewer,
  vhost,
  params,
}: Ask<{ readonly queue: string }, unknown, unknown>): Queue {
  const queue = queueOf(vhost, params.queue);
  expectRight(management, viewer, vhost.name, 'read', queue.name);
  return queue;
}

/** Looks, and shows what is found: contents are of use only while the look lasts. */
export function looking<T>(
  queue: Queue,
  options: BrowseOptions,
  show: (items: readonly BrowsedMessage[], next?: number) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    browse(queue, options, ({ items, next }) => {
      try {
        resolve(show(items, next));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Where to, as far as the user may publish there. */
function targetOf(
  { management, viewer, vhost }: Ask<unknown, unknown, unknown>,
  to: z.output<typeof destination>,
): MoveTarget {
  const exchange = 'queue' in to ? '' : exchangeName(to.exchange);
  expectRight(management, viewer, vhost.name, 'write', exchange === '' ? 'amq.default' : exchange);
  try {
    if ('queue' in to) vhost.queue(to.queue, undefined);
    const target = vhost.exchange(exchange);
    if (target.internal) throw accessRefused(`cannot publish to internal ${vhost.exchangeResource(exchange)}`);
    const key = 'queue' in to ? to.queue : to.routing_key;
    return { vhost, exchange: target, routingKey: Buffer.from(key).toString('latin1') };
  } catch (error) {
    throw error instanceof AmqpError ? refusal('move', error) : error;
  }
}

export function whenDurable({ broker }: Management): Promise<Done> {
  return new Promise(resolve => broker.services.journal.whenDurable({ durable: () => resolve(changed) }));
}

export const browseRoutes: readonly Route[] = [
  route('GET', '/queues/:vhost/:queue/messages', {
    query: look,
    answer: 'object',
    summary: 'Looks into a queue without touching it: order, flags and memory stay as they are',
    run: ask => {
      const queue = readable(ask);
      const { state, after, limit, truncate } = ask.query;
      const { now } = ask.management.session.clock;
      const matches = matcher(ask.query, now);
      const options = { state, after, limit, scanMax, ...(matches === undefined ? {} : { matches }) };
      return looking(queue, options, (items, next) => ({
        items: items.map(item => browsedView(item, now, truncate)),
        next: next ?? null,
      }));
    },
  }),
  route('GET', '/queues/:vhost/:queue/messages/:sequence', {
    query: z.object({ truncate: whole(0, truncateMax).default(truncateMax) }),
    answer: 'object',
    summary: 'One message, without touching it',
    run: ask => {
      const { queue, sequence } = at(ask);
      const { now } = ask.management.session.clock;
      const options = { state: 'all', after: sequence - 1, limit: 1, scanMax: 1 } as const;
      return looking(queue, options, ([item]) => {
        if (item?.sequence !== sequence) throw notFound();
        return browsedView(item, now, ask.query.truncate);
      });
    },
  }),
  route('DELETE', '/queues/:vhost/:queue/messages/:sequence', {
    answer: 'nothing',
    summary: 'Removes a message, though a worker has it',
    run: ask => {
      const { queue, sequence } = at(ask);
      if (!removeMessage(queue, sequence)) throw notFound();
      return whenDurable(ask.management);
    },
  }),
  route('POST', '/queues/:vhost/:queue/messages/:sequence/requeue', {
    answer: 'nothing',
    summary: 'Takes a message back from its worker to its place in the queue; one that waits stays where it is',
    run: ask => {
      const { queue, sequence } = at(ask);
      if (queue.ready.has(sequence)) return changed;
      const delivery = deliveryOf(queue, sequence);
      if (delivery === undefined || !takeBack(delivery.unsettled, delivery.tag)) throw notFound();
      return changed;
    },
  }),
  route('POST', '/queues/:vhost/:queue/messages/:sequence/move', {
    body: destination,
    answer: 'nothing',
    summary: 'Publishes a message elsewhere and then takes it out of the queue',
    run: async ask => {
      const { queue, sequence } = at(ask);
      const target = targetOf(ask, ask.body);
      await untilAccepting(ask.management);
      const outcome = await new Promise(resolve => moveMessage(queue, sequence, target, resolve));
      if (outcome === 'gone') throw notFound();
      if (outcome === 'unroutable') throw badRequest('no queue would get it: it stays where it is');
      if (outcome === 'unreadable') throw badRequest('its bytes on the disk are damaged: it cannot be moved');
      return changed;
    },
  }),
  route('POST', '/queues/:vhost/:queue/messages/:sequence/republish', {
    body: z.strictObject({ exchange: name, ...messageFields, remove: truth.default(false) }),
    bodyBytesMax: publishBytesMax,
    answer: 'object',
    summary: 'Publishes an edited copy of a message; with remove the old one goes once a queue has the new one',
    run: async ask => {
      const { queue, sequence } = at(ask);
      if (!queue.ready.has(sequence) && deliveryOf(queue, sequence) === undefined) throw notFound();
      await untilAccepting(ask.management);
      const routed = await publishAs(ask, exchangeName(ask.body.exchange), ask.body, 'move');
      return { routed, removed: routed && ask.body.remove && removeMessage(queue, sequence) };
    },
  }),
  route('POST', '/queues/:vhost/:queue/move', {
    body: z.strictObject({ queue: name, count: whole(1, Number.MAX_SAFE_INTEGER).nullish() }),
    answer: 'object',
    summary: 'Moves what waits to another queue, from the head on: count messages, or all',
    run: async ask => {
      const queue = readable(ask);
      const target = targetOf(ask, { queue: ask.body.queue });
      if (ask.body.queue === queue.name) throw badRequest('queue: the messages are there already');
      await untilAccepting(ask.management);
      return { moved: await new Promise(resolve => moveMessages(queue, target, ask.body.count ?? undefined, resolve)) };
    },
  }),
];
