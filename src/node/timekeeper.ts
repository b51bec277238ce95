// Calls the broker when something in it is due: one timer, for the earliest deadline.
import type { Clock } from '../broker/clock.ts';
import type { Deadlines } from '../broker/deadlines.ts';

/** What setTimeout can wait for, ms. */
const waitMaxMs = 2 ** 31 - 1;

/** Returns what ends it. */
export function keepTime(deadlines: Deadlines, clock: Clock): () => void {
  let timer: NodeJS.Timeout | undefined;
  let set = Number.POSITIVE_INFINITY;
  const wait = (at: number): void => {
    if (at >= set) return;
    set = at;
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        set = Number.POSITIVE_INFINITY;
        deadlines.run(clock.now);
        wait(deadlines.next);
      },
      Math.min(Math.max(at - Date.now(), 0), waitMaxMs),
    );
  };
  deadlines.earlier = wait;
  wait(deadlines.next);
  return () => {
    deadlines.earlier = () => {};
    clearTimeout(timer);
  };
}
