// The parts of a message: exchange, routing key and body, out of the bytes that it travels as.
import type { Message } from '../../broker/message.ts';

/** Where the message was published to. */
export function exchangeAndKey({ address }: Message): { exchange: string; routingKey: string } {
  const length = address[0] ?? 0;
  return { exchange: address.toString('utf8', 1, 1 + length), routingKey: address.toString('utf8', 2 + length) };
}

/** The body, or its first bytes. */
export function bodyOf(message: Message, bytesMax: number = Number.POSITIVE_INFINITY): Buffer {
  const { body, bodyStart, bodyEnd, rest } = message;
  const first = body.subarray(bodyStart, Math.min(bodyEnd, bodyStart + bytesMax));
  if (rest === undefined || first.length >= bytesMax) return first;
  const whole = Buffer.concat([first, ...rest]);
  return whole.length > bytesMax ? whole.subarray(0, bytesMax) : whole;
}
