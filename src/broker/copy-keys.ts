// The headers CC and BCC: further routing keys of a message, of which BCC is secret.
import { editProperties, peekProperty, propertyAt, propertyFlags } from '../amqp/properties.ts';
import { Table } from '../amqp/table.ts';
import { skipValue } from '../amqp/table-check.ts';
import { rewritten } from '../amqp/table-rewrite.ts';
import { preconditionFailed } from './errors.ts';

const C = 0x43;
const B = 0x42;

/** Whether a checked content header has a header CC or BCC. Reads bytes only: it is asked for every message. */
export function hasCopyKeys(header: Buffer, start: number): boolean {
  let at = propertyAt(header, start, propertyFlags.headers);
  if (at < 0) return false;
  const end = at + 4 + header.readUInt32BE(at);
  for (at += 4; at < end; ) {
    const keyBytes = header[at]!;
    const tagAt = at + 1 + keyBytes;
    const mayBe = keyBytes === 2 || (keyBytes === 3 && header[at + 1] === B);
    if (mayBe && header[tagAt - 2] === C && header[tagAt - 1] === C) return true;
    at = skipValue(header, tagAt);
  }
  return false;
}

/**
 * The routing keys in the headers CC and BCC, one character per byte. What is no long string among them counts for nothing.
 * @throws AmqpError 406 when one of the two is no array
 */
export function copyKeys(header: Buffer, start: number, end: number): string[] {
  const headers = peekProperty(header, start, end, 'headers');
  const keys: string[] = [];
  for (const name of ['CC', 'BCC']) {
    const value = headers?.get(name);
    if (value === undefined) continue;
    if (value.type !== 'array')
      throw preconditionFailed(`invalid message: {unacceptable_type_in_header,"${name}",${value.type}}`);
    for (const item of value.value) if (item.type === 'longstr') keys.push(item.value.toString('latin1'));
  }
  return keys;
}

/** The content header without its (first) header BCC; the same bytes where it has none. */
export function withoutBcc(header: Buffer, start: number, end: number): Buffer {
  const entries = [...(peekProperty(header, start, end, 'headers') ?? [])];
  const at = entries.findIndex(([key]) => key === 'BCC');
  if (at < 0) return header.subarray(start, end);
  entries.splice(at, 1);
  return editProperties(header, start, end, {
    headers: Table.from(entries.map(([key, value]) => [key, rewritten(value)])),
  });
}
