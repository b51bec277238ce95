// Prometheus' text format, version 0.0.4: lines of metrics, made in pieces.
import { leveretMetrics, rabbitmqMetrics } from './names.ts';

/** The content type of the format. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric's full name, and the lines that say what it is. */
export interface Metric {
  readonly name: string;
  readonly head: string;
}

/** Values in buckets, as Prometheus wants them: how many are not above each bound. */
export interface Buckets {
  readonly count: number;
  readonly sum: number;
  readonly upTo: readonly (readonly [bound: number, count: number])[];
}

/** A metric of `names.ts` behind a prefix: RabbitMQ's behind `rabbitmq_` and what begins so, Leveret's behind `leveret_`. */
export function metric(prefix: string, name: string): Metric {
  const description = (prefix.startsWith('rabbitmq_') ? rabbitmqMetrics : leveretMetrics)[name];
  if (description === undefined) throw new Error(`there is no metric ${prefix}${name}`);
  const [type, help] = description;
  const full = prefix + name;
  return { name: full, head: `# TYPE ${full} ${type}\n# HELP ${full} ${help}\n` };
}

/** One line. `labels` as `labelsOf` makes them. */
export function line(name: string, labels: string, value: number): string {
  return `${name}${labels} ${textOf(value)}\n`;
}

/** The lines of a histogram. */
export function histogramLines(name: string, labels: string, { count, sum, upTo }: Buckets): string {
  const within = labels === '' ? '{le="' : `${labels.slice(0, -1)},le="`;
  let text = '';
  for (const [bound, below] of upTo) text += `${name}_bucket${within}${textOf(bound)}"} ${below}\n`;
  return `${text}${name}_bucket${within}+Inf"} ${count}\n${name}_count${labels} ${count}\n${line(`${name}_sum`, labels, sum)}`;
}

/** `{name="value",...}`; nothing without labels. */
export function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function textOf(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}
