// The port to the journal: what must survive a restart, and when it does.
import type { Fact } from './facts.ts';
import type { Store, Waiter } from './store.ts';

export interface Journal extends Store {
  /** Writes a fact of the topology or of the users. */
  record(fact: Fact): void;
  /** How many facts were recorded so far: when it has risen over a command, its answer waits for the disk. */
  readonly recorded: number;
  /** Whether facts were recorded that are not durable yet: nothing may be answered that rests on them. */
  readonly factsPending: boolean;
  /** The number of the block that is being filled. */
  readonly block: number;
  /** Calls the waiter when all that was written up to now is durable; at the end of this turn where that is so already. */
  whenDurable(waiter: Waiter): void;
}

/** A broker without a disk: nothing is kept, and everything is as durable as it will ever be. */
export class NoJournal implements Journal {
  readonly block = 0;
  readonly recorded = 0;
  readonly factsPending = false;
  readonly accepting = true;
  readonly #later: (run: () => void) => void;

  constructor(later: (run: () => void) => void) {
    this.#later = later;
  }

  publish(): void {}
  publishToAll(): void {}
  rewrite(): void {}
  settle(): void {}
  settleAll(): void {}
  forget(): void {}
  record(): void {}
  readable(): boolean {
    return false;
  }
  load(): void {
    throw new Error('nothing was paged out: there is no store');
  }
  whenAccepting(run: () => void): void {
    this.#later(run);
  }
  whenDurable(waiter: Waiter): void {
    this.#later(() => waiter.durable());
  }
}
