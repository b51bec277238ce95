// A store for tests: contents on a shelf, durable when the test says so, read back when the test says so.

import { Table } from '../../../src/amqp/table.ts';
import { DeadLetters } from '../../../src/broker/dead-letters.ts';
import { Deadlines } from '../../../src/broker/deadlines.ts';
import type { Entry } from '../../../src/broker/entry.ts';
import type { Journal } from '../../../src/broker/journal.ts';
import { Memory, Source } from '../../../src/broker/memory.ts';
import { Message } from '../../../src/broker/message.ts';
import { Queue } from '../../../src/broker/queue.ts';
import type { Services } from '../../../src/broker/services.ts';
import type { NewPlace, Waiter } from '../../../src/broker/store.ts';
import type { Unsettled } from '../../../src/broker/unsettled.ts';

export class Shelf implements Journal {
  readonly block = 1;
  readonly recorded = 0;
  readonly factsPending = false;
  accepting = true;
  /** Whether what was put on it can be read back. */
  durable = true;
  readonly settled: number[] = [];
  /** Publishes and settlements in order: `+7`, `-7`. */
  readonly events: string[] = [];
  /** Positions that were read, in order. */
  readonly reads: number[] = [];
  readonly waiting: (() => void)[] = [];
  readonly #memory: Memory;
  readonly #contents = new Map<number, { address: Buffer; header: Buffer; body: Buffer; publishedAt: number }>();
  #loads: (() => void)[] = [];
  #id = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  publish(entry: Entry): void {
    this.publishToAll(entry.message, [entry]);
  }

  publishToAll(message: Message, entries: readonly Entry[]): void {
    const { address, header, headerStart, headerEnd, body, bodyStart, bodyEnd, publishedAt } = message;
    message.store = this;
    message.position = (this.#id + 1) * 100;
    message.block = message.position - 50;
    for (const entry of entries) {
      entry.id = ++this.#id;
      this.events.push(`+${entry.id}`);
    }
    const bytes = [header!.subarray(headerStart, headerEnd), body.subarray(bodyStart, bodyEnd)] as const;
    const content = { address, header: Buffer.from(bytes[0]), body: Buffer.from(bytes[1]), publishedAt };
    this.#contents.set(message.position, content);
  }

  /** Copies a record for one of its entries; the old place is gone. */
  move(position: number): NewPlace {
    const to = { id: ++this.#id, position: this.#id * 100, block: this.#id * 100 - 50 };
    this.#contents.set(to.position, this.#contents.get(position)!);
    return to;
  }

  drop(position: number): void {
    this.#contents.delete(position);
  }

  rewrite(entry: Entry): void {
    this.events.push(`~${entry.id}`);
  }

  settle(entry: Entry): void {
    this.settled.push(entry.id);
    this.events.push(`-${entry.id}`);
  }

  settleAll(entries: readonly { readonly id: number }[]): void {
    for (const { id } of entries) this.settled.push(id);
  }

  forget(id: number): void {
    this.settled.push(id);
  }

  readable(message: Message): boolean {
    return this.durable && this.#contents.has(message.position);
  }

  load(entries: readonly Entry[], done: (damaged: readonly Entry[]) => void): void {
    this.#loads.push(() => {
      const damaged: Entry[] = [];
      for (const entry of entries) {
        const { message } = entry;
        if (message.loaded || message.entries === 0) continue;
        const content = this.#contents.get(message.position);
        this.reads.push(message.position);
        if (content === undefined) {
          damaged.push(entry);
          continue;
        }
        message.publishedAt = content.publishedAt;
        const { address, header, body } = content;
        const bytes = Buffer.concat([header, body]);
        message.load(address, bytes, 0, header.length, bytes.length, new Source(this.#memory, body.length));
      }
      done(damaged);
    });
  }

  /** Answers the read that waits longest. */
  readOne(): void {
    this.#loads.shift()!();
  }

  /** Answers the reads that wait, and those that follow from them. */
  read(): void {
    while (this.#loads.length > 0) this.readOne();
  }

  record(): void {}

  whenDurable(waiter: Waiter): void {
    waiter.durable();
  }

  whenAccepting(run: () => void): void {
    this.waiting.push(run);
  }
}

/** What queues need, with a budget that is always exceeded. */
export class Bench {
  readonly memory: Memory = new Memory(0);
  readonly journal: Shelf = new Shelf(this.memory);
  readonly scratch: Shelf = new Shelf(this.memory);
  readonly clock: { now: number } = { now: 0 };
  readonly services: Services = {
    journal: this.journal,
    scratch: this.scratch,
    memory: this.memory,
    clock: this.clock,
    random: { name: () => 'random', below: limit => this.draws.shift() ?? limit - 1 },
    later: run => run(),
    damaged: entry => this.lost.push(entry),
    unsettled: () => this.channels,
    deadlines: new Deadlines(),
    deadLetters: new DeadLetters(
      { journal: this.journal, clock: this.clock, later: run => run(), damaged: entry => this.lost.push(entry) },
      () => undefined,
      () => {},
    ),
    dropped: () => {},
    died: () => {},
    unused: () => {},
  };
  /** What the next random choices are; without one the last is chosen. */
  readonly draws: number[] = [];
  readonly lost: Entry[] = [];
  readonly channels: Unsettled[] = [];
  #queues = 0;

  queue(durable = true): Queue {
    const id = ++this.#queues;
    const options = { id, vhost: '/', name: `q${id}`, durable, autoDelete: false, owner: undefined };
    return new Queue({ ...options, arguments: Table.empty }, this.services);
  }

  message(text: string, persistent = true): Message {
    const body = Buffer.from(text);
    const source = new Source(this.memory, 1000);
    const header = Buffer.alloc(14);
    return new Message(
      Buffer.from('\0\0'),
      header,
      0,
      14,
      body,
      0,
      body.length,
      undefined,
      body.length,
      persistent,
      source,
      1,
    );
  }
}

export function textOf({ message }: Entry): string {
  return message.body.toString('utf8', message.bodyStart, message.bodyEnd);
}
