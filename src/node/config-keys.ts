// Every setting there is, as data: its key, its flag, its environment variable, what it takes and what it is without one.
import type { HashAlgorithm } from '../auth/password.ts';
import {
  anyText,
  boolean,
  bytes,
  choice,
  integer,
  type Kind,
  type ListenerValue,
  listener,
  secret,
  text,
  words,
} from './config-value.ts';
import type { Secret } from './secret.ts';

/** How much the log tells; each level includes those after it. */
export type LogLevel = 'debug' | 'info' | 'warning' | 'error' | 'none';

/** When a confirm is sent: `commit` when the message is on the disk, `interval` and `os` when it is handed to the system. */
export type SyncMode = 'commit' | 'interval' | 'os';

/** The settings that have one value each. */
export interface Values {
  host: string;
  port: number;
  managementHost: string | undefined;
  /** off: no management listener. */
  managementPort: number | 'off';
  prometheusHost: string | undefined;
  /** off: no listener for Prometheus. */
  prometheusPort: number | 'off';
  dataDir: string;
  memory: boolean;
  logLevel: LogLevel;
  sync: SyncMode;
  syncIntervalMs: number;
  memoryBudgetBytes: number;
  segmentBytes: number;
  heartbeatS: number;
  frameBytesMax: number;
  channelMax: number;
  handshakeTimeoutMs: number;
  outputTimeoutMs: number;
  messageBytesMax: number;
  /** Infinity: no limit. */
  connectionsMax: number;
  product: string;
  productVersion: string;
  clusterName: string | undefined;
  loadDefinitions: string | undefined;
  passwordHashing: HashAlgorithm;
  defaultUser: string | undefined;
  defaultPass: Secret | undefined;
  defaultVhost: string;
  defaultConfigure: string;
  defaultWrite: string;
  defaultRead: string;
}

/** One setting. */
export interface Key<T> {
  /** Its name in a config file, if it has one; RabbitMQ's where RabbitMQ has the setting. */
  readonly key?: string;
  /** Other names in a config file. */
  readonly aliases?: readonly string[];
  /** Environment variables, the strongest first. */
  readonly env: readonly string[];
  /** As commander writes flags. */
  readonly flag?: string;
  readonly kind: Kind<T>;
  readonly fallback: T;
  /** What stands in the help for the fallback where its own text would not say it. */
  readonly fallbackShown?: string;
  readonly help: string;
}

/** A setting whose key has names in it, as `users.$user.password` has. */
export interface NamedKey<T> {
  readonly pattern: string;
  readonly kind: Kind<T>;
  readonly help: string;
}

const MiB = 2 ** 20;
const PORT = integer(0, 65535);
const PORT_OR_OFF: Kind<number | 'off'> = {
  takes: 'a port from 0 to 65535, or off',
  read: value => (value === 'off' || value === 'none' ? 'off' : PORT.read(value)),
};
const LEVELS: Record<string, LogLevel> = {
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'error',
  alert: 'error',
  emergency: 'error',
  none: 'none',
};

/** The settings with one value, in the order of the help. */
export const KEYS: { readonly [Name in keyof Values]: Key<Values[Name]> } = {
  host: {
    env: ['LEVERET_HOST'],
    flag: '--host <address>',
    kind: text,
    fallback: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 for all',
  },
  port: {
    env: ['LEVERET_PORT'],
    flag: '--port <port>',
    kind: PORT,
    fallback: 5672,
    help: 'port for AMQP; 0 for any free one',
  },
  managementPort: {
    key: 'management.tcp.port',
    aliases: ['management.listener.port'],
    env: ['LEVERET_MANAGEMENT_PORT'],
    flag: '--management-port <port>',
    kind: PORT_OR_OFF,
    fallback: 15672,
    help: 'port for the management API; 0 for any free one, or off',
  },
  managementHost: {
    key: 'management.tcp.ip',
    aliases: ['management.listener.ip'],
    env: ['LEVERET_MANAGEMENT_HOST'],
    flag: '--management-host <address>',
    kind: text,
    fallback: undefined,
    fallbackShown: 'that of AMQP',
    help: 'address for the management API',
  },
  prometheusPort: {
    key: 'prometheus.tcp.port',
    aliases: ['prometheus.port'],
    env: ['LEVERET_PROMETHEUS_PORT'],
    flag: '--prometheus-port <port>',
    kind: PORT_OR_OFF,
    fallback: 15692,
    fallbackShown: '15692 if it is free',
    help: 'port for Prometheus, which needs no login; 0 for any free one, or off',
  },
  prometheusHost: {
    key: 'prometheus.tcp.ip',
    env: ['LEVERET_PROMETHEUS_HOST'],
    flag: '--prometheus-host <address>',
    kind: text,
    fallback: undefined,
    fallbackShown: 'that of AMQP',
    help: 'address for Prometheus',
  },
  dataDir: {
    key: 'data_dir',
    env: ['LEVERET_DATA_DIR'],
    flag: '--data-dir <folder>',
    kind: text,
    fallback: './leveret-data',
    help: 'where durable things are kept',
  },
  memory: {
    key: 'memory',
    env: ['LEVERET_MEMORY'],
    flag: '--memory',
    kind: boolean,
    fallback: false,
    help: 'no disk at all: everything is gone when it stops',
  },
  logLevel: {
    key: 'log.level',
    aliases: ['log.console.level'],
    env: ['LEVERET_LOG_LEVEL'],
    flag: '--log-level <level>',
    kind: choice(LEVELS),
    fallback: 'info',
    help: 'debug, info, warning, error or none',
  },
  sync: {
    key: 'sync',
    env: ['LEVERET_SYNC'],
    flag: '--sync <mode>',
    kind: choice<SyncMode>({ commit: 'commit', interval: 'interval', os: 'os' }),
    fallback: 'commit',
    help: 'a confirm means: on the disk (commit), on it within sync_interval_ms (interval), handed to the system (os)',
  },
  syncIntervalMs: {
    key: 'sync_interval_ms',
    env: ['LEVERET_SYNC_INTERVAL_MS'],
    kind: integer(1, 60_000),
    fallback: 200,
    help: 'milliseconds between syncs in mode interval',
  },
  memoryBudgetBytes: {
    key: 'memory_budget',
    env: ['LEVERET_MEMORY_BUDGET'],
    flag: '--memory-budget <bytes>',
    kind: bytes(MiB, 2 ** 40),
    fallback: 96 * MiB,
    fallbackShown: '96MiB',
    help: 'message bodies kept in memory; the rest waits on the disk',
  },
  segmentBytes: {
    key: 'segment_size',
    env: ['LEVERET_SEGMENT_SIZE'],
    kind: bytes(MiB, 2 ** 30),
    fallback: 64 * MiB,
    fallbackShown: '64MiB',
    help: "size of the journal's files",
  },
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
  product: {
    key: 'product',
    aliases: ['product.name'],
    env: ['LEVERET_PRODUCT'],
    kind: text,
    fallback: 'RabbitMQ',
    help: 'product told to clients; some, Celery among them, decide by it',
  },
  productVersion: {
    key: 'product_version',
    aliases: ['product.version'],
    env: ['LEVERET_PRODUCT_VERSION'],
    kind: text,
    fallback: '3.13.7',
    help: 'version told to clients',
  },
  clusterName: {
    key: 'cluster_name',
    env: ['LEVERET_CLUSTER_NAME'],
    kind: text,
    fallback: undefined,
    fallbackShown: 'leveret@ and the host name',
    help: 'name told to clients',
  },
  loadDefinitions: {
    key: 'load_definitions',
    aliases: ['management.load_definitions', 'definitions.local.path'],
    env: ['LEVERET_LOAD_DEFINITIONS'],
    kind: text,
    fallback: undefined,
    fallbackShown: 'none',
    help: 'a definitions file to import at every start; a new data folder then begins without a first user and vhost',
  },
  passwordHashing: {
    key: 'password_hashing_module',
    env: ['LEVERET_PASSWORD_HASHING_MODULE'],
    kind: choice<HashAlgorithm>({
      scrypt: 'scrypt',
      rabbit_password_hashing_sha256: 'rabbit_password_hashing_sha256',
      rabbit_password_hashing_sha512: 'rabbit_password_hashing_sha512',
    }),
    fallback: 'scrypt',
    help: "how passwords are hashed: scrypt, or in RabbitMQ's way, so that exported users work there as well",
  },
  defaultUser: {
    key: 'default_user',
    env: ['LEVERET_DEFAULT_USER', 'RABBITMQ_DEFAULT_USER'],
    kind: text,
    fallback: undefined,
    fallbackShown: 'guest, from this machine only',
    help: 'first user, made when the data folder is new; may log in from anywhere',
  },
  defaultPass: {
    key: 'default_pass',
    env: ['LEVERET_DEFAULT_PASS', 'RABBITMQ_DEFAULT_PASS'],
    kind: secret,
    fallback: undefined,
    fallbackShown: 'guest',
    help: "the first user's password",
  },
  defaultVhost: {
    key: 'default_vhost',
    env: ['LEVERET_DEFAULT_VHOST', 'RABBITMQ_DEFAULT_VHOST'],
    kind: text,
    fallback: '/',
    help: 'first virtual host',
  },
  defaultConfigure: {
    key: 'default_permissions.configure',
    env: ['LEVERET_DEFAULT_PERMISSIONS_CONFIGURE'],
    kind: anyText,
    fallback: '.*',
    help: 'what the first user may declare and delete',
  },
  defaultWrite: {
    key: 'default_permissions.write',
    env: ['LEVERET_DEFAULT_PERMISSIONS_WRITE'],
    kind: anyText,
    fallback: '.*',
    help: 'what the first user may publish and bind to',
  },
  defaultRead: {
    key: 'default_permissions.read',
    env: ['LEVERET_DEFAULT_PERMISSIONS_READ'],
    kind: anyText,
    fallback: '.*',
    help: 'what the first user may consume and bind from',
  },
};

/** The settings of a config file whose keys have names in them. */
export const NAMED_KEYS: {
  readonly listeners: NamedKey<ListenerValue>;
  readonly loopback: NamedKey<boolean>;
  readonly defaultTags: NamedKey<boolean>;
  readonly password: NamedKey<Secret>;
  readonly passwordHash: NamedKey<Secret>;
  readonly algorithm: NamedKey<string>;
  readonly tags: NamedKey<readonly string[]>;
  readonly vhosts: NamedKey<boolean>;
  readonly configure: NamedKey<string>;
  readonly write: NamedKey<string>;
  readonly read: NamedKey<string>;
  readonly topicWrite: NamedKey<string>;
  readonly topicRead: NamedKey<string>;
} = {
  listeners: { pattern: 'listeners.tcp.$name', kind: listener, help: 'where to listen: 5672 or 127.0.0.1:5672' },
  loopback: { pattern: 'loopback_users.$user', kind: boolean, help: 'this user may log in from this machine only' },
  defaultTags: { pattern: 'default_user_tags.$tag', kind: boolean, help: "the first user's tags (administrator)" },
  password: { pattern: 'users.$user.password', kind: secret, help: 'a user, with a password' },
  passwordHash: { pattern: 'users.$user.password_hash', kind: secret, help: '... or with the hash of one' },
  algorithm: {
    pattern: 'users.$user.hashing_algorithm',
    kind: text,
    help: '... made by rabbit_password_hashing_sha256 (usual), _sha512, _md5 or scrypt',
  },
  tags: { pattern: 'users.$user.tags', kind: words, help: 'administrator, monitoring, management, policymaker' },
  vhosts: { pattern: 'vhosts.$vhost', kind: boolean, help: 'a virtual host' },
  configure: {
    pattern: 'permissions.$vhost.$user.configure',
    kind: anyText,
    help: 'what the user may declare and delete',
  },
  write: { pattern: 'permissions.$vhost.$user.write', kind: anyText, help: 'what the user may publish and bind to' },
  read: { pattern: 'permissions.$vhost.$user.read', kind: anyText, help: 'what the user may consume and bind from' },
  topicWrite: {
    pattern: 'topic_permissions.$vhost.$user.$exchange.write',
    kind: anyText,
    help: 'keys to publish with',
  },
  topicRead: { pattern: 'topic_permissions.$vhost.$user.$exchange.read', kind: anyText, help: 'keys to bind' },
};
