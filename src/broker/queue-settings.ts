// What applies to a queue now: its arguments and its policies, merged.

/** What to do with a message that a full queue has no room for. */
export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx';

/** Which returns of a message make it wait before it is delivered again (RabbitMQ 4.3, `x-delayed-retry-type`). */
export type DelayedRetryType = 'disabled' | 'all' | 'failed' | 'returned';

/** Numbers are Infinity where there is no limit. */
export interface QueueSettings {
  readonly type: 'classic' | 'quorum';
  /** Added to the time of the enqueue gives a message's deadline, ms. */
  readonly messageTtlMs: number;
  /** A queue unused for so long is deleted, ms. */
  readonly expiresMs: number;
  /** Of ready messages. */
  readonly maxLength: number;
  readonly maxLengthBytes: number;
  readonly overflow: Overflow;
  /** The empty string is the default exchange; undefined is no dead-lettering. */
  readonly deadLetterExchange: string | undefined;
  /** Undefined keeps the message's own keys. */
  readonly deadLetterRoutingKey: string | undefined;
  /** A message that was returned more often than this is dropped or dead-lettered. */
  readonly deliveryLimit: number;
  /** Highest priority of the queue, 0 to 255; undefined for a queue without priorities. */
  readonly maxPriority: number | undefined;
  readonly singleActiveConsumer: boolean;
  /** A delivery that is not settled after so long closes its channel, ms. */
  readonly consumerTimeoutMs: number;
  readonly delayedRetryType: DelayedRetryType;
  readonly delayedRetryMinMs: number;
  readonly delayedRetryMaxMs: number;
}

/** Of a queue declared without arguments to which no policy applies. */
export const plainSettings: QueueSettings = {
  type: 'classic',
  messageTtlMs: Number.POSITIVE_INFINITY,
  expiresMs: Number.POSITIVE_INFINITY,
  maxLength: Number.POSITIVE_INFINITY,
  maxLengthBytes: Number.POSITIVE_INFINITY,
  overflow: 'drop-head',
  deadLetterExchange: undefined,
  deadLetterRoutingKey: undefined,
  deliveryLimit: Number.POSITIVE_INFINITY,
  maxPriority: undefined,
  singleActiveConsumer: false,
  consumerTimeoutMs: Number.POSITIVE_INFINITY,
  delayedRetryType: 'disabled',
  delayedRetryMinMs: 0,
  delayedRetryMaxMs: Number.POSITIVE_INFINITY,
};
