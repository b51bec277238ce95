// Times of one piece of packed deliveries: 16 bits each, exact to 1/65536 of what they are apart.
import { chunkEntries } from './packed.ts';

const distanceMax = 0xffff;

export class PackedTimes {
  #base = 0;
  /** What one step of a distance stands for, ms: doubled when a time is too far from the base. */
  #unitMs = 1;
  readonly #distances = new Uint16Array(chunkEntries);

  /** A time before the first one, as a clock that was set back makes it, counts as the first. */
  set(slot: number, ms: number): void {
    if (this.#base === 0) this.#base = ms;
    const distance = Math.max(0, ms - this.#base);
    while (distance > distanceMax * this.#unitMs) this.#double();
    this.#distances[slot] = distance / this.#unitMs;
  }

  get(slot: number): number {
    return this.#base + (this.#distances[slot] as number) * this.#unitMs;
  }

  #double(): void {
    this.#unitMs *= 2;
    for (let slot = 0; slot < chunkEntries; slot++) this.#distances[slot] = (this.#distances[slot] as number) >>> 1;
  }
}
