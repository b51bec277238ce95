// What an operator does to a broker over the HTTP API, for scenarios; everything is undone when the scenario ends.
import assert from 'node:assert/strict';
import type { Stage } from './scenario.ts';

/** What a request was answered with: the status, and the body where it is JSON. */
export type Reply = { readonly status: number; readonly body: unknown };

/** A policy, or an operator policy; what is not said is as in the defaults of `setPolicy`. */
export type Policy = {
  readonly pattern: string;
  readonly definition: { readonly [key: string]: unknown };
  readonly priority?: number;
  readonly applyTo?: string;
  readonly operator?: boolean;
  readonly vhost?: string;
  /** The name; by default one of its own. The same name again replaces the policy. */
  readonly name?: string;
};

const encode = encodeURIComponent;

/** Sends a request below `/api` as guest. */
export async function ask(t: Stage, method: string, path: string, body?: unknown): Promise<Reply> {
  const response = await fetch(`http://127.0.0.1:${t.broker.management}/api${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
}

/** Sends a request that must succeed, and returns the body of the answer. */
export async function must(t: Stage, method: string, path: string, body?: unknown): Promise<unknown> {
  const reply = await ask(t, method, path, body);
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

/** A pattern that matches these names and no other. */
export const only = (...names: readonly string[]): string => `^(${names.join('|')})$`;

const pathOf = ({ operator, vhost = '/' }: Partial<Policy>, name: string): string =>
  `/${operator ? 'operator-policies' : 'policies'}/${encode(vhost)}/${encode(name)}`;

let turn: Promise<unknown> = Promise.resolve();

/**
 * Changes policies and tracing one request after the other. Of two policies at once, RabbitMQ may apply both with the
 * first, and answer the second before the queues know of it; of two vhosts traced at once it may forget one.
 */
function inTurn<T>(change: () => Promise<T>): Promise<T> {
  const result = turn.then(change);
  turn = result.catch(() => {});
  return result;
}

/** Asks for a policy, which need not be granted. */
export function askPolicy(t: Stage, policy: Policy): Promise<Reply> {
  const { pattern, definition, priority = 0, applyTo = 'all', name = t.name('policy') } = policy;
  const path = pathOf(policy, name);
  t.afterwards(async () => void (await inTurn(() => ask(t, 'DELETE', path))));
  return inTurn(() => ask(t, 'PUT', path, { pattern, definition, priority, 'apply-to': applyTo }));
}

/** Sets a policy and returns its name. */
export async function setPolicy(t: Stage, policy: Policy): Promise<string> {
  const name = policy.name ?? t.name('policy');
  const reply = await askPolicy(t, { ...policy, name });
  assert.ok(reply.status === 201 || reply.status === 204, `policy: ${reply.status} ${JSON.stringify(reply.body)}`);
  return name;
}

/** Takes a policy away. */
export async function clearPolicy(t: Stage, name: string, where: Partial<Policy> = {}): Promise<void> {
  await inTurn(() => must(t, 'DELETE', pathOf(where, name)));
}

/** A vhost of the scenario's own, where guest may do everything. */
export async function newVhost(t: Stage): Promise<string> {
  const vhost = t.name('vhost');
  t.afterwards(async () => void (await ask(t, 'DELETE', `/vhosts/${encode(vhost)}`)));
  await must(t, 'PUT', `/vhosts/${encode(vhost)}`, {});
  await permit(t, 'guest', vhost);
  return vhost;
}

/** Grants a user of a vhost these rights, by default all. */
export async function permit(
  t: Stage,
  user: string,
  vhost: string,
  { configure = '.*', write = '.*', read = '.*' }: { configure?: string; write?: string; read?: string } = {},
): Promise<void> {
  await must(t, 'PUT', `/permissions/${encode(vhost)}/${encode(user)}`, { configure, write, read });
}

/** A user of the scenario's own with the password `secret`, who may do everything in these vhosts. */
export async function newUser(t: Stage, vhosts: readonly string[] = ['/'], tags = ''): Promise<string> {
  const user = t.name('user');
  t.afterwards(async () => void (await ask(t, 'DELETE', `/users/${encode(user)}`)));
  await must(t, 'PUT', `/users/${encode(user)}`, { password: 'secret', tags });
  for (const vhost of vhosts) await permit(t, user, vhost);
  return user;
}

/** Sets a limit of a vhost or user. */
export async function setLimit(
  t: Stage,
  of: 'vhost' | 'user',
  subject: string,
  limit: string,
  value: number,
): Promise<void> {
  await must(t, 'PUT', `/${of}-limits/${encode(subject)}/${limit}`, { value });
}

/** Takes a limit of a vhost or user away. */
export async function clearLimit(t: Stage, of: 'vhost' | 'user', subject: string, limit: string): Promise<void> {
  await must(t, 'DELETE', `/${of}-limits/${encode(subject)}/${limit}`);
}

/** What a user may write and read through a topic exchange. */
export async function permitTopics(
  t: Stage,
  user: string,
  exchange: string,
  rights: { write: string; read: string },
  vhost = '/',
): Promise<void> {
  await must(t, 'PUT', `/topic-permissions/${encode(vhost)}/${encode(user)}`, { exchange, ...rights });
}

/** Has copies of all messages of a vhost published to its `amq.rabbitmq.trace`, or no longer. */
export async function trace(t: Stage, vhost: string, tracing: boolean): Promise<void> {
  await inTurn(() => must(t, 'PUT', `/vhosts/${encode(vhost)}`, { tracing }));
}
