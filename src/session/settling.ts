// Acknowledging, rejecting and giving back deliveries.
import type { Entry } from '../broker/entry.ts';
import { preconditionFailed } from '../broker/errors.ts';
import type { Queue } from '../broker/queue.ts';
import type { Channel } from './channel.ts';
import { guarded } from './failures.ts';

export type Verdict = 'ack' | 'requeue' | 'drop';

/** Class and method of basic.ack, as the first four bytes of its frames. */
export const ackIds: number = (60 << 16) | 80;
const rejectIds = (60 << 16) | 90;
const nackIds = (60 << 16) | 120;

export function isSettlement(ids: number): boolean {
  return ids === ackIds || ids === rejectIds || ids === nackIds;
}

/** basic.ack outside of a transaction, straight from its arguments' bytes. The usual one, of a tag that is known, is done on the spot. */
export function ackOne(channel: Channel, chunk: Buffer, at: number): void {
  const tag = chunk.readUInt32BE(at) * 4294967296 + chunk.readUInt32BE(at + 4);
  const multiple = (chunk[at + 8]! & 1) === 1;
  if (!multiple) {
    const entry = channel.unsettled.take(tag);
    if (entry !== undefined) {
      entry.queue.settle(entry);
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
  const entries = takeTags(channel, tag, multiple);
  const consumed = toConsumers(entries);
  carryOut(entries, verdict);
  channel.released(consumed);
}

/** Takes the deliveries that a settlement names out of the channel, in the order of their tags. */
export function takeTags(channel: Channel, tag: number, multiple: boolean): Entry[] {
  const { unsettled } = channel;
  if (multiple && tag === 0) return unsettled.takeAll();
  if (!unsettled.has(tag)) throw unknownTag(tag);
  if (multiple) return unsettled.takeUpTo(tag);
  return [unsettled.take(tag) as Entry];
}

/** A tag beyond what a number holds exactly is at the end of the 64 bits for all that clients send. */
export function unknownTag(tag: number): Error {
  const exact = Number.isSafeInteger(tag)
    ? BigInt(tag)
    : BigInt.asUintN(64, BigInt(Math.min(tag, 2 ** 64 - 2048)) + 2047n);
  return preconditionFailed(`unknown delivery tag ${exact}`);
}

/** How many of them a consumer was given; those of basic.get count to no prefetch. */
export function toConsumers(entries: readonly Entry[]): number {
  let count = 0;
  for (const { consumer } of entries) if (consumer !== undefined) count++;
  return count;
}

export function carryOut(entries: readonly Entry[], verdict: Verdict): void {
  if (verdict === 'requeue') requeueAll(entries);
  else for (const entry of entries) entry.queue.settle(entry);
}

/** Gives deliveries back to their queues, each queue getting its own in order. */
export function requeueAll(entries: readonly Entry[]): void {
  if (entries.length === 1) {
    const [entry] = entries as [Entry];
    entry.queue.requeue(entries);
    return;
  }
  const byQueue = new Map<Queue, Entry[]>();
  for (const entry of entries) {
    const own = byQueue.get(entry.queue);
    if (own === undefined) byQueue.set(entry.queue, [entry]);
    else own.push(entry);
  }
  for (const [queue, own] of byQueue) queue.requeue(own);
}
