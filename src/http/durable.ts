// Waiting for the disk: a change is answered when what it recorded is durable.
import { AmqpError } from '../broker/errors.ts';
import { refusal, type Wording } from './errors.ts';
import type { Management } from './management.ts';

/**
 * Carries a change out in one step and waits until all facts recorded so far are durable: what somebody else has recorded may be
 * what the answer says.
 */
export async function durably<T>(management: Management, wording: Wording, change: () => T): Promise<T> {
  let result: T;
  try {
    result = change();
  } catch (error) {
    throw error instanceof AmqpError ? refusal(wording, error) : error;
  }
  await untilDurable(management);
  return result;
}

/** Resolves when all that was recorded is durable. */
export function untilDurable({ broker }: Pick<Management, 'broker'>): Promise<void> {
  const { journal } = broker.services;
  if (!journal.factsPending) return Promise.resolve();
  return new Promise(resolve => journal.whenDurable({ durable: resolve }));
}
