// The results: collected per scenario and broker, shown as medians with the quotient against RabbitMQ.
import os from 'node:os';
import type { Figure, Scenario, Values } from './scenario.ts';

/** The broker the others are divided by. */
export const peerName = 'rabbitmq';

const labelWidth = 40;
const cellWidth = 14;

/** All that was measured of one scenario, by broker. */
export interface Result {
  scenario: string;
  title: string;
  runs: Record<string, Values[]>;
  failures: string[];
}

/** The middle value, or the mean of the two middle ones; NaN of none. Values that are not numbers do not count. */
export function median(values: readonly number[]): number {
  const sorted = values.filter(value => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A number for a table: 2,101,332, 12.3, 0.87, or a dash when there is none. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The table's head. */
export function heading(brokers: readonly string[]): string {
  const quotients = quotientsOf(brokers).map(name => `${name}/${peerName}`);
  return row('(↑ more is better, ↓ less is better)', [...brokers, ...quotients]);
}

/** A scenario's lines: its title, then a line for each figure. */
export function section({ name, title, figures }: Scenario, result: Result, brokers: readonly string[]): string {
  const lines = figures.map(figure => figureLine(figure, result, brokers));
  const bound = brokers.filter(name => median(column(result, name, 'generatorBusy')) > 0.9);
  const notes = bound.map(name => `  the load generator's core was busy: ${name} may be faster than this`);
  return [`${name.padEnd(11)}${title}`, ...lines, ...notes, ''].join('\n');
}

/** Which machine the figures are of. */
export function machineLine(pinned: boolean): string {
  const model = os.cpus()[0]?.model.trim() ?? 'unknown processor';
  const cores = pinned ? 'brokers on core 0, load on core 1' : 'not pinned: figures vary more';
  return `${model}, ${os.availableParallelism()} cores (${cores}), Node ${process.versions.node}, ${os.type()} ${os.release()}`;
}

function figureLine({ key, label, better }: Figure, result: Result, brokers: readonly string[]): string {
  const medians = new Map(brokers.map(name => [name, median(column(result, name, key))]));
  const peer = medians.get(peerName) ?? Number.NaN;
  const quotients = quotientsOf(brokers).map(name => {
    const quotient = medians.get(name)! / peer;
    return Number.isFinite(quotient) ? `${shown(quotient)}x` : '-';
  });
  return row(`  ${label} ${better === 'more' ? '↑' : '↓'}`, [...[...medians.values()].map(shown), ...quotients]);
}

function column(result: Result, broker: string, key: string): number[] {
  return (result.runs[broker] ?? []).map(values => values[key] ?? Number.NaN);
}

function quotientsOf(brokers: readonly string[]): string[] {
  return brokers.includes(peerName) ? brokers.filter(name => name !== peerName) : [];
}

function row(label: string, cells: readonly string[]): string {
  return label.padEnd(labelWidth) + cells.map(cell => cell.padStart(Math.max(cellWidth, cell.length + 2))).join('');
}
