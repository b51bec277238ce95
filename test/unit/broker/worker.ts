// A channel for tests of queues: it remembers what it was given, and settles when the test says so.
import { Table } from '../../../src/amqp/table.ts';
import { Consumer, type Recipient } from '../../../src/broker/consumer.ts';
import { Credit } from '../../../src/broker/credit.ts';
import type { Entry } from '../../../src/broker/entry.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { ChannelStats } from '../../../src/broker/stats.ts';
import { Unsettled } from '../../../src/broker/unsettled.ts';
import type { Channel } from '../../../src/session/channel.ts';
import { settleRange } from '../../../src/session/settling.ts';
import { type Bench, textOf } from './shelf.ts';

export class Worker implements Recipient {
  readonly credit: Credit = new Credit();
  readonly stats: ChannelStats = new ChannelStats();
  readonly unsettled: Unsettled;
  readonly connection: { readonly now: number };
  readonly vhost: { readonly tracer: undefined } = { tracer: undefined };
  readonly got: string[] = [];
  readonly marks: boolean[] = [];
  readonly #consumers: Consumer[] = [];

  constructor(bench: Bench) {
    this.connection = bench.clock;
    this.unsettled = new Unsettled(bench.services, this);
    bench.channels.push(this.unsettled);
  }

  consume(queue: Queue, prefetch = 0): Consumer {
    const options = {
      noAck: false,
      exclusive: false,
      prefetch,
      arguments: Table.empty,
      prefix: Buffer.alloc(0),
    };
    const consumer = new Consumer(queue, this, 'c', options);
    this.#consumers.push(consumer);
    queue.addConsumer(consumer);
    queue.dispatch();
    return consumer;
  }

  deliver(_: Consumer, entry: Entry): void {
    this.unsettled.add(entry);
    this.got.push(textOf(entry));
    this.marks.push(entry.redelivered);
  }

  cancelled(): void {}

  settle(from: number, upTo: number, verdict: 'ack' | 'reject' | 'requeue'): void {
    settleRange(this as unknown as Channel, from, upTo, verdict);
  }

  /** As a connection that is lost. */
  leave(): void {
    this.credit.open = false;
    for (const consumer of this.#consumers) consumer.queue.removeConsumer(consumer);
    this.settle(0, this.unsettled.nextTag, 'requeue');
  }
}
