// Since when nothing happens to an object, as RabbitMQ writes it.
import type { Sampler } from '../sampling.ts';

/** Has `idle_since` while none of the object's counters changes. */
export function idleView(sampler: Sampler, object: object): { readonly idle_since?: string } {
  const since = sampler.idleSince(object);
  return since === undefined ? {} : { idle_since: new Date(since).toISOString().replace('Z', '+00:00') };
}
