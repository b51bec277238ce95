// Messages on their way out: basic.deliver, basic.get-ok and basic.return with their content.
import { frameBody, frameEnd, frameHeader, frameMethod } from '../amqp/frame.ts';
import { editProperties, peekProperty } from '../amqp/properties.ts';
import { type FieldValue, Table, type TableEntry } from '../amqp/table.ts';
import type { Entry } from '../broker/entry.ts';
import type { Marks } from '../broker/marks.ts';
import type { Message } from '../broker/message.ts';
import type { Connection } from './connection.ts';
import { outputBytesMax } from './context.ts';
import { type Output, sliceBytesMin } from './output.ts';

/** The start of a consumer's deliveries, up to the delivery tag: frame header, ids, consumer tag. The length is filled in per message. */
export function deliveryPrefix(channel: number, consumerTag: string): Buffer {
  const tag = Buffer.from(consumerTag);
  const prefix = Buffer.alloc(12 + tag.length);
  prefix[0] = frameMethod;
  prefix.writeUInt16BE(channel, 1);
  prefix.writeUInt32BE((60 << 16) | 60, 7);
  prefix[11] = tag.length;
  tag.copy(prefix, 12);
  return prefix;
}

export function writeDelivery(
  connection: Connection,
  channel: number,
  prefix: Buffer,
  tag: number,
  message: Message,
  redelivered: boolean,
): void {
  const { output } = connection;
  const { address } = message;
  const prefixLength = prefix.length;
  const addressLength = address.length;
  const at = output.reserve(prefixLength + 10 + addressLength);
  const { buffer } = output;
  for (let i = 0; i < prefixLength; i++) buffer[at + i] = prefix[i]!;
  const payload = prefixLength + 2 + addressLength;
  buffer[at + 5] = payload >> 8;
  buffer[at + 6] = payload & 255;
  let to = at + prefixLength;
  to = writeTag(buffer, to, tag);
  buffer[to++] = redelivered ? 1 : 0;
  for (let i = 0; i < addressLength; i++) buffer[to + i] = address[i]!;
  buffer[to + addressLength] = frameEnd;
  writeContent(connection, channel, message);
}

/** basic.get-ok; `left` is how many messages still wait in the queue. */
export function writeGetOk(connection: Connection, channel: number, tag: number, entry: Entry, left: number): void {
  const message = delivered(entry);
  const { address } = message;
  const payload = Buffer.allocUnsafe(17 + address.length);
  payload.writeUInt32BE((60 << 16) | 71);
  writeTag(payload, 4, tag);
  payload[12] = entry.redelivered ? 1 : 0;
  address.copy(payload, 13);
  payload.writeUInt32BE(left, 13 + address.length);
  connection.output.frame(frameMethod, channel, payload);
  writeContent(connection, channel, message);
}

/**
 * The message as it is delivered. Where its queue counts returns, the headers of one that came back say how often it did, and how often a
 * consumer has failed with it (RabbitMQ 4).
 */
export function delivered({ message, marks }: Entry): Message {
  return marks === undefined || marks.acquired === 0 ? message : counted(message, marks);
}

function counted(message: Message, { acquired, failed }: Marks): Message {
  const { headerStart, headerEnd, address, publishedAt } = message;
  const header = message.header as Buffer;
  const headers = new Map<string, FieldValue>(peekProperty(header, headerStart, headerEnd, 'headers') ?? Table.empty);
  headers.set('x-acquired-count', { type: 'long', value: BigInt(acquired), tag: 'l' });
  headers.set('x-delivery-count', { type: 'long', value: BigInt(failed), tag: 'l' });
  const changed = editProperties(header, headerStart, headerEnd, { headers: Table.from([...headers].sort(byKey)) });
  return message.rewritten(address, changed, publishedAt);
}

/** basic.return of a mandatory message that no queue got. */
export function writeReturn(connection: Connection, channel: number, message: Message): void {
  const text = Buffer.from('NO_ROUTE');
  const payload = Buffer.allocUnsafe(7 + text.length + message.address.length);
  payload.writeUInt32BE((60 << 16) | 50);
  payload.writeUInt16BE(312, 4);
  payload[6] = text.length;
  text.copy(payload, 7);
  message.address.copy(payload, 7 + text.length);
  connection.output.frame(frameMethod, channel, payload);
  writeContent(connection, channel, message);
}

function writeTag(buffer: Buffer, at: number, tag: number): number {
  const high = Math.floor(tag / 4294967296);
  buffer[at] = high >>> 24;
  buffer[at + 1] = high >>> 16;
  buffer[at + 2] = high >>> 8;
  buffer[at + 3] = high;
  buffer[at + 4] = tag >>> 24;
  buffer[at + 5] = tag >>> 16;
  buffer[at + 6] = tag >>> 8;
  buffer[at + 7] = tag;
  return at + 8;
}

function writeContent(connection: Connection, channel: number, message: Message): void {
  const { output } = connection;
  const { headerStart, headerEnd, body, bodyStart, bodyEnd, bodyBytes } = message;
  const header = message.header as Buffer;
  const bodyMax = connection.frameMax - 8;
  if (bodyBytes > 0 && bodyBytes < sliceBytesMin && bodyBytes <= bodyMax && bodyEnd - bodyStart === bodyBytes) {
    const headerFrameBytes = headerEnd - headerStart + 8;
    const at = output.reserve(headerFrameBytes + bodyBytes + 8);
    const { buffer } = output;
    const bodyAt = at + headerFrameBytes;
    if (body === header && bodyStart === headerEnd + 8) {
      // As they were received: both frames in one piece, only the channel is another.
      buffer.set(header.subarray(headerStart - 7, bodyEnd + 1), at);
      buffer[at + 1] = channel >> 8;
      buffer[at + 2] = channel;
      buffer[bodyAt + 1] = channel >> 8;
      buffer[bodyAt + 2] = channel;
    } else {
      putFrame(buffer, at, frameHeader, channel, header, headerStart, headerEnd);
      putFrame(buffer, bodyAt, frameBody, channel, body, bodyStart, bodyEnd);
    }
  } else {
    writeFrame(output, frameHeader, channel, header, headerStart, headerEnd);
    if (bodyBytes > 0) writeBody(output, channel, message, bodyMax);
  }
  if (output.pending > outputBytesMax) connection.reading.congest();
}

function writeFrame(output: Output, type: number, channel: number, from: Buffer, start: number, end: number): void {
  const bytes = end - start;
  if (bytes < sliceBytesMin) {
    const at = output.reserve(bytes + 8);
    putFrame(output.buffer, at, type, channel, from, start, end);
    return;
  }
  const at = output.reserve(7);
  putFrameStart(output.buffer, at, type, channel, bytes);
  output.append(start === 0 && end === from.length ? from : from.subarray(start, end));
  const last = output.reserve(1);
  output.buffer[last] = frameEnd;
}

function putFrame(
  buffer: Buffer,
  at: number,
  type: number,
  channel: number,
  from: Buffer,
  start: number,
  end: number,
): void {
  const bytes = end - start;
  putFrameStart(buffer, at, type, channel, bytes);
  const to = at + 7;
  // A few bytes are copied sooner than a view of them is made.
  if (bytes > 64) buffer.set(from.subarray(start, end), to);
  else for (let i = 0; i < bytes; i++) buffer[to + i] = from[start + i]!;
  buffer[to + bytes] = frameEnd;
}

function putFrameStart(buffer: Buffer, at: number, type: number, channel: number, bytes: number): void {
  buffer[at] = type;
  buffer[at + 1] = channel >> 8;
  buffer[at + 2] = channel;
  buffer[at + 3] = bytes >>> 24;
  buffer[at + 4] = bytes >>> 16;
  buffer[at + 5] = bytes >>> 8;
  buffer[at + 6] = bytes;
}

function writeBody(output: Output, channel: number, message: Message, bodyMax: number): void {
  const { body, bodyStart, bodyEnd, rest } = message;
  if (rest === undefined && message.bodyBytes <= bodyMax) {
    writeFrame(output, frameBody, channel, body, bodyStart, bodyEnd);
    return;
  }
  const parts = [body.subarray(bodyStart, bodyEnd), ...(rest ?? [])];
  let part = 0;
  let offset = 0;
  for (let left = message.bodyBytes; left > 0; ) {
    const bytes = Math.min(left, bodyMax);
    left -= bytes;
    const at = output.reserve(7);
    putFrameStart(output.buffer, at, frameBody, channel, bytes);
    for (let open = bytes; open > 0; ) {
      const from = parts[part] as Buffer;
      const taken = Math.min(open, from.length - offset);
      output.append(from.subarray(offset, offset + taken));
      offset += taken;
      open -= taken;
      if (offset < from.length) continue;
      part++;
      offset = 0;
    }
    const last = output.reserve(1);
    output.buffer[last] = frameEnd;
  }
}

/** RabbitMQ sorts what it has added to. */
function byKey([a]: TableEntry, [b]: TableEntry): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
