// Dead messages on their way: published to their dead-letter exchange first, then taken out of their queue. So a crash may leave a
// message in both places, never in neither.
import type { Clock } from './clock.ts';
import { copyKeys } from './copy-keys.ts';
import { type DeathReason, goesRound } from './dead-letter.ts';
import { type DelayLine, withoutDelay } from './delay-line.ts';
import type { Entry } from './entry.ts';
import type { Journal } from './journal.ts';
import { Letters } from './letters.ts';
import { keyOf, type Message } from './message.ts';
import { publish } from './publish.ts';
import type { Queue } from './queue.ts';
import { route } from './route.ts';
import type { NewPlace, Store } from './store.ts';
import type { Vhost } from './vhost.ts';

/** Why a message is on its way: it has died, or the time for which it was kept back is over. */
type Reason = DeathReason | 'due';

interface Leaving {
  readonly entry: Entry;
  readonly reason: Reason;
}

/** With so many on their way queues keep what has expired or is too much for the moment. */
const waitingMax = 4096;
/** So many go in one turn. */
const turnMax = 1024;
/** Read back at a time, bytes of bodies. */
const loadBytes = 2 << 20;

export interface Surroundings {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly later: (run: () => void) => void;
  readonly damaged: (entry: Entry) => void;
}

export class DeadLetters {
  readonly #surroundings: Surroundings;
  readonly #vhostOf: (owner: { readonly vhost: string }) => Vhost | undefined;
  /** Told of what goes nowhere. */
  readonly #dropped: (reason: Reason) => void;
  #waiting: Leaving[] = [];
  #first = 0;
  #asked = false;
  #loading = false;
  #whenRoom: Queue[] = [];
  readonly #letters = new Letters();

  constructor(
    surroundings: Surroundings,
    vhostOf: (owner: { readonly vhost: string }) => Vhost | undefined,
    dropped: (reason: Reason) => void,
  ) {
    this.#surroundings = surroundings;
    this.#vhostOf = vhostOf;
    this.#dropped = dropped;
  }

  /** Whether a queue should keep for now what it need not give up at once. */
  get full(): boolean {
    return this.#waiting.length - this.#first >= waitingMax;
  }

  /** The queue looks again what has to go once there is room. */
  whenRoom(queue: Queue): void {
    if (!this.#whenRoom.includes(queue)) this.#whenRoom.push(queue);
  }

  /** Sends an entry that was taken out of its queue on its way, at the end of this turn. */
  add(entry: Entry, reason: Reason): void {
    this.#waiting.push({ entry, reason });
    this.#ask();
  }

  /** A store has copied the record of an entry: notes its new place. False when it is not among those on their way. */
  relocate(queue: Queue, sequence: number, oldId: number, to: NewPlace): boolean {
    for (let i = this.#first; i < this.#waiting.length; i++) {
      const { entry } = this.#waiting[i] as Leaving;
      if (entry.queue !== queue || entry.sequence !== sequence || entry.id !== oldId) continue;
      entry.id = to.id;
      entry.message.position = to.position;
      entry.message.block = to.block;
      return true;
    }
    return false;
  }

  /** Journal ids of what is on its way out of durable queues and was delivered before: a stop may come first. */
  *deliveredIds(): Generator<number> {
    for (let i = this.#first; i < this.#waiting.length; i++) {
      const { entry, reason } = this.#waiting[i] as Leaving;
      const wasDelivered = entry.redelivered || reason === 'rejected';
      if (wasDelivered && entry.message.store === this.#surroundings.journal) yield entry.id;
    }
  }

  #ask(): void {
    if (this.#asked || this.#loading) return;
    this.#asked = true;
    this.#surroundings.later(() => {
      this.#asked = false;
      this.#run();
    });
  }

  #run(): void {
    const { journal } = this.#surroundings;
    for (let n = 0; n < turnMax && this.#first < this.#waiting.length; n++) {
      if (!journal.accepting) return journal.whenAccepting(() => this.#run());
      const { entry, reason } = this.#waiting[this.#first] as Leaving;
      if (!entry.message.loaded && !entry.message.damaged && !entry.queue.deleted) return this.#load();
      this.#first++;
      this.#send(entry, reason);
    }
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    } else if (this.#first >= waitingMax) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    if (!this.full)
      for (const queue of this.#whenRoom.splice(0)) {
        queue.tidy();
        queue.dispatch();
      }
    if (this.#waiting.length > 0) this.#ask();
  }

  #send(entry: Entry, reason: Reason): void {
    const { queue, message } = entry;
    if (message.damaged) this.#surroundings.damaged(entry);
    else if (!queue.deleted && reason === 'due') this.#pass(message, queue as DelayLine);
    else if (!queue.deleted) this.#publish(message, queue, reason as DeathReason);
    queue.letGo(entry);
  }

  /** The exchange that has kept the message back sends it on. */
  #pass(message: Message, { exchange }: DelayLine): void {
    const { journal, clock } = this.#surroundings;
    const vhost = this.#vhostOf(exchange);
    if (vhost === undefined) return;
    const due = message.rewritten(message.address, withoutDelay(message), clock.now);
    const { queues } = route(vhost, exchange, due, [
      keyOf(due),
      ...copyKeys(due.header as Buffer, due.headerStart, due.headerEnd),
    ]);
    exchange.stats.publishedOut += queues.length;
    if (queues.length > 0) publish(queues, due, journal);
    else this.#dropped('due');
  }

  #publish(message: Message, queue: Queue, reason: DeathReason): void {
    const { journal, clock } = this.#surroundings;
    const vhost = this.#vhostOf(queue);
    const { deadLetterExchange } = queue.settings;
    const exchange = deadLetterExchange === undefined ? undefined : vhost?.exchanges.get(deadLetterExchange);
    if (vhost === undefined || exchange === undefined) return this.#dropped(reason);
    const letter = this.#letters.of(message, queue, reason, clock.now);
    const copy = message.rewritten(letter.address, letter.header, clock.now);
    const { routes } = letter;
    if (routes.version !== vhost.version) {
      const { queues, reusable } = route(vhost, exchange, copy, letter.keys);
      routes.queues = queues.filter(each => reason === 'rejected' || !goesRound(letter.deaths, each.name));
      routes.version = reusable ? vhost.version : -1;
    }
    const { queues } = routes;
    exchange.stats.publishedIn++;
    if (queues.length === 0) return this.#dropped(reason);
    exchange.stats.publishedOut += queues.length;
    publish(queues, copy, journal);
  }

  #load(): void {
    const entries: Entry[] = [];
    let bytes = 0;
    let store: Store | undefined;
    for (let i = this.#first; i < this.#waiting.length && bytes < loadBytes; i++) {
      const { entry } = this.#waiting[i] as Leaving;
      if (entry.message.loaded) continue;
      store ??= entry.message.store;
      if (entry.message.store !== store) break;
      entries.push(entry);
      bytes += entry.message.bodyBytes + 64;
    }
    this.#loading = true;
    (store as Store).load(entries, damaged => {
      this.#loading = false;
      for (const { message } of damaged) message.damaged = true;
      this.#run();
    });
  }
}
