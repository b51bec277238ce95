// A message goes into its queues: first the journal knows it, then consumers may see it.
import type { Entry } from './entry.ts';
import type { Exchange } from './exchange.ts';
import type { Journal } from './journal.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

/**
 * What its publisher is told. unkept: it may be confirmed at once; kept: when the journal has it; known: queues have one with its value,
 * so it is confirmed when the journal has all that was published before; refused: a full queue gave it back, though others may have taken it.
 */
export type Outcome = 'unkept' | 'kept' | 'known' | 'refused';

/** Puts the message into the queues. */
export function publish(queues: readonly Queue[], message: Message, journal: Journal): Outcome {
  const queue = queues[0] as Queue;
  if (queues.length > 1 || queue.guarded) return publishToAll(queues, message, journal);
  const entry = queue.newEntry(message);
  const kept = queue.keeps(message);
  if (kept) journal.publish(entry);
  queue.enqueue(entry);
  return kept ? 'kept' : 'unkept';
}

/** Puts a message that was published to the exchange into the queues that it leads to; the exchange remembers its value. */
export function publishVia(exchange: Exchange, queues: readonly Queue[], message: Message, journal: Journal): Outcome {
  const outcome = publish(queues, message, journal);
  if (exchange.deduplication !== undefined) seen(exchange, message, outcome, journal);
  return outcome;
}

function seen(exchange: Exchange, message: Message, outcome: Outcome, journal: Journal): void {
  // What was refused may come again.
  if (exchange.deduplication !== undefined && outcome !== 'refused') {
    const { vhost, name, durable } = exchange;
    const value = exchange.deduplication.remember(message, durable && outcome === 'kept');
    if (value !== undefined) journal.record({ type: 'exchange.seen', vhost, exchange: name, values: [value] });
  }
}

function publishToAll(queues: readonly Queue[], message: Message, journal: Journal): Outcome {
  const entries: Entry[] = [];
  const kept: Entry[] = [];
  const refusing: Queue[] = [];
  let known = false;
  for (const queue of queues) {
    if (queue.deduplication?.isDuplicate(message) === true) {
      queue.stats.deduplicated++;
      if (queue.keeps(message)) known = true;
      continue;
    }
    if (queue.refusing && queue.refuses(message)) {
      refusing.push(queue);
      continue;
    }
    const entry = queue.newEntry(message);
    entries.push(entry);
    if (queue.keeps(message)) kept.push(entry);
  }
  if (kept.length > 0) journal.publishToAll(message, kept);
  for (const entry of entries)
    if (entry.queue.deduplication !== undefined) remember(entry, entry.queue.keeps(message), journal);
  // The message is held until every queue had it: the first consumer may settle its entry before the second queue sees it.
  message.retain();
  for (const entry of entries) entry.queue.enqueue(entry);
  for (const queue of refusing) refuse(queue, message);
  message.release();
  if (refusing.length > 0) return 'refused';
  if (kept.length > 0) return 'kept';
  return known ? 'known' : 'unkept';
}

/** After the message: a crash in between may let a duplicate in, but never drops what is in no queue. */
function remember({ queue, message, sequence }: Entry, kept: boolean, journal: Journal): void {
  const value = queue.deduplication?.remember(message, sequence);
  if (value !== undefined && kept) journal.record({ type: 'queue.seen', id: queue.id, values: [value] });
}

function refuse(queue: Queue, message: Message): Outcome {
  queue.refused(message);
  return 'refused';
}
