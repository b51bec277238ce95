// The deliveries of a channel that were not settled yet: a ring indexed by delivery tag, so that settling one is O(1).
import type { Entry } from './entry.ts';

/**
 * Rules: tags rise by one; `#base` is the tag of the slot at `#head`; a settled slot is undefined until all older ones are, then it
 * leaves the ring. So the slot at the head, if there is one, is never empty.
 */
export class Unsettled {
  #slots: (Entry | undefined)[] = new Array(64).fill(undefined);
  #head = 0;
  #length = 0;
  #base = 1;
  /** Deliveries that are not settled. */
  count = 0;

  /** The tag that the next delivery will carry. */
  get nextTag(): number {
    return this.#base + this.#length;
  }

  /** Adds a delivery under `nextTag`. */
  add(entry: Entry): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = entry;
    this.count++;
  }

  /** Uses up a tag for a delivery that needs no settlement. */
  skip(): void {
    if (this.#length === 0) {
      this.#base++;
      return;
    }
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length++) & (this.#slots.length - 1)] = undefined;
  }

  /** Takes out the delivery with that tag; undefined when there is none. */
  take(tag: number): Entry | undefined {
    const index = tag - this.#base;
    if (!(index >= 0 && index < this.#length)) return undefined;
    const mask = this.#slots.length - 1;
    const at = (this.#head + index) & mask;
    const entry = this.#slots[at];
    if (entry === undefined) return undefined;
    this.#slots[at] = undefined;
    this.count--;
    if (index === 0) this.#trim();
    return entry;
  }

  has(tag: number): boolean {
    const index = tag - this.#base;
    if (!(index >= 0 && index < this.#length)) return false;
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)] !== undefined;
  }

  /** Takes out everything up to that tag, in the order of the tags. */
  takeUpTo(tag: number): Entry[] {
    const taken: Entry[] = [];
    const mask = this.#slots.length - 1;
    const upTo = Math.min(tag - this.#base, this.#length - 1);
    for (let index = 0; index <= upTo; index++) {
      const at = (this.#head + index) & mask;
      const entry = this.#slots[at];
      if (entry === undefined) continue;
      taken.push(entry);
      this.#slots[at] = undefined;
    }
    this.count -= taken.length;
    this.#trim();
    return taken;
  }

  /** Takes out all of them, in the order of the tags. */
  takeAll(): Entry[] {
    return this.takeUpTo(this.nextTag - 1);
  }

  /** Takes out those that the test picks, in the order of the tags. */
  takeWhere(test: (entry: Entry) => boolean): Entry[] {
    const taken: Entry[] = [];
    for (let index = 0; index < this.#length; index++) {
      const at = (this.#head + index) & (this.#slots.length - 1);
      const entry = this.#slots[at];
      if (entry === undefined || !test(entry)) continue;
      taken.push(entry);
      this.#slots[at] = undefined;
    }
    this.count -= taken.length;
    this.#trim();
    return taken;
  }

  *[Symbol.iterator](): Generator<[tag: number, entry: Entry]> {
    for (let index = 0; index < this.#length; index++) {
      const entry = this.#slots[(this.#head + index) & (this.#slots.length - 1)];
      if (entry !== undefined) yield [this.#base + index, entry];
    }
  }

  #trim(): void {
    const mask = this.#slots.length - 1;
    while (this.#length > 0 && this.#slots[this.#head] === undefined) {
      this.#head = (this.#head + 1) & mask;
      this.#length--;
      this.#base++;
    }
  }

  #grow(): void {
    const slots = new Array<Entry | undefined>(this.#slots.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i++) slots[i] = this.#slots[(this.#head + i) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}
