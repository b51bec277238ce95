// The marks that a queue gives a message: from its properties and from what holds for the queue.
import { peekProperty, propertyAt, propertyFlags } from '../amqp/properties.ts';
import { Marks } from './marks.ts';
import type { Message } from './message.ts';
import type { QueueSettings } from './queue-settings.ts';

/** Whether the message has the property `expiration`. Its content is in memory. */
export function hasExpiration(message: Message): boolean {
  return ((message.header as Buffer)[message.headerStart + 12]! & 1) !== 0;
}

/** Undefined where there is nothing to mark. `now` is the time of the enqueue, ms since the epoch: the deadline is fixed with it. */
export function newMarks(message: Message, settings: QueueSettings, now: number): Marks | undefined {
  const { messageTtlMs, maxPriority } = settings;
  const { headerStart, headerEnd } = message;
  const header = message.header as Buffer;
  const ttlMs = hasExpiration(message)
    ? Math.min(messageTtlMs, expirationOf(header, headerStart, headerEnd))
    : messageTtlMs;
  const deadline = ttlMs === Number.POSITIVE_INFINITY ? 0 : now + ttlMs;
  const priority =
    maxPriority === undefined
      ? 0
      : Math.min(maxPriority, peekProperty(header, headerStart, headerEnd, 'priority') ?? 0);
  return deadline === 0 && priority === 0 ? undefined : new Marks(deadline, priority, 0, 0);
}

/** The property was checked when the message was published. Digits alone are read from the bytes. */
function expirationOf(header: Buffer, start: number, end: number): number {
  const at = propertyAt(header, start, propertyFlags.expiration);
  const last = at + header[at]!;
  let value = 0;
  for (let i = at + 1; i <= last; i++) {
    const digit = header[i]! - 0x30;
    if (digit < 0 || digit > 9) return Number(peekProperty(header, start, end, 'expiration'));
    value = value * 10 + digit;
  }
  return value;
}
