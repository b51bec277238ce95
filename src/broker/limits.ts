// The limits of the whole broker on what is declared, as configured.

/** Infinity where there is none. */
export interface BrokerLimits {
  readonly queuesMax: number;
  /** The exchanges that every vhost has count as well. */
  readonly exchangesMax: number;
  readonly vhostsMax: number;
}

export const unlimited: BrokerLimits = {
  queuesMax: Number.POSITIVE_INFINITY,
  exchangesMax: Number.POSITIVE_INFINITY,
  vhostsMax: Number.POSITIVE_INFINITY,
};
