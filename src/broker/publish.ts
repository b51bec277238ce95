// A message goes into its queues: first the journal knows it, then consumers may see it.
import type { Entry } from './entry.ts';
import type { Journal } from './journal.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

/** Puts the message into the queues. True when the journal has to be waited for before it may be confirmed. */
export function publish(queues: readonly Queue[], message: Message, journal: Journal): boolean {
  if (queues.length === 1) {
    const queue = queues[0] as Queue;
    const entry = queue.newEntry(message);
    const kept = queue.keeps(message);
    if (kept) journal.publish(entry);
    queue.enqueue(entry);
    return kept;
  }
  return publishToAll(queues, message, journal);
}

function publishToAll(queues: readonly Queue[], message: Message, journal: Journal): boolean {
  const entries: Entry[] = [];
  const kept: Entry[] = [];
  for (const queue of queues) {
    const entry = queue.newEntry(message);
    entries.push(entry);
    if (queue.keeps(message)) kept.push(entry);
  }
  if (kept.length > 0) journal.publishToAll(message, kept);
  // The message is held until every queue had it: the first consumer may settle its entry before the second queue sees it.
  message.retain();
  for (const entry of entries) entry.queue.enqueue(entry);
  message.release();
  return kept.length > 0;
}
