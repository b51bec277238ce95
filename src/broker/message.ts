// A message as it travels: address and content as slices of received bytes, and its place in a store.
import { type Memory, Source } from './memory.ts';
import type { Store } from './store.ts';

/**
 * One message, shared by the entries of all queues it went to. Contents are never decoded or copied here. A message whose content
 * was paged out has no `header`; its store reads it back.
 */
export class Message {
  /** Exchange and routing key as two encoded short strings, as basic.deliver carries them. */
  address: Buffer;
  /** The bytes that hold the content header's payload from `headerStart` to `headerEnd` (class, weight, size, flags, properties). */
  header: Buffer | undefined;
  headerStart: number;
  headerEnd: number;
  /** The bytes that hold the (first part of the) body from `bodyStart` to `bodyEnd`. */
  body: Buffer;
  bodyStart: number;
  bodyEnd: number;
  /** Further parts of a body that came in several pieces. */
  rest: readonly Buffer[] | undefined;
  /** Length of the whole body. */
  bodyBytes: number;
  readonly persistent: boolean;
  /** What the slices stand in. */
  source: Source | undefined;
  /** Queue entries that are not settled yet. */
  entries = 0;
  /** Milliseconds since the epoch. */
  publishedAt: number;
  /** The store that has the message, its record's address there, and that of the block around it; -1 without one. */
  store: Store | undefined = undefined;
  position = -1;
  block = -1;
  /** Set when its bytes were found damaged: it can never be delivered. */
  damaged = false;

  constructor(
    address: Buffer,
    header: Buffer | undefined,
    headerStart: number,
    headerEnd: number,
    body: Buffer,
    bodyStart: number,
    bodyEnd: number,
    rest: readonly Buffer[] | undefined,
    bodyBytes: number,
    persistent: boolean,
    source: Source | undefined,
    publishedAt: number,
  ) {
    this.address = address;
    this.header = header;
    this.headerStart = headerStart;
    this.headerEnd = headerEnd;
    this.body = body;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.rest = rest;
    this.bodyBytes = bodyBytes;
    this.persistent = persistent;
    this.source = source;
    this.publishedAt = publishedAt;
  }

  /** One more queue entry needs the message. */
  retain(): void {
    this.entries++;
    this.source?.pin(1);
  }

  /** One queue entry less needs it. */
  release(): void {
    this.entries--;
    this.source?.unpin(1);
  }

  /** The same content for one entry alone, which takes over the old one's claim to it. */
  copy(): Message {
    const twin = this.twin();
    twin.retain();
    this.release();
    return twin;
  }

  /** The same content as a message of its own, for entries to come. */
  twin(): Message {
    return new Message(
      this.address,
      this.header,
      this.headerStart,
      this.headerEnd,
      this.body,
      this.bodyStart,
      this.bodyEnd,
      this.rest,
      this.bodyBytes,
      this.persistent,
      this.source,
      this.publishedAt,
    );
  }

  /** The same content under another address, published at another time. */
  readdressed(address: Buffer, publishedAt: number): Message {
    const other = this.twin();
    other.address = address;
    other.publishedAt = publishedAt;
    return other;
  }

  /** The same body under another address and with another content header, published at another time. */
  rewritten(address: Buffer, header: Buffer, publishedAt: number): Message {
    const other = this.readdressed(address, publishedAt);
    other.header = header;
    other.headerStart = 0;
    other.headerEnd = header.length;
    return other;
  }

  /** Copies the content out of the received chunk, so that it can wait without all that came with it. No entry needs it yet. */
  detach(memory: Memory): void {
    if (this.header === undefined || this.rest !== undefined) return;
    const { header, headerStart, headerEnd, body, bodyStart, bodyEnd } = this;
    const bytes = Buffer.concat([header.subarray(headerStart, headerEnd), body.subarray(bodyStart, bodyEnd)]);
    this.load(this.address, bytes, 0, headerEnd - headerStart, bytes.length, new Source(memory, bytes.length));
  }

  /** Whether the content is in memory. */
  get loaded(): boolean {
    return this.header !== undefined;
  }

  /** Lets go of the content; the store has it. */
  unload(): void {
    if (this.header === undefined) return;
    this.source?.unpin(this.entries);
    this.source = undefined;
    this.header = undefined;
    this.body = nothing;
    this.rest = undefined;
    this.address = nothing;
  }

  /** Puts back the content that the store has read: in `bytes` the body follows the content header. */
  load(address: Buffer, bytes: Buffer, headerStart: number, headerEnd: number, bodyEnd: number, source: Source): void {
    this.address = address;
    this.header = bytes;
    this.headerStart = headerStart;
    this.headerEnd = headerEnd;
    this.body = bytes;
    this.bodyStart = headerEnd;
    this.bodyEnd = bodyEnd;
    this.rest = undefined;
    this.source = source;
    source.pin(this.entries);
  }
}

const nothing = Buffer.alloc(0);

/** A message of which only the place in a store is known. */
export function unloadedMessage(
  store: Store,
  position: number,
  block: number,
  bodyBytes: number,
  persistent: boolean,
): Message {
  const message = new Message(nothing, undefined, 0, 0, nothing, 0, 0, undefined, bodyBytes, persistent, undefined, 0);
  message.store = store;
  message.position = position;
  message.block = block;
  return message;
}

/** Exchange and routing key as two encoded short strings. `routingKey` holds one character per byte; both are of 255 bytes at most. */
export function encodeAddress(exchange: string, routingKey: string): Buffer {
  const name = Buffer.from(exchange);
  const key = Buffer.from(routingKey, 'latin1');
  return Buffer.concat([Buffer.of(name.length), name, Buffer.of(key.length), key]);
}

/** The exchange and the routing key of a message whose content is in memory. */
export function addressOf({ address }: Message): { exchange: string; routingKey: string } {
  const keyAt = 1 + (address[0] as number);
  return { exchange: address.toString('utf8', 1, keyAt), routingKey: address.toString('utf8', keyAt + 1) };
}

/** Its routing key, one character per byte. */
export function keyOf({ address }: Message): string {
  return address.toString('latin1', 2 + (address[0] as number));
}
