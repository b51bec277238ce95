// What needs somebody's attention, the worst first.
import { age, count, duration, plural, rate, sentence } from './format.ts';
import type { Alarm, ConnectionInfo, Overview, Queue } from './types.ts';

/** Something that is not as it should be, and the place where more is to be seen. */
export interface Trouble {
  readonly text: string;
  readonly path: readonly string[];
  /** Higher is worse. */
  readonly weight: number;
}

/** What is looked at. */
export interface Looked {
  readonly overview: Overview;
  readonly queues: readonly Queue[];
  readonly connections: readonly ConnectionInfo[];
  readonly alarms: readonly Alarm[];
}

/** From this age on a message at the head of a queue is old. */
const OLD_MS = 5 * 60_000;
/** From this many messages and this rate on a queue is said to grow. */
const GROWING_MESSAGES = 100;
const GROWING_RATE = 1;

/** All troubles, the worst first. */
export function troubles({ overview, queues, connections, alarms }: Looked): Trouble[] {
  const found: Trouble[] = alarms.map(({ resource, reason }) => ({
    text: `${sentence(resource)} alarm, publishers are blocked: ${reason}`,
    path: ['overview'],
    weight: 1e12,
  }));
  const blocked = connections.filter(({ state }) => state === 'blocked' || state === 'blocking');
  if (blocked.length > 0) {
    found.push({
      text: `${plural(blocked.length, 'connection is', 'connections are')} blocked`,
      path: ['connections'],
      weight: 1e11,
    });
  }
  const dropped = overview.message_stats?.['drop_unroutable_details']?.rate ?? 0;
  if (dropped > 0.05) {
    found.push({ text: `${rate(dropped)} messages are dropped: no queue fits`, path: ['try'], weight: 1e10 });
  }
  return [...found, ...queues.flatMap(queueTrouble)].sort((a, b) => b.weight - a.weight);
}

function queueTrouble(queue: Queue): Trouble[] {
  const { messages = 0, consumers, oldest_message_age_ms: oldest } = queue;
  const growth = queue.messages_details?.rate ?? 0;
  const reasons = [
    messages > 0 && consumers === 0 && `${plural(messages, 'message')} and no consumer`,
    messages >= GROWING_MESSAGES && growth >= GROWING_RATE && `grows by ${rate(growth)}, ${count(messages)} waiting`,
    typeof oldest === 'number' && oldest >= OLD_MS && `the oldest message waits ${duration(oldest)}`,
  ].filter(reason => reason !== false);
  if (reasons.length === 0) return [];
  const weight = messages + (consumers === 0 ? 1e6 : 0);
  return [{ text: `${queue.name}: ${reasons.join('; ')}`, path: ['queues', queue.vhost, queue.name], weight }];
}

/** The whole broker in one sentence, when there is nothing to say against it. */
export function allIsWell({ overview, queues }: Looked): string {
  const oldest = Math.max(0, ...queues.map(queue => queue.oldest_message_age_ms ?? 0));
  const stats = overview.message_stats;
  const parts = [
    plural(overview.object_totals?.queues ?? 0, 'queue'),
    `${rate(stats?.['publish_details']?.rate)} in`,
    `${rate(stats?.['deliver_get_details']?.rate)} out`,
    oldest > 0 ? `oldest message ${age(oldest)}` : 'nothing waits',
  ];
  return parts.join(', ').replaceAll('– ', 'nothing ');
}
