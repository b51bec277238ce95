// Permissions as RabbitMQ shows them.
import type { Account } from '../../auth/authority.ts';
import type { Patterns } from '../../auth/permission.ts';
import type { Management } from '../management.ts';

export interface PermissionView extends Patterns {
  readonly user: string;
  readonly vhost: string;
}

export function permissionsOf({ user, permissions }: Account): PermissionView[] {
  return [...permissions].map(([vhost, { patterns }]) => permissionView(user.name, vhost, patterns));
}

export function permissionsIn({ authority }: Management, vhost: string): PermissionView[] {
  return [...authority.accounts.values()].flatMap(permissionsOf).filter(permission => permission.vhost === vhost);
}

export function permissionView(user: string, vhost: string, { configure, write, read }: Patterns): PermissionView {
  return { user, vhost, configure, write, read };
}
