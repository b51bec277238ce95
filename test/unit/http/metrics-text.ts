// Reads Prometheus' text format: what each metric is, and its lines.

/** A metric as a page has it; `labels` are those of its first line. */
export interface Metric {
  type: string;
  help?: string;
  labels?: string[];
  /** Values by their labels as they stand in the text; '' where there are none. */
  lines: Map<string, number>;
}

/** All metrics of a page by name. Lines of a histogram count to it, with what they end in before their labels. */
export function readMetrics(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const line of text.split('\n').filter(Boolean)) {
    const said = /^# (TYPE|HELP) (\S+) (.*)$/.exec(line);
    if (said !== null) {
      const [, what, name, rest] = said as unknown as [string, string, string, string];
      const metric: Metric = metrics.get(name) ?? { type: 'untyped', lines: new Map() };
      if (what === 'TYPE') metric.type = rest;
      else metric.help = rest;
      metrics.set(name, metric);
      continue;
    }
    const [, name, labels = '', value] = /^([a-z_:][a-z0-9_:]*)(\{.*\})? (\S+)$/i.exec(line) ?? fail(line);
    const metric = metrics.get(name!) ?? metrics.get(name!.replace(/_(bucket|sum|count)$/, ''));
    if (metric === undefined) fail(`${line} before its TYPE`);
    metric!.labels ??= [...labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(match => match[1]!);
    const ending = metrics.has(name!) ? '' : /_(bucket|sum|count)$/.exec(name!)![0];
    metric!.lines.set(ending + labels, Number(value === '+Inf' ? Infinity : value));
  }
  return metrics;
}

function fail(line: string): never {
  throw new Error(`not a line of metrics: ${line}`);
}
