// What the broker must hold: every message that was sent, what is known of it, and the judgement of what is found after a kill.

/** One message. Its body is its key, repeated to its size, so that a body tells who it is and whether it is whole. */
export type Message = { key: string; bytes: number; confirmed: boolean; copies: number };

/**
 * A message in one queue. An ack that was sent is `maybe` settled; it is `surely` settled, and the copy leaves the model, when a
 * persistent publish that was sent after it on the same channel was confirmed: the ack stood in the same synced block or before.
 */
type Copy = { message: Message; delivered: boolean; acked: 'no' | 'maybe' };

const goneMax = 200_000;

/** What was found in a queue, head first. */
export type Found = { body: Buffer; redelivered: boolean };

export type Counts = {
  published: number;
  confirmed: number;
  delivered: number;
  redelivered: number;
  acked: number;
  surelyAcked: number;
};

export class Model {
  readonly counts: Counts = { published: 0, confirmed: 0, delivered: 0, redelivered: 0, acked: 0, surelyAcked: 0 };
  /** What is wrong, in words; the run fails when there is any. */
  readonly problems: string[] = [];
  readonly #queues: Map<string, Map<string, Copy>> = new Map();
  readonly #strict: boolean;
  #liveBytes = 0;
  #lives = 1;
  /** Why the last copies left the model, for the report. */
  readonly #gone: Map<string, string> = new Map();

  /** @param strict whether settled acks and marks of redelivery are held to what Leveret promises */
  constructor(queues: readonly string[], strict: boolean) {
    for (const queue of queues) this.#queues.set(queue, new Map());
    this.#strict = strict;
  }

  /** Bytes of bodies that some queue may hold. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  /** How many messages the queue may hold. */
  size(queue: string): number {
    return this.#queues.get(queue)!.size;
  }

  /** A message is about to be sent, and will go to these queues. */
  sending(key: string, bytes: number, queues: readonly string[]): { message: Message; body: Buffer } {
    const message: Message = { key, bytes, confirmed: false, copies: queues.length };
    for (const queue of queues) this.#queues.get(queue)!.set(key, { message, delivered: false, acked: 'no' });
    this.#liveBytes += bytes;
    this.counts.published++;
    return { message, body: bodyOf(key, bytes) };
  }

  confirmed(message: Message): void {
    message.confirmed = true;
    this.counts.confirmed++;
  }

  /** A consumer was given a message; says which it is, or undefined for one that must not be there. */
  delivered(queue: string, { body, redelivered }: Found): Message | undefined {
    const copy = this.#recognise(queue, body);
    if (!copy) return undefined;
    if (this.#strict && copy.delivered && !redelivered) {
      this.problems.push(`${queue}: ${copy.message.key} was delivered before and is not marked redelivered`);
    }
    this.counts.delivered++;
    if (redelivered) this.counts.redelivered++;
    copy.delivered = true;
    copy.acked = 'no';
    return copy.message;
  }

  /** An ack was written to the socket. */
  acked(queue: string, { key }: { key: string }): void {
    const copy = this.#queues.get(queue)!.get(key);
    if (!copy) return;
    copy.acked = 'maybe';
    this.counts.acked++;
  }

  /** An ack is settled for sure: the message must never be seen in this queue again. */
  settled(queue: string, { key }: { key: string }): void {
    const copies = this.#queues.get(queue)!;
    const copy = copies.get(key);
    if (this.#strict && copy?.acked === 'maybe') {
      this.#drop(queue, copy.message, `was acked for sure in life ${this.#lives}`);
      this.counts.surelyAcked++;
    }
  }

  /** Compares a queue after a restart with what must be in it, and takes what is found for what is there from now on. */
  inspect(queue: string, declaredCount: number, found: readonly Found[]): void {
    if (declaredCount !== found.length) {
      this.problems.push(`${queue}: the declaration said ${declaredCount} messages, ${found.length} were delivered`);
    }
    const seen = new Set<string>();
    const lastOf = new Map<string, number>();
    for (const item of found) {
      const message = this.delivered(queue, item);
      if (!message) continue;
      message.confirmed = true;
      if (seen.has(message.key)) this.problems.push(`${queue}: ${message.key} is there twice`);
      seen.add(message.key);
      this.#inOrder(queue, message.key, lastOf);
    }
    const copies = this.#queues.get(queue)!;
    for (const { message, acked } of [...copies.values()]) {
      if (seen.has(message.key)) continue;
      if (message.confirmed && acked === 'no') this.problems.push(`${queue}: ${message.key} was confirmed and is lost`);
      this.#drop(queue, message, `was not there any more after life ${this.#lives}`);
    }
  }

  /** A restart was looked through; the next life begins. */
  nextLife(): void {
    this.#lives++;
  }

  /** Messages of one sender must be in the order in which it sent them. */
  #inOrder(queue: string, key: string, lastOf: Map<string, number>): void {
    const { sender, number } = parseKey(key);
    const last = lastOf.get(sender) ?? -1;
    if (number <= last) this.problems.push(`${queue}: ${key} comes after ${sender}:${last}`);
    lastOf.set(sender, number);
  }

  #recognise(queue: string, body: Buffer): Copy | undefined {
    const key = body.toString('latin1', 0, Math.max(body.indexOf(' '), 0));
    const copy = this.#queues.get(queue)!.get(key);
    if (!copy) {
      const story = this.#gone.get(`${queue} ${key}`) ?? 'was never sent there, or was gone long ago';
      this.problems.push(`${queue}: "${key}" came back from the dead in life ${this.#lives}: it ${story}`);
      return undefined;
    }
    if (!body.equals(bodyOf(key, copy.message.bytes))) this.problems.push(`${queue}: the body of ${key} is damaged`);
    return copy;
  }

  #drop(queue: string, message: Message, why: string): void {
    this.#queues.get(queue)!.delete(message.key);
    this.#gone.set(`${queue} ${message.key}`, why);
    if (this.#gone.size > goneMax) this.#gone.delete(this.#gone.keys().next().value!);
    message.copies--;
    if (message.copies === 0) this.#liveBytes -= message.bytes;
  }
}

/** The sender and the number of a message. */
export function parseKey(key: string): { sender: string; number: number } {
  const [sender, number] = key.split(':');
  return { sender: sender!, number: Number(number) };
}

function bodyOf(key: string, bytes: number): Buffer {
  return Buffer.alloc(Math.max(bytes, key.length + 1), `${key} `);
}
