// The marks that a queue gives a message: from its properties and from what holds for the queue.
import { peekProperty } from '../amqp/properties.ts';
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
    ? Math.min(messageTtlMs, Number(peekProperty(header, headerStart, headerEnd, 'expiration')))
    : messageTtlMs;
  const deadline = ttlMs === Number.POSITIVE_INFINITY ? 0 : now + ttlMs;
  const priority =
    maxPriority === undefined
      ? 0
      : Math.min(maxPriority, peekProperty(header, headerStart, headerEnd, 'priority') ?? 0);
  return deadline === 0 && priority === 0 ? undefined : new Marks(deadline, priority, 0, 0);
}
