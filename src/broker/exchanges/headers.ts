// The headers exchange: a binding's arguments are compared with the message's headers.

import { equalValues, type Table, type TableEntry } from '../../amqp/table.ts';
import { erlangTerm } from '../../amqp/table-term.ts';
import type { Binding, ExchangeType } from '../binding.ts';
import type { Routed } from '../routed.ts';

/** A binding's arguments made ready to be compared. */
interface Pattern {
  /** One match is enough; otherwise all must match. */
  readonly any: boolean;
  /** The arguments that count, sorted by key. */
  readonly entries: readonly TableEntry[];
}

export class HeadersExchange<D> implements ExchangeType<D> {
  readonly name = 'headers';
  readonly byKey = false;
  readonly #patterns = new Map<Binding<D>, Pattern>();

  add(binding: Binding<D>): void {
    this.#patterns.set(binding, patternOf(binding.arguments));
  }

  remove(binding: Binding<D>): void {
    this.#patterns.delete(binding);
  }

  route(message: Routed, found: (destination: D) => void): void {
    if (this.#patterns.size === 0) return;
    const { headers } = message;
    const data = headers === undefined ? [] : sorted(headers);
    for (const [binding, pattern] of this.#patterns) if (matches(pattern, data)) found(binding.destination);
  }

  validate(_routingKey: string, args: Table): string | undefined {
    const match = args.get('x-match');
    if (match === undefined) return undefined;
    // Printed byte by byte; as a text the bytes are UTF-8 again.
    const term = Buffer.from(erlangTerm(match), 'latin1').toString();
    if (match.type !== 'longstr') return `Invalid x-match field type ${match.type} (value ${term}); expected longstr`;
    if (['all', 'any', 'all-with-x', 'any-with-x'].includes(match.value.toString('latin1'))) return undefined;
    return `Invalid x-match field value ${term}; expected all, any, all-with-x, or any-with-x`;
  }
}

function patternOf(args: Table): Pattern {
  const match = args.get('x-match');
  const kind = match?.type === 'longstr' ? match.value.toString('latin1') : 'all';
  const withX = kind.endsWith('-with-x');
  return {
    any: kind.startsWith('any'),
    entries: sorted(args).filter(([key]) => key !== 'x-match' && (withX || !key.startsWith('x-'))),
  };
}

/** Sorted by key; duplicates keep their order. */
function sorted(table: Table): readonly TableEntry[] {
  return [...table].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/**
 * Walks both sorted lists as RabbitMQ does. A key that both have pairs once: of duplicate keys the first goes with the
 * first, the second with the second.
 */
function matches({ any, entries }: Pattern, data: readonly TableEntry[]): boolean {
  let next = 0;
  for (const [key, wanted] of entries) {
    while (next < data.length && data[next]![0] < key) next += 1;
    const isThere = next < data.length && data[next]![0] === key;
    // A void argument asks only for the presence of the key.
    const isMatch = isThere && (wanted.type === 'void' || equalValues(wanted, data[next]![1]));
    if (isThere) next += 1;
    if (isMatch === any) return any;
  }
  return !any;
}
