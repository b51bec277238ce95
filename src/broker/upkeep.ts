// What a queue does of itself: lets go of what has expired and of what is too much, keeps back what came back, and ends when nobody has
// used it for long enough.
import { Deadline } from './deadlines.ts';
import type { Entry } from './entry.ts';
import { Marks } from './marks.ts';
import type { Queue } from './queue.ts';
import type { QueueSettings } from './queue-settings.ts';
import { Retries } from './retries.ts';

export class Upkeep {
  /** Whether something that waits may have a deadline. */
  timed = false;
  /** Whether the first messages are dropped when there are too many. */
  drops = false;
  /** What came back and waits before it is delivered again; made when it is first needed. */
  retries: Retries | undefined;
  readonly #queue: Queue;
  #countsReturns = false;
  /** When a declaration, a get or the last consumer was here, ms since the epoch. */
  #usedAt: number;
  #deadline: Deadline | undefined;

  constructor(queue: Queue, now: number) {
    this.#queue = queue;
    this.#usedAt = now;
  }

  configure(settings: QueueSettings): void {
    const { type, maxLength, maxLengthBytes, overflow, deliveryLimit, delayedRetryType } = settings;
    const limited = maxLength !== Number.POSITIVE_INFINITY || maxLengthBytes !== Number.POSITIVE_INFINITY;
    this.drops = limited && overflow === 'drop-head';
    const retries = delayedRetryType !== 'disabled';
    this.#countsReturns = deliveryLimit !== Number.POSITIVE_INFINITY || type === 'quorum' || retries;
    if (retries) this.retries ??= new Retries(this.#queue.services);
  }

  /** A declaration or a get: the time that the queue may be unused begins again. */
  touch(): void {
    this.#usedAt = this.#queue.services.clock.now;
    this.watch();
  }

  /** A message with these marks waits now. */
  joined(marks: Marks | undefined): void {
    if (marks !== undefined && marks.deadline !== 0) this.timed = true;
  }

  /** Whether the first message has expired. */
  headIsDue(now: number): boolean {
    const deadline = this.#queue.ready.headDeadline;
    return deadline !== 0 && deadline <= now;
  }

  /**
   * Lets go of what is too much, and of what has expired at the head. False when what has expired is still there, because too much is on
   * its way to dead-letter exchanges; `anyhow` says that it has to go all the same.
   */
  tidy(now: number, anyhow: boolean): boolean {
    const queue = this.#queue;
    if (queue.deleted) return true;
    const { ready } = queue;
    if (this.retries !== undefined)
      for (let entry = this.retries.takeDue(now); entry !== undefined; entry = this.retries.takeDue(now)) {
        ready.return(entry);
        this.joined(entry.marks);
      }
    // First what is too much (RabbitMQ's order): an expired message that came back to a full queue was one too many.
    if (this.drops) {
      const { maxLength, maxLengthBytes } = queue.settings;
      while ((ready.count > maxLength || ready.bytes > maxLengthBytes) && (anyhow || !this.#hasToWait()))
        queue.leave(ready.take() as Entry, 'maxlen');
    }
    if (this.timed) {
      for (let deadline = ready.headDeadline; deadline !== 0 && deadline <= now; deadline = ready.headDeadline) {
        if (!anyhow && this.#hasToWait()) return false;
        queue.leave(ready.takeExpired(now) as Entry, 'expired');
      }
    }
    this.watch();
    return true;
  }

  /**
   * A delivery came back, and its consumer may have failed with it: where returns count, it may have to wait first, for longer with each
   * time, or it came back once too often.
   */
  cameBack(entry: Entry, failed: boolean): 'ready' | 'waits' | 'too often' {
    if (!this.#countsReturns) return 'ready';
    entry.marks ??= new Marks(0, 0, 0, 0);
    entry.marks.acquired++;
    if (failed) entry.marks.failed++;
    if (entry.marks.failed > this.#queue.settings.deliveryLimit) return 'too often';
    // What is not in memory keeps its old counts on the disk.
    if (entry.id !== 0 && entry.message.loaded) entry.message.store?.rewrite(entry);
    const delayMs = this.#retryDelay(failed, entry.marks);
    if (delayMs <= 0) return 'ready';
    (this.retries as Retries).add(entry, this.#queue.services.clock.now + delayMs);
    this.watch();
    return 'waits';
  }

  /** Arms for what is due next: the first message's end, the next retry, or the queue's own end. */
  watch(): void {
    const queue = this.#queue;
    if (this.timed && queue.ready.count === 0) this.timed = false;
    const head = this.timed ? queue.ready.headDeadline : 0;
    let next = head === 0 ? Number.POSITIVE_INFINITY : head;
    if (this.retries !== undefined) next = Math.min(next, this.retries.next);
    if (queue.consumers.size === 0) next = Math.min(next, this.#usedAt + queue.settings.expiresMs);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#deadline ??= new Deadline(queue.services.deadlines, now => this.#due(now));
    this.#deadline.arm(next);
  }

  end(): void {
    this.#deadline?.disarm();
  }

  #due(now: number): void {
    const queue = this.#queue;
    if (queue.consumers.size === 0 && this.#usedAt + queue.settings.expiresMs <= now)
      return queue.services.unused(queue);
    this.tidy(now, false);
    queue.dispatch(now);
  }

  #retryDelay(failed: boolean, { acquired, failed: failures }: Marks): number {
    const { delayedRetryType: which, delayedRetryMinMs, delayedRetryMaxMs } = this.#queue.settings;
    if (which === 'disabled' || (which !== 'all' && (which === 'failed') !== failed)) return 0;
    return Math.min(delayedRetryMinMs * (failed ? failures : acquired), delayedRetryMaxMs);
  }

  /** Whether too much is on its way to dead-letter exchanges; the queue is then told when there is room. */
  #hasToWait(): boolean {
    const queue = this.#queue;
    const { deadLetters } = queue.services;
    if (queue.settings.deadLetterExchange === undefined || !deadLetters.full) return false;
    deadLetters.whenRoom(queue);
    return true;
  }
}
