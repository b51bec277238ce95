// What a message has in a queue besides its place: a deadline, a priority, and how often it came back. Most have none of it.

const countMax = 0xfff;

export class Marks {
  /** When it expires, ms since the epoch; 0 is never. Fixed when it was enqueued. */
  deadline: number;
  /** The queue's level for it, 0 to 255. */
  priority: number;
  /** How often it came back from a consumer, up to 4095. */
  acquired: number;
  /** How often it came back because that consumer had failed with it, up to 4095. */
  failed: number;

  constructor(deadline: number, priority: number, acquired: number, failed: number) {
    this.deadline = deadline;
    this.priority = priority;
    this.acquired = acquired;
    this.failed = failed;
  }

  /** All but the deadline in 32 bits. */
  get bits(): number {
    const { priority, acquired, failed } = this;
    return (priority | (Math.min(acquired, countMax) << 8) | (Math.min(failed, countMax) << 20)) >>> 0;
  }
}

/** Marks as they were kept; undefined where there were none. */
export function marksOf(deadline: number, bits: number): Marks | undefined {
  if (deadline === 0 && bits === 0) return undefined;
  return new Marks(deadline, bits & 0xff, (bits >>> 8) & countMax, bits >>> 20);
}
