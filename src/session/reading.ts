// Whether a connection is read: pauses that add up, one of them for as long as the client leaves too much output untaken.

import type { Connection } from './connection.ts';
import { outputBytesMax } from './context.ts';

export class Reading {
  /** Too much output waits: no deliveries until it has drained. */
  congested = false;
  readonly #connection: Connection;
  #pauses = 0;
  #whenDrained: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get paused(): boolean {
    return this.#pauses > 0;
  }

  /** Pauses reading; as many calls of `resume` start it again. */
  pause(): void {
    if (this.#pauses++ === 0) this.#connection.transport.pause();
  }

  resume(): void {
    const { liveness, state, transport } = this.#connection;
    if (--this.#pauses > 0 || state === 'closed') return;
    // What the client said meanwhile is still to be read: its silence counts from now.
    liveness.heard();
    transport.resume();
  }

  /** Too much output waits: no deliveries and no reading until half of what is allowed is left. */
  congest(): void {
    if (this.congested) return;
    this.congested = true;
    for (const channel of this.#connection.channels.values()) channel.credit.open = false;
    this.pause();
  }

  /** Runs it when the output has drained. */
  whenDrained(run: () => void): void {
    this.#whenDrained.push(run);
  }

  /** The client has taken output. */
  sent(): void {
    if (!this.congested || this.#connection.output.pending > outputBytesMax / 2) return;
    this.congested = false;
    for (const channel of this.#connection.channels.values()) channel.reopen();
    const waiting = this.#whenDrained;
    this.#whenDrained = [];
    for (const run of waiting) run();
    this.resume();
  }
}
