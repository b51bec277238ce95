// The longest time that a consumer may keep a delivery: none, unless the consumer, its queue or the configuration sets one.
import type { Consumer } from '../broker/consumer.ts';
import { Deadline } from '../broker/deadlines.ts';
import { preconditionFailed } from '../broker/errors.ts';
import type { Channel } from './channel.ts';
import { handlerFailed } from './failures.ts';

/** Closes the channel once the consumer has kept a delivery for longer than it may. */
export function watchTimeout(channel: Channel, consumer: Consumer): void {
  const timeoutMs = timeoutOf(channel, consumer);
  if (timeoutMs === Number.POSITIVE_INFINITY || consumer.noAck) return;
  const { deadlines } = channel.connection.context.broker.services;
  const deadline = new Deadline(deadlines, now => {
    if (channel.state !== 'open') return;
    let oldest = now;
    for (const entry of channel.unsettled)
      if (entry.consumer === consumer) oldest = Math.min(oldest, entry.deliveredAt);
    if (oldest + timeoutMs <= now) return handlerFailed(channel, timedOut(channel.number, timeoutMs), 0, 0);
    // A cancelled consumer still owes what it has.
    if (!consumer.cancelled || consumer.unsettled > 0) deadline.arm(oldest + timeoutMs);
  });
  deadline.arm(channel.connection.now + timeoutMs);
}

/** The consumer's own argument counts before what its queue says (RabbitMQ 4). */
function timeoutOf(channel: Channel, consumer: Consumer): number {
  const own = consumer.arguments.get('x-consumer-timeout')?.value;
  if (typeof own === 'number' || typeof own === 'bigint') return Number(own);
  return Math.min(consumer.queue.settings.consumerTimeoutMs, channel.connection.context.limits.consumerTimeoutMs);
}

function timedOut(channel: number, timeoutMs: number): Error {
  return preconditionFailed(
    `delivery acknowledgement on channel ${channel} timed out. Timeout value used: ${timeoutMs} ms. ` +
      'This timeout value can be configured, see consumers doc guide to learn more',
  );
}
