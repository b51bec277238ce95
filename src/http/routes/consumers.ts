// Consumers: list.
import type { Consumer } from '../../broker/consumer.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { ownVhosts } from '../access.ts';
import { type Ask, type Listing, type Route, route } from '../route.ts';
import { consumerView } from '../views/consumer.ts';

function listing({ management }: Ask<unknown, unknown, unknown>, vhosts: readonly Vhost[]): Listing<Consumer> {
  const items: Consumer[] = [];
  for (const vhost of vhosts) for (const queue of vhost.queues.values()) items.push(...queue.consumers);
  return {
    items,
    nameOf: consumer => `${consumer.tag} ${consumer.queue.name}`,
    view: consumer => consumerView(consumer, management),
  };
}

export const consumerRoutes: readonly Route[] = [
  route('GET', '/consumers', {
    answer: 'list',
    summary: 'All consumers of the vhosts that the user has permissions in',
    run: ask => listing(ask, ownVhosts(ask.management, ask.viewer)),
  }),
  route('GET', '/consumers/:vhost', {
    answer: 'list',
    summary: 'The consumers of a vhost',
    run: ask => listing(ask, [ask.vhost]),
  }),
];
