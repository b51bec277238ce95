// What queues, connections and channels can be filtered by.
import type { Queue } from '../broker/queue.ts';
import type { Channel } from '../session/channel.ts';
import type { Connection } from '../session/connection.ts';
import { type Filter, Filters } from './filters.ts';

type FeatureTest = (queue: Queue) => boolean;

const features: Readonly<Record<string, FeatureTest>> = {
  durable: queue => queue.durable,
  transient: queue => !queue.durable,
  auto_delete: queue => queue.autoDelete,
  exclusive: queue => queue.owner !== undefined,
  arguments: queue => queue.arguments.size > 0,
  policy: queue => queue.policy !== undefined || queue.operatorPolicy !== undefined,
};

/** Idle is what has an `idle_since`. */
const idleness: Filter<object> = {
  about: 'running: something happens to it; idle: nothing does',
  values: ['running', 'idle'],
  passes: (item, value, { sampler }) => (sampler.idleSince(item) === undefined) === (value === 'running'),
};

export const queueFilters: Filters<Queue, 'state' | 'feature' | 'consumers'> = new Filters<
  Queue,
  'state' | 'feature' | 'consumers'
>({
  state: idleness,
  feature: {
    about: 'What the queue was declared with, or that a policy or an operator policy holds for it',
    values: ['durable', 'transient', 'auto_delete', 'exclusive', 'arguments', 'policy'],
    passes: (queue, value) => features[value]?.(queue) === true,
  },
  consumers: {
    about: 'Whether anybody consumes',
    values: ['some', 'none'],
    passes: (queue, value) => queue.consumers.size > 0 === (value === 'some'),
  },
});

export const connectionFilters: Filters<Connection, 'state' | 'user'> = new Filters({
  state: {
    about: 'What the connection is doing',
    values: ['running', 'closing'],
    passes: (connection, value) => connection.state === value,
  },
  user: {
    about: 'The name of the user, as a whole',
    passes: (connection, value) => connection.user?.name === value,
  },
});

export const channelFilters: Filters<Channel, 'state' | 'user'> = new Filters<Channel, 'state' | 'user'>({
  state: idleness,
  user: {
    about: 'The name of the user, as a whole',
    passes: (channel, value) => channel.user.name === value,
  },
});
