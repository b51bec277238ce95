// Alarms: what the broker is low on, who says so and why. While one is on, publishers are stopped, and their clients told.
import type { Events } from '../broker/events.ts';
import type { Connection } from './connection.ts';
import type { SessionLog } from './context.ts';

/** What the broker can be low on, in the order of connection.blocked. */
export const resources = ['disk', 'memory'] as const;
export type Resource = (typeof resources)[number];

/** Who sets alarms: what is measured against the watermarks, and an operator by hand. */
export type Setter = 'watermark' | 'operator';

/** An alarm that is on. `journal` sets one by itself while it cannot be written. */
export interface Alarm {
  readonly resource: Resource;
  readonly setBy: Setter | 'journal';
  /** In words. */
  readonly why: string;
}

export interface AlarmOptions {
  readonly connections: ReadonlySet<Connection>;
  readonly log: SessionLog;
  readonly nodeName: string;
  readonly events: Events;
  /** Why the stores cannot be written; undefined while they can. It stops those alone whose messages have to be kept. */
  readonly trouble: () => string | undefined;
}

export class Alarms implements Iterable<Alarm> {
  readonly #options: AlarmOptions;
  readonly #set: Record<Resource, Map<Setter, string>> = { memory: new Map(), disk: new Map() };

  constructor(options: AlarmOptions) {
    this.#options = options;
  }

  /** Whether every publisher is stopped at its next publish. */
  get stopping(): boolean {
    return resources.some(resource => this.#set[resource].size > 0);
  }

  /** Why publishers are stopped, as connection.blocked says it; undefined when there is no alarm. */
  get reason(): string | undefined {
    const low = resources.filter(resource => this.has(resource));
    return low.length === 0 ? undefined : `low on ${low.join(' & ')}`;
  }

  /** All reasons in words; undefined when there is no alarm. */
  get why(): string | undefined {
    const all = [...this];
    return all.length === 0 ? undefined : all.map(({ why }) => why).join('; ');
  }

  has(resource: Resource): boolean {
    return this.#set[resource].size > 0 || (resource === 'disk' && this.#options.trouble() !== undefined);
  }

  *[Symbol.iterator](): Generator<Alarm> {
    for (const resource of resources) for (const [setBy, why] of this.#set[resource]) yield { resource, setBy, why };
    const trouble = this.#options.trouble();
    if (trouble !== undefined) yield { resource: 'disk', setBy: 'journal', why: trouble };
  }

  /** Sets an alarm, or gives one that is on another reason. */
  set(resource: Resource, setBy: Setter, why: string): void {
    const were = this.stopping;
    const isNew = this.#set[resource].size === 0;
    this.#set[resource].set(setBy, why);
    const { log, nodeName, connections, events } = this.#options;
    if (isNew) events.emit('alarm.set', { node: nodeName, source: resource });
    if (isNew)
      log.warning(
        `${resource} resource limit alarm set on node ${nodeName}: ${why}. Publishers are blocked until it is over`,
      );
    if (!were) for (const connection of connections) connection.publisherPause.watch(true);
  }

  /** Ends what that one has set; publishers go on when nothing is left. */
  clear(resource: Resource, setBy: Setter): void {
    if (!this.#set[resource].delete(setBy) || this.#set[resource].size > 0) return;
    const { log, nodeName, connections, events } = this.#options;
    events.emit('alarm.cleared', { node: nodeName, source: resource });
    log.warning(`${resource} resource limit alarm cleared on node ${nodeName}`);
    if (!this.stopping) for (const connection of [...connections]) connection.publisherPause.watch(false);
  }
}
