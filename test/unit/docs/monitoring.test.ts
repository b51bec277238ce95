// The dashboard, the alert rules and the page on monitoring name only metrics that a broker has.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../../src/index.ts';
import { readMetrics } from '../http/metrics-text.ts';

const families = ['queue_coarse_metrics', 'queue_consumer_count', 'queue_time_metrics'];
const pages = ['', '/per-object', '/memory-breakdown', `/detailed?${families.map(name => `family=${name}`).join('&')}`];
/** Labels, and beginnings of names. */
const others = /^rabbitmq_(cluster|node)$|^(rabbitmq|leveret)_(detailed_|cluster_)?$/;

const has = new Set<string>();
const dataDir = mkdtempSync(join(tmpdir(), 'leveret-monitoring-'));
let broker: EmbeddedBroker;

beforeAll(async () => {
  broker = await startBroker({ prometheusPort: 0, dataDir });
  for (const page of pages) {
    const text = await (await fetch(`http://127.0.0.1:${broker.prometheus!.port}/metrics${page}`)).text();
    for (const [name, { type }] of readMetrics(text)) {
      has.add(name);
      if (type === 'histogram') has.add(`${name}_bucket`);
    }
  }
});
afterAll(async () => {
  await broker.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it.each(['grafana/leveret-overview.json', 'prometheus-alerts.yml', 'monitoring.md'])('docs/%s', file => {
  const text = readFileSync(`docs/${file}`, 'utf8');
  const names = new Set(text.match(/\b(rabbitmq|leveret)_[a-z0-9_]+/g)?.filter(name => !others.test(name)));
  expect(names.size).toBeGreaterThan(10);
  expect([...names].filter(name => !has.has(name))).toEqual([]);
});

it('every panel of the dashboard asks for something, of the cluster that is chosen', () => {
  const { panels } = JSON.parse(readFileSync('docs/grafana/leveret-overview.json', 'utf8')) as {
    panels: { type: string; title: string; targets?: { expr: string }[] }[];
  };
  const asking = panels.filter(({ type }) => type !== 'row');
  expect(asking.length).toBeGreaterThan(20);
  for (const { title, targets = [] } of asking) {
    expect(targets, title).not.toEqual([]);
    for (const { expr } of targets) expect(expr, title).toContain('rabbitmq_cluster="$rabbitmq_cluster"');
  }
});
