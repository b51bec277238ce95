// The replays that run, and the last ones that have ended.
import type { Queue } from './queue.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import type { Vhost } from './vhost.ts';

/** Replays that run at a time, and those that are remembered. */
const runningMax = 16;
const keptMax = 100;

export class Replays implements Iterable<readonly [id: number, replay: Replay]> {
  readonly #replays: Map<number, Replay> = new Map();
  #lastId = 0;

  /** Begins one, and gives its id; undefined while too many run. */
  start(vhost: Vhost, queue: Queue, options: ReplayOptions): number | undefined {
    let running = 0;
    for (const { state } of this.#replays.values()) if (state === 'running') running++;
    if (running >= runningMax) return undefined;
    const replay = new Replay(vhost, queue, options);
    const id = ++this.#lastId;
    this.#replays.set(id, replay);
    for (const [old, { state }] of this.#replays)
      if (this.#replays.size > keptMax && state !== 'running') this.#replays.delete(old);
    replay.step();
    return id;
  }

  get(id: number): Replay | undefined {
    return this.#replays.get(id);
  }

  /** Ends one that runs, and forgets one that has ended. */
  remove(id: number): void {
    const replay = this.#replays.get(id);
    if (replay?.state === 'running') replay.cancel();
    else this.#replays.delete(id);
  }

  [Symbol.iterator](): Iterator<readonly [id: number, replay: Replay]> {
    return this.#replays[Symbol.iterator]();
  }
}
