// The port to where messages are kept: the journal for what must survive, the scratch file for what only needs room.
import type { Entry } from './entry.ts';
import type { Message } from './message.ts';

/** Told when everything that was given to a store before is as durable as that store promises. */
export interface Waiter {
  durable(): void;
}

/** Where a store has an entry's record now. */
export interface NewPlace {
  readonly id: number;
  readonly position: number;
  readonly block: number;
}

export interface Store {
  /** Keeps the message for its one entry, and gives the entry its id. */
  publish(entry: Entry): void;
  /** Keeps the message once for several entries. */
  publishToAll(message: Message, entries: readonly Entry[]): void;
  /** The entry's marks have changed: keeps it once more with them, in place of what was kept. Its content must be in memory. */
  rewrite(entry: Entry): void;
  /** The entry was acknowledged or dropped: it need not come back. */
  settle(entry: Entry): void;
  /** Many at once, such as a purge: the same as settling each. */
  settleAll(entries: readonly { readonly id: number; readonly bodyBytes: number }[]): void;
  /** Its queue is gone: nothing needs to be written for it. */
  forget(id: number, bodyBytes: number): void;
  /** False while nothing more should be given to it: the disk is behind, or it refuses to write. */
  readonly accepting: boolean;
  /** Calls back once it accepts more; at the end of this turn when it does so already. */
  whenAccepting(run: () => void): void;
  /** Whether the message can be read back now. */
  readable(message: Message): boolean;
  /** Reads contents back, in order. An entry whose bytes are damaged stays unloaded and is listed. Calls back in a later turn. */
  load(entries: readonly Entry[], done: (damaged: readonly Entry[]) => void): void;
}
