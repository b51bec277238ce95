// Acknowledging, rejecting and giving back deliveries.
import { longlongAt } from '../amqp/reader.ts';
import { preconditionFailed } from '../broker/errors.ts';
import type { Queue } from '../broker/queue.ts';
import type { NackReason } from '../broker/tracer.ts';
import type { Channel } from './channel.ts';
import { guarded } from './failures.ts';

/** `fail` gives back as `requeue` does, and counts against the delivery limit: the consumer has rejected it or is gone. */
export type Verdict = 'ack' | 'requeue' | 'fail' | 'reject';

/** Class and method of basic.ack, as the first four bytes of its frames. */
export const ackIds: number = (60 << 16) | 80;
const rejectIds = (60 << 16) | 90;
const nackIds = (60 << 16) | 120;

/** As traces tell them; none for an ack. */
export const nackReasons: { readonly [V in Verdict]: NackReason | undefined } = {
  ack: undefined,
  requeue: 'requeued',
  fail: 'failed',
  reject: 'rejected',
};

export function isSettlement(ids: number): boolean {
  return ids === ackIds || ids === rejectIds || ids === nackIds;
}

/** basic.ack outside of a transaction, straight from its arguments' bytes. The usual one, of a tag that is known, is done on the spot. */
export function ackOne(channel: Channel, chunk: Buffer, at: number): void {
  const tag = longlongAt(chunk, at);
  const multiple = (chunk[at + 8]! & 1) === 1;
  if (!multiple) {
    const entry = channel.unsettled.take(tag);
    if (entry !== undefined) {
      channel.stats.acked++;
      if (channel.vhost.tracer !== undefined) channel.vhost.tracer.settled(entry, tag, undefined, channel.actor);
      entry.queue.ack(entry, channel.connection.now);
      if (entry.consumer !== undefined) channel.released(1);
      return;
    }
  }
  settleGuarded(channel, tag, multiple);
}

// A function of its own: its closure would cost an object per ack above.
function settleGuarded(channel: Channel, tag: number, multiple: boolean): void {
  guarded(channel, () => settleOne(channel, tag, multiple, 'ack'), 60, 80);
}

/** basic.ack, basic.nack and basic.reject: one tag, or all up to it (0 is all there are). Nothing is done when the tag is unknown. */
export function settleOne(channel: Channel, tag: number, multiple: boolean, verdict: Verdict): void {
  const { unsettled } = channel;
  const all = multiple && tag === 0;
  if (!all && !unsettled.owes(tag)) throw unknownTag(tag);
  channel.released(settleRange(channel, multiple ? 0 : tag, all ? unsettled.nextTag : tag, verdict));
}

/**
 * Settles what the channel has from one tag up to another, but for what is excepted, in the order of the tags; each queue gets all of its
 * own back before it hands out any. Returns how many of them a consumer was given; those of basic.get count to no prefetch.
 */
export function settleRange(
  channel: Channel,
  from: number,
  upTo: number,
  verdict: Verdict,
  excepted?: (tag: number) => boolean,
): number {
  const { unsettled } = channel;
  const { now } = channel.connection;
  const { tracer } = channel.vhost;
  const returnedTo = new Set<Queue>();
  let consumed = 0;
  // One by one: as objects all at once they could take more than there is memory. What is delivered meanwhile has higher tags.
  const last = Math.min(upTo, unsettled.nextTag - 1);
  for (let tag = Math.max(from, unsettled.firstTag); tag <= last; tag++) {
    if (excepted?.(tag) === true) continue;
    const entry = unsettled.take(tag);
    if (entry === undefined) continue;
    const { queue } = entry;
    tracer?.settled(entry, tag, nackReasons[verdict], channel.actor);
    if (entry.consumer !== undefined) consumed++;
    if (verdict === 'requeue' || verdict === 'fail') {
      queue.giveBack(entry, verdict === 'fail');
      returnedTo.add(queue);
    } else if (verdict === 'ack') {
      channel.stats.acked++;
      queue.ack(entry, now);
    } else queue.reject(entry, now);
  }
  for (const queue of returnedTo) queue.redistribute();
  const tookBack = unsettled.answered(from, last, excepted);
  for (const consumer of tookBack) consumer.queue.answered(consumer, now);
  return consumed + tookBack.length;
}

/** A tag beyond what a number holds exactly is at the end of the 64 bits for all that clients send. */
export function unknownTag(tag: number): Error {
  const exact = Number.isSafeInteger(tag)
    ? BigInt(tag)
    : BigInt.asUintN(64, BigInt(Math.min(tag, 2 ** 64 - 2048)) + 2047n);
  return preconditionFailed(`unknown delivery tag ${exact}`);
}
