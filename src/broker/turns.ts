// Whose turn it is: round robin among the consumers of one priority, and those of a higher one first for as long as they have credit.
import type { Consumer } from './consumer.ts';
import { Ring } from './ring.ts';

interface Level {
  readonly priority: number;
  readonly ring: Ring<Consumer>;
}

export class Turns {
  /** Highest priority first, never empty. Consumers without a priority have 0. */
  readonly #levels: Level[] = [{ priority: 0, ring: new Ring() }];

  /** Joins behind the others of its priority. */
  push(consumer: Consumer): void {
    const first = this.#levels[0] as Level;
    if (first.priority === consumer.priority) first.ring.push(consumer);
    else this.#ring(consumer.priority).push(consumer);
  }

  /** False when it was not there. */
  remove(consumer: Consumer): boolean {
    return this.#ring(consumer.priority).remove(consumer);
  }

  /** Takes out who is next; those without credit that are met on the way leave the turns and wait. */
  next(): Consumer | undefined {
    for (let i = 0; i < this.#levels.length; i++) {
      const { ring } = this.#levels[i] as Level;
      for (let consumer = ring.shift(); consumer !== undefined; consumer = ring.shift()) {
        if (consumer.hasCredit) return consumer;
        consumer.waiting = ++consumer.credit.waits;
      }
    }
    return undefined;
  }

  #ring(priority: number): Ring<Consumer> {
    const at = this.#levels.findIndex(level => level.priority <= priority);
    const found = this.#levels[at];
    if (found?.priority === priority) return found.ring;
    const level = { priority, ring: new Ring<Consumer>() };
    this.#levels.splice(at < 0 ? this.#levels.length : at, 0, level);
    return level.ring;
  }
}
