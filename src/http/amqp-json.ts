// JSON to AMQP and back: tables of arguments and headers, message properties, payloads.
import type { Properties } from '../amqp/properties.ts';
import { bool, type FieldValue, longstr, Table, type TableEntry, tableToPlain } from '../amqp/table.ts';
import { badRequest } from './errors.ts';

/** What JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Tables within tables that are taken, levels. */
const nestingMax = 64;
const keyBytesMax = 255;

/** The table of a JSON object: whole numbers are `long`, others `double`, as RabbitMQ takes them. @throws HttpError 400 */
export function tableOf(object: { readonly [key: string]: Json }): Table {
  return table(object, 0);
}

/** A table as JSON. */
export function jsonOf(from: Table): ReturnType<typeof tableToPlain> {
  return tableToPlain(from);
}

function table(object: { readonly [key: string]: Json }, depth: number): Table {
  if (depth > nestingMax) throw badRequest(`tables are nested more than ${nestingMax} levels deep`);
  const entries = Object.entries(object).map(([key, value]): TableEntry => {
    if (Buffer.byteLength(key) > keyBytesMax)
      throw badRequest(`a key is longer than ${keyBytesMax} bytes: ${key.slice(0, 40)}...`);
    return [key, field(value, depth)];
  });
  return Table.from(entries);
}

function field(value: Json, depth: number): FieldValue {
  if (depth > nestingMax) throw badRequest(`arrays are nested more than ${nestingMax} levels deep`);
  if (typeof value === 'string') return longstr(value);
  if (typeof value === 'boolean') return bool(value);
  if (typeof value === 'number') return number(value);
  if (value === null) throw badRequest('null_not_allowed');
  if (isArray(value)) return { type: 'array', value: value.map(item => field(item, depth + 1)) };
  return { type: 'table', value: table(value, depth + 1) };
}

function number(value: number): FieldValue {
  const whole = Number.isInteger(value) && Math.abs(value) < 2 ** 63;
  return whole ? { type: 'long', value: BigInt(value), tag: 'l' } : { type: 'double', value };
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Properties under AMQP's names, as JSON. */
export interface JsonProperties {
  readonly content_type?: string | undefined;
  readonly content_encoding?: string | undefined;
  readonly headers?: { readonly [key: string]: Json } | undefined;
  readonly delivery_mode?: number | undefined;
  readonly priority?: number | undefined;
  readonly correlation_id?: string | undefined;
  readonly reply_to?: string | undefined;
  readonly expiration?: string | undefined;
  readonly message_id?: string | undefined;
  readonly timestamp?: number | undefined;
  readonly type?: string | undefined;
  readonly user_id?: string | undefined;
  readonly app_id?: string | undefined;
  readonly cluster_id?: string | undefined;
}

export function propertiesOf(json: JsonProperties): Properties {
  const all: Properties = {
    contentType: json.content_type,
    contentEncoding: json.content_encoding,
    headers: json.headers && tableOf(json.headers),
    deliveryMode: json.delivery_mode,
    priority: json.priority,
    correlationId: json.correlation_id,
    replyTo: json.reply_to,
    expiration: json.expiration,
    messageId: json.message_id,
    timestamp: json.timestamp === undefined ? undefined : BigInt(json.timestamp),
    type: json.type,
    userId: json.user_id,
    appId: json.app_id,
    clusterId: json.cluster_id,
  } as Properties;
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Properties under AMQP's names; those that were not sent are left out. */
export function jsonOfProperties(properties: Properties): object {
  const { timestamp, headers } = properties;
  const all = {
    cluster_id: properties.clusterId,
    app_id: properties.appId,
    user_id: properties.userId,
    type: properties.type,
    timestamp: timestamp === undefined ? undefined : Number(timestamp),
    message_id: properties.messageId,
    expiration: properties.expiration,
    reply_to: properties.replyTo,
    correlation_id: properties.correlationId,
    priority: properties.priority,
    delivery_mode: properties.deliveryMode,
    headers: headers && jsonOf(headers),
    content_encoding: properties.contentEncoding,
    content_type: properties.contentType,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** How a payload stands in JSON. */
export type PayloadEncoding = 'string' | 'base64';

/** The bytes of a payload. @throws HttpError 400 */
export function bytesOfPayload(payload: string, encoding: PayloadEncoding): Buffer {
  if (encoding === 'string') return Buffer.from(payload);
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(payload)) throw badRequest('payload: this is not base64');
  return Buffer.from(payload, 'base64');
}

/** A payload as text where it is UTF-8, otherwise (or where base64 is wanted) as base64. */
export function payloadOf(
  body: Buffer,
  wanted: 'auto' | 'base64',
): { payload: string; payload_encoding: PayloadEncoding } {
  if (wanted === 'auto') {
    try {
      return {
        payload: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body),
        payload_encoding: 'string',
      };
    } catch {
      // It is bytes.
    }
  }
  return { payload: body.toString('base64'), payload_encoding: 'base64' };
}
