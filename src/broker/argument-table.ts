// Every argument and policy key that means something, as data. Declarations, policies, views and docs/arguments.md read it.
import {
  age,
  anyInteger,
  anything,
  cacheSize,
  count,
  countFrom1,
  type Kind,
  limit,
  priority,
  queueVersion,
  segmentBytes,
  text,
  textBeside,
  timeMs,
  timeMsFrom1,
  truth,
  word,
} from './argument-check.ts';

/** The types that RabbitMQ's queues have. `stream` cannot be declared here; its arguments are known all the same. */
export type QueueType = 'classic' | 'quorum' | 'stream';

/** Which of two values holds; `lower` is the lower number. */
export type Winner = 'lower' | 'argument' | 'policy';

/** One thing that can be said of a queue, a consumer or an exchange. */
export interface ArgumentRow {
  /** Its name among arguments; undefined where policies alone can say it. */
  readonly argument?: string;
  /** Its name in a policy; undefined where arguments alone can say it. */
  readonly key?: string;
  readonly on: readonly ('queue' | 'consumer' | 'exchange')[];
  /** Types of queues that take the argument, for themselves or their consumers. Others refuse it. */
  readonly types?: readonly QueueType[];
  /** A policy with the key leaves queues of these types alone altogether. */
  readonly policySkips?: readonly QueueType[];
  readonly kind: Kind;
  /** Which holds when argument and policy both say it. */
  readonly wins?: Winner;
  /** The same of a quorum queue, where that is different. */
  readonly quorumWins?: Winner;
  /** Whether operator policies may say it, and what holds then beside a policy. */
  readonly operator?: 'lower' | 'operator';
  /** Whether a declaration of what exists must repeat it. */
  readonly compared?: boolean;
  /** What RabbitMQ says of a wrong value in a policy, after that value. */
  readonly refusal?: string;
  /** One sentence for docs/arguments.md. */
  readonly meaning: string;
}

const every: readonly QueueType[] = ['classic', 'quorum'];
const classic: readonly QueueType[] = ['classic'];
const quorum: readonly QueueType[] = ['quorum'];
const stream: readonly QueueType[] = ['stream'];
const toStreams: readonly QueueType[] = ['classic', 'quorum'];

const invalid = (what: string): string => `is not a valid ${what}`;

/** In the order in which RabbitMQ checks queue arguments. */
export const argumentTable: readonly ArgumentRow[] = [
  {
    argument: 'x-expires',
    key: 'expires',
    on: ['queue'],
    types: every,
    kind: timeMsFrom1,
    wins: 'lower',
    quorumWins: 'policy',
    operator: 'lower',
    compared: true,
    refusal: invalid('queue expiry'),
    meaning: 'Deletes the queue after it was unused for so long: no consumers, no declaration and no get.',
  },
  {
    argument: 'x-message-ttl',
    key: 'message-ttl',
    on: ['queue'],
    types: every,
    kind: timeMs,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('message TTL'),
    meaning: 'A message that has waited for so long expires: it is dropped or dead-lettered at the head of the queue.',
  },
  {
    argument: 'x-dead-letter-exchange',
    key: 'dead-letter-exchange',
    on: ['queue'],
    types: every,
    kind: text,
    wins: 'argument',
    compared: true,
    refusal: invalid('dead letter exchange name'),
    meaning:
      'Where messages go that are rejected, expire, exceed the length or the delivery limit; the empty text is the default exchange.',
  },
  {
    argument: 'x-dead-letter-routing-key',
    key: 'dead-letter-routing-key',
    on: ['queue'],
    types: every,
    kind: textBeside('x-dead-letter-exchange', 'routing_key_but_no_dlx_defined'),
    wins: 'argument',
    compared: true,
    refusal: invalid('dead letter routing key'),
    meaning: 'The routing key that dead letters get instead of their own.',
  },
  {
    argument: 'x-dead-letter-strategy',
    key: 'dead-letter-strategy',
    on: ['queue'],
    types: quorum,
    policySkips: classic,
    kind: word(['at-most-once', 'at-least-once'], 'invalid_dlx_strategy'),
    wins: 'argument',
    compared: true,
    refusal: invalid('dead letter strategy'),
    meaning: 'Taken and without effect: dead-lettering survives a crash here under both strategies.',
  },
  {
    argument: 'x-max-length',
    key: 'max-length',
    on: ['queue'],
    types: every,
    kind: count,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('maximum length'),
    meaning: 'Most messages that may wait in the queue; what is delivered and not acknowledged does not count.',
  },
  {
    argument: 'x-max-length-bytes',
    key: 'max-length-bytes',
    on: ['queue'],
    types: every,
    kind: count,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('maximum length in bytes'),
    meaning: 'The same for the sum of the bodies that wait, bytes.',
  },
  {
    argument: 'x-max-in-memory-length',
    key: 'max-in-memory-length',
    on: ['queue'],
    types: quorum,
    kind: count,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('maximum memory in bytes'),
    meaning: 'Taken and without effect: one memory budget holds for the whole broker.',
  },
  {
    argument: 'x-max-in-memory-bytes',
    key: 'max-in-memory-bytes',
    on: ['queue'],
    types: quorum,
    kind: count,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('maximum memory in bytes'),
    meaning: 'Taken and without effect, as `x-max-in-memory-length`.',
  },
  {
    argument: 'x-max-priority',
    on: ['queue'],
    types: classic,
    kind: priority,
    compared: true,
    meaning: 'Makes a priority queue: messages of a higher `priority`, up to this one, go first.',
  },
  {
    argument: 'x-overflow',
    key: 'overflow',
    on: ['queue'],
    types: every,
    kind: word(['drop-head', 'reject-publish', 'reject-publish-dlx'], 'invalid_overflow'),
    wins: 'argument',
    quorumWins: 'policy',
    operator: 'operator',
    compared: true,
    refusal: invalid('overflow value'),
    meaning:
      'What a full queue does: drop its oldest message, refuse the new one (`basic.nack`), or refuse it and dead-letter it as well.',
  },
  {
    argument: 'x-queue-mode',
    key: 'queue-mode',
    on: ['queue'],
    types: classic,
    policySkips: quorum,
    kind: word(['default', 'lazy'], `"unsupported queue mode '~s'"`),
    wins: 'argument',
    compared: true,
    refusal: invalid('queue-mode value'),
    meaning: 'Taken and without effect: every queue keeps in memory what the budget allows.',
  },
  {
    argument: 'x-queue-version',
    key: 'queue-version',
    on: ['queue'],
    types: classic,
    kind: queueVersion,
    wins: 'argument',
    operator: 'operator',
    compared: true,
    refusal: invalid('queue-version value'),
    meaning: 'Taken and without effect: there is one way to store a queue.',
  },
  {
    argument: 'x-single-active-consumer',
    on: ['queue'],
    types: every,
    kind: truth,
    compared: true,
    meaning: 'One consumer at a time gets messages; another takes over when it goes.',
  },
  {
    argument: 'x-queue-type',
    on: ['queue'],
    types: ['classic', 'quorum', 'stream'],
    kind: word(['classic', 'quorum'], `"unsupported queue type '~s'"`),
    compared: true,
    meaning: 'Which of RabbitMQ’s types the queue behaves as; both are stored in the same durable way.',
  },
  {
    argument: 'x-quorum-initial-group-size',
    on: ['queue'],
    types: quorum,
    kind: countFrom1,
    compared: true,
    meaning: 'Taken and without effect: there is one node.',
  },
  {
    argument: 'x-max-age',
    key: 'max-age',
    on: ['queue'],
    types: stream,
    policySkips: toStreams,
    kind: age,
    wins: 'argument',
    refusal: invalid('max age'),
    meaning: 'Streams only, which cannot be declared.',
  },
  {
    argument: 'x-stream-max-segment-size-bytes',
    key: 'stream-max-segment-size-bytes',
    on: ['queue'],
    types: stream,
    policySkips: toStreams,
    kind: segmentBytes,
    wins: 'argument',
    refusal: invalid('segment size'),
    meaning: 'Streams only, which cannot be declared.',
  },
  {
    argument: 'x-initial-cluster-size',
    key: 'initial-cluster-size',
    on: ['queue'],
    types: stream,
    policySkips: toStreams,
    kind: countFrom1,
    wins: 'argument',
    refusal: invalid('cluster size'),
    meaning: 'Streams only, which cannot be declared.',
  },
  {
    argument: 'x-queue-leader-locator',
    key: 'queue-leader-locator',
    on: ['queue'],
    types: ['quorum', 'stream'],
    policySkips: classic,
    kind: word(['client-local', 'balanced', 'random', 'least-leaders'], 'invalid_queue_locator_arg'),
    wins: 'argument',
    compared: true,
    refusal: invalid('queue leader locator value'),
    meaning: 'Taken and without effect: there is one node.',
  },
  {
    argument: 'x-queue-master-locator',
    key: 'queue-master-locator',
    on: ['queue'],
    types: classic,
    policySkips: quorum,
    kind: word(['min-masters', 'client-local', 'random'], 'invalid_queue_locator_arg'),
    wins: 'argument',
    compared: true,
    refusal: 'invalid queue-master-locator value',
    meaning: 'Taken and without effect: there is one node.',
  },
  {
    argument: 'x-delivery-limit',
    key: 'delivery-limit',
    on: ['queue'],
    types: every,
    kind: limit,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('delivery limit'),
    meaning: 'A message that was returned more often than this is dropped or dead-lettered.',
  },
  {
    argument: 'x-consumer-timeout',
    key: 'consumer-timeout',
    on: ['queue', 'consumer'],
    types: every,
    kind: timeMsFrom1,
    wins: 'lower',
    compared: true,
    refusal: invalid('consumer timeout'),
    meaning: 'A delivery that is not settled for so long ends its channel; there is no such limit without it.',
  },
  {
    argument: 'x-delayed-retry-type',
    key: 'delayed-retry-type',
    on: ['queue'],
    types: every,
    kind: word(['disabled', 'all', 'failed', 'returned'], 'invalid_delayed_retry_type'),
    wins: 'policy',
    operator: 'operator',
    compared: true,
    refusal: invalid('delayed retry type'),
    meaning: 'Which returned messages wait before they are delivered again.',
  },
  {
    argument: 'x-delayed-retry-min',
    key: 'delayed-retry-min',
    on: ['queue'],
    types: every,
    kind: timeMs,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('delayed retry time'),
    meaning: 'How long the first of these waits is; each further one is longer by as much.',
  },
  {
    argument: 'x-delayed-retry-max',
    key: 'delayed-retry-max',
    on: ['queue'],
    types: every,
    kind: timeMs,
    wins: 'lower',
    operator: 'lower',
    compared: true,
    refusal: invalid('delayed retry time'),
    meaning: 'How long these waits become at most.',
  },
  {
    argument: 'x-message-deduplication',
    on: ['queue', 'exchange'],
    types: every,
    kind: truth,
    meaning: 'Drops a message whose deduplication header has a value that was seen before.',
  },
  {
    argument: 'x-cache-size',
    on: ['queue', 'exchange'],
    types: every,
    kind: cacheSize,
    meaning: 'How many of these values are remembered; the oldest is forgotten first.',
  },
  {
    argument: 'x-cache-ttl',
    on: ['queue', 'exchange'],
    types: every,
    kind: timeMsFrom1,
    meaning: 'How long one of these values is remembered; for ever without it.',
  },
  {
    argument: 'x-deduplication-header',
    on: ['queue', 'exchange'],
    types: every,
    kind: text,
    meaning: 'The header that has the value; `x-deduplication-header` without it.',
  },
  {
    argument: 'x-priority',
    on: ['consumer'],
    types: every,
    kind: anyInteger,
    meaning: 'A consumer gets messages before those of lower priority for as long as it has credit; 0 without it.',
  },
  {
    argument: 'x-cancel-on-ha-failover',
    on: ['consumer'],
    types: classic,
    kind: truth,
    meaning: 'Taken and without effect: there is one node.',
  },
  {
    argument: 'x-stream-offset',
    on: ['consumer'],
    types: stream,
    kind: anything,
    meaning: 'Streams only, which cannot be declared.',
  },
  {
    argument: 'alternate-exchange',
    key: 'alternate-exchange',
    on: ['exchange'],
    kind: text,
    wins: 'argument',
    compared: true,
    refusal: invalid('alternate exchange name'),
    meaning: 'The exchange that gets what this one can route nowhere.',
  },
  {
    argument: 'hash-header',
    on: ['exchange'],
    kind: text,
    meaning: 'Of `x-consistent-hash`: the header that is hashed instead of the routing key.',
  },
  {
    argument: 'hash-property',
    on: ['exchange'],
    kind: text,
    meaning: 'Of `x-consistent-hash`: the property that is hashed, `correlation_id`, `message_id` or `timestamp`.',
  },
  {
    argument: 'x-recent-history-length',
    on: ['exchange'],
    kind: countFrom1,
    meaning: 'Of `x-recent-history`: how many messages a queue gets when it is bound; 20 without it.',
  },
  {
    argument: 'x-delayed-type',
    on: ['exchange'],
    kind: text,
    meaning: 'Of `x-delayed-message`: the type by which it routes a message whose time has come.',
  },
  ...[
    'ha-mode',
    'ha-params',
    'ha-sync-mode',
    'ha-sync-batch-size',
    'ha-promote-on-shutdown',
    'ha-promote-on-failure',
  ].map(
    (key): ArgumentRow => ({
      key,
      on: ['queue'],
      policySkips: quorum,
      kind: key === 'ha-mode' ? word(['all', 'exactly', 'nodes'], '') : anything,
      refusal: invalid(`${key} value`),
      meaning: 'Taken and without effect: there is one node.',
    }),
  ),
];

const queueRows = argumentTable.filter(row => row.argument !== undefined && row.on.includes('queue'));
const consumerRows = argumentTable.filter(row => row.argument !== undefined && row.on.includes('consumer'));

/** The rows of the arguments that queues of any type have, or their consumers. */
export function rowsOf(on: 'queue' | 'consumer'): readonly ArgumentRow[] {
  return on === 'queue' ? queueRows : consumerRows;
}

const byArgument = new Map(argumentTable.map(row => [row.argument, row]));
const byKey = new Map(argumentTable.map(row => [row.key, row]));

export function rowOfArgument(name: string): ArgumentRow | undefined {
  return byArgument.get(name);
}

export function rowOfKey(key: string): ArgumentRow | undefined {
  return byKey.get(key);
}
