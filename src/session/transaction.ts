// Classes tx and confirm: the two modes in which a channel can publish with an answer.
import type { Entry } from '../broker/entry.ts';
import { preconditionFailed } from '../broker/errors.ts';
import type { Message } from '../broker/message.ts';
import type { Channel, Handlers } from './channel.ts';
import { Confirms } from './confirms.ts';
import type { Publishing, Target } from './publishing.ts';
import { carryOut, requeueAll, takeTags, type Verdict } from './settling.ts';

/** What a transactional channel has published and settled since the last commit. */
export class Transaction {
  readonly #channel: Channel;
  #publishes: { message: Message; target: Target; publishing: Publishing }[] = [];
  #settlements: { entries: Entry[]; tags: number[]; verdict: Verdict }[] = [];

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
    const tags = tagsOf(this.#channel, tag, multiple);
    this.#settlements.push({ tags, entries: takeTags(this.#channel, tag, multiple), verdict });
  }

  /** Publishes, then settles; answers when the journal has it. */
  commit(): void {
    const publishes = this.#publishes;
    const settlements = this.#settlements;
    this.#publishes = [];
    this.#settlements = [];
    for (const { message, target, publishing } of publishes) {
      publishing.handOver(message, target);
      message.release();
    }
    for (const { entries, verdict } of settlements) carryOut(entries, verdict);
  }

  /** Drops the publishes; settled deliveries can be settled again. */
  rollback(): void {
    for (const { message } of this.#publishes) message.release();
    this.#publishes = [];
    for (const { entries, tags } of this.#settlements)
      for (const [i, entry] of entries.entries()) this.#channel.unsettled.putBack(tags[i] as number, entry);
    this.#settlements = [];
  }

  /** The channel ends: what was settled but not committed goes back. */
  drop(): void {
    for (const { message } of this.#publishes) message.release();
    this.#publishes = [];
    const settlements = this.#settlements;
    this.#settlements = [];
    requeueAll(settlements.flatMap(({ entries }) => entries));
  }
}

function tagsOf(channel: Channel, tag: number, multiple: boolean): number[] {
  if (!multiple) return [tag];
  return [...channel.unsettled].map(([of]) => of).filter(of => tag === 0 || of <= tag);
}

export const transactionHandlers: Handlers = {
  'tx.select': channel => {
    if (channel.confirms !== undefined) throw preconditionFailed('cannot switch from confirm to tx mode');
    channel.transaction ??= new Transaction(channel);
    channel.send('tx.select-ok', {});
  },

  'tx.commit': channel => {
    const transaction = transactionOf(channel);
    transaction.commit();
    const resume = channel.park();
    channel.connection.context.broker.services.journal.whenDurable({
      durable: () => resume(() => channel.send('tx.commit-ok', {})),
    });
  },

  'tx.rollback': channel => {
    transactionOf(channel).rollback();
    channel.send('tx.rollback-ok', {});
  },

  'confirm.select': (channel, args) => {
    if (channel.transaction !== undefined) throw preconditionFailed('cannot switch from tx to confirm mode');
    channel.confirms ??= new Confirms(channel, channel.connection.context.broker.services);
    if (!args.nowait) channel.send('confirm.select-ok', {});
  },
};

function transactionOf(channel: Channel): Transaction {
  if (channel.transaction === undefined) throw preconditionFailed('channel is not transactional');
  return channel.transaction;
}
