// The end of a turn of the event loop: where output is flushed and what was put off is done.

/** Runs everything it was given once the events of this turn were handled, in order. */
export class Turn {
  #runs: (() => void)[] = [];
  #asked = false;

  later(run: () => void): void {
    this.#runs.push(run);
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    this.#asked = false;
    const runs = this.#runs;
    this.#runs = [];
    for (const run of runs) run();
  }
}
