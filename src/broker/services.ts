// What the broker needs from the outside, and what every queue needs.
import type { Clock } from './clock.ts';
import type { DeathReason } from './dead-letter.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Deadlines } from './deadlines.ts';
import type { Entry } from './entry.ts';
import type { Journal } from './journal.ts';
import type { Memory } from './memory.ts';
import type { Queue } from './queue.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';
import type { Unsettled } from './unsettled.ts';

export interface Surroundings {
  readonly journal: Journal;
  /** Where transient messages are paged out to; undefined without a disk. */
  readonly scratch: Store | undefined;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs it at the end of this turn of the event loop. */
  readonly later: (run: () => void) => void;
  /** Told of messages that cannot be delivered because their bytes are damaged. */
  readonly damaged: (entry: Entry) => void;
  /** What all channels have unsettled. */
  readonly unsettled: () => Iterable<Unsettled>;
}

export interface Services extends Surroundings {
  readonly deadlines: Deadlines;
  readonly deadLetters: DeadLetters;
  /** Told of a message that has died, and whether its queue has a dead-letter exchange. */
  readonly died: (queue: Queue, reason: DeathReason, lettered: boolean) => void;
  /** Told of a message that died and goes nowhere. */
  readonly dropped: (reason: DeathReason | 'due') => void;
  /** Nobody has used the queue for as long as it is to live without: deletes it. */
  readonly unused: (queue: Queue) => void;
}
