// Rates out of the API's counters.
import type { Details } from './series.ts';
import type { Counters } from './types.ts';

/** How fast a counter rises, a second; undefined where nothing was counted yet. */
export function rateOf(stats: Counters | undefined, counter: string): number | undefined {
  return detailsOf(stats, counter)?.rate;
}

/** What stands beside a counter. */
export function detailsOf(stats: Counters | undefined, counter: string): Details | undefined {
  return stats?.[`${counter}_details`];
}

/** A counter's value. */
export function totalOf(stats: Counters | undefined, counter: string): number | undefined {
  const value = stats?.[counter];
  return typeof value === 'number' ? value : undefined;
}

/** An AMQP table in one line: `x-match = all, n = 1`. */
export function tableText(table: Readonly<Record<string, unknown>> | undefined): string {
  return Object.entries(table ?? {})
    .map(([name, value]) => `${name} = ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}

/** The default exchange has no name. */
export function exchangeName(name: string): string {
  return name === '' ? '(default)' : name;
}
