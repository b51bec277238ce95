// The settings that say what clients are told of the broker, and what a new data folder begins with.
import type { HashAlgorithm } from '../../auth/password.ts';
import { anyText, boolean, choice, secret, text } from '../config-value.ts';
import type { Secret } from '../secret.ts';
import type { Keys } from './key.ts';

export interface BeginningValues {
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
  eventExchange: boolean | undefined;
  eventExchangeVhost: string | undefined;
}

/** In the order of the help. */
export const beginningKeys: Keys<BeginningValues> = {
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
  eventExchange: {
    key: 'event_exchange',
    env: ['LEVERET_EVENT_EXCHANGE'],
    kind: boolean,
    fallback: undefined,
    fallbackShown: 'false, or true with event_exchange.vhost',
    help: 'whether events are sent to the exchange amq.rabbitmq.event',
  },
  eventExchangeVhost: {
    key: 'event_exchange.vhost',
    env: ['LEVERET_EVENT_EXCHANGE_VHOST'],
    kind: text,
    fallback: undefined,
    fallbackShown: 'default_vhost',
    help: 'virtual host that has that exchange',
  },
};
