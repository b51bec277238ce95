// A subscription of a channel to a queue.
import type { Table } from '../amqp/table.ts';
import type { Credit } from './credit.ts';
import type { Entry } from './entry.ts';
import { Histogram } from './histogram.ts';
import type { Queue } from './queue.ts';
import { ConsumerStats } from './stats.ts';

/** The channel as its consumers' queues see it. */
export interface Recipient {
  readonly credit: Credit;
  /** Writes one delivery; the entry is the channel's until it is settled. */
  deliver(consumer: Consumer, entry: Entry): void;
  /** The queue is gone: the client is told with basic.cancel if it can understand it. */
  cancelled(consumer: Consumer): void;
}

export class Consumer {
  readonly queue: Queue;
  readonly channel: Recipient;
  readonly tag: string;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  /** Unsettled deliveries allowed; 0 means no limit. Fixed when the consumer was made (basic.qos changes only later ones). */
  readonly prefetch: number;
  readonly arguments: Table;
  /** `x-priority`: those with a higher one are served first. */
  readonly priority: number;
  /** Bytes that the channel wants at hand for each delivery. */
  readonly prefix: Buffer;
  readonly credit: Credit;
  /** Deliveries that its client has not settled, those that were taken back included. */
  unsettled = 0;
  /** Without credit when last tried, so not in its queue's turns: a number that is higher than those of the channel's consumers that waited before; otherwise 0. */
  waiting = 0;
  cancelled = false;
  readonly stats: ConsumerStats = new ConsumerStats();
  /** From delivery to ack. */
  readonly processingTimes: Histogram = new Histogram();

  constructor(
    queue: Queue,
    channel: Recipient,
    tag: string,
    options: {
      readonly noAck: boolean;
      readonly exclusive: boolean;
      readonly prefetch: number;
      readonly arguments: Table;
      readonly prefix: Buffer;
    },
  ) {
    this.queue = queue;
    this.channel = channel;
    this.tag = tag;
    this.noAck = options.noAck;
    this.exclusive = options.exclusive;
    this.prefetch = options.prefetch;
    this.arguments = options.arguments;
    this.prefix = options.prefix;
    const priority = options.arguments.get('x-priority');
    this.priority =
      typeof priority?.value === 'number' || typeof priority?.value === 'bigint' ? Number(priority.value) : 0;
    this.credit = channel.credit;
  }

  /** Whether it may be given one more delivery now. */
  get hasCredit(): boolean {
    const credit = this.credit;
    if (!credit.open || (credit.limit !== 0 && credit.used >= credit.limit)) return false;
    return this.noAck || this.prefetch === 0 || this.unsettled < this.prefetch;
  }
}
