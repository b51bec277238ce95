// The pause of a publisher: it outruns a store, or an alarm stops all publishers. connection.blocked tells it why.

import type { Store } from '../broker/store.ts';
import type { Connection } from './connection.ts';

export class PublisherPause {
  /** The store that the connection has published into though it accepts no more. */
  outrun: Store | undefined;
  readonly #connection: Connection;
  /** What the connection waits for: a store to accept more, and the end of an alarm under which it wanted to publish. */
  #store: Store | undefined;
  #alarmed = false;
  /** The client was told of an alarm. */
  #told = false;
  /** The connection is not read; otherwise each of its channels waits on its own. */
  #unread = false;
  /** Lets the channels go on that wait while the connection is read. */
  #unblock: (() => void)[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** As RabbitMQ calls it: blocking is on until the next publish, blocked from there on. */
  get state(): 'none' | 'blocking' | 'blocked' {
    if (this.#alarmed || this.#told) return 'blocked';
    return this.#connection.context.alarms.stopping ? 'blocking' : 'none';
  }

  /** Begins the pause that is due, unless the store accepts more by now. */
  begin(store: Store): void {
    this.outrun = undefined;
    if (store.accepting) return;
    if (this.#waits) {
      if (!this.#unread) this.#blockChannels();
      return;
    }
    this.#store = store;
    this.#stopReading();
    store.whenAccepting(() => {
      this.#store = undefined;
      this.#end();
    });
  }

  /** An alarm that stops all publishers is on, or none is any more. */
  watch(alarm: boolean): void {
    for (const channel of this.#connection.channels.values()) channel.watchPublishes(alarm);
    if (alarm || !this.#alarmed) return;
    this.#alarmed = false;
    this.#end();
  }

  /** A publish has come under such an alarm: it waits, and what comes behind it. */
  block(): void {
    const first = !this.#waits;
    this.#alarmed = true;
    this.#blockChannels();
    if (first) this.#stopReading();
    else this.tick();
  }

  /** An alarm may have come up meanwhile, and deliveries that can be settled. */
  tick(): void {
    if (!this.#waits) return;
    const { reason } = this.#connection.context.alarms;
    if (reason === undefined) return;
    this.#tell(reason);
    this.#readAhead();
  }

  get #waits(): boolean {
    return this.#store !== undefined || this.#alarmed;
  }

  #stopReading(): void {
    this.#unread = true;
    this.#connection.reading.pause();
    this.tick();
  }

  #end(): void {
    if (this.#waits) return;
    const connection = this.#connection;
    const told = this.#told;
    this.#told = false;
    if (told && connection.state === 'running') connection.send(0, 'connection.unblocked', {});
    for (const unblock of this.#unblock.splice(0)) unblock();
    if (this.#unread) connection.reading.resume();
    this.#unread = false;
    if (this.outrun !== undefined) this.begin(this.outrun);
  }

  #tell(reason: string): void {
    const connection = this.#connection;
    if (this.#told || connection.state !== 'running') return;
    const told = connection.capabilities.get('connection.blocked');
    if (told?.type !== 'bool' || !told.value) return;
    this.#told = true;
    connection.send(0, 'connection.blocked', { reason });
  }

  /** Under an alarm a connection that has deliveries to settle is read on: its settlements are what makes room. */
  #readAhead(): void {
    if (!this.#unread || !this.#consumes()) return;
    this.#unread = false;
    this.#blockChannels();
    this.#connection.reading.resume();
  }

  #blockChannels(): void {
    // One that is closing ignores what comes, and must be able to read the answer to its close.
    for (const channel of this.#connection.channels.values())
      if (channel.state === 'open' && !channel.parked) this.#unblock.push(channel.block());
  }

  #consumes(): boolean {
    for (const { unsettled, consumers } of this.#connection.channels.values())
      if (unsettled.count > 0 || consumers.size > 0) return true;
    return false;
  }
}
