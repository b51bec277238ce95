// What the broker gets from Node: time, randomness, the end of a turn.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../broker/clock.ts';
import type { Random } from '../broker/random.ts';

/** The wall clock, read once per turn of the event loop by whoever asks first in it. */
export class TurnClock implements Clock {
  #now = 0;
  #fresh = false;

  get now(): number {
    if (!this.#fresh) {
      this.#now = Date.now();
      this.#fresh = true;
      setImmediate(() => {
        this.#fresh = false;
      });
    }
    return this.#now;
  }
}

export const nodeRandom: Random = {
  name: bytes => randomBytes(bytes).toString('base64url'),
  below: limit => Math.floor(Math.random() * limit),
};
