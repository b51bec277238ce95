// Values of field tables printed as Erlang prints them, for the texts of RabbitMQ's errors.

import { erlangBinary } from './erlang.ts';
import type { AnyValue } from './table-value.ts';

/** A decoded field value as RabbitMQ prints it: `5`, `<<"foo">>`, `true`, `undefined`, `[{<<"k">>,longstr,<<"v">>}]`. */
export function erlangTerm(field: AnyValue): string {
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

function typed(field: AnyValue): string {
  return `${field.type},${erlangTerm(field)}`;
}

/** Erlang always writes a fraction: `1.0`, `1.0e30`. */
function erlangFloat(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  const [digits, exponent] = text.split('e') as [string, string?];
  const mantissa = digits.includes('.') ? digits : `${digits}.0`;
  return exponent === undefined ? mantissa : `${mantissa}e${exponent.replace('+', '')}`;
}
