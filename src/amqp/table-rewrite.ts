// What RabbitMQ makes of values when it writes a table that it has decoded.
import { type FieldValue, Table } from './table.ts';

/** The same value, but for the tag `L`, which becomes `l` (RabbitMQ behaviour). */
export function rewritten(field: FieldValue): FieldValue {
  if (field.type === 'long') return { type: 'long', value: field.value, tag: 'l' };
  if (field.type === 'array') return { type: 'array', value: field.value.map(rewritten) };
  if (field.type === 'table')
    return { type: 'table', value: Table.from([...field.value].map(([key, value]) => [key, rewritten(value)])) };
  return field;
}
