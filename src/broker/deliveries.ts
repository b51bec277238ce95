// Deliveries of a queue that are not settled: who has which, found among what all channels have.
import type { Queue } from './queue.ts';
import type { Unsettled } from './unsettled.ts';

export interface Delivery {
  /** What the channel has that it went to. */
  readonly unsettled: Unsettled;
  readonly tag: number;
  readonly sequence: number;
}

/** In no particular order. Takes time in proportion to what all channels have. */
export function* deliveriesOf(queue: Queue): Generator<Delivery> {
  for (const unsettled of queue.services.unsettled())
    if (unsettled.count > 0) for (const [tag, sequence] of unsettled.of(queue)) yield { unsettled, tag, sequence };
}

/** The delivery of the message with that sequence; undefined when nobody has it. */
export function deliveryOf(queue: Queue, sequence: number): Delivery | undefined {
  for (const delivery of deliveriesOf(queue)) if (delivery.sequence === sequence) return delivery;
  return undefined;
}

/** Those with the lowest sequences above `after`, in order. */
export function lowestDeliveries(queue: Queue, after: number, count: number): Delivery[] {
  let found: Delivery[] = [];
  const cut = (): void => {
    found = found.sort((a, b) => a.sequence - b.sequence).slice(0, count);
  };
  for (const delivery of deliveriesOf(queue)) {
    if (delivery.sequence <= after) continue;
    found.push(delivery);
    if (found.length >= count * 4) cut();
  }
  cut();
  return found;
}
