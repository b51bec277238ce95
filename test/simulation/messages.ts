// Messages that can be told apart and checked to the byte: the number of a message says all that is in it.
import { isDeepStrictEqual } from 'node:util';
import { decodeProperties, encodeProperties, peekProperty, propertyFlags } from '../../src/amqp/properties.ts';
import { longstr, Table, type TableEntry } from '../../src/amqp/table.ts';
import { seededRandom } from './simulated-disk.ts';

export interface SentMessage {
  readonly number: number;
  readonly persistent: boolean;
  /** The life of the broker in which it was sent. */
  readonly life: number;
  /** Ms since the epoch. */
  readonly sentAt: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** The content header's payload. */
  readonly header: Buffer;
  readonly bodyBytes: number;
  /** For how long it is to be kept back by a delayed exchange, ms. */
  readonly delayMs: number;
  /** What tells it from others where duplicates are dropped. */
  readonly value: string | undefined;
}

/** Properties and headers that only some messages have. */
export interface Extras {
  readonly expiration?: string;
  readonly priority?: number;
  readonly delayMs?: number;
  readonly value?: string;
}

const delayHeader = 'x-delay';
const valueHeader = 'x-deduplication-header';

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

  add(of: Omit<SentMessage, 'number' | 'header' | 'delayMs' | 'value'>, extras: Extras = {}): SentMessage {
    const number = this.#sent.size + 1;
    const header = headerOf(number, of.bodyBytes, of.persistent, extras);
    const sent = { ...of, number, header, delayMs: extras.delayMs ?? 0, value: extras.value };
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
    if (!header.equals(sent.header) && !isSentWithMore(sent.header, header))
      throw new Error(`message ${sent.number} has another content header than it was sent with`);
    if (!body.equals(bodyOf(sent))) throw new Error(`message ${sent.number} has another body than it was sent with`);
    return sent;
  }
}

/** The number in a content, without checking the rest of it. */
export function numberOf(header: Buffer, body: Buffer): number {
  const inBody = (header.readUInt16BE(12) & propertyFlags.messageId) === 0;
  return inBody ? body.readUInt32LE(0) : Number(peekProperty(header, 0, header.length, 'messageId'));
}

export function bodyOf({ number, bodyBytes }: SentMessage): Buffer {
  const body = Buffer.allocUnsafe(bodyBytes);
  for (let at = 0, from = (number * 4099) % noise.length; at < bodyBytes; from = 0)
    at += noise.copy(body, at, from, Math.min(noise.length, from + bodyBytes - at));
  if (bodyBytes >= 4) body.writeUInt32LE(number, 0);
  return body;
}

const deathHeader = /^x-(death$|(first|last)-death-(exchange|queue|reason)$)/;
const countHeader = /^x-(delivery|acquired)-count$/;

/** The delay that a content header asks for, ms: below 0 once it is over. */
export function delayIn(header: Buffer): number {
  return Number(decodeProperties(header).headers?.get(delayHeader)?.value ?? 0);
}

/**
 * Whether a header is the one that was sent, but for what a broker adds: counts of returns, of a dead letter how it died, and that a delay
 * is over.
 */
function isSentWithMore(sent: Buffer, got: Buffer): boolean {
  const { headers = Table.empty, ...rest } = decodeProperties(got);
  const { expiration, headers: own = Table.empty, ...before } = decodeProperties(sent);
  const isLetter = headers.get('x-death')?.type === 'array';
  for (const [key] of headers)
    if (own.get(key) === undefined && !countHeader.test(key) && !(isLetter && deathHeader.test(key))) return false;
  for (const [key, value] of own) {
    const now = headers.get(key);
    const isOver = key === delayHeader && Number(now?.value) === -Number(value.value);
    if (!isOver && !isDeepStrictEqual(now, value)) return false;
  }
  const expected = isLetter || expiration === undefined ? before : { ...before, expiration };
  return sent.readUInt32BE(8) === got.readUInt32BE(8) && isDeepStrictEqual(rest, expected);
}

function headerOf(number: number, bodyBytes: number, persistent: boolean, extras: Extras): Buffer {
  const inBody = bodyBytes >= 4 && number % 5 !== 0;
  const id = inBody ? '' : String(number);
  if (Object.keys(extras).length > 0) {
    const { delayMs, value, ...properties } = extras;
    const entries: TableEntry[] = [];
    if (delayMs !== undefined) entries.push([delayHeader, { type: 'signedint', value: delayMs }]);
    if (value !== undefined) entries.push([valueHeader, longstr(value)]);
    const headers = entries.length === 0 ? {} : { headers: Table.from(entries) };
    const messageId = inBody ? {} : { messageId: id };
    return encodeProperties({ deliveryMode: persistent ? 2 : 1, ...messageId, ...headers, ...properties }, bodyBytes);
  }
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
