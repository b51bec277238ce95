// Workers of a queue: its consumers, and who took messages by basic.get, each with the tasks in hand.
import type { Consumer } from '../../broker/consumer.ts';
import { deliveriesOf } from '../../broker/deliveries.ts';
import type { Entry } from '../../broker/entry.ts';
import type { Histogram } from '../../broker/histogram.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Unsettled } from '../../broker/unsettled.ts';
import type { Channel } from '../../session/channel.ts';
import type { Connection } from '../../session/connection.ts';
import { channelName } from './channel.ts';
import { givenName } from './connection.ts';
import { exchangeAndKey } from './message.ts';

/** Tasks of one worker that are shown; all are counted. */
const tasksMax = 100;

interface Tasks {
  count: number;
  readonly shown: object[];
}

/** The channel that has these deliveries; undefined where an operator took them. */
export function channelOf({ channel }: Unsettled): Channel | undefined {
  return 'connection' in channel ? (channel as Channel) : undefined;
}

/** Percentiles in ms; null before the first value. */
export function percentiles(histogram: Histogram): object | null {
  if (histogram.count === 0) return null;
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map(p => histogram.percentile(p));
  return { p50, p95, p99, count: histogram.count };
}

/** Takes time in proportion to what all channels have unsettled. */
export function workersView(queue: Queue): object[] {
  const tasks = new Map<Consumer | Channel, Tasks>();
  for (const { unsettled, tag } of deliveriesOf(queue)) {
    const entry = unsettled.get(tag);
    const owner = entry?.consumer ?? channelOf(unsettled);
    if (entry === undefined || owner === undefined) continue;
    const own = tasks.get(owner) ?? { count: 0, shown: [] };
    tasks.set(owner, own);
    own.count++;
    if (own.shown.length < tasksMax) own.shown.push(taskView(tag, entry));
  }
  const workers: object[] = [];
  // One that was cancelled may still have tasks.
  const consumers = new Set(queue.consumers);
  for (const owner of tasks.keys()) if ('queue' in owner) consumers.add(owner);
  for (const consumer of consumers) {
    workers.push(workerView(consumer.channel as Channel, consumer, tasks.get(consumer)));
  }
  for (const [owner, own] of tasks) if (!('queue' in owner)) workers.push(workerView(owner, undefined, own));
  return workers;
}

function workerView(channel: Channel, consumer: Consumer | undefined, tasks: Tasks | undefined): object {
  const { connection } = channel;
  return {
    consumer_tag: consumer?.tag ?? '',
    channel: channelName(channel),
    ...connectionDetails(connection),
    user: channel.user.name,
    client: clientOf(connection),
    ack_required: consumer === undefined || !consumer.noAck,
    active: consumer !== undefined && !consumer.cancelled,
    prefetch_count: consumer?.prefetch ?? 0,
    delivered: consumer?.stats.delivered ?? 0,
    acked: consumer?.stats.acked ?? 0,
    task_count: tasks?.count ?? 0,
    tasks: tasks?.shown ?? [],
    processing_ms: consumer === undefined ? null : percentiles(consumer.processingTimes),
  };
}

/** Where a worker is. */
function connectionDetails(connection: Connection): object {
  return {
    connection_name: connection.name,
    user_provided_name: givenName(connection) ?? null,
    peer_host: connection.peer.host,
    peer_port: connection.peer.port,
  };
}

/** The client's own words for itself: product and version. */
function clientOf({ clientProperties }: Connection): string {
  return ['product', 'version']
    .map(key => {
      const value = clientProperties.get(key);
      return value?.type === 'longstr' ? Buffer.from(value.value).toString() : '';
    })
    .join(' ')
    .trim();
}

/** The exchange and key of one whose content is paged out stay on the disk: null. */
function taskView(tag: number, { sequence, deliveredAt, redelivered, message }: Entry): object {
  const { exchange, routingKey } = message.loaded ? exchangeAndKey(message) : { exchange: null, routingKey: null };
  return {
    delivery_tag: tag,
    sequence,
    delivered_at: deliveredAt,
    redelivered,
    exchange,
    routing_key: routingKey,
    body_bytes: message.bodyBytes,
  };
}
