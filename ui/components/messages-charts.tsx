// The two charts that overview, queues and channels share: how much waits, and how fast messages move.
import type { JSX } from 'preact';
import { type Line, lengths, rates } from '../series.ts';
import { detailsOf } from '../stats.ts';
import type { Counters, Overview } from '../types.ts';
import { Chart, type Series } from './chart.tsx';
import { range } from './parts.tsx';

const DASHED = [6, 3];
const DOTTED = [2, 3];

/** Ready, unacked and all messages over time. */
export function LengthsChart({ totals }: { totals: Overview['queue_totals'] }): JSX.Element {
  const series: Series[] = [
    { label: 'Ready', colour: 'ready', line: lengths(totals?.messages_ready_details) },
    { label: 'Unacked', colour: 'unacked', line: lengths(totals?.messages_unacknowledged_details), dash: DASHED },
    { label: 'Total', colour: 'muted', line: lengths(totals?.messages_details), dash: DOTTED },
  ];
  return <Chart title="Messages waiting" unit="count" series={series} rangeS={range().ageS} />;
}

/** What the lines of a chart of rates are called, with the counter and the colour of each. */
const counters: readonly (readonly [
  label: string,
  counter: string,
  colour: string,
  dash?: readonly number[],
  rare?: boolean,
])[] = [
  ['Publish', 'publish', 'in'],
  ['Confirm', 'confirm', 'in', DASHED, true],
  ['Deliver', 'deliver', 'out'],
  ['Deliver, no ack', 'deliver_no_ack', 'out', DOTTED, true],
  ['Get', 'get', 'accent', undefined, true],
  ['Get, no ack', 'get_no_ack', 'accent', DOTTED, true],
  ['Acknowledge', 'ack', 'ready', DASHED],
  ['Redelivered', 'redeliver', 'dead', undefined, true],
  ['Returned', 'return_unroutable', 'dead', DASHED, true],
  ['Dropped', 'drop_unroutable', 'dead', DOTTED, true],
];

/** Rates over time. Kinds that are rare have a line only when there was one. */
export function RatesChart({
  stats,
  title = 'Message rates',
}: {
  stats: Counters | undefined;
  title?: string;
}): JSX.Element {
  const series = counters
    .map(([label, counter, colour, dash, rare]) => ({
      label,
      colour,
      dash,
      rare,
      line: rates(detailsOf(stats, counter)),
    }))
    .filter(({ rare, line }) => !rare || some(line));
  return <Chart title={title} unit="rate" series={series} rangeS={range().ageS} />;
}

function some({ values }: Line): boolean {
  return values.some(value => value !== null && value > 0);
}
