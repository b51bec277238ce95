// What all clients together have seen, and what none of them may ever see.
import type { History } from './history.ts';
import { delayIn, type Messages, type SentMessage } from './messages.ts';

export class Observer {
  readonly history: History;
  readonly messages: Messages;
  readonly #clock: { readonly now: number };
  /** The life of the broker that runs now, from 1 on. */
  life = 0;
  /** What was delivered to anyone, as `number@queue`, and in which life first. */
  readonly #delivered = new Map<string, number>();
  deliveries = 0;
  /** Deliveries of the life that runs, in order, when somebody wants to know. */
  onDelivered: (queue: string, message: SentMessage) => void = () => {};

  constructor(history: History, messages: Messages, clock: { readonly now: number }) {
    this.history = history;
    this.messages = messages;
    this.#clock = clock;
  }

  /** Ms since the epoch. */
  get now(): number {
    return this.#clock.now;
  }

  /** A delivery has arrived: is it one that could be? */
  delivered(queue: string, header: Buffer, body: Buffer, redelivered: boolean): SentMessage {
    this.deliveries++;
    const message = this.messages.identify(header, body);
    const { number } = message;
    const key = `${number}@${queue}`;
    const kept = message.persistent && queue.startsWith('d');
    if (message.delayMs > 0) this.#expectDelayed(message, header);
    const waited = message.persistent && message.delayMs > 0;
    if (!kept && !waited && message.life !== this.life)
      throw new Error(`message ${number} need not survive, but queue ${queue} has it after a restart`);
    if (kept && !this.history.sequences.has(key))
      throw new Error(`message ${number} was never put into queue ${queue}`);
    if (kept && this.history.wasGone(number, queue)) throw new Error(`message ${number} is back in queue ${queue}`);
    // Within a life the wires can make the later delivery arrive first.
    const firstLife = this.#delivered.get(key) ?? this.life;
    if (kept && !redelivered && firstLife < this.life && !this.history.isDoubled(number, queue))
      throw new Error(
        `message ${number} of queue ${queue} was delivered in life ${firstLife}, and now comes without the mark`,
      );
    this.#delivered.set(key, firstLife);
    this.onDelivered(queue, message);
    return message;
  }

  /** It was kept back, and for long enough. */
  #expectDelayed({ number, sentAt, delayMs }: SentMessage, header: Buffer): void {
    if (delayIn(header) !== -delayMs) throw new Error(`message ${number} was not kept back`);
    const early = sentAt + delayMs - this.now;
    if (early > 0 && !this.history.released.has(number))
      throw new Error(`message ${number} was delivered ${early} ms too early`);
  }
}
