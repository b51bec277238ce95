// The settings that say what clients may do, and how much of it.
import { bytes, integer } from '../config-value.ts';
import type { Keys } from './key.ts';

const MiB = 2 ** 20;

export interface LimitValues {
  heartbeatS: number;
  frameBytesMax: number;
  channelMax: number;
  handshakeTimeoutMs: number;
  outputTimeoutMs: number;
  messageBytesMax: number;
  /** Infinity: no limit. */
  connectionsMax: number;
  /** Infinity: no limit. */
  consumerTimeoutMs: number;
  /** Of all connections; Infinity: no limit. */
  channelsMax: number;
  /** Of a channel; Infinity: no limit. */
  consumersMax: number;
  /** Infinity: no limit. */
  vhostsMax: number;
  /** Of all vhosts; Infinity: no limit. */
  queuesMax: number;
  /** Of all vhosts; Infinity: no limit. */
  exchangesMax: number;
}

/** In the order of the help. */
export const limitsKeys: Keys<LimitValues> = {
  heartbeatS: {
    key: 'heartbeat',
    env: ['LEVERET_HEARTBEAT'],
    kind: integer(0, 65535),
    fallback: 60,
    help: 'seconds, proposed to clients; 0 for none',
  },
  frameBytesMax: {
    key: 'frame_max',
    env: ['LEVERET_FRAME_MAX'],
    kind: bytes(4096, 131_072),
    fallback: 131_072,
    help: 'largest frame in bytes, proposed to clients',
  },
  channelMax: {
    key: 'channel_max',
    env: ['LEVERET_CHANNEL_MAX'],
    kind: integer(1, 65535, { '0': 65535 }),
    fallback: 2047,
    help: 'channels of a connection, proposed to clients',
  },
  handshakeTimeoutMs: {
    key: 'handshake_timeout',
    env: ['LEVERET_HANDSHAKE_TIMEOUT'],
    kind: integer(100, 3_600_000),
    fallback: 10_000,
    help: 'milliseconds a client has to log in',
  },
  outputTimeoutMs: {
    key: 'output_timeout',
    env: ['LEVERET_OUTPUT_TIMEOUT'],
    kind: integer(100, 86_400_000),
    fallback: 60_000,
    help: 'milliseconds a client may read nothing of what is sent to it',
  },
  messageBytesMax: {
    key: 'max_message_size',
    env: ['LEVERET_MAX_MESSAGE_SIZE'],
    kind: bytes(1, 512 * MiB),
    fallback: 128 * MiB,
    help: 'largest message body in bytes',
  },
  connectionsMax: {
    key: 'max_connections',
    aliases: ['connection_max'],
    env: ['LEVERET_MAX_CONNECTIONS'],
    kind: integer(1, 10_000_000, { infinity: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'connections at a time',
  },
  consumerTimeoutMs: {
    key: 'consumer_timeout',
    env: ['LEVERET_CONSUMER_TIMEOUT'],
    kind: integer(1, 315_360_000_000, { infinity: Number.POSITIVE_INFINITY, false: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'milliseconds a worker may keep a message unacknowledged',
  },
  channelsMax: {
    key: 'channel_max_per_node',
    env: ['LEVERET_CHANNEL_MAX_PER_NODE'],
    kind: integer(1, 100_000_000, { infinity: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'channels at a time, of all connections',
  },
  consumersMax: {
    key: 'consumer_max_per_channel',
    env: ['LEVERET_CONSUMER_MAX_PER_CHANNEL'],
    kind: integer(1, 100_000_000, { infinity: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'consumers of a channel',
  },
  vhostsMax: {
    key: 'vhost_max',
    env: ['LEVERET_VHOST_MAX'],
    kind: integer(1, 10_000_000, { infinity: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'virtual hosts',
  },
  queuesMax: {
    key: 'cluster_queue_limit',
    env: ['LEVERET_CLUSTER_QUEUE_LIMIT'],
    kind: integer(1, 100_000_000, { infinity: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'queues of all virtual hosts together',
  },
  exchangesMax: {
    key: 'cluster_exchange_limit',
    env: ['LEVERET_CLUSTER_EXCHANGE_LIMIT'],
    kind: integer(1, 100_000_000, { infinity: Number.POSITIVE_INFINITY }),
    fallback: Number.POSITIVE_INFINITY,
    fallbackShown: 'infinity',
    help: 'exchanges of all virtual hosts together, with the seven that each begins with',
  },
};
