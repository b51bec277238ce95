// What the generator is asked to do, and what it answers: messages between two processes.
import type { Faults } from './tally.ts';

/** One load run. Everything that is not given is off, or one. */
export interface Job {
  port: number;
  mode: 'both' | 'publish' | 'consume';
  /** Queue name; with `queues` over 1 the queues are `name-00000` and so on, used round robin. */
  queue: string;
  queues: number;
  /** Publish to an exchange of this type instead: `fanout` to all queues, `topic` with `bindings` keys to the one queue. */
  exchange?: 'fanout' | 'topic';
  bindings?: number;
  /** Of the bindings' keys so many are used, the first ones; all without it. */
  keys?: number;
  /** The property `expiration` of every message, milliseconds. */
  expirationMs?: number;
  /** Queues with that many priority levels, which the messages have in turn; their order is not checked. */
  priorities?: number;
  /** Messages go to a queue that dead-letters each at once into the one that is consumed. */
  dying?: boolean;
  /** Messages go through an exchange that keeps each back for so long, milliseconds. */
  delayMs?: number;
  /** Durable queues and persistent messages. */
  durable: boolean;
  bodyBytes: number;
  count: number;
  /** Publisher confirms in flight; 0 for none. */
  confirms: number;
  /** basic.qos of each consumer; 0 for none. */
  prefetch: number;
  /** Consume without acknowledgements; otherwise every message is acked by itself. */
  autoAck: boolean;
  /** Consumer connections, and consumers (a channel each) on each of them. */
  connections: number;
  channels: number;
  /** Messages a second; 0 for as many as possible. A message is stamped with the time it was due. */
  ratePerSecond: number;
  /** Do not purge the queues first. */
  keep: boolean;
  /** Queues, exchange and bindings are there from an earlier job: declare nothing. */
  reuse: boolean;
  /** Delete the queues at the end. */
  remove: boolean;
  /** Number of this run's producer in the stamps, and message counts of all producers whose messages may be in the queues. */
  producer: number;
  counts: number[];
  /** Messages that should be in the queues at the end. */
  left: number;
  /** Give up when nothing moves for so long. */
  stallSeconds: number;
}

/** Microseconds. */
export interface Quantiles {
  p50: number;
  p99: number;
  max: number;
}

/** What a run measured. Rates are messages a second; a rate that does not apply is 0. */
export interface Outcome {
  ok: boolean;
  sent: number;
  received: number;
  /** First publish to last confirm; without confirms to connection.close-ok, when the broker has read it all. */
  publishRate: number;
  /** First to last delivery. */
  consumeRate: number;
  /** First publish to last delivery, or to the last confirm if that is later. */
  overallRate: number;
  latencyUs: Quantiles;
  confirmUs: Quantiles;
  faults: Faults;
  /** Share of one core the generator used while the load ran, 0 to 1 and a little over. */
  generatorBusy: number;
}

/** What the generator sends back: the outcome, or why there is none. */
export type Reply = { outcome: Outcome } | { error: string };

/** A job with the given parts and the defaults for the rest. */
export function job(parts: Partial<Job> & Pick<Job, 'port' | 'queue' | 'count'>): Job {
  return {
    mode: 'both',
    queues: 1,
    durable: false,
    bodyBytes: 100,
    confirms: 0,
    prefetch: 0,
    autoAck: false,
    connections: 1,
    channels: 1,
    ratePerSecond: 0,
    keep: false,
    reuse: false,
    remove: false,
    producer: 0,
    counts: [parts.count],
    left: 0,
    stallSeconds: 60,
    ...parts,
  };
}
