// Finding messages by routing key, header or text of the body.
import { decodeProperties } from '../../amqp/properties.ts';
import { toPlain } from '../../amqp/table.ts';
import type { BrowsedMessage } from '../../broker/browse.ts';
import { deathOf } from '../../broker/death-headers.ts';
import { bodyOf, exchangeAndKey } from './message.ts';

/** What is looked for; a message has to have all of it. */
export interface Search {
  /** Part of the routing key. */
  readonly key?: string | undefined;
  /** `name`, or `name:value` or `name=value` with a part of the value. */
  readonly header?: string | undefined;
  /** Part of the body, byte for byte. */
  readonly text?: string | undefined;
  /** Why it died last, and in which queue. */
  readonly death_reason?: string | undefined;
  readonly death_queue?: string | undefined;
  /** How long ago it died, or was published where it never did, ms. */
  readonly older_than_ms?: number | undefined;
  readonly younger_than_ms?: number | undefined;
}

type Matches = (item: BrowsedMessage) => boolean;
type Content = NonNullable<BrowsedMessage['message']>;

/** Whether a message is looked for; undefined when nothing is asked for, and all are. */
export function matcher(search: Search, now: number): Matches | undefined {
  const { key, header, text, death_reason: reason, death_queue: queue } = search;
  const { older_than_ms: olderMs, younger_than_ms: youngerMs } = search;
  const tests: ((message: Content) => boolean)[] = [];
  if (key) tests.push(message => exchangeAndKey(message).routingKey.includes(key));
  if (header) tests.push(hasHeader(header));
  if (text) {
    const bytes = Buffer.from(text);
    tests.push(message => bodyOf(message).includes(bytes));
  }
  if (reason) tests.push(message => deathOf(message)?.reason === reason);
  if (queue) tests.push(message => deathOf(message)?.queue === queue);
  const ageOf = (message: Content): number => now - (deathOf(message)?.time ?? message.publishedAt);
  if (olderMs !== undefined) tests.push(message => ageOf(message) >= olderMs);
  if (youngerMs !== undefined) tests.push(message => ageOf(message) < youngerMs);
  if (tests.length === 0) return undefined;
  return ({ message }) => message !== undefined && tests.every(test => test(message));
}

function hasHeader(wanted: string): (message: Content) => boolean {
  const colon = wanted.search(/[:=]/);
  const name = colon < 0 ? wanted : wanted.slice(0, colon);
  const part = colon < 0 ? '' : wanted.slice(colon + 1).trim();
  return ({ header, headerStart, headerEnd }) => {
    const value = decodeProperties(header as Buffer, headerStart, headerEnd).headers?.get(name);
    if (value === undefined) return false;
    const plain = toPlain(value);
    return (typeof plain === 'string' ? plain : JSON.stringify(plain)).includes(part);
  };
}
