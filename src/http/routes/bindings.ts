// Bindings: list, bind, unbind.
import { z } from 'zod';
import type { Destination } from '../../broker/exchange.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { expectRight, ownVhosts } from '../access.ts';
import { tableOf } from '../amqp-json.ts';
import { durably } from '../durable.ts';
import { notAuthorised, notFound } from '../errors.ts';
import { argumentsTable, repeated } from '../fields.ts';
import { type Ask, changed, type Done, type Listing, type Route, route } from '../route.ts';
import {
  type AnyBinding,
  anyBinding,
  bindingView,
  defaultBinding,
  isNamedBy,
  propertiesKey,
} from '../views/binding.ts';
import { exchangeName } from './exchanges.ts';

const binding = z.strictObject({
  routing_key: z
    .union([z.string(), z.number().transform(String)])
    .refine(key => Buffer.byteLength(key) <= 255, 'longer than 255 bytes')
    .default(''),
  arguments: argumentsTable.default({}),
  ...repeated,
  source: z.unknown().optional(),
  destination: z.unknown().optional(),
  destination_type: z.unknown().optional(),
  properties_key: z.unknown().optional(),
});

type Body = z.infer<typeof binding>;

interface Ends {
  readonly vhost: string;
  readonly source: string;
  readonly destination: string;
}

function* bindingsOf(vhost: Vhost): Generator<AnyBinding> {
  for (const queue of [...vhost.queues.values()].sort(byName)) yield defaultBinding(vhost, queue);
  for (const exchange of [...vhost.exchanges.values()].sort(byName))
    yield* [...exchange.bindings.values()].map(bound => anyBinding(vhost, bound)).sort(byDestination);
}

function byName(a: Destination, b: Destination): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

function byDestination(a: AnyBinding, b: AnyBinding): number {
  if (a.destination !== b.destination) return a.destination < b.destination ? -1 : 1;
  return a.routingKey < b.routingKey ? -1 : Number(a.routingKey > b.routingKey);
}

function listing(items: readonly AnyBinding[]): Listing<AnyBinding> {
  return { items, nameOf: ({ source, destination }) => `${source} ${destination}`, view: bindingView };
}

function destinationOf(vhost: Vhost, kind: 'queue' | 'exchange', name: string): Destination | undefined {
  return kind === 'queue' ? vhost.queues.get(name) : vhost.exchanges.get(name);
}

/** The bindings between two ends; none where an end is missing. */
function between(vhost: Vhost, kind: 'queue' | 'exchange', { source, destination }: Ends): AnyBinding[] {
  const from = exchangeName(source);
  const to = destinationOf(vhost, kind, kind === 'exchange' ? exchangeName(destination) : destination);
  if (to === undefined) return [];
  if (from === '') return to.kind === 'queue' ? [defaultBinding(vhost, to)] : [];
  return [...vhost.bindingsTo(to)].filter(bound => bound.source.name === from).map(bound => anyBinding(vhost, bound));
}

function find(vhost: Vhost, kind: 'queue' | 'exchange', ends: Ends, key: string): AnyBinding {
  const found = between(vhost, kind, ends).find(each => isNamedBy(each, key));
  if (found === undefined) throw notFound();
  return found;
}

/** Binding and unbinding write to the destination and read from the source. */
function expectRights(
  { management, viewer, vhost }: Ask<Ends, unknown, unknown>,
  source: string,
  destination: string,
): void {
  expectRight(management, viewer, vhost.name, 'write', destination);
  if (source === '' || destination === '') throw notAuthorised('Access refused.');
  expectRight(management, viewer, vhost.name, 'read', source);
}

async function bind(kind: 'queue' | 'exchange', ask: Ask<Ends, unknown, Body>): Promise<Done> {
  const { management, vhost, params, body } = ask;
  const source = exchangeName(params.source);
  const destination = kind === 'exchange' ? exchangeName(params.destination) : params.destination;
  expectRights(ask, source, destination);
  const routingKey = Buffer.from(body.routing_key).toString('latin1');
  const args = tableOf(body.arguments);
  await durably(management, 'topology', () => {
    const from = vhost.exchange(source);
    vhost.bind(
      from,
      kind === 'queue' ? vhost.queue(destination, undefined) : vhost.exchange(destination),
      routingKey,
      args,
    );
  });
  const made = { source, vhost: vhost.name, destination, kind, routingKey, arguments: args };
  return { status: 201, location: `${encodeURIComponent(destination)}/${encodeURIComponent(propertiesKey(made))}` };
}

async function unbind(
  kind: 'queue' | 'exchange',
  ask: Ask<Ends & { readonly props: string }, unknown, unknown>,
): Promise<Done> {
  const { management, vhost, params } = ask;
  const found = find(vhost, kind, params, params.props);
  expectRights(ask, found.source, found.destination);
  await durably(management, 'topology', () => {
    const destination = destinationOf(vhost, kind, found.destination);
    if (destination === undefined) return;
    if (destination.kind === 'queue') vhost.queue(destination.name, undefined);
    vhost.unbind(vhost.exchange(found.source), destination, found.routingKey, found.arguments);
  });
  return changed;
}

export const bindingRoutes: readonly Route[] = [
  route('GET', '/bindings', {
    answer: 'list',
    summary: 'All bindings of the vhosts that the user has permissions in',
    run: ({ management, viewer }) => listing(ownVhosts(management, viewer).flatMap(vhost => [...bindingsOf(vhost)])),
  }),
  route('GET', '/bindings/:vhost', {
    answer: 'list',
    summary: 'The bindings of a vhost',
    run: ({ vhost }) => listing([...bindingsOf(vhost)]),
  }),
  route('GET', '/bindings/:vhost/e/:source/q/:destination', {
    answer: 'list',
    summary: 'The bindings between an exchange and a queue',
    run: ({ vhost, params }) => listing(between(vhost, 'queue', params)),
  }),
  route('POST', '/bindings/:vhost/e/:source/q/:destination', {
    body: binding,
    answer: 'nothing',
    summary: 'Binds a queue to an exchange',
    run: ask => bind('queue', ask),
  }),
  route('GET', '/bindings/:vhost/e/:source/q/:destination/:props', {
    answer: 'object',
    summary: 'One binding between an exchange and a queue, by its properties_key',
    run: ({ vhost, params }) => bindingView(find(vhost, 'queue', params, params.props)),
  }),
  route('DELETE', '/bindings/:vhost/e/:source/q/:destination/:props', {
    answer: 'nothing',
    summary: 'Unbinds a queue',
    run: ask => unbind('queue', ask),
  }),
  route('GET', '/bindings/:vhost/e/:source/e/:destination', {
    answer: 'list',
    summary: 'The bindings between two exchanges',
    run: ({ vhost, params }) => listing(between(vhost, 'exchange', params)),
  }),
  route('POST', '/bindings/:vhost/e/:source/e/:destination', {
    body: binding,
    answer: 'nothing',
    summary: 'Binds an exchange to an exchange',
    run: ask => bind('exchange', ask),
  }),
  route('GET', '/bindings/:vhost/e/:source/e/:destination/:props', {
    answer: 'object',
    summary: 'One binding between two exchanges, by its properties_key',
    run: ({ vhost, params }) => bindingView(find(vhost, 'exchange', params, params.props)),
  }),
  route('DELETE', '/bindings/:vhost/e/:source/e/:destination/:props', {
    answer: 'nothing',
    summary: 'Unbinds an exchange',
    run: ask => unbind('exchange', ask),
  }),
];
