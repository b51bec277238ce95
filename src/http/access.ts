// Who may see what: RabbitMQ's user tags, and which vhosts are visible to whom.
import type { User } from '../auth/authority.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Connection } from '../session/connection.ts';
import { notAuthorised } from './errors.ts';
import type { Management } from './management.ts';
import type { Need } from './route.ts';

/** RabbitMQ lets nobody without one of these see its management API. */
const management: readonly string[] = ['administrator', 'monitoring', 'policymaker', 'management'];

const refusals = {
  management: 'Not management user',
  policymaker: 'User not authorised to access object',
  monitoring: 'Not monitor user',
  administrator: 'Not administrator user',
} as const;

export function isAdministrator({ tags }: User): boolean {
  return tags.includes('administrator');
}

/** Sees all connections and channels, and that there are vhosts. */
export function isMonitor(user: User): boolean {
  return isAdministrator(user) || user.tags.includes('monitoring');
}

/** Sets policies and parameters. */
function isPolicymaker(user: User): boolean {
  return isAdministrator(user) || user.tags.includes('policymaker');
}

/** Whether the tags let anybody in at all. */
export function mayManage({ tags }: User): boolean {
  return tags.some(tag => management.includes(tag));
}

/** @throws HttpError 401 where the user has not the tag that a route needs. */
export function expectTag(user: User, need: Exclude<Need, 'open'>): void {
  const has = {
    management: mayManage,
    policymaker: isPolicymaker,
    monitoring: isMonitor,
    administrator: isAdministrator,
  }[need];
  if (!has(user)) throw notAuthorised(refusals[need]);
}

/** The vhosts whose queues, exchanges and bindings the user sees: those with permissions. */
export function ownVhosts({ broker, authority }: Management, user: User): Vhost[] {
  return sorted([...broker.vhosts.values()].filter(vhost => authority.mayAccessVhost(user, vhost.name)));
}

/** The vhosts that the user is told of. */
export function visibleVhosts(management: Management, user: User): Vhost[] {
  return isMonitor(user) ? sorted([...management.broker.vhosts.values()]) : ownVhosts(management, user);
}

/** @throws HttpError 401 where the user has no permission of any kind in the vhost. */
export function expectVhost({ authority }: Management, user: User, vhost: string): void {
  if (!authority.mayAccessVhost(user, vhost)) throw notAuthorised('User not authorised to access virtual host');
}

/**
 * For routes that need the tag policymaker: an administrator may use them in every vhost, others where they have permissions.
 * @throws HttpError 401 where the user has none, or where `allowed` is false
 */
export function expectPolicymaker(
  { management, viewer, vhost }: { readonly management: Management; readonly viewer: User; readonly vhost: Vhost },
  allowed = true,
): void {
  const may = isAdministrator(viewer) || management.authority.mayAccessVhost(viewer, vhost.name);
  if (!allowed || !may) throw notAuthorised(refusals.policymaker);
}

/** Everybody sees their own connections; who monitors sees all. */
export function maySee(user: User, connection: Connection): boolean {
  return isMonitor(user) || connection.user?.name === user.name;
}

/** @throws HttpError 401 in RabbitMQ's words for declares, deletes and purges. */
export function expectRight(
  { authority }: Management,
  user: User,
  vhost: string,
  right: 'configure' | 'write' | 'read',
  resource: string,
): void {
  if (!authority.may(user, vhost, right, resource)) throw notAuthorised('Access refused.');
}

function sorted(vhosts: Vhost[]): Vhost[] {
  return vhosts.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}
