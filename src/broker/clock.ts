// The port to time: read once per turn of the event loop by whoever drives the broker.

export interface Clock {
  /** Milliseconds since the epoch, as of this turn. */
  readonly now: number;
}
