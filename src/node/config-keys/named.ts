// The settings of a config file whose keys have names in them.
import { anyText, boolean, type ListenerValue, listener, secret, text, words } from '../config-value.ts';
import type { Secret } from '../secret.ts';
import type { NamedKey } from './key.ts';

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
