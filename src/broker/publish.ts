// A message goes into its queues: first the journal knows it, then consumers may see it.
import type { Entry } from './entry.ts';
import type { Journal } from './journal.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

/**
 * What its publisher is told. unkept: it may be confirmed at once; kept: when the journal has it; refused: a full queue gave it back,
 * though others may have taken it.
 */
export type Outcome = 'unkept' | 'kept' | 'refused';

/** Puts the message into the queues. */
export function publish(queues: readonly Queue[], message: Message, journal: Journal): Outcome {
  if (queues.length > 1) return publishToAll(queues, message, journal);
  const queue = queues[0] as Queue;
  if (queue.refusing && queue.refuses(message)) return refuse(queue, message);
  const entry = queue.newEntry(message);
  const kept = queue.keeps(message);
  if (kept) journal.publish(entry);
  queue.enqueue(entry);
  return kept ? 'kept' : 'unkept';
}

function publishToAll(queues: readonly Queue[], message: Message, journal: Journal): Outcome {
  const entries: Entry[] = [];
  const kept: Entry[] = [];
  const refusing: Queue[] = [];
  for (const queue of queues) {
    if (queue.refusing && queue.refuses(message)) {
      refusing.push(queue);
      continue;
    }
    const entry = queue.newEntry(message);
    entries.push(entry);
    if (queue.keeps(message)) kept.push(entry);
  }
  if (kept.length > 0) journal.publishToAll(message, kept);
  // The message is held until every queue had it: the first consumer may settle its entry before the second queue sees it.
  message.retain();
  for (const entry of entries) entry.queue.enqueue(entry);
  for (const queue of refusing) refuse(queue, message);
  message.release();
  if (refusing.length > 0) return 'refused';
  return kept.length > 0 ? 'kept' : 'unkept';
}

function refuse(queue: Queue, message: Message): Outcome {
  queue.refused(message);
  return 'refused';
}
