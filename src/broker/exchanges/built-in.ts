// The exchange types that every broker has, by name.

import { DirectExchange } from './direct.ts';
import type { ExchangeType } from './exchange-type.ts';
import { FanoutExchange } from './fanout.ts';
import { HeadersExchange } from './headers.ts';
import { TopicExchange } from './topic.ts';

/** A new, empty exchange of that type (names are case-sensitive), or undefined when there is no such type. */
export function createExchangeType<D>(name: string): ExchangeType<D> | undefined {
  switch (name) {
    case 'direct':
      return new DirectExchange<D>();
    case 'fanout':
      return new FanoutExchange<D>();
    case 'topic':
      return new TopicExchange<D>();
    case 'headers':
      return new HeadersExchange<D>();
    default:
      return undefined;
  }
}

/** The names, in the order in which they are listed. */
export const exchangeTypeNames: readonly string[] = ['direct', 'fanout', 'headers', 'topic'];
