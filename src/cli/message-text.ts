// Messages for people: what is known of one, its properties and headers, and its body as far as it is text.
import { styled } from './terminal.ts';
import { plain, plainLines } from './text.ts';

/** What `get` and `peek` have in common. */
export interface ShownMessage {
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered: boolean;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly payload: string;
  readonly payload_encoding: 'string' | 'base64';
}

/** The lines of a message below a title. */
export function messageLines(title: string, message: ShownMessage): string[] {
  const { headers = {}, ...properties } = message.properties;
  const pairs = [
    ['exchange', message.exchange === '' ? '(default)' : message.exchange],
    ['routing key', message.routing_key],
    ...(message.redelivered ? [['redelivered', 'yes']] : []),
    ...Object.entries(properties),
    ...Object.entries(headers as object).map(([name, value]) => [`header ${name}`, value]),
  ];
  const shown = pairs.map(
    ([name, value]) => `  ${plain(`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)}`,
  );
  const isText = message.payload_encoding === 'string';
  const body = isText ? plainLines(message.payload) : `${message.payload}\n  (base64: the body is not text)`;
  return [styled(title, 'bold'), ...shown, '', ...body.split('\n').map(line => `  ${line}`), ''];
}

/** The bytes of the body. */
export function bodyOf({ payload, payload_encoding }: ShownMessage): Buffer {
  return Buffer.from(payload, payload_encoding === 'base64' ? 'base64' : 'utf8');
}
