// Queues: list, declare, delete, purge, and what is bound to them.
import { z } from 'zod';
import type { Queue } from '../../broker/queue.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { expectRight, ownVhosts } from '../access.ts';
import { tableOf } from '../amqp-json.ts';
import { ofLengths, ofMessages, valuesOf } from '../counters.ts';
import { durably } from '../durable.ts';
import { badRequest, notFound } from '../errors.ts';
import { argumentsTable, flag, repeated, truth } from '../fields.ts';
import { queueFilters } from '../list-filters.ts';
import { type Ask, changed, type Listing, put, type Route, route } from '../route.ts';
import { anyBinding, bindingView, defaultBinding } from '../views/binding.ts';
import { consumerView } from '../views/consumer.ts';
import { effectiveView } from '../views/effective.ts';
import { deliveriesFrom } from '../views/pairs.ts';
import { queueBasics, queueView } from '../views/queue.ts';
import type { Rates } from '../views/rates.ts';

const listQuery = z.object({ disable_stats: flag, enable_queue_totals: flag, ...queueFilters.fields });

type ListQuery = z.infer<typeof listQuery>;

const declaration = z.strictObject({
  durable: truth.default(true),
  auto_delete: truth.default(false),
  arguments: argumentsTable.default({}),
  ...repeated,
  /** Sent by clients that know clusters; of no effect. */
  node: z.string().nullish(),
  queue_type: z.string().nullish(),
  type: z.string().nullish(),
  exclusive: truth.optional(),
});

/** The queue of that name in the vhost of the path. @throws HttpError 404 */
export function queueOf(vhost: Vhost, name: string): Queue {
  const queue = vhost.queues.get(name);
  if (queue === undefined) throw notFound();
  return queue;
}

function listing(
  { management, query, rates }: Ask<unknown, ListQuery, unknown>,
  vhosts: readonly Vhost[],
): Listing<Queue> {
  const items: Queue[] = [];
  for (const vhost of vhosts) for (const queue of [...vhost.queues.values()].sort(byName)) items.push(queue);
  return {
    items,
    picks: queueFilters.picking({ query, management }),
    nameOf: queue => queue.name,
    keyOf: (queue, path) => (query.disable_stats ? undefined : sortKey(queue, path, rates)),
    view: queue => {
      if (!query.disable_stats) return queueView(queue, management, rates);
      return { ...queueBasics(queue, management), ...(query.enable_queue_totals ? valuesOf(ofLengths, queue) : {}) };
    },
  };
}

/** The columns that queues are mostly sorted by. */
function sortKey(queue: Queue, path: string, rates: Rates): string | number | undefined {
  if (path === 'name' || path === 'vhost') return queue[path];
  if (path === 'consumers') return queue.consumers.size;
  const [, group, name, rate] = /^(?:(message_stats)\.)?(\w+?)(_details\.rate)?$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  const value = (group === undefined ? valuesOf(ofLengths, queue) : valuesOf(ofMessages, queue.stats))[name];
  return value === undefined || rate === undefined ? value : rates.rate(queue, name);
}

function byName(a: Queue, b: Queue): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

export const queueRoutes: readonly Route[] = [
  route('GET', '/queues', {
    query: listQuery,
    answer: 'list',
    summary: 'All queues of the vhosts that the user has permissions in',
    run: ask => listing(ask, ownVhosts(ask.management, ask.viewer)),
  }),
  route('GET', '/queues/detailed', {
    query: listQuery,
    answer: 'list',
    summary: 'The same: every list is detailed',
    run: ask => listing(ask, ownVhosts(ask.management, ask.viewer)),
  }),
  route('GET', '/queues/:vhost', {
    query: listQuery,
    answer: 'list',
    summary: 'The queues of a vhost',
    run: ask => listing(ask, [ask.vhost]),
  }),
  route('GET', '/queues/:vhost/:queue', {
    answer: 'object',
    summary: 'One queue, with its consumers',
    run: ({ management, vhost, params, rates }) => {
      const queue = queueOf(vhost, params.queue);
      return {
        ...queueView(queue, management, rates),
        consumer_details: [...queue.consumers].map(consumer => consumerView(consumer, management)),
        deliveries: deliveriesFrom(queue, rates),
        incoming: [],
        effective: effectiveView(queue),
      };
    },
  }),
  route('PUT', '/queues/:vhost/:queue', {
    body: declaration,
    answer: 'nothing',
    summary: 'Declares a queue',
    run: async ({ management, viewer, vhost, params, body }) => {
      const name = params.queue;
      expectRight(management, viewer, vhost.name, 'configure', name);
      const { durable, auto_delete: autoDelete } = body;
      const args = tableOf(body.arguments);
      const isNew = !vhost.queues.has(name);
      if (Buffer.byteLength(name) > 255) throw badRequest('the name of a queue has at most 255 bytes');
      await durably(management, 'topology', () =>
        vhost.declareQueue(name, { durable, autoDelete, exclusive: false, arguments: args }, undefined, exchange => {
          expectRight(management, viewer, vhost.name, 'read', name);
          expectRight(management, viewer, vhost.name, 'write', exchange === '' ? 'amq.default' : exchange);
        }),
      );
      return put(isNew);
    },
  }),
  route('DELETE', '/queues/:vhost/:queue', {
    query: z.object({ 'if-empty': flag, 'if-unused': flag }),
    answer: 'nothing',
    summary: 'Deletes a queue; with if-empty=true and if-unused=true only then',
    run: async ({ management, viewer, vhost, params, query }) => {
      queueOf(vhost, params.queue);
      expectRight(management, viewer, vhost.name, 'configure', params.queue);
      await durably(management, 'topology', () => {
        const queue = vhost.queue(params.queue, undefined);
        vhost.expectDeletable(queue, { ifUnused: query['if-unused'], ifEmpty: query['if-empty'] });
        vhost.deleteQueue(queue);
      });
      return changed;
    },
  }),
  route('DELETE', '/queues/:vhost/:queue/contents', {
    answer: 'nothing',
    summary: 'Purges a queue: drops what is ready',
    run: async ({ management, viewer, vhost, params }) => {
      queueOf(vhost, params.queue);
      expectRight(management, viewer, vhost.name, 'read', params.queue);
      await durably(management, 'topology', () => vhost.queue(params.queue, undefined).purge());
      return changed;
    },
  }),
  route('GET', '/queues/:vhost/:queue/bindings', {
    answer: 'list',
    summary: 'What is bound to a queue, the default exchange included',
    run: ({ vhost, params }) => {
      const queue = queueOf(vhost, params.queue);
      const bindings = [...vhost.bindingsTo(queue)].map(bound => anyBinding(vhost, bound));
      return {
        items: [defaultBinding(vhost, queue), ...bindings],
        nameOf: binding => binding.source,
        view: bindingView,
      };
    },
  }),
  route('POST', '/queues/:vhost/:queue/actions', {
    body: z.strictObject({
      action: z.enum(['sync', 'cancel_sync']),
      ...repeated,
    }),
    answer: 'nothing',
    summary: 'Actions on mirrored queues: there are none to carry out',
    run: ({ vhost, params }) => {
      queueOf(vhost, params.queue);
      return changed;
    },
  }),
];
