// Parking: a channel whose command waits for the disk keeps the frames behind it, in order, until it goes on.

import { decodeMethod } from '../amqp/method.ts';
import type { Channel } from './channel.ts';
import { heldAheadBytesMax, heldBytesMax } from './context.ts';
import { guarded } from './failures.ts';
import { publishIds } from './publishing.ts';
import { isSettlement } from './settling.ts';

type Kind = 'method' | 'header' | 'body';

interface Held {
  readonly kind: Kind;
  readonly payload: Buffer;
}

/** What a held frame takes beside its payload, roughly, bytes. */
const heldFrameBytes = 128;

export class Parking {
  /** A command waits for the disk; later ones are held in order. */
  parked = false;
  /** An alarm is on: the channel waits from its next publish on. */
  watching: boolean;
  readonly #channel: Channel;
  #held: Held[] = [];
  #heldBytes = 0;
  /** Parked for an alarm: settlements are carried out until something is held that they must not overtake. */
  #settling = false;
  #afterReply: (() => void)[] = [];
  #readingPaused = false;

  constructor(channel: Channel, watching: boolean) {
    this.#channel = channel;
    this.watching = watching;
  }

  /** Whether methods need not be looked at before they are handled. */
  get idle(): boolean {
    return !this.parked && !this.watching;
  }

  /** See `Channel.park`. */
  park(classId: number, methodId: number): (first: () => void) => void {
    const channel = this.#channel;
    this.parked = true;
    return first => {
      if (channel.state !== 'open') return;
      this.parked = false;
      channel.connection.run(() => guarded(channel, first, classId, methodId));
      for (const tell of this.#afterReply.splice(0)) tell();
      this.replay(this.takeHeld());
      channel.connection.settled();
    };
  }

  /** See `Channel.block`. */
  block(): () => void {
    const resume = this.park(0, 0);
    this.#settling = true;
    return () => {
      this.#settling = false;
      resume(() => {});
    };
  }

  /** Runs it when the command that waits is answered; at once when none does. */
  afterReply(run: () => void): void {
    if (this.parked) this.#afterReply.push(run);
    else run();
  }

  /** Keeps a frame that came while the channel is parked. */
  hold(kind: Kind, chunk: Buffer, start: number, end: number): void {
    if (this.#settling && kind === 'method' && this.#settlesNow(chunk, start, end)) return;
    this.#held.push({ kind, payload: Buffer.from(chunk.subarray(start, end)) });
    this.#heldBytes += end - start + heldFrameBytes;
    if (this.#heldBytes < (this.#settling ? heldAheadBytesMax : heldBytesMax) || this.#readingPaused) return;
    this.#readingPaused = true;
    this.#channel.connection.reading.pause();
  }

  /** Takes out what is held. */
  takeHeld(): readonly Held[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  /** Gives the channel the frames that were held; what parks it again holds the rest of them. */
  replay(held: readonly Held[]): void {
    const channel = this.#channel;
    for (const { kind, payload } of held) channel.connection.run(() => channel[kind](payload, 0, payload.length));
    if (this.#readingPaused && this.#heldBytes < heldBytesMax) this.#readOn();
  }

  /** The channel has ended: nothing waits any more. */
  end(): void {
    this.parked = false;
    this.#held = [];
    if (this.#readingPaused) this.#readOn();
  }

  #readOn(): void {
    this.#readingPaused = false;
    this.#channel.connection.reading.resume();
  }

  /** Carries a settlement out although publishes before it wait. */
  #settlesNow(chunk: Buffer, start: number, end: number): boolean {
    const ids = end - start < 4 ? 0 : chunk.readUInt32BE(start);
    if (ids === publishIds) return false;
    if (this.#channel.transaction !== undefined || !isSettlement(ids)) {
      this.#settling = false;
      return false;
    }
    this.#channel.handle(decodeMethod(chunk, start, end));
    return true;
  }
}
