// The pause of a publisher that outruns a store: it is not read until the store accepts more, and connection.blocked tells it why.

import type { Store } from '../broker/store.ts';
import type { Connection } from './connection.ts';

/** none: nothing waits; waiting: a store accepts no more; blocked: the client was told of the alarm besides. */
type State = 'none' | 'waiting' | 'blocked';

export class PublisherPause {
  /** The store that the connection has published into though it accepts no more. */
  outrun: Store | undefined;
  readonly #connection: Connection;
  #state: State = 'none';
  /** The connection is not read; otherwise each of its channels waits on its own. */
  #unread = false;
  /** Lets the channels go on that wait for the store while the connection is read. */
  #unblock: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Begins the pause that is due, unless the store accepts more by now. */
  begin(store: Store): void {
    this.outrun = undefined;
    if (store.accepting) return;
    if (this.#state !== 'none') {
      if (!this.#unread) this.#blockChannels();
      return;
    }
    this.#state = 'waiting';
    this.#unread = true;
    this.#connection.reading.pause();
    this.tick();
    store.whenAccepting(() => this.#end());
  }

  /** An alarm may have come up meanwhile. */
  tick(): void {
    if (this.#state === 'none') return;
    const reason = this.#connection.context.alarm();
    if (reason === undefined) return;
    this.#tell(reason);
    this.#readAhead();
  }

  #end(): void {
    const connection = this.#connection;
    const told = this.#state === 'blocked';
    this.#state = 'none';
    if (told && connection.state === 'running') connection.send(0, 'connection.unblocked', {});
    for (const unblock of this.#unblock.splice(0)) unblock();
    if (this.#unread) connection.reading.resume();
    this.#unread = false;
    if (this.outrun !== undefined) this.begin(this.outrun);
  }

  #tell(reason: string): void {
    const connection = this.#connection;
    if (this.#state !== 'waiting' || connection.state !== 'running') return;
    const told = connection.capabilities.get('connection.blocked');
    if (told?.type !== 'bool' || !told.value) return;
    this.#state = 'blocked';
    connection.send(0, 'connection.blocked', { reason });
  }

  /** Under an alarm a connection that has deliveries to settle is read on: its settlements are what makes room. */
  #readAhead(): void {
    if (!this.#unread || !this.#hasUnsettled()) return;
    this.#unread = false;
    this.#blockChannels();
    this.#connection.reading.resume();
  }

  #blockChannels(): void {
    // One that is closing ignores what comes, and must be able to read the answer to its close.
    for (const channel of this.#connection.channels.values())
      if (channel.state === 'open' && !channel.parked) this.#unblock.push(channel.block());
  }

  #hasUnsettled(): boolean {
    for (const channel of this.#connection.channels.values()) if (channel.unsettled.count > 0) return true;
    return false;
  }
}
