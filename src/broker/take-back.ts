// What an operator does with single messages: takes them back from a worker, removes them.
import { deliveryOf } from './deliveries.ts';
import type { Queue } from './queue.ts';
import type { Unsettled } from './unsettled.ts';

/**
 * Takes a delivery back from who has it: marked as redelivered, it goes to the next who is free. What its client still says of it is
 * accepted and means nothing, but up to then it counts as one that its consumer works at. False when it is not there any more.
 */
export function takeBack(unsettled: Unsettled, tag: number): boolean {
  const entry = unsettled.takeBack(tag);
  if (entry === undefined) return false;
  entry.queue.takeBack(entry);
  return true;
}

/** Removes a message that waits, or that somebody has: what its client still says of it means nothing. False when it is not there. */
export function removeMessage(queue: Queue, sequence: number): boolean {
  if (queue.deleted) return false;
  if (queue.remove(sequence)) return true;
  const delivery = deliveryOf(queue, sequence);
  const entry = delivery?.unsettled.takeBack(delivery.tag);
  if (entry === undefined) return false;
  queue.discard(entry);
  return true;
}
