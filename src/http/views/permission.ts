// Permissions as RabbitMQ shows them.
import type { Account } from '../../auth/authority.ts';
import type { Patterns } from '../../auth/permission.ts';
import type { TopicPatterns } from '../../auth/topic-permission.ts';
import type { Management } from '../management.ts';

export interface PermissionView extends Patterns {
  readonly user: string;
  readonly vhost: string;
}

export function permissionsOf({ user, permissions }: Account): PermissionView[] {
  return [...permissions].map(([vhost, { patterns }]) => permissionView(user.name, vhost, patterns));
}

export function permissionsIn(management: Management, vhost: string): PermissionView[] {
  return allPermissions(management).filter(permission => permission.vhost === vhost);
}

/** All permissions, by vhost and user. */
export function allPermissions({ authority }: Management): PermissionView[] {
  const key = ({ vhost, user }: PermissionView): string => `${vhost}\0${user}`;
  return [...authority.accounts.values()].flatMap(permissionsOf).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export interface TopicPermissionView extends TopicPatterns {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
}

export function topicPermissionsOf({ user, topicPermissions }: Account): TopicPermissionView[] {
  return [...topicPermissions].flatMap(([vhost, ofVhost]) =>
    Array.from(ofVhost, ([exchange, { patterns }]) => ({ user: user.name, vhost, exchange, ...patterns })),
  );
}

/** All topic permissions, by vhost, user and exchange. */
export function allTopicPermissions({ authority }: Management): TopicPermissionView[] {
  const key = ({ vhost, user, exchange }: TopicPermissionView): string => `${vhost}\0${user}\0${exchange}`;
  return [...authority.accounts.values()].flatMap(topicPermissionsOf).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

export function permissionView(user: string, vhost: string, { configure, write, read }: Patterns): PermissionView {
  return { user, vhost, configure, write, read };
}
