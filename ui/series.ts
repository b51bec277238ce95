// RabbitMQ's samples as lines of a chart: lengths as they are, counters as rates.

/** One value of a history; RabbitMQ gives the newest first. */
export interface Sample {
  readonly sample: number;
  /** Milliseconds. */
  readonly timestamp: number;
}

/** What stands beside a number under `NAME_details`. */
export interface Details {
  readonly rate?: number;
  readonly samples?: readonly Sample[];
  readonly avg_rate?: number;
}

/** A line: times in seconds, ascending, and a value for each, null where it is not known. */
export interface Line {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Periods that a chart may cover, each with the age and the step to ask for, in seconds. */
export const RANGES: readonly { id: string; label: string; ageS: number; stepS: number }[] = [
  // While nobody looks the broker samples each 5 s, so finer steps would show teeth.
  { id: '1m', label: '1 min', ageS: 60, stepS: 5 },
  { id: '10m', label: '10 min', ageS: 600, stepS: 5 },
  { id: '1h', label: '1 h', ageS: 3600, stepS: 60 },
  { id: '8h', label: '8 h', ageS: 28_800, stepS: 300 },
  { id: '24h', label: '24 h', ageS: 86_400, stepS: 900 },
];

/** A length over time. */
export function lengths(details: Details | undefined): Line {
  const samples = ascending(details);
  return { times: samples.map(seconds), values: samples.map(({ sample }) => sample) };
}

/** What was counted in each step, a second. A counter that fell was begun anew: nothing is known of that step. */
export function rates(details: Details | undefined): Line {
  const samples = ascending(details);
  const values = samples.slice(1).map((sample, index) => {
    const before = samples[index] as Sample;
    const ms = sample.timestamp - before.timestamp;
    const counted = sample.sample - before.sample;
    return ms <= 0 || counted < 0 ? null : (counted * 1000) / ms;
  });
  return { times: samples.slice(1).map(seconds), values };
}

/** Several lines over one row of times, as a chart wants them. */
export function align(lines: readonly Line[]): { times: number[]; values: (number | null)[][] } {
  const times = [...new Set(lines.flatMap(line => line.times))].sort((a, b) => a - b);
  const values = lines.map(line => {
    const at = new Map(line.times.map((time, index) => [time, line.values[index] ?? null]));
    return times.map(time => at.get(time) ?? null);
  });
  return { times, values };
}

function ascending(details: Details | undefined): Sample[] {
  return [...(details?.samples ?? [])].sort((a, b) => a.timestamp - b.timestamp);
}

function seconds({ timestamp }: Sample): number {
  return timestamp / 1000;
}
