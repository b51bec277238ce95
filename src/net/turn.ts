// The end of a turn of the event loop: where output is flushed and what was put off is done.

/** Runs everything it was given once the events of this turn were handled, in order. */
export class Turn {
  #runs: (() => void)[] = [];
  #last: (() => void)[] = [];
  #asked = false;

  later(run: () => void): void {
    this.#runs.push(run);
    this.#ask();
  }

  /** Runs it behind everything that `later` was given: what nobody waits for as urgently as for their output. */
  atEnd(run: () => void): void {
    this.#last.push(run);
    this.#ask();
  }

  #ask(): void {
    if (this.#asked) return;
    this.#asked = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    this.#asked = false;
    const runs = this.#runs;
    const last = this.#last;
    this.#runs = [];
    this.#last = [];
    for (const run of runs) run();
    for (const run of last) run();
  }
}
