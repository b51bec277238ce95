// A message's place in one queue.
import type { Consumer } from './consumer.ts';
import type { Marks } from './marks.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

export class Entry {
  readonly queue: Queue;
  message: Message;
  /** The place in the queue: rises with each message, kept over requeues and restarts. */
  readonly sequence: number;
  /** The store's number for this entry; 0 while no store has it. Never reused. */
  id = 0;
  /** Whether it was delivered to anyone before. */
  redelivered: boolean;
  /** Who has it now; undefined while it is ready and for basic.get. */
  consumer: Consumer | undefined = undefined;
  /** When it was delivered last, ms since the epoch; 0 is never. */
  deliveredAt = 0;
  marks: Marks | undefined = undefined;

  constructor(queue: Queue, message: Message, sequence: number, redelivered: boolean) {
    this.queue = queue;
    this.message = message;
    this.sequence = sequence;
    this.redelivered = redelivered;
  }
}
