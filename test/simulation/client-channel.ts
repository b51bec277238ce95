// A client's channel: what it waits for, what it holds, and what each answer proves.
import type { MethodName } from '../../src/amqp/command.ts';
import type { Fact } from '../../src/broker/facts.ts';
import type { SentMessage } from './messages.ts';
import type { Observer } from './observer.ts';

/** A delivery, or a settlement of one. */
export interface Held {
  readonly message: number;
  readonly queue: string;
}

/** An answer that is to come. */
interface Awaited {
  readonly name: MethodName;
  readonly answered: (() => void) | undefined;
}

interface Content {
  readonly queue: string;
  /** Undefined when nothing is to be acknowledged. */
  readonly tag: number | undefined;
  readonly redelivered: boolean;
  header: Buffer | undefined;
  bytes: number;
  readonly parts: Buffer[];
}

export type Mode = 'plain' | 'confirm' | 'tx';

export class ClientChannel {
  readonly number: number;
  readonly mode: Mode;
  /** Consumer tags, with the queues they consume from. */
  readonly consumers: Map<string, string> = new Map();
  readonly unsettled: Map<number, Held> = new Map();
  /** What was asked for with basic.get, in order. */
  readonly gets: { readonly queue: string; readonly noAck: boolean }[] = [];
  /** It has settled or recovered all deliveries, also those that were on their way to it. */
  settledAll = false;
  /** Set once channel.close was sent. */
  closing = false;
  readonly #observer: Observer;
  readonly #awaited: Awaited[] = [];
  #published = 0;
  /** Publishes that wait for their confirm, by number, with how many settlements came before each. */
  readonly #unconfirmed: Map<number, { readonly message: SentMessage; readonly settled: number }> = new Map();
  /** Settlements sent that nothing has proved yet. */
  readonly #settled: Held[] = [];
  #proved = 0;
  /** Answers still to come to commands that made the broker take all deliveries back. */
  #takingBack = 0;
  /** How many settlements came before the last commit that was sent. */
  #committed = 0;
  /** What the open transaction has published. */
  #uncommitted: SentMessage[] = [];
  /** What each commit that waits for its answer has published, in order. */
  readonly #commits: (readonly SentMessage[])[] = [];
  #content: Content | undefined;

  constructor(number: number, mode: Mode, observer: Observer) {
    this.number = number;
    this.mode = mode;
    this.#observer = observer;
  }

  /** Whether answers or confirms are still to come. */
  get waits(): boolean {
    return this.#awaited.length > 0 || this.#unconfirmed.size > 0;
  }

  get waitingFor(): string {
    const confirms = [...this.#unconfirmed.values()].map(({ message }) => message.number);
    return [...this.#awaited.map(({ name }) => name), ...(confirms.length > 0 ? [`confirms of ${confirms}`] : [])].join(
      ', ',
    );
  }

  await(name: MethodName, answered?: () => void): void {
    this.#awaited.push({ name, answered });
  }

  /** Waits for the answer to a command that makes or unmakes something. */
  awaitFact(name: MethodName, type: Fact['type'], key: string): void {
    const { history } = this.#observer;
    const since = history.steps.length;
    // Where it is so already, a later fact of that kind may be somebody else's, and the answer says nothing of it.
    const makes = type === 'queue.declared' || type === 'exchange.declared' || type === 'bound';
    if (history.state.facts.has(key) === makes) this.await(name);
    else this.await(name, () => history.answered(type, key, since));
  }

  published(message: SentMessage): void {
    if (this.mode === 'confirm') this.#unconfirmed.set(++this.#published, { message, settled: this.#settledCount });
    else if (this.mode === 'tx') this.#uncommitted.push(message);
  }

  /** The broker was told to take all back. What comes before `answer` was under way by then, and what we say of that settles nothing. */
  requeuedAll(answer: MethodName): void {
    this.unsettled.clear();
    this.settledAll = true;
    this.#takingBack++;
    this.await(answer, () => {
      this.#takingBack--;
      this.unsettled.clear();
    });
  }

  /** Settlements were sent. */
  settled(tags: readonly number[], requeue: boolean): void {
    for (const tag of tags) {
      const held = this.unsettled.get(tag);
      this.unsettled.delete(tag);
      if (held !== undefined && !requeue && this.#takingBack === 0) this.#settled.push(held);
    }
  }

  awaitCommit(): void {
    const messages = this.#uncommitted;
    this.#uncommitted = [];
    const settled = this.#settledCount;
    this.#committed = settled;
    this.#commits.push(messages);
    this.await('tx.commit-ok', () => {
      this.#commits.shift();
      const { history } = this.#observer;
      for (const { number } of messages) history.confirmed(number);
      this.#prove(settled, Number.MAX_SAFE_INTEGER);
    });
  }

  /** Whether the next commit to be answered may have met a full queue. Of one that has, nothing is promised. */
  get mayBePartial(): boolean {
    return this.#commits[0]?.some(message => this.#observer.history.mayBeRefused(message)) === true;
  }

  /** Nothing of what the transaction has settled or published since its last commit counts. That one may still be on its way. */
  rolledBack(): void {
    this.#uncommitted = [];
    this.#settled.length = Math.max(0, this.#committed - this.#proved);
  }

  /** The broker closes it while its own close is under way: only the answer to that still comes. */
  abandon(): void {
    this.#awaited.splice(0, this.#awaited.length - 1);
    this.#unconfirmed.clear();
  }

  answer(name: MethodName): void {
    const awaited = this.#awaited.shift();
    if (awaited?.name !== name)
      throw new Error(`channel ${this.number} got ${name} where ${awaited?.name} was to come`);
    awaited.answered?.();
  }

  confirm(tag: number, multiple: boolean): void {
    for (const [number, { message, settled }] of this.#unconfirmed) {
      if (number > tag) break;
      if (number < tag && !multiple) continue;
      this.#unconfirmed.delete(number);
      const at = this.#observer.history.confirmed(message.number);
      if (message.persistent && at !== undefined) this.#prove(settled, at);
    }
  }

  /** Nothing is promised of what a full queue has refused. */
  refused(tag: number, multiple: boolean): void {
    for (const [number, { message }] of this.#unconfirmed) {
      if (number > tag) break;
      if (number < tag && !multiple) continue;
      this.#unconfirmed.delete(number);
      this.#observer.history.tally.refused++;
      if (message.exchange === '' && this.#observer.history.isPublished(message.number))
        throw new Error(`message ${message.number} was refused, but the journal has it`);
    }
  }

  /** A content begins. */
  begin(queue: string, tag: number | undefined, redelivered: boolean): void {
    this.#content = { queue, tag, redelivered, header: undefined, bytes: 0, parts: [] };
  }

  header(payload: Buffer): void {
    const content = this.#content as Content;
    content.header = payload;
    content.bytes = payload.readUInt32BE(8);
    if (content.bytes === 0) this.#complete(content);
  }

  body(payload: Buffer): void {
    const content = this.#content as Content;
    content.parts.push(payload);
    content.bytes -= payload.length;
    if (content.bytes === 0) this.#complete(content);
  }

  get #settledCount(): number {
    return this.#proved + this.#settled.length;
  }

  /** The first so many settlements came before step `at`, which is durable. */
  #prove(count: number, at: number): void {
    while (this.#proved < count && this.#settled.length > 0) {
      const { message, queue } = this.#settled.shift() as Held;
      this.#proved++;
      this.#observer.history.expectSettled(message, queue, at);
    }
  }

  #complete({ queue, tag, redelivered, header, parts }: Content): void {
    this.#content = undefined;
    // A basic.return has no queue.
    if (queue === '') return;
    const message = this.#observer.delivered(queue, header as Buffer, Buffer.concat(parts), redelivered);
    if (tag !== undefined) this.unsettled.set(tag, { message: message.number, queue });
  }
}
