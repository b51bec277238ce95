// Payloads of method frames to methods and back, for all that is not the hot path.

import {
  type ArgumentsToEncode,
  type FieldType,
  findMethod,
  type Method,
  type MethodName,
  type MethodShape,
  methodShape,
} from './command.ts';
import { SyntaxFault, UnknownMethod } from './faults.ts';
import { Reader } from './reader.ts';
import { Table } from './table.ts';
import { bufferOf, textOf } from './text.ts';
import { Writer } from './writer.ts';

/**
 * Decodes the payload of a method frame. Byte strings and tables are views of it.
 * @throws UnknownMethod for ids that do not exist
 * @throws SyntaxFault when the arguments do not fit, are followed by more bytes, or there are no ids
 * @throws MalformedUtf8 for a short string that is no UTF-8, but not in a method with content
 * @throws TableFault for a malformed field table
 */
export function decodeMethod(bytes: Uint8Array, start = 0, end: number = bytes.length): Method {
  if (end - start < 4) throw new SyntaxFault('a method frame has at least 4 octets', bytes.subarray(start, end));
  const payload = bufferOf(bytes);
  const classId = payload.readUInt16BE(start);
  const methodId = payload.readUInt16BE(start + 2);
  const shape = findMethod(classId, methodId);
  if (shape === undefined) throw new UnknownMethod(classId, methodId);
  const raw = split(shape, payload, start + 4, end);
  const args = Object.fromEntries(
    shape.fields.map(([name, type], index) => [name, checked(type, raw[index]!, shape.hasContent)]),
  );
  return { name: shape.name, classId, methodId, args } as unknown as Method;
}

/** Encodes the payload of a method frame: ids and arguments. @throws RangeError for a short string above 255 bytes */
export function encodeMethod<N extends MethodName>(name: N, args: ArgumentsToEncode<N>): Buffer {
  const shape = methodShape(name);
  const writer = new Writer().short(shape.classId).short(shape.methodId);
  const values = args as Readonly<Record<string, unknown>>;
  for (const [field, type] of shape.fields) writeArgument(writer, type, values[field]);
  return writer.finish();
}

type Raw = number | boolean | Buffer;

/** The arguments with their lengths checked, before anything within them is: RabbitMQ tells the outer fault first. */
function split(shape: MethodShape, payload: Buffer, start: number, end: number): Raw[] {
  const reader = new Reader(payload, start, end);
  const bits = { octet: 0, left: 0 };
  try {
    const raw = shape.fields.map(([, type]) => readRaw(reader, type, bits));
    if (reader.remaining > 0) throw new SyntaxFault(`${reader.remaining} octets left over`);
    return raw;
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const message = `cannot decode the arguments of ${shape.name}: ${error.message}`;
    throw new SyntaxFault(message, payload.subarray(start, end), shape.classId, shape.methodId);
  }
}

function readRaw(reader: Reader, type: FieldType, bits: { octet: number; left: number }): Raw {
  if (type === 'bit') {
    if (bits.left === 0) {
      bits.octet = reader.octet();
      bits.left = 8;
    }
    bits.left -= 1;
    return ((bits.octet >> (7 - bits.left)) & 1) === 1;
  }
  bits.left = 0;
  switch (type) {
    case 'octet':
      return reader.octet();
    case 'short':
      return reader.short();
    case 'long':
      return reader.long();
    case 'longlong':
      return reader.tag();
    case 'shortstr':
      return reader.shortBytes();
    case 'longstr':
    case 'table':
      return reader.longstr();
  }
}

function checked(type: FieldType, raw: Raw, hasContent: boolean): unknown {
  if (type === 'table') return Table.read(raw as Buffer);
  if (type !== 'shortstr') return raw;
  return hasContent ? (raw as Buffer).toString('utf8') : textOf(raw as Buffer);
}

function writeArgument(writer: Writer, type: FieldType, value: unknown): void {
  switch (type) {
    case 'bit':
      writer.bit(value === true);
      break;
    case 'octet':
      writer.octet((value ?? 0) as number);
      break;
    case 'short':
      writer.short((value ?? 0) as number);
      break;
    case 'long':
      writer.long((value ?? 0) as number);
      break;
    case 'longlong':
      writer.longlong(value as number);
      break;
    case 'shortstr':
      writer.shortstr((value ?? '') as string | Uint8Array);
      break;
    case 'longstr':
      writer.longstr((value ?? '') as string | Uint8Array);
      break;
    case 'table':
      writer.table(value as Table);
      break;
  }
}
