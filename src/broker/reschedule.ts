// What an operator does with messages that a delayed exchange keeps back: sends one on at once, or gives it another time.
import { browse } from './browse.ts';
import { withDelay } from './delay-line.ts';
import { publish } from './publish.ts';
import type { Queue } from './queue.ts';

/** gone: it is not kept back any more. unreadable: the disk does not give it back. */
export type RescheduleOutcome = 'rescheduled' | 'gone' | 'unreadable';

/** Sends a message on at the end of this turn. False when it is not there. */
export function release(line: Queue, sequence: number): boolean {
  const entry = line.ready.remove(sequence);
  if (entry === undefined) return false;
  line.services.deadLetters.add(entry, 'due');
  return true;
}

/**
 * Keeps a message back for so many ms from now on: written under the new time first, then taken out under the old one, so that a crash
 * leaves it in both at worst. It gets a new sequence. Calls back when that is durable.
 */
export function reschedule(
  line: Queue,
  sequence: number,
  delayMs: number,
  done: (outcome: RescheduleOutcome, sequence: number) => void,
): void {
  const { journal } = line.services;
  const options = { state: 'ready', after: sequence - 1, limit: 1, scanMax: 1 } as const;
  browse(line, options, ({ items: [item] }) => {
    if (item?.sequence !== sequence || line.deleted || !line.ready.has(sequence)) return done('gone', sequence);
    const { message } = item;
    if (message === undefined) return done('unreadable', sequence);
    const copy = message.rewritten(message.address, withDelay(message, delayMs), message.publishedAt);
    const next = line.nextSequence;
    publish([line], copy, journal);
    line.remove(sequence);
    journal.whenDurable({ durable: () => done('rescheduled', next) });
  });
}
