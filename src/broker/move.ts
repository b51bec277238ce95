// Messages go from a queue to where an exchange leads: published there first, then taken out here, in this order in the journal as well.
import { browse } from './browse.ts';
import { deliveryOf } from './deliveries.ts';
import type { Exchange } from './exchange.ts';
import { encodeAddress, type Message } from './message.ts';
import { publish } from './publish.ts';
import type { Queue } from './queue.ts';
import { route } from './route.ts';
import { removeMessage } from './take-back.ts';
import type { Vhost } from './vhost.ts';

/** Where to: an exchange and a key of one character per byte, at most 255. The default exchange and its name stand for a queue. */
export interface MoveTarget {
  readonly vhost: Vhost;
  readonly exchange: Exchange;
  readonly routingKey: string;
}

/** gone: it is not in the queue any more. unroutable: no queue would get it. unreadable: the disk does not give it back. */
export type MoveOutcome = 'moved' | 'gone' | 'unroutable' | 'unreadable';

/** So many messages, and bytes of bodies, are moved in one turn. */
const stepEntries = 256;
const stepBytes = 1 << 20;

/** Moves the message with that sequence, though somebody has it. Calls back when that is durable. */
export function moveMessage(
  queue: Queue,
  sequence: number,
  target: MoveTarget,
  done: (outcome: MoveOutcome) => void,
): void {
  const { journal } = queue.services;
  const options = { state: 'all', after: sequence - 1, limit: 1, scanMax: 1 } as const;
  browse(queue, options, ({ items: [item] }) => {
    if (item?.sequence !== sequence || !isThere(queue, sequence)) return done('gone');
    if (item.message === undefined) return done('unreadable');
    if (!publishCopy(item.message, target)) return done('unroutable');
    removeMessage(queue, sequence);
    journal.whenDurable({ durable: () => done('moved') });
  });
}

/**
 * Moves what waits, from the head on: `count` messages, or all that wait now. Ends early at a message that no queue would get. Calls back
 * with how many were moved, when that is durable.
 */
export function moveMessages(
  queue: Queue,
  target: MoveTarget,
  count: number | undefined,
  done: (moved: number) => void,
): void {
  const { journal, memory, later } = queue.services;
  // What arrives meanwhile stays: the way may lead back here.
  const most = Math.min(count ?? Number.POSITIVE_INFINITY, queue.ready.count);
  let moved = 0;
  const end = (): void => journal.whenDurable({ durable: () => done(moved) });
  const step = (): void => {
    let bytes = 0;
    for (let n = 0; n < stepEntries && bytes < stepBytes; n++) {
      if (moved >= most || queue.deleted || target.vhost.deleted) return end();
      if (!journal.accepting) return journal.whenAccepting(step);
      const entry = queue.first();
      if (entry === undefined) return end();
      if (entry === 'paged') return queue.whenLoaded(step);
      bytes += entry.message.bodyBytes;
      if (!publishCopy(entry.message, target)) return end();
      queue.remove(entry.sequence);
      moved++;
    }
    memory.check();
    later(step);
  };
  step();
}

/** False when no queue gets it, or not every queue that should. */
function publishCopy(message: Message, { vhost, exchange, routingKey }: MoveTarget): boolean {
  const { queues } = route(vhost, exchange, message, [routingKey]);
  const [first] = queues;
  // Where one would not take it, it stays: to its owner a move must not lose it.
  if (first === undefined || !queues.every(queue => queue.takes(message))) return false;
  const { journal, clock } = first.services;
  const copy = message.readdressed(encodeAddress(exchange.name, routingKey), clock.now);
  exchange.stats.publishedIn++;
  exchange.stats.publishedOut += queues.length;
  publish(queues, copy, journal);
  return true;
}

function isThere(queue: Queue, sequence: number): boolean {
  return !queue.deleted && (queue.ready.has(sequence) || deliveryOf(queue, sequence) !== undefined);
}
