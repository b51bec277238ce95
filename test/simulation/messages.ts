// Messages that can be told apart and checked to the byte: the number of a message says all that is in it.
import { seededRandom } from './simulated-disk.ts';

export interface SentMessage {
  readonly number: number;
  readonly persistent: boolean;
  /** The life of the broker in which it was sent. */
  readonly life: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** The content header's payload. */
  readonly header: Buffer;
  readonly bodyBytes: number;
}

const noise = Buffer.alloc(1 << 16);
const random = seededRandom(1);
for (let i = 0; i < noise.length; i++) noise[i] = Math.floor(random() * 256);

/** Without further properties the header ends with the delivery mode, and the number stands in the body. */
const plainHeaderBytes = 15;

export class Messages {
  readonly #sent = new Map<number, SentMessage>();

  get count(): number {
    return this.#sent.size;
  }

  add(of: Omit<SentMessage, 'number' | 'header'>): SentMessage {
    const number = this.#sent.size + 1;
    const sent = { ...of, number, header: headerOf(number, of.bodyBytes, of.persistent) };
    this.#sent.set(number, sent);
    return sent;
  }

  get(number: number): SentMessage {
    const sent = this.#sent.get(number);
    if (sent === undefined) throw new Error(`message ${number} was never published`);
    return sent;
  }

  /** The message with that content. Throws when there is none. */
  identify(header: Buffer, body: Buffer): SentMessage {
    const sent = this.get(numberOf(header, body));
    if (!header.equals(sent.header))
      throw new Error(`message ${sent.number} has another content header than it was sent with`);
    if (!body.equals(bodyOf(sent))) throw new Error(`message ${sent.number} has another body than it was sent with`);
    return sent;
  }
}

/** The number in a content, without checking the rest of it. */
export function numberOf(header: Buffer, body: Buffer): number {
  if (header.length === plainHeaderBytes) return body.readUInt32LE(0);
  return Number(header.toString('latin1', plainHeaderBytes + 1));
}

export function bodyOf({ number, bodyBytes }: SentMessage): Buffer {
  const body = Buffer.allocUnsafe(bodyBytes);
  for (let at = 0, from = (number * 4099) % noise.length; at < bodyBytes; from = 0)
    at += noise.copy(body, at, from, Math.min(noise.length, from + bodyBytes - at));
  if (bodyBytes >= 4) body.writeUInt32LE(number, 0);
  return body;
}

function headerOf(number: number, bodyBytes: number, persistent: boolean): Buffer {
  const inBody = bodyBytes >= 4 && number % 5 !== 0;
  const id = inBody ? '' : String(number);
  const header = Buffer.alloc(plainHeaderBytes + (inBody ? 0 : 1 + id.length));
  header.writeUInt16BE(60, 0);
  header.writeUInt32BE(bodyBytes, 8);
  header.writeUInt16BE(inBody ? 0x1000 : 0x1080, 12);
  header[14] = persistent ? 2 : 1;
  if (!inBody) {
    header[15] = id.length;
    header.write(id, 16, 'latin1');
  }
  return header;
}
