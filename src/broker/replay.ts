// Dead letters go back to where they came from: published there first, then taken out of their queue, so that a crash leaves a message in
// both places at worst. In slices, and no faster than was asked for.
import { type BrowsedMessage, browse } from './browse.ts';
import { Deadline } from './deadlines.ts';
import { deathOf, withoutDeaths } from './death-headers.ts';
import type { Exchange } from './exchange.ts';
import { encodeAddress, type Message } from './message.ts';
import { publish } from './publish.ts';
import type { Queue } from './queue.ts';
import { route } from './route.ts';
import type { Vhost } from './vhost.ts';

export interface ReplayOptions {
  /** Which messages are wanted; called once for each that is looked at. */
  readonly matches: (item: BrowsedMessage) => boolean;
  /** Most messages sent; Infinity is all. */
  readonly limit: number;
  /** Messages per second; Infinity is as fast as it goes. */
  readonly rate: number;
  /** Only counts. */
  readonly dryRun: boolean;
  /** Whether what the headers say of deaths and returns is taken away. */
  readonly resetCounters: boolean;
  /** Which death says where a message goes. */
  readonly origin: 'newest' | 'first';
  /** Where all go instead; a key of one character per byte, undefined is that of the origin. */
  readonly to: { readonly exchange: string; readonly routingKey: string | undefined } | undefined;
  /** Whether who asked may publish there. */
  readonly mayPublish: (exchange: Exchange, routingKey: string) => boolean;
}

export type ReplayState = 'running' | 'done' | 'cancelled';

/** Where messages went or, in a dry run, would go. */
export interface Origin {
  readonly exchange: string;
  /** One character per byte. */
  readonly routingKey: string;
  count: number;
}

/** So many messages, and bytes of bodies, are sent in one turn. */
const stepEntries = 256;
const stepBytes = 1 << 20;
/** Messages looked at before other work has its turn. */
const stepScans = 4096;
/** Origins that are counted one by one. */
const originsMax = 1000;

export class Replay {
  readonly queue: Queue;
  readonly options: ReplayOptions;
  readonly startedAt: number;
  state: ReplayState = 'running';
  matched = 0;
  sent = 0;
  /** No queue would get them: they stay. */
  unroutable = 0;
  /** They stay: of no known origin, not to be read, refused by a full queue, or not allowed to who asked. */
  skipped = 0;
  readonly origins: Map<string, Origin> = new Map();
  readonly #vhost: Vhost;
  readonly #deadline: Deadline;
  /** What arrives later stays: the way may lead back here. */
  readonly #last: number;
  readonly #count: number;
  #looked = 0;
  #after = 0;
  #nextAt: number;

  constructor(vhost: Vhost, queue: Queue, options: ReplayOptions) {
    this.#vhost = vhost;
    this.queue = queue;
    this.options = options;
    this.#last = queue.nextSequence - 1;
    this.#count = queue.ready.count;
    const { deadlines, clock } = queue.services;
    this.startedAt = clock.now;
    this.#nextAt = clock.now;
    this.#deadline = new Deadline(deadlines, now => this.step(now));
  }

  /** How many of those that waited at its start it has not looked at yet. */
  get remaining(): number {
    return this.state === 'running' ? Math.max(0, this.#count - this.#looked) : 0;
  }

  /** What was sent stays sent. */
  cancel(): void {
    if (this.state !== 'running') return;
    this.state = 'cancelled';
    this.#deadline.disarm();
  }

  step(now: number = this.queue.services.clock.now): void {
    const { queue, options } = this;
    const { journal } = queue.services;
    if (this.state !== 'running') return;
    if (queue.deleted || this.#vhost.deleted) return this.cancel();
    const goal = options.dryRun ? this.matched : this.sent;
    if (goal >= options.limit) return this.#end();
    if (!options.dryRun && !journal.accepting) return journal.whenAccepting(() => this.step());
    const room = this.#room(now);
    if (room === 0) return this.#deadline.arm(this.#nextAt);
    const limit = Math.min(stepEntries, room, options.limit - goal);
    /** How many had been looked at with each that is found. */
    const lookedAt: number[] = [];
    const matches = (item: BrowsedMessage): boolean => {
      if (item.sequence > this.#last) return false;
      this.#looked++;
      const wanted = options.matches(item);
      if (wanted) lookedAt.push(this.#looked);
      return wanted;
    };
    const look = { state: 'ready', after: this.#after, limit, scanMax: stepScans, matches } as const;
    browse(queue, look, ({ items, next }) => this.#take(items, lookedAt, next));
  }

  /** How many may go now; what was missed is made up for one second at most. */
  #room(now: number): number {
    const { rate, dryRun } = this.options;
    if (dryRun || rate === Number.POSITIVE_INFINITY) return stepEntries;
    this.#nextAt = Math.max(this.#nextAt, now - 1000);
    return this.#nextAt > now ? 0 : Math.floor(((now - this.#nextAt) * rate) / 1000) + 1;
  }

  #take(items: readonly BrowsedMessage[], lookedAt: readonly number[], next: number | undefined): void {
    const { journal, memory, later } = this.queue.services;
    let bytes = 0;
    let after = next;
    for (const [i, item] of items.entries()) {
      if (this.state !== 'running') return;
      if (!this.options.dryRun && (bytes >= stepBytes || !journal.accepting)) {
        after = item.sequence - 1;
        this.#looked = (lookedAt[i] as number) - 1;
        break;
      }
      bytes += item.bodyBytes;
      this.#send(item);
    }
    memory.check();
    if (after === undefined || after >= this.#last) return this.#end();
    this.#after = after;
    later(() => this.step());
  }

  #send({ message, sequence }: BrowsedMessage): void {
    const { queue, options } = this;
    if (queue.deleted || !queue.ready.has(sequence)) return;
    this.matched++;
    const way = message && this.#wayOf(message);
    const exchange = way && this.#vhost.exchanges.get(way.exchange);
    if (message === undefined || way === undefined) {
      this.skipped++;
      return;
    }
    this.#note(way.exchange, way.routingKey);
    if (exchange === undefined) {
      this.unroutable++;
      return;
    }
    if (!options.mayPublish(exchange, way.routingKey)) {
      this.skipped++;
      return;
    }
    const address = encodeAddress(exchange.name, way.routingKey);
    const { clock, journal } = queue.services;
    const copy = options.resetCounters
      ? message.rewritten(address, withoutDeaths(message), clock.now)
      : message.readdressed(address, clock.now);
    const { queues } = route(this.#vhost, exchange, copy, [way.routingKey]);
    if (queues.length === 0) {
      this.unroutable++;
      return;
    }
    // Where one would not take it, it stays.
    if (!queues.every(each => each.takes(copy))) {
      this.skipped++;
      return;
    }
    if (options.dryRun) return;
    this.#nextAt += 1000 / options.rate;
    exchange.stats.publishedIn++;
    exchange.stats.publishedOut += queues.length;
    publish(queues, copy, journal);
    queue.remove(sequence);
    this.sent++;
  }

  #wayOf(message: Message): { exchange: string; routingKey: string } | undefined {
    const { to, origin } = this.options;
    const death = deathOf(message, origin);
    const routingKey = to?.routingKey ?? death?.routingKeys[0];
    const exchange = to?.exchange ?? death?.exchange;
    return routingKey === undefined || exchange === undefined ? undefined : { exchange, routingKey };
  }

  #note(exchange: string, routingKey: string): void {
    const key = `${exchange}\0${routingKey}`;
    const known = this.origins.get(key);
    if (known !== undefined) known.count++;
    else if (this.origins.size < originsMax) this.origins.set(key, { exchange, routingKey, count: 1 });
  }

  #end(): void {
    const end = (): void => {
      if (this.state === 'running') this.state = 'done';
    };
    if (this.options.dryRun) end();
    else this.queue.services.journal.whenDurable({ durable: end });
  }
}
