// Bytes and terms printed as Erlang prints them, for the texts of RabbitMQ's errors.

import type { FieldValue } from './table.ts';

/** Erlang's escapes in a printed string. */
const escapes: ReadonlyMap<number, string> = new Map([
  [8, '\\b'],
  [9, '\\t'],
  [10, '\\n'],
  [11, '\\v'],
  [12, '\\f'],
  [13, '\\r'],
  [27, '\\e'],
  [34, '\\"'],
  [92, '\\\\'],
]);

function isPrintable(byte: number): boolean {
  return (byte >= 32 && byte <= 126) || byte >= 160 || escapes.has(byte);
}

/** `<<0,20,0,10>>`: Erlang's `~w`. Used by `cannot decode`. */
export function erlangOctets(bytes: Uint8Array): string {
  return `<<${bytes.join(',')}>>`;
}

/**
 * `<<"abc">>` when all bytes are printable Latin-1, else `<<0,20,0,10>>`: Erlang's `~p` on one line.
 * The result is a byte string: one char is one byte of the reply text.
 */
export function erlangBinary(bytes: Uint8Array): string {
  if (bytes.length === 0 || !bytes.every(isPrintable)) return erlangOctets(bytes);
  return `<<"${Array.from(bytes, byte => escapes.get(byte) ?? String.fromCharCode(byte)).join('')}">>`;
}

/** `all octets = <<"abc">>` or `first 16 octets = <<...>>`: how RabbitMQ shows a frame's payload. A byte string. */
export function octetsSnippet(payload: Uint8Array): string {
  const all = payload.length <= 16;
  return `${all ? 'all' : 'first 16'} octets = ${erlangBinary(all ? payload : payload.subarray(0, 16))}`;
}

/** A decoded field value as RabbitMQ prints it: `5`, `<<"foo">>`, `true`, `undefined`, `[{<<"k">>,longstr,<<"v">>}]`. */
export function erlangTerm(field: FieldValue): string {
  switch (field.type) {
    case 'longstr':
    case 'binary':
      return erlangBinary(field.value);
    case 'float':
    case 'double':
      return erlangFloat(field.value);
    case 'decimal':
      return `{${field.value.scale},${field.value.unscaled}}`;
    case 'void':
      return 'undefined';
    case 'table':
      return `[${Array.from(field.value, ([key, value]) => `{${erlangBinary(Buffer.from(key))},${typed(value)}}`).join(',')}]`;
    case 'array':
      return `[${field.value.map(value => `{${typed(value)}}`).join(',')}]`;
    default:
      return String(field.value);
  }
}

function typed(field: FieldValue): string {
  return `${field.type},${erlangTerm(field)}`;
}

/** Erlang always writes a fraction: `1.0`, `1.0e30`. */
function erlangFloat(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  const [digits, exponent] = text.split('e') as [string, string?];
  const mantissa = digits.includes('.') ? digits : `${digits}.0`;
  return exponent === undefined ? mantissa : `${mantissa}e${exponent.replace('+', '')}`;
}
