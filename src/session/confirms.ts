// Publisher confirms of a channel: counted from confirm.select, sent cumulatively and in publish order.
import { frameEnd } from '../amqp/frame.ts';
import type { Journal } from '../broker/journal.ts';
import type { Services } from '../broker/services.ts';
import type { Waiter } from '../broker/store.ts';
import type { Channel } from './channel.ts';

/** basic.ack and basic.nack of class basic. */
const ackId = 80;
const nackId = 120;

/** A block of the journal that has messages of this channel, and the last of their numbers. */
class Awaited implements Waiter {
  readonly block: number;
  readonly #confirms: Confirms;
  upTo: number;

  constructor(confirms: Confirms, block: number, upTo: number) {
    this.#confirms = confirms;
    this.block = block;
    this.upTo = upTo;
  }

  durable(): void {
    this.#confirms.confirm(this.upTo);
  }
}

/** Rule: a number is confirmed only together with or after all lower ones, so an immediate one joins the block that is still awaited. */
export class Confirms {
  /** The number of the last publish. */
  published = 0;
  /** All up to this one were confirmed. */
  confirmed = 0;
  readonly #channel: Channel;
  readonly #journal: Journal;
  readonly #later: (waiter: Waiter) => void;
  #awaited: Awaited | undefined;
  /** Numbers that were refused and not answered yet, lowest first. */
  readonly #refused: number[] = [];

  constructor(channel: Channel, services: Services) {
    this.#channel = channel;
    this.#journal = services.journal;
    this.#later = waiter => services.later(() => waiter.durable());
  }

  /** Counts a publish that is confirmed when the journal has it. */
  journaled(): void {
    const number = ++this.published;
    const { block } = this.#journal;
    // Without a disk every block has the same number, so what was confirmed already is no longer awaited.
    if (this.#awaited?.block === block && this.#awaited.upTo > this.confirmed) this.#awaited.upTo = number;
    else {
      this.#awaited = new Awaited(this, block, number);
      this.#journal.whenDurable(this.#awaited);
    }
  }

  /** Counts a publish that needs no journal: transient, or routed nowhere. */
  immediate(): void {
    const number = ++this.published;
    const awaited = this.#awaited;
    // Joining the last awaited block keeps the order and costs no wait for a block of its own.
    if (awaited !== undefined && awaited.upTo > this.confirmed) awaited.upTo = number;
    else {
      this.#awaited = new Awaited(this, -1, number);
      this.#later(this.#awaited);
    }
  }

  /** Counts a duplicate: what it is a duplicate of, of whatever channel, may be on its way to the disk. */
  duplicate(): void {
    // Of no block: what this channel publishes next may be in a later one than what is waited for.
    this.#awaited = new Awaited(this, -1, ++this.published);
    this.#journal.whenDurable(this.#awaited);
  }

  /** Counts a publish that a full queue has refused. */
  refused(): void {
    this.immediate();
    this.#refused.push(this.published);
  }

  get unconfirmed(): number {
    return this.published - this.confirmed;
  }

  /** Everything up to that number is safe. */
  confirm(upTo: number): void {
    if (upTo <= this.confirmed || this.#channel.state !== 'open') return;
    for (let from = this.#refused[0]; from !== undefined && from <= upTo; from = this.#refused[0]) {
      if (from - 1 > this.confirmed) this.#answer(ackId, from - 1);
      let last = from;
      for (this.#refused.shift(); this.#refused[0] === last + 1 && last < upTo; this.#refused.shift()) last++;
      this.#answer(nackId, last);
    }
    if (upTo > this.confirmed) this.#answer(ackId, upTo);
  }

  /** Answers for all up to that number. */
  #answer(methodId: number, upTo: number): void {
    const count = upTo - this.confirmed;
    this.confirmed = upTo;
    if (methodId === ackId) this.#channel.stats.confirmed += count;
    const { output } = this.#channel.connection;
    const at = output.reserve(21);
    const { buffer } = output;
    buffer[at] = 1;
    buffer[at + 1] = this.#channel.number >> 8;
    buffer[at + 2] = this.#channel.number & 255;
    buffer.writeUInt32BE(13, at + 3);
    buffer.writeUInt32BE((60 << 16) | methodId, at + 7);
    buffer.writeUInt32BE(Math.floor(upTo / 4294967296), at + 11);
    buffer.writeUInt32BE(upTo >>> 0, at + 15);
    // Of a nack the bit for requeue is set as well (RabbitMQ behaviour).
    buffer[at + 19] = (count > 1 ? 1 : 0) | (methodId === nackId ? 2 : 0);
    buffer[at + 20] = frameEnd;
  }
}
