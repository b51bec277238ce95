// Exchanges: list, declare, delete, and their bindings.
import { z } from 'zod';
import type { Exchange } from '../../broker/exchange.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { expectRight, maySee, ownVhosts } from '../access.ts';
import { tableOf } from '../amqp-json.ts';
import { durably } from '../durable.ts';
import { badRequest, notAuthorised, notFound } from '../errors.ts';
import { argumentsTable, flag, repeated, truth } from '../fields.ts';
import { changed, type Listing, put, type Route, route } from '../route.ts';
import { type AnyBinding, anyBinding, bindingView, defaultBinding } from '../views/binding.ts';
import { effectiveView } from '../views/effective.ts';
import { exchangeView } from '../views/exchange.ts';
import { incomingOf } from '../views/pairs.ts';
import type { Rates } from '../views/rates.ts';

const declaration = z.strictObject({
  type: z.string().max(255).default('direct'),
  durable: truth.default(true),
  auto_delete: truth.default(false),
  internal: truth.default(false),
  arguments: argumentsTable.default({}),
  ...repeated,
});

/** What paths call the default exchange. */
export function exchangeName(inPath: string): string {
  return inPath === 'amq.default' ? '' : inPath;
}

/** The exchange that the path means. @throws HttpError 404 */
export function exchangeOf(vhost: Vhost, inPath: string): Exchange {
  const exchange = vhost.exchanges.get(exchangeName(inPath));
  if (exchange === undefined) throw notFound();
  return exchange;
}

function listing(vhosts: readonly Vhost[], rates: Rates): Listing<Exchange> {
  const items: Exchange[] = [];
  for (const vhost of vhosts) items.push(...[...vhost.exchanges.values()].sort(byName));
  return { items, nameOf: exchange => exchange.name, view: exchange => exchangeView(exchange, rates) };
}

function byName(a: Exchange, b: Exchange): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/** The bindings from an exchange; those of the default exchange are one for each queue. */
function bindingsFrom(vhost: Vhost, exchange: Exchange): AnyBinding[] {
  if (exchange.name === '') return [...vhost.queues.values()].map(queue => defaultBinding(vhost, queue));
  return [...exchange.bindings.values()].map(bound => anyBinding(vhost, bound));
}

export const exchangeRoutes: readonly Route[] = [
  route('GET', '/exchanges', {
    answer: 'list',
    summary: 'All exchanges of the vhosts that the user has permissions in',
    run: ({ management, viewer, rates }) => listing(ownVhosts(management, viewer), rates),
  }),
  route('GET', '/exchanges/:vhost', {
    answer: 'list',
    summary: 'The exchanges of a vhost',
    run: ({ vhost, rates }) => listing([vhost], rates),
  }),
  route('GET', '/exchanges/:vhost/:exchange', {
    answer: 'object',
    summary: 'One exchange',
    run: ({ management, viewer, vhost, params, rates }) => {
      const exchange = exchangeOf(vhost, params.exchange);
      const seen = [...management.connections].filter(connection => maySee(viewer, connection));
      return {
        ...exchangeView(exchange, rates),
        incoming: incomingOf(exchange, seen, rates),
        outgoing: [],
        effective: effectiveView(exchange),
      };
    },
  }),
  route('PUT', '/exchanges/:vhost/:exchange', {
    body: declaration,
    answer: 'nothing',
    summary: 'Declares an exchange',
    run: async ({ management, viewer, vhost, params, body }) => {
      const name = exchangeName(params.exchange);
      if (name === '') throw notAuthorised('Access refused.');
      if (Buffer.byteLength(name) > 255) throw badRequest('the name of an exchange has at most 255 bytes');
      expectRight(management, viewer, vhost.name, 'configure', name);
      const { type, durable, internal, auto_delete: autoDelete } = body;
      const args = tableOf(body.arguments);
      const isNew = !vhost.exchanges.has(name);
      await durably(management, 'topology', () =>
        vhost.declareExchange(name, { type, durable, internal, autoDelete, arguments: args }, alternate => {
          expectRight(management, viewer, vhost.name, 'read', name);
          expectRight(management, viewer, vhost.name, 'write', alternate === '' ? 'amq.default' : alternate);
        }),
      );
      return put(isNew);
    },
  }),
  route('DELETE', '/exchanges/:vhost/:exchange', {
    query: z.object({ 'if-unused': flag }),
    answer: 'nothing',
    summary: 'Deletes an exchange; with if-unused=true only without bindings',
    run: async ({ management, viewer, vhost, params, query }) => {
      const { name } = exchangeOf(vhost, params.exchange);
      expectRight(management, viewer, vhost.name, 'configure', name === '' ? 'amq.default' : name);
      if (name === '' || name.startsWith('amq.')) throw notAuthorised('Access refused.');
      await durably(management, 'topology', () => vhost.deleteExchange(name, query['if-unused']));
      return changed;
    },
  }),
  route('GET', '/exchanges/:vhost/:exchange/bindings/source', {
    answer: 'list',
    summary: 'The bindings from an exchange',
    run: ({ vhost, params }) => ({
      items: bindingsFrom(vhost, exchangeOf(vhost, params.exchange)),
      nameOf: binding => binding.destination,
      view: bindingView,
    }),
  }),
  route('GET', '/exchanges/:vhost/:exchange/bindings/destination', {
    answer: 'list',
    summary: 'The bindings to an exchange',
    run: ({ vhost, params }) => ({
      items: [...vhost.bindingsTo(exchangeOf(vhost, params.exchange))].map(bound => anyBinding(vhost, bound)),
      nameOf: binding => binding.source,
      view: bindingView,
    }),
  }),
];
