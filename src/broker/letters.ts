// The letters of messages that die one after the other: most differ from the one before in nothing but the length of the body.
import { type DeathReason, type Letter, letterOf } from './dead-letter.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';

export class Letters {
  #letter: Letter | undefined;
  #queue: Queue | undefined;
  #reason: DeathReason = 'rejected';
  #second = 0;
  #settings: Queue['settings'] | undefined;
  #address: Buffer = Buffer.alloc(0);
  #header: Buffer = Buffer.alloc(0);

  of(message: Message, queue: Queue, reason: DeathReason, now: number): Letter {
    const second = Math.floor(now / 1000);
    const known = this.#letter;
    if (
      known !== undefined &&
      this.#queue === queue &&
      this.#settings === queue.settings &&
      this.#reason === reason &&
      this.#second === second &&
      sameBytes(this.#address, message.address, 0, message.address.length) &&
      sameButSize(this.#header, message.header as Buffer, message.headerStart, message.headerEnd)
    )
      return { ...known, header: withSizeOf(message, known.header) };
    const letter = letterOf(message, queue, reason, now);
    this.#letter = letter;
    this.#queue = queue;
    this.#settings = queue.settings;
    this.#reason = reason;
    this.#second = second;
    this.#address = message.address;
    // The received chunk must not be kept for it.
    this.#header = Buffer.from((message.header as Buffer).subarray(message.headerStart, message.headerEnd));
    return letter;
  }
}

/** Where a content header has the body's size: everything else makes the letter. */
const sizeStart = 4;
const sizeEnd = 12;

function sameButSize(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = sizeEnd; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function withSizeOf({ header: from, headerStart }: Message, header: Buffer): Buffer {
  const bytes = from as Buffer;
  let i = sizeStart;
  while (i < sizeEnd && header[i] === bytes[headerStart + i]) i++;
  if (i === sizeEnd) return header;
  const copy = Buffer.from(header);
  bytes.copy(copy, sizeStart, headerStart + sizeStart, headerStart + sizeEnd);
  return copy;
}

function sameBytes(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
