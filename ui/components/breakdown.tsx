// A table of counters, each row for one other end: an exchange, a queue or a channel.
import type { JSX } from 'preact';
import { exact, rate } from '../format.ts';
import { rateOf, totalOf } from '../stats.ts';
import type { Counters } from '../types.ts';
import { Section } from './parts.tsx';
import { type Column, Table } from './table.tsx';

/** What was counted with one other end. */
export interface Counted {
  readonly name: string;
  readonly href: string;
  readonly stats: Counters;
}

interface BreakdownProps {
  readonly title: string;
  /** What the other ends are. */
  readonly end: string;
  readonly rows: readonly Counted[];
  /** Names of counters with what they are called. */
  readonly counters: readonly (readonly [counter: string, title: string])[];
}

/** Nothing at all where nothing was counted. */
export function Breakdown({ title, end, rows, counters }: BreakdownProps): JSX.Element | null {
  if (rows.length === 0) return null;
  const columns: Column<Counted>[] = [
    { id: 'name', title: end, cell: row => <a href={row.href}>{row.name}</a> },
    ...counters.flatMap(([counter, called]): Column<Counted>[] => [
      { id: counter, title: called, number: true, cell: row => exact(totalOf(row.stats, counter)) },
      { id: `${counter}-rate`, title: 'Rate', number: true, cell: row => rate(rateOf(row.stats, counter)) },
    ]),
  ];
  return (
    <Section title={title}>
      <Table label={title} rows={rows} keyOf={row => row.name} columns={columns} />
    </Section>
  );
}
