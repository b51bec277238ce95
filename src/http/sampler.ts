// Samples the broker's plain counters from time to time: rates of every object, and histories within a bound of memory.
import type { Clock } from '../broker/clock.ts';
import { Timeline, Tracks } from './history.ts';
import { type Counters, Rates } from './rates.ts';
import type { History, Sampler } from './sampling.ts';

/** While somebody looks, and for so long after, samples are taken every second, ms. */
export const lookMs = 10_000;
const lookedAtMs = 1_000;
const idleMs = 5_000;
/** Timers are not exact: a sample may be taken that much early, ms. */
const slackMs = 250;

/**
 * What all histories together may take, bytes. That of a queue or a channel takes 42 KB, of a vhost 60 KB, of a consumer 18 KB, of a
 * connection 14 KB, of an exchange 7 KB.
 */
export const historyBytesMax: number = 32 << 20;
/** Objects that are looked at get a history; so many at most from one sample to the next. */
const newTracksMax = 1_000;
/** Objects that are sampled before everything else has its turn. */
const sliceObjects = 500;

/** One kind of objects that are sampled: how to go over them all, and their counters. */
export interface Sampled<T extends object> {
  /** Goes over all there are. Others may come and go in between. */
  readonly objects: () => Iterable<T>;
  readonly counters: Counters<T>;
  /** What is averaged over the samples of about the last minute. */
  readonly averaged?: Counters<T>;
  /** Which have a history: all, and for ever; all as long as there is room; those that somebody looked at. */
  readonly history: 'always' | 'with room' | 'looked at';
}

interface Kind {
  readonly sampled: Sampled<object>;
  readonly rates: Rates<object>;
}

/** Samples in slices, each in a turn of the event loop of its own. Nothing is done per message. */
export class BrokerSampler implements Sampler {
  readonly #kinds: readonly Kind[];
  readonly #clock: Clock;
  readonly #later: (run: () => void) => void;
  readonly #timeline = new Timeline();
  readonly #tracks: Tracks;
  readonly #listeners = new Set<() => void>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #newTracks = 0;
  #running = false;

  /** `later` runs something in a later turn of the event loop. */
  constructor(
    // biome-ignore lint/suspicious/noExplicitAny: each kind has objects of its own type.
    kinds: readonly Sampled<any>[],
    clock: Clock,
    later: (run: () => void) => void,
    bytesMax: number = historyBytesMax,
  ) {
    this.#kinds = kinds.map(sampled => ({ sampled, rates: new Rates(sampled.counters, sampled.averaged) }));
    this.#clock = clock;
    this.#later = later;
    this.#tracks = new Tracks(bytesMax);
  }

  /** What the histories take, bytes. */
  get historyBytes(): number {
    return this.#tracks.bytes;
  }

  /** Called once a second: samples when it is time to. */
  tick(): void {
    const { now } = this.#clock;
    const looked = Math.abs(now - this.#lookedAt) <= lookMs;
    const passed = now - this.#sampledAt;
    if (this.#running || (passed >= 0 && passed < (looked ? lookedAtMs : idleMs) - slackMs)) return;
    this.#running = true;
    this.#sampledAt = now;
    this.#newTracks = 0;
    this.#timeline.begin(now);
    const round = this.#round();
    const slice = (): void => {
      if (round.next().done) {
        this.#running = false;
        for (const listener of [...this.#listeners]) listener();
      } else this.#later(slice);
    };
    slice();
  }

  /** Somebody looks: samples are taken every second for a while. */
  look(): void {
    this.#lookedAt = this.#clock.now;
  }

  /** Calls back after each sample until the function returned is called. */
  onSample(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Per second between the last two samples; 0 for what was not sampled twice. */
  rate(object: object, counter: string): number {
    this.look();
    return this.#kindOf(object)?.rates.rate(object, counter) ?? 0;
  }

  /** Over about the last minute; 0 for what was not sampled. */
  average(object: object, name: string): number {
    this.look();
    return this.#kindOf(object)?.rates.average(object, name) ?? 0;
  }

  /** Since when none of the object's counters has changed, ms since the epoch; undefined while one does. */
  idleSince(object: object): number | undefined {
    return this.#kindOf(object)?.rates.unchangedSince(object);
  }

  /** The counter from now back; an object that nobody looked at before has its history from now on. */
  history(object: object, counter: string, ageS: number, incrS: number): History | undefined {
    this.look();
    const rates = this.#kindOf(object)?.rates;
    const at = rates?.names.indexOf(counter) ?? -1;
    if (rates === undefined || at < 0) return undefined;
    const track = this.#tracks.touch(object);
    if (track !== undefined) return this.#timeline.read(track, at, ageS, incrS);
    if (this.#newTracks++ < newTracksMax) this.#tracks.make(object, rates.width, this.#sampledAt + 1);
    return { samples: [], avg: 0, avg_rate: 0 };
  }

  *#round(): Generator<void> {
    let left = sliceObjects;
    for (const { sampled, rates } of this.#kinds) {
      rates.begin();
      for (const object of sampled.objects()) {
        const { now } = this.#clock;
        const at = rates.sample(object, now);
        // Touched, those that are kept for ever are never the ones looked at longest ago.
        let track = sampled.history === 'always' ? this.#tracks.touch(object) : this.#tracks.get(object);
        if (track === undefined && sampled.history !== 'looked at' && this.#tracks.hasRoom(rates.width))
          track = this.#tracks.make(object, rates.width, this.#sampledAt);
        if (track !== undefined) this.#timeline.put(track, rates.cells, at);
        if (--left > 0) continue;
        left = sliceObjects;
        yield;
      }
      rates.end(object => this.#tracks.drop(object));
    }
    this.#timeline.end();
  }

  #kindOf(object: object): Kind | undefined {
    return this.#kinds.find(({ rates }) => rates.has(object));
  }
}
