// AMQP's words, each explained in one sentence with a place to read on.

/** What a word means. */
export interface Word {
  readonly says: string;
  readonly more?: string;
}

const amqp = 'https://www.rabbitmq.com/tutorials/amqp-concepts';
const confirms = 'https://www.rabbitmq.com/docs/confirms';
const queues = 'https://www.rabbitmq.com/docs/queues';
const consumers = 'https://www.rabbitmq.com/docs/consumers';
const access = 'https://www.rabbitmq.com/docs/access-control';

/** The words that the page explains. */
export const words = {
  ready: { says: 'Messages that wait in the queue and that no worker has yet.', more: queues },
  unacked: { says: 'Messages that workers have and have not acknowledged yet.', more: confirms },
  total: { says: 'Ready and unacked messages together.' },
  in: { says: 'Messages that came into the queue, a second.' },
  out: { says: 'Messages that went to workers, a second.' },
  acked: { says: 'Messages whose work was reported done, a second.', more: confirms },
  redelivered: {
    says: 'Messages given to a worker once more, because the first did not acknowledge them.',
    more: consumers,
  },
  oldest: { says: 'How long ago the message at the head of the queue was published.' },
  wait: { says: 'Time from publish to first delivery; half of all messages wait no longer than the median, p50.' },
  processing: { says: 'Time from delivery to acknowledgement.' },
  empty: { says: 'When the queue will be empty if messages come and go as they do now.' },
  prefetch: { says: 'How many unacked messages a worker may hold at once; 0 is no limit.', more: consumers },
  unconfirmed: { says: 'Published messages that the broker has not confirmed yet.', more: confirms },
  uncommitted: { says: 'Published or acknowledged in a transaction that is not committed yet.' },
  mode: { says: 'C: the publisher gets confirms. T: it uses transactions.', more: confirms },
  exchange: { says: 'Where messages are published to; it gives each to the queues bound to it.', more: amqp },
  binding: { says: 'The rule by which an exchange gives messages to a queue or to another exchange.', more: amqp },
  routingKey: { says: 'The word that a publisher puts on a message and that bindings look at.', more: amqp },
  vhost: {
    says: 'A separate set of exchanges, queues and permissions in the same broker.',
    more: 'https://www.rabbitmq.com/docs/vhosts',
  },
  durable: { says: 'D: it is there again after a restart of the broker.', more: queues },
  autoDelete: { says: 'AD: it is deleted when its last user has gone.', more: queues },
  exclusive: { says: 'Ex: only the connection that declared it may use it, and it goes with that.', more: queues },
  internal: { says: 'I: publishers cannot use it, only other exchanges.', more: amqp },
  features: {
    says: 'D durable, AD auto-delete, Ex exclusive, I internal, Pol a policy holds, Args other arguments; the rest are limits, hover them to see.',
    more: queues,
  },
  capacity: { says: 'Part of the time in which the queue could give messages to workers at once.', more: consumers },
  tag: { says: 'The name under which a client consumes; unique on its channel.', more: consumers },
  deliveryTag: {
    says: 'The number by which a worker acknowledges a message; counted on each channel.',
    more: confirms,
  },
  ackRequired: {
    says: 'Whether the worker has to acknowledge; if not, a message counts as done when it is sent.',
    more: confirms,
  },
  heartbeat: {
    says: 'How often both sides prove that they are there; a connection without it is closed.',
    more: 'https://www.rabbitmq.com/docs/heartbeats',
  },
  configure: { says: 'May declare and delete exchanges and queues whose names match.', more: access },
  write: { says: 'May publish to exchanges and bind queues whose names match.', more: access },
  read: { says: 'May consume from, get from and purge queues, and bind exchanges, whose names match.', more: access },
  mandatory: { says: 'The publisher asked to have the message back if no queue gets it.' },
  deduplicated: {
    says: 'Messages whose deduplication header had a value that was seen before; they are dropped, and their publisher is told that all is well.',
  },
  churn: { says: 'What is opened and closed, a second; much of it means that clients do not keep their connections.' },
} as const satisfies Record<string, Word>;

/** A word that has an explanation. */
export type WordId = keyof typeof words;
