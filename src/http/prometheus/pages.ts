// The pages of metrics, as text in pieces: between two of them everything else has its turn.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Histogram } from '../../broker/histogram.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Management } from '../management.ts';
import { totalsOf } from '../totals.ts';
import { queueBuckets } from './buckets.ts';
import { type Group, groups, oldestAgeS } from './families.ts';
import { ProcessReader } from './process-figures.ts';
import {
  alarms,
  memoryBreakdown,
  type Singles,
  singlesAfter,
  singlesBefore,
  sumsOfAll,
  type Whole,
} from './singles.ts';
import { histogramLines, labelsOf, line, metric } from './text.ts';

/** Lines of a piece, and objects that are looked at before the time is. */
const sliceLines = 250;
/** So long at most before everything else has its turn, ms. */
const sliceMs = 4;
/** Pages that are made at a time. */
const pagesMax = 4;
/** Most `vhost` and `family` parameters of a request. */
const filtersMax = 100;

/** The pages over one broker. */
export class MetricsPages {
  readonly #management: Management;
  #process: ProcessReader | undefined;
  #active = 0;

  constructor(management: Management) {
    this.#management = management;
  }

  /** The page below `/metrics`, `''` for itself; undefined where there is none, 'busy' while too many are being made. */
  page(name: string, search: URLSearchParams): AsyncIterable<string> | 'busy' | undefined {
    if (this.#active >= pagesMax) return 'busy';
    switch (name) {
      case '':
        return paced(this.#page(whole => this.#aggregated(whole)));
      case '/per-object':
        return paced(this.#page(whole => this.#perObject(whole)));
      case '/detailed':
        return paced(this.#page(whole => this.#detailed(whole, search)));
      case '/memory-breakdown':
        return paced(this.#page(whole => singles(memoryBreakdown, whole)));
      default:
        return undefined;
    }
  }

  async *#page(body: (whole: Whole) => Iterable<string>): AsyncGenerator<string> {
    const management = this.#management;
    this.#active++;
    try {
      this.#process ??= new ProcessReader(management.dataDir);
      const process = await this.#process.read();
      const { broker } = totalsOf(management.broker, management.connections);
      yield* body({ management, stats: management.broker.stats, totals: broker, process });
      yield this.#identity();
    } finally {
      this.#active--;
    }
  }

  *#aggregated(whole: Whole): Generator<string> {
    yield* singles(alarms, whole);
    for (const some of singlesBefore) yield* singles(some, whole);
    for (const group of groups) if (group.pages === 'all') yield* sums(group, whole);
    yield* singles(sumsOfAll, whole);
    for (const some of singlesAfter) yield* singles(some, whole);
    yield* this.#times(whole);
  }

  *#perObject(whole: Whole): Generator<string> {
    for (const some of singlesBefore) yield* singles(some, whole);
    for (const group of groups) if (group.pages !== 'detailed') yield* lines(group, group.prefix, whole);
    for (const some of singlesAfter) yield* singles(some, whole);
  }

  *#detailed(whole: Whole, search: URLSearchParams): Generator<string> {
    const families = new Set(search.getAll('family').slice(0, filtersMax));
    const vhosts = new Set(search.getAll('vhost').slice(0, filtersMax));
    for (const some of singlesBefore)
      if (some.family !== undefined && families.has(some.family)) yield* singles(some, whole, 'rabbitmq_detailed_');
    // The families of consumers' counts are one within the other.
    const skipped = families.has('queue_metrics') ? 'queue_consumer_count' : undefined;
    for (const group of groups) {
      if (!families.has(group.family) || group.family === skipped) continue;
      const prefix = group.prefix === 'rabbitmq_cluster_' ? group.prefix : `${group.prefix}detailed_`;
      yield* lines(group, prefix, whole, vhosts);
    }
  }

  /** Times of all queues, those that are gone as well. */
  *#times({ management }: Whole): Generator<string> {
    const { stats, vhosts } = management.broker;
    const wait = new Histogram();
    const processing = new Histogram();
    wait.add(stats.waitTimes);
    processing.add(stats.processingTimes);
    let oldestS = 0;
    let left = sliceLines;
    for (const { queues } of vhosts.values()) {
      for (const queue of queues.values()) {
        wait.add(queue.waitTimes);
        processing.add(queue.processingTimes);
        oldestS = Math.max(oldestS, oldestAgeS(queue as Queue, management) ?? 0);
        if (--left > 0) continue;
        left = sliceLines;
        yield '';
      }
    }
    const age = metric('leveret_', 'queue_oldest_message_age_seconds');
    yield age.head + line(age.name, '', oldestS);
    for (const [name, times] of [
      ['queue_wait_seconds', wait],
      ['queue_processing_seconds', processing],
    ] as const) {
      const { head, name: full } = metric('leveret_', name);
      yield head + histogramLines(full, '', queueBuckets(times));
    }
    const writes = management.journal?.writes;
    if (writes === undefined) return;
    const { head, name } = metric('leveret_', 'journal_write_seconds');
    yield head + histogramLines(name, '', { count: writes.count, sum: writes.sumS, upTo: writes.upTo() });
  }

  #identity(): string {
    const { node, clusterName, productVersion, version } = this.#management;
    const info = (prefix: string, name: string, labels: Record<string, string>): string => {
      const { head, name: full } = metric(prefix, name);
      return head + line(full, labelsOf(labels), 1);
    };
    return (
      info('rabbitmq_', 'build_info', {
        rabbitmq_version: productVersion,
        prometheus_plugin_version: productVersion,
        prometheus_client_version: '',
        erlang_version: '',
      }) +
      info('rabbitmq_', 'identity_info', {
        rabbitmq_node: node,
        rabbitmq_cluster: clusterName,
        rabbitmq_cluster_permanent_id: clusterName,
      }) +
      info('leveret_', 'build_info', { version, node_version: process.version })
    );
  }
}

/** Lets everything else have its turn whenever the pieces have taken a few ms. */
async function* paced(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let until = performance.now() + sliceMs;
  for await (const piece of pieces) {
    if (piece !== '') yield piece;
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + sliceMs;
  }
}

function* singles({ prefix, values }: Singles, whole: Whole, shown: string = prefix): Generator<string> {
  let text = '';
  for (const [name, value] of Object.entries(values)) {
    const { head, name: full } = metric(shown, name);
    text += head;
    if (typeof value === 'function') text += line(full, '', value(whole));
    else for (const [labels, reading] of value) text += line(full, labelsOf(labels), reading(whole));
  }
  yield text;
}

/** Each metric of a group, summed over all objects. */
function* sums(group: Group<unknown>, { management }: Whole): Generator<string> {
  const values = Object.values(group.values);
  const sum = values.map(() => 0);
  let left = sliceLines;
  for (const object of group.objects(management)) {
    for (let i = 0; i < values.length; i++) sum[i]! += values[i]!(object, management) ?? 0;
    if (--left > 0) continue;
    left = sliceLines;
    yield '';
  }
  let text = '';
  for (const [i, name] of Object.keys(group.values).entries()) {
    const { head, name: full } = metric(group.prefix, name);
    text += head + line(full, '', sum[i]!);
  }
  yield text;
}

/** Each metric of a group, a line for each object, of some vhosts or all. */
function* lines(group: Group<unknown>, prefix: string, { management }: Whole, vhosts?: Set<string>): Generator<string> {
  const objects: unknown[] = [];
  const labels: string[] = [];
  for (const object of group.objects(management)) {
    if (vhosts !== undefined && vhosts.size > 0 && !vhosts.has(group.vhost(object) ?? '')) continue;
    objects.push(object);
    labels.push(labelsOf(group.labels(object)));
    if (objects.length % sliceLines === 0) yield '';
  }
  for (const [name, value] of Object.entries(group.values)) {
    const { head, name: full } = metric(prefix, name);
    let text = head;
    for (let i = 0; i < objects.length; i++) {
      const reading = value(objects[i], management);
      if (reading !== undefined) text += line(full, labels[i]!, reading);
      if (i % sliceLines !== 0) continue;
      yield text;
      text = '';
    }
    yield text;
  }
  for (const [name, buckets] of Object.entries(group.histograms ?? {})) {
    const { head, name: full } = metric(prefix, name);
    yield head;
    for (let i = 0; i < objects.length; i++) {
      const values = buckets(objects[i]);
      yield values === undefined ? '' : histogramLines(full, labels[i]!, values);
    }
  }
}
