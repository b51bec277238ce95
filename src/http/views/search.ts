// Finding messages by routing key, header or text of the body.
import { decodeProperties } from '../../amqp/properties.ts';
import { toPlain } from '../../amqp/table.ts';
import type { BrowsedMessage } from '../../broker/browse.ts';
import { bodyOf, exchangeAndKey } from './message.ts';

/** What is looked for; a message has to have all of it. */
export interface Search {
  /** Part of the routing key. */
  readonly key?: string | undefined;
  /** `name`, or `name:value` with a part of the value. */
  readonly header?: string | undefined;
  /** Part of the body, byte for byte. */
  readonly text?: string | undefined;
}

type Matches = (item: BrowsedMessage) => boolean;
type Content = NonNullable<BrowsedMessage['message']>;

/** Whether a message is looked for; undefined when nothing is asked for, and all are. */
export function matcher({ key, header, text }: Search): Matches | undefined {
  const tests: ((message: Content) => boolean)[] = [];
  if (key) tests.push(message => exchangeAndKey(message).routingKey.includes(key));
  if (header) tests.push(hasHeader(header));
  if (text) {
    const bytes = Buffer.from(text);
    tests.push(message => bodyOf(message).includes(bytes));
  }
  if (tests.length === 0) return undefined;
  return ({ message }) => message !== undefined && tests.every(test => test(message));
}

function hasHeader(wanted: string): (message: Content) => boolean {
  const colon = wanted.indexOf(':');
  const name = colon < 0 ? wanted : wanted.slice(0, colon);
  const part = colon < 0 ? '' : wanted.slice(colon + 1).trim();
  return ({ header, headerStart, headerEnd }) => {
    const value = decodeProperties(header as Buffer, headerStart, headerEnd).headers?.get(name);
    if (value === undefined) return false;
    const plain = toPlain(value);
    return (typeof plain === 'string' ? plain : JSON.stringify(plain)).includes(part);
  };
}
