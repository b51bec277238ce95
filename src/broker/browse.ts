// A look into a queue that changes nothing: what waits and what is with workers, in order, paged-out contents read for the occasion.
import type { Consumer } from './consumer.ts';
import { type Delivery, lowestDeliveries } from './deliveries.ts';
import { Entry } from './entry.ts';
import { type Message, unloadedMessage } from './message.ts';
import type { Queue } from './queue.ts';
import type { Store } from './store.ts';

export interface BrowseOptions {
  readonly state: 'ready' | 'unacked' | 'all';
  /** Only messages with a higher sequence; 0 is all. */
  readonly after: number;
  /** Most items. */
  readonly limit: number;
  /** Most messages looked at. */
  readonly scanMax: number;
  /** Whether a message is wanted; all are when it is left out. */
  readonly matches?: (item: BrowsedMessage) => boolean;
}

/** A message as it was when it was looked at. */
export interface BrowsedMessage {
  readonly sequence: number;
  readonly state: 'ready' | 'unacked';
  readonly redelivered: boolean;
  /** Ms since the epoch; undefined where the content is. */
  readonly publishedAt: number | undefined;
  /** Its content is in memory; undefined when the disk does not give it back. Of use until the callback returns. */
  readonly message: Message | undefined;
  readonly bodyBytes: number;
  /** When it expires or, where it is kept back, is due, ms since the epoch; 0 is never. */
  readonly deadline: number;
  /** Who has it; undefined while it is ready. `consumer` is undefined for basic.get. */
  readonly delivery: (Delivery & { readonly consumer: Consumer | undefined; readonly deliveredAt: number }) | undefined;
}

export interface Browsed {
  readonly items: readonly BrowsedMessage[];
  /** Where to go on, as `after`; undefined at the end. */
  readonly next: number | undefined;
}

/** So many messages, and bytes of bodies that have to be read, are looked at in one turn. */
const stepEntries = 256;
const stepBytes = 1 << 20;
/** With so many bytes of bodies a browse ends before its limit. */
const browsedBytesMax = 32 << 20;

/** Calls back when it is done, at once where nothing has to be read. */
export function browse(queue: Queue, options: BrowseOptions, done: (browsed: Browsed) => void): void {
  new Browse(queue, options, done).step();
}

/** A message on its way to be looked at, with a content of its own that holds whatever becomes of the entry. */
interface Candidate {
  readonly entry: Entry;
  readonly delivery: BrowsedMessage['delivery'];
}

class Browse {
  readonly #queue: Queue;
  readonly #options: BrowseOptions;
  readonly #done: (browsed: Browsed) => void;
  readonly #items: BrowsedMessage[] = [];
  #after: number;
  #left: number;
  #bytes = 0;
  /** The sequence that was looked at again because it had changed while it was read. */
  #again = 0;

  constructor(queue: Queue, options: BrowseOptions, done: (browsed: Browsed) => void) {
    this.#queue = queue;
    this.#options = options;
    this.#done = done;
    this.#after = options.after;
    this.#left = options.scanMax;
  }

  step(): void {
    const candidates: Candidate[] = [];
    let bytes = 0;
    for (const found of this.#find(Math.min(stepEntries, this.#left))) {
      const candidate = copyOf(found);
      candidates.push(candidate);
      if (!candidate.entry.message.loaded) bytes += candidate.entry.message.bodyBytes;
      if (bytes >= stepBytes) break;
    }
    if (candidates.length === 0) return this.#finish(undefined);
    const byStore = new Map<Store, Entry[]>();
    for (const { entry } of candidates) {
      const { message } = entry;
      if (message.loaded) continue;
      const store = message.store as Store;
      const others = byStore.get(store);
      if (others === undefined) byStore.set(store, [entry]);
      else others.push(entry);
    }
    let reading = byStore.size;
    if (reading === 0) return this.#look(candidates, true);
    for (const [store, entries] of byStore)
      store.load(entries, () => {
        if (--reading === 0) this.#look(candidates, false);
      });
  }

  /** The next entries in order, with who has them. */
  *#find(count: number): Generator<Candidate> {
    const { state } = this.#options;
    const queue = this.#queue;
    if (queue.deleted || count === 0) return;
    const ready = state === 'unacked' ? [][Symbol.iterator]() : queue.ready.after(this.#after);
    const unacked = state === 'ready' ? [] : lowestDeliveries(queue, this.#after, count);
    let waits: Entry | undefined = ready.next().value;
    let at = 0;
    for (let n = 0; n < count; n++) {
      const delivery = unacked[at];
      if (delivery === undefined && waits === undefined) return;
      if (delivery === undefined || (waits !== undefined && waits.sequence < delivery.sequence)) {
        yield { entry: waits as Entry, delivery: undefined };
        waits = ready.next().value;
        continue;
      }
      at++;
      const entry = delivery.unsettled.get(delivery.tag);
      if (entry === undefined) continue;
      const { consumer, deliveredAt } = entry;
      yield { entry, delivery: { ...delivery, consumer, deliveredAt } };
    }
  }

  /** Goes through what is in memory now. What has gone elsewhere while it was read is looked for again. */
  #look(candidates: readonly Candidate[], unchanged: boolean): void {
    const { limit, matches } = this.#options;
    let looked = 0;
    for (const candidate of candidates) {
      const { entry } = candidate;
      const { sequence, message } = entry;
      const isThere = unchanged || this.#isThere(candidate);
      if ((!isThere || !message.loaded) && this.#again !== sequence) {
        this.#again = sequence;
        this.#after = sequence - 1;
        break;
      }
      looked++;
      this.#left--;
      this.#after = sequence;
      if (!isThere) {
        message.release();
        continue;
      }
      if (message.loaded) this.#queue.noteAge(sequence, message.publishedAt);
      const item = itemOf(candidate);
      if (matches === undefined || matches(item)) {
        this.#items.push(item);
        this.#bytes += item.bodyBytes;
      } else message.release();
      if (this.#items.length >= limit || this.#left <= 0 || this.#bytes >= browsedBytesMax) break;
    }
    for (const { entry } of candidates.slice(looked)) entry.message.release();
    if (this.#items.length < limit && this.#left > 0 && this.#bytes < browsedBytesMax)
      this.#queue.services.later(() => this.step());
    else this.#finish(this.#find(1).next().done === true ? undefined : this.#after);
  }

  #isThere({ entry: { sequence }, delivery }: Candidate): boolean {
    const queue = this.#queue;
    if (queue.deleted) return false;
    return delivery === undefined ? queue.ready.has(sequence) : delivery.unsettled.has(delivery.tag);
  }

  #finish(next: number | undefined): void {
    try {
      this.#done({ items: this.#items, next });
    } finally {
      for (const { message } of this.#items) message?.release();
    }
  }
}

/** The same with a content of its own: what is in memory as the same bytes, what is not as a place to read from. */
function copyOf({ entry, delivery }: Candidate): Candidate {
  const { queue, sequence, redelivered, message } = entry;
  const { store, position, block, bodyBytes, persistent } = message;
  const content = message.loaded
    ? message.twin()
    : unloadedMessage(store as Store, position, block, bodyBytes, persistent);
  content.retain();
  const copy = new Entry(queue, content, sequence, redelivered);
  copy.id = entry.id;
  copy.marks = entry.marks;
  return { entry: copy, delivery };
}

function itemOf({ entry, delivery }: Candidate): BrowsedMessage {
  const { sequence, redelivered, message } = entry;
  return {
    sequence,
    state: delivery === undefined ? 'ready' : 'unacked',
    redelivered,
    publishedAt: message.loaded ? message.publishedAt : undefined,
    message: message.loaded ? message : undefined,
    bodyBytes: message.bodyBytes,
    deadline: entry.marks?.deadline ?? 0,
    delivery,
  };
}
