// What counters were over the last day: rings of moments that all objects share, and for each object its values at those moments.
import type { History } from './sampling.ts';

/**
 * Rings, the finest first: 1 s for a minute, 5 s for 10 minutes, 1 min for an hour, 5 min for 8 hours, 15 min for 24 hours. Two moments
 * more than the steps in that time, so that both of its ends are there.
 */
const tiers: readonly { readonly stepMs: number; readonly size: number }[] = [
  { stepMs: 1_000, size: 62 },
  { stepMs: 5_000, size: 122 },
  { stepMs: 60_000, size: 62 },
  { stepMs: 300_000, size: 98 },
  { stepMs: 900_000, size: 98 },
];

/** Moments in all rings together. */
export const momentsMax: number = tiers.reduce((sum, { size }) => sum + size, 0);
/** A moment is taken that much before its step is over, ms: timers are not exact. */
const slackMs = 250;
/** Most samples of one answer. */
const samplesMax = 1_000;

class Ring {
  readonly stepMs: number;
  readonly #size: number;
  /** Where the ring begins in the values of a track. */
  readonly #from: number;
  readonly #times: Float64Array;
  #newest = -1;
  #last = Number.NEGATIVE_INFINITY;
  /** The moment that is being taken is not to be read yet. */
  #taking = false;

  constructor(stepMs: number, size: number, from: number) {
    this.stepMs = stepMs;
    this.#size = size;
    this.#from = from;
    this.#times = new Float64Array(size).fill(Number.NaN);
  }

  /** Whether this ring takes the moment; then `slot(0)` is where. */
  begin(now: number): boolean {
    if (now - this.#last <= this.stepMs - slackMs) return false;
    this.#last = now;
    this.#newest = (this.#newest + 1) % this.#size;
    this.#times[this.#newest] = Number.NaN;
    this.#taking = true;
    return true;
  }

  end(): void {
    if (this.#taking) this.#times[this.#newest] = this.#last;
    this.#taking = false;
  }

  clear(): void {
    this.#times.fill(Number.NaN);
    this.#last = Number.NEGATIVE_INFINITY;
    this.#taking = false;
  }

  /** How far one can go back from the newest moment. */
  get depth(): number {
    return this.#size;
  }

  /** The time of the moment so many before the newest, ms; NaN where there is none or it is not complete. */
  time(back: number): number {
    return this.#times[this.#index(back)]!;
  }

  /** Where the values of that moment are, counted in moments. */
  slot(back: number): number {
    return this.#from + this.#index(back);
  }

  #index(back: number): number {
    return (this.#newest - back + 2 * this.#size) % this.#size;
  }
}

/** The moments at which all objects are sampled. */
export class Timeline {
  readonly #rings: readonly Ring[];
  #taken: Ring[] = [];
  #now = Number.NEGATIVE_INFINITY;

  constructor() {
    let from = 0;
    this.#rings = tiers.map(({ stepMs, size }) => {
      const ring = new Ring(stepMs, size, from);
      from += size;
      return ring;
    });
  }

  /** Begins a moment, ms since the epoch. A clock that was set back makes all earlier ones unknown. */
  begin(now: number): void {
    if (now < this.#now) for (const ring of this.#rings) ring.clear();
    this.#now = now;
    this.#taken = this.#rings.filter(ring => ring.begin(now));
  }

  /** Every object has its values: the moment may be read. */
  end(): void {
    for (const ring of this.#taken) ring.end();
    this.#taken = [];
  }

  /** Puts the values of the moment in hand, `width` from `at` on, into the track. */
  put(track: Track, cells: Float64Array, at: number): void {
    const { width, values } = track;
    for (const ring of this.#taken) {
      const to = ring.slot(0) * width;
      for (let i = 0; i < width; i++) values[to + i] = cells[at + i]!;
    }
  }

  /** The values of one counter of a track at steps of `incrS` back to `ageS`, from the finest ring that goes back so far. */
  read(track: Track, counter: number, ageS: number, incrS: number): History {
    const samples: { sample: number; timestamp: number }[] = [];
    const incrMs = Math.max(1, incrS) * 1000;
    const count = Math.min(samplesMax, Math.floor((ageS * 1000) / incrMs) + 1);
    const newest = Math.max(...this.#rings.map(ring => newestOf(ring)));
    let tier = 0;
    let back = 0;
    for (let i = 0; i < count && newest >= track.since; i++) {
      const timestamp = newest - i * incrMs;
      let found = -1;
      while (found < 0 && tier < this.#rings.length) {
        const ring = this.#rings[tier]!;
        while (back < ring.depth && !(ring.time(back) <= timestamp)) back++;
        if (back < ring.depth && ring.time(back) >= track.since) found = ring.slot(back);
        else {
          tier++;
          back = 0;
        }
      }
      if (found < 0) break;
      samples.push({ sample: track.values[found * track.width + counter]!, timestamp });
    }
    return summary(samples);
  }
}

/** The values of one object's counters at all moments. Before `since` there is nothing of it. */
export class Track {
  readonly width: number;
  readonly since: number;
  readonly values: Float64Array;

  /** `width`: how many counters the object has; `since`: when it was made, ms. */
  constructor(width: number, since: number) {
    this.width = width;
    this.since = since;
    this.values = new Float64Array(momentsMax * width);
  }
}

/** Tracks within a bound of memory: the one that was made or looked at longest ago makes way. */
export class Tracks {
  readonly #bytesMax: number;
  readonly #tracks = new Map<object, Track>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What all tracks take, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(object: object): Track | undefined {
    return this.#tracks.get(object);
  }

  /** Somebody looks at the object: its track is the last to go. */
  touch(object: object): Track | undefined {
    const track = this.#tracks.get(object);
    if (track === undefined) return undefined;
    this.#tracks.delete(object);
    this.#tracks.set(object, track);
    return track;
  }

  /** Whether one of that width fits without another's going. */
  hasRoom(width: number): boolean {
    return this.#bytes + bytesOf(width) <= this.#bytesMax;
  }

  /** Makes a track, and room for it. */
  make(object: object, width: number, since: number): Track {
    for (const oldest of this.#tracks.keys()) {
      if (this.hasRoom(width)) break;
      this.drop(oldest);
    }
    const track = new Track(width, since);
    this.#tracks.set(object, track);
    this.#bytes += bytesOf(width);
    return track;
  }

  drop(object: object): void {
    const track = this.#tracks.get(object);
    if (track === undefined) return;
    this.#tracks.delete(object);
    this.#bytes -= bytesOf(track.width);
  }
}

function bytesOf(width: number): number {
  return momentsMax * width * Float64Array.BYTES_PER_ELEMENT;
}

/** The newest moment of the ring that is complete; -Infinity where there is none. */
function newestOf(ring: Ring): number {
  const time = Number.isNaN(ring.time(0)) ? ring.time(1) : ring.time(0);
  return Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time;
}

/** RabbitMQ's words for a history: the mean of the samples, and the change per second over them. */
function summary(samples: History['samples']): History {
  const newest = samples[0];
  const oldest = samples[samples.length - 1];
  if (newest === undefined || oldest === undefined) return { samples, avg: 0, avg_rate: 0 };
  const seconds = (newest.timestamp - oldest.timestamp) / 1000;
  return {
    samples,
    avg: samples.reduce((sum, { sample }) => sum + sample, 0) / samples.length,
    avg_rate: seconds > 0 ? (newest.sample - oldest.sample) / seconds : 0,
  };
}
