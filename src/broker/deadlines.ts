// What is due at a time: a heap of owners (a queue, a delayed exchange), never of messages.

/** Something that has to be done at a time. */
export class Deadline {
  /** When, ms since the epoch; Infinity when there is nothing to do. */
  at: number = Number.POSITIVE_INFINITY;
  /** Its place in the heap; -1 when it is not there. */
  index = -1;
  readonly #deadlines: Deadlines;
  readonly run: (now: number) => void;

  /** `run` is called when its time has come; what is still to be done then is armed for by it. */
  constructor(deadlines: Deadlines, run: (now: number) => void) {
    this.#deadlines = deadlines;
    this.run = run;
  }

  /** Asks to be called at that time, or earlier when that was asked for already: who is called early arms it again. */
  arm(at: number): void {
    if (at < this.at) this.#deadlines.arm(this, at);
  }

  disarm(): void {
    this.#deadlines.disarm(this);
  }
}

export class Deadlines {
  readonly #heap: Deadline[] = [];
  /** Told when the earliest time has become earlier, by whoever drives the broker. */
  earlier: (at: number) => void = () => {};

  /** The earliest, ms since the epoch; Infinity when there is none. */
  get next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Does all that is due by now. */
  run(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.disarm(first);
      first.run(now);
    }
  }

  arm(deadline: Deadline, at: number): void {
    deadline.at = at;
    if (deadline.index < 0) deadline.index = this.#heap.push(deadline) - 1;
    this.#rise(deadline);
    if (deadline.index === 0) this.earlier(at);
  }

  disarm(deadline: Deadline): void {
    const { index } = deadline;
    deadline.at = Number.POSITIVE_INFINITY;
    if (index < 0) return;
    deadline.index = -1;
    const last = this.#heap.pop() as Deadline;
    if (last === deadline) return;
    last.index = index;
    this.#heap[index] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(deadline: Deadline): void {
    const heap = this.#heap;
    let at = deadline.index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Deadline;
      if (above.at <= deadline.at) break;
      heap[at] = above;
      above.index = at;
      at = parent;
    }
    heap[at] = deadline;
    deadline.index = at;
  }

  #sink(deadline: Deadline): void {
    const heap = this.#heap;
    let at = deadline.index;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Deadline).at < (heap[child] as Deadline).at) child++;
      const below = heap[child] as Deadline;
      if (below.at >= deadline.at) break;
      heap[at] = below;
      below.index = at;
      at = child;
    }
    heap[at] = deadline;
    deadline.index = at;
  }
}
