// What the views need of the sampler: rates and histories of the broker's counters.

/** A counter over time, as RabbitMQ shows it beside a total. */
export interface History {
  /** Newest first; timestamps in ms since the epoch. */
  readonly samples: readonly { readonly sample: number; readonly timestamp: number }[];
  readonly avg: number;
  readonly avg_rate: number;
}

/** Reads the broker's plain counters from time to time. */
export interface Sampler {
  /** How fast the counter of the object rises, per second. */
  rate(object: object, counter: string): number;
  /** What is averaged of the object, over about the last minute. */
  average(object: object, name: string): number;
  /** Since when none of the object's counters has changed, ms since the epoch; undefined while one does. */
  idleSince(object: object): number | undefined;
  /** The counter over the last `ageS` seconds, a sample each `incrS`; undefined where nothing is known. */
  history(object: object, counter: string, ageS: number, incrS: number): History | undefined;
  /** Somebody looks: samples are taken more often for a while. */
  look(): void;
  /** Calls back after each sample until the function returned is called. */
  onSample(listener: () => void): () => void;
  /** What the histories take, bytes. */
  readonly historyBytes: number;
}
