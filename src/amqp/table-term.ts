// Values of field tables printed as Erlang prints them, for the texts of RabbitMQ's errors.

import { erlangBinary } from './erlang.ts';
import type { Plain } from './table-plain.ts';
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

/** Always with a fraction, and in the shorter one of both forms: `1.0`, `1000.0`, `1.0e5`. */
function erlangFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa, exponent] = Math.abs(value).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  // The value is 0.DIGITS times ten to the power of `place`.
  const place = Number(exponent) + 1;
  if (place > 0 && place < digits.length) return `${sign}${digits.slice(0, place)}.${digits.slice(place)}`;
  const scientific = `${digits[0]}.${digits.slice(1) || '0'}e${place - 1}`;
  const zeros = '0'.repeat(place <= 0 ? -place : place - digits.length);
  const plain = place <= 0 ? `0.${zeros}${digits}` : `${digits}${zeros}.0`;
  const isPlain = plain.length <= scientific.length && Math.abs(value) < 2 ** 53;
  return sign + (isPlain ? plain : scientific);
}

/** A value of JSON as RabbitMQ prints it: `5`, `<<"foo">>`, `null`, `[1,2]`, `#{<<"a">> => 1}`. What lies deeper than 20 is left out. */
export function erlangPlain(value: Plain, depth = 0): string {
  if (typeof value === 'string') return erlangBinary(Buffer.from(value));
  if (typeof value === 'number' && !Number.isInteger(value)) return erlangFloat(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (depth === 20) return '...';
  const print = (each: Plain): string => erlangPlain(each, depth + 1);
  if (Array.isArray(value)) return `[${value.map(print).join(',')}]`;
  const pairs = Object.entries(value as Readonly<Record<string, Plain>>);
  return `#{${pairs.map(([key, each]) => `${print(key)} => ${print(each)}`).join(',')}}`;
}
