// Channels: list and look at.
import { z } from 'zod';
import type { Channel } from '../../session/channel.ts';
import { maySee } from '../access.ts';
import { notAuthorised, notFound } from '../errors.ts';
import type { Asked } from '../filters.ts';
import { channelFilters } from '../list-filters.ts';
import { type Ask, type Listing, type Route, route } from '../route.ts';
import { channelName, channelView } from '../views/channel.ts';
import { consumerView } from '../views/consumer.ts';
import { deliveriesTo, publishesOf } from '../views/pairs.ts';

/** What every list of channels takes. */
export const channelQuery: z.ZodType<Asked<'state' | 'user'>> = z.object(channelFilters.fields);

type AnyAsk = Ask<unknown, unknown, unknown>;

/** The channels that are picked. */
export function channelListing({ management, rates }: AnyAsk, picked: (channel: Channel) => boolean): Listing<Channel> {
  const items: Channel[] = [];
  for (const connection of management.connections)
    for (const channel of connection.channels.values()) if (picked(channel)) items.push(channel);
  return { items, nameOf: channelName, view: channel => channelView(channel, management, rates) };
}

export const channelRoutes: readonly Route[] = [
  route('GET', '/channels', {
    query: channelQuery,
    answer: 'list',
    summary: 'Channels: all of them for who monitors, else one’s own',
    run: ask => ({
      ...channelListing(ask, channel => maySee(ask.viewer, channel.connection)),
      picks: channelFilters.picking(ask),
    }),
  }),
  route('GET', '/channels/:channel', {
    answer: 'object',
    summary: 'One channel, with its consumers',
    run: ask => {
      const [channel] = channelListing(ask, each => channelName(each) === ask.params.channel).items;
      if (channel === undefined) throw notFound();
      if (!maySee(ask.viewer, channel.connection)) throw notAuthorised('User not authorised to access object');
      return {
        ...channelView(channel, ask.management, ask.rates),
        consumer_details: [...channel.consumers.values()].map(consumer => consumerView(consumer, ask.management)),
        deliveries: deliveriesTo(channel, ask.rates),
        publishes: publishesOf(channel, ask.rates),
      };
    },
  }),
];
