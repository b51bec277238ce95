// Field tables and their values as JSON shows them.

import type { AnyValue } from './table-value.ts';

/** What JSON can say. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * The value for a JSON view: text as UTF-8 (base64 where it is none), integers above 2^53 as decimal strings, decimals as
 * numbers. Not meant to be read back.
 */
export function toPlain(field: AnyValue): Plain {
  switch (field.type) {
    case 'longstr':
    case 'binary':
      return plainBytes(field.value);
    case 'long':
    case 'timestamp':
      return plainInteger(field.value);
    case 'decimal':
      return field.value.unscaled / 10 ** field.value.scale;
    case 'table':
      return tableToPlain(field.value);
    case 'array':
      return field.value.map(toPlain);
    default:
      return field.value;
  }
}

/** The table as an object for a JSON view; of duplicate keys the first counts. */
export function tableToPlain(table: Iterable<readonly [key: string, value: AnyValue]>): {
  readonly [key: string]: Plain;
} {
  const plain = new Map<string, Plain>();
  for (const [key, value] of table) if (!plain.has(key)) plain.set(key, toPlain(value));
  return Object.fromEntries(plain);
}

function plainInteger(value: bigint): Plain {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function plainBytes(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  const isText = !text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(bytes);
  return isText ? text : bytes.toString('base64');
}
