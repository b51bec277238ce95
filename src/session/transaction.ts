// Classes tx and confirm: the two modes in which a channel can publish with an answer.
import type { Entry } from '../broker/entry.ts';
import { preconditionFailed } from '../broker/errors.ts';
import type { Message } from '../broker/message.ts';
import type { Channel, Handlers } from './channel.ts';
import { Confirms } from './confirms.ts';
import type { Publishing, Target } from './publishing.ts';
import { carryOut, toConsumers, unknownTag, type Verdict } from './settling.ts';

/** What a transactional channel has published and settled since the last commit. */
export class Transaction {
  readonly #channel: Channel;
  #publishes: { message: Message; target: Target; publishing: Publishing }[] = [];
  #settlements: { tags: number[]; verdict: Verdict }[] = [];
  /** Tags that were settled here; their deliveries stay with the channel until the commit. */
  readonly #settled = new Set<number>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  get uncommittedPublishes(): number {
    return this.#publishes.length;
  }

  publish(message: Message, target: Target, publishing: Publishing): void {
    message.retain();
    this.#publishes.push({ message, target, publishing });
  }

  /** An unknown tag fails here, not at commit. */
  settle(tag: number, multiple: boolean, verdict: Verdict): void {
    const { unsettled } = this.#channel;
    const all = multiple && tag === 0;
    if (!all && (!unsettled.has(tag) || this.#settled.has(tag))) throw unknownTag(tag);
    const tags: number[] = [];
    if (multiple) {
      for (const [of] of unsettled) if ((all || of <= tag) && !this.#settled.has(of)) tags.push(of);
    } else tags.push(tag);
    for (const of of tags) this.#settled.add(of);
    this.#settlements.push({ tags, verdict });
  }

  /** Whether the delivery is settled here and waits for the commit. */
  hasSettled(tag: number): boolean {
    return this.#settled.has(tag);
  }

  /** Publishes, then settles. */
  commit(): void {
    const publishes = this.#publishes;
    const settlements = this.#settlements;
    this.#publishes = [];
    this.#forgetSettlements();
    for (const { message, target, publishing } of publishes) {
      publishing.handOver(message, target);
      message.release();
    }
    for (const { tags, verdict } of settlements) {
      const entries = tags.map(tag => this.#channel.unsettled.take(tag) as Entry);
      const consumed = toConsumers(entries);
      carryOut(entries, verdict);
      this.#channel.released(consumed);
    }
  }

  /** Drops the publishes; what was settled can be settled again. */
  rollback(): void {
    for (const { message } of this.#publishes) message.release();
    this.#publishes = [];
    this.#forgetSettlements();
  }

  #forgetSettlements(): void {
    this.#settlements = [];
    this.#settled.clear();
  }
}

export const transactionHandlers: Handlers = {
  'tx.select': channel => {
    if (channel.confirms !== undefined) throw preconditionFailed('cannot switch from confirm to tx mode');
    channel.transaction ??= new Transaction(channel);
    channel.send('tx.select-ok', {});
  },

  'tx.commit': channel => {
    const transaction = transactionOf(channel);
    const { journal } = channel.connection.context.broker.services;
    // What the commit sets free for this channel is delivered after its answer.
    channel.credit.open = false;
    transaction.commit();
    const resume = channel.park();
    journal.whenDurable({
      durable: () =>
        resume(() => {
          channel.send('tx.commit-ok', {});
          if (!channel.connection.congested) channel.reopen();
        }),
    });
  },

  'tx.rollback': channel => {
    transactionOf(channel).rollback();
    channel.send('tx.rollback-ok', {});
  },

  'confirm.select': (channel, args) => {
    if (channel.transaction !== undefined) throw preconditionFailed('cannot switch from tx to confirm mode');
    channel.confirms ??= new Confirms(channel, channel.connection.context.broker.services);
    if (!args.noWait) channel.send('confirm.select-ok', {});
  },
};

function transactionOf(channel: Channel): Transaction {
  if (channel.transaction === undefined) throw preconditionFailed('channel is not transactional');
  return channel.transaction;
}
