// What a client was given, in order of arrival, to be taken one by one with a bound on the wait.

export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #takers: ((item: T) => void)[] = [];

  /** Something arrived. A function of its own, so that it can be given to a client as a callback. */
  readonly put = (item: T): void => {
    const taker = this.#takers.shift();
    taker ? taker(item) : this.#items.push(item);
  };

  /** How many have arrived and were not taken. */
  get size(): number {
    return this.#items.length;
  }

  /** The next one, or an error when none comes within `timeoutMs`. */
  async take(timeoutMs = 10_000): Promise<T> {
    if (this.#items.length > 0) return this.#items.shift()!;
    return new Promise((resolve, reject) => {
      const taker = (item: T) => {
        clearTimeout(timer);
        resolve(item);
      };
      const timer = setTimeout(() => {
        this.#takers.splice(this.#takers.indexOf(taker), 1);
        reject(new Error(`nothing arrived within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#takers.push(taker);
    });
  }

  /** The next `count`. */
  async takeAll(count: number, timeoutMs = 10_000): Promise<T[]> {
    const items: T[] = [];
    while (items.length < count) items.push(await this.take(timeoutMs));
    return items;
  }
}
