// The fold of users and permissions, logins, and what is remembered of them.
import * as crypto from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuthFact, Authority } from '../../../src/auth/authority.ts';
import { hashPassword } from '../../../src/auth/password.ts';
import { PermissionCache } from '../../../src/auth/permission-cache.ts';
import { checkTopicPatterns } from '../../../src/auth/topic-permission.ts';

vi.mock('node:crypto', async original => {
  const real = await original<typeof crypto>();
  return { ...real, scrypt: vi.fn(real.scrypt) };
});

let now = 0;
let authority: Authority;
const hashes = { alice: '', guest: '' };
const all = { configure: '.*', write: '.*', read: '.*' };

beforeEach(async () => {
  now = 0;
  authority = new Authority({ now: () => now });
  hashes.alice ||= await hashPassword('wonder');
  hashes.guest ||= await hashPassword('guest', 'rabbit_password_hashing_sha256');
  authority.apply({
    type: 'user.put',
    name: 'alice',
    passwordHash: hashes.alice,
    algorithm: 'scrypt',
    tags: ['monitoring'],
  });
  authority.apply({
    type: 'user.put',
    name: 'guest',
    passwordHash: hashes.guest,
    algorithm: 'rabbit_password_hashing_sha256',
    tags: ['administrator'],
  });
  authority.apply({ type: 'permission.put', user: 'alice', vhost: '/', configure: '^$', write: '^task', read: '.*' });
  authority.apply({ type: 'permission.put', user: 'guest', vhost: '/', ...all });
  vi.mocked(crypto.scrypt).mockClear();
});
afterEach(() => vi.restoreAllMocks());

const scrypts = () => vi.mocked(crypto.scrypt).mock.calls.length;

it('lets the right ones in, and says why for the log when not', async () => {
  expect(await authority.login('alice', 'wonder', false)).toEqual({
    ok: true,
    user: { name: 'alice', tags: ['monitoring'] },
  });
  expect(await authority.login('alice', 'wrong', true)).toEqual({
    ok: false,
    reason: "wrong password for user 'alice'",
  });
  expect(await authority.login('bob', 'wonder', true)).toEqual({ ok: false, reason: "there is no user 'bob'" });
  expect(await authority.login('alice', '', true)).toEqual({ ok: false, reason: "user 'alice' gave a blank password" });
});

it('guest comes from this machine only, unless told otherwise', async () => {
  expect(await authority.login('guest', 'guest', true)).toMatchObject({ ok: true });
  expect(await authority.login('guest', 'guest', false)).toEqual({
    ok: false,
    reason: "user 'guest' may log in from this machine only",
  });
  authority.loopbackUsers.clear();
  expect(await authority.login('guest', 'guest', false)).toMatchObject({ ok: true });
});

it('an unknown user costs one scrypt, as a known one does', async () => {
  await authority.login('nobody', 'x', true);
  expect(scrypts()).toBe(1);
  await authority.login('alice', 'x', true);
  expect(scrypts()).toBe(2);
});

it('remembers a verified password for 60 s, and never a wrong one', async () => {
  await authority.login('alice', 'wonder', true);
  now = 59_999;
  await authority.login('alice', 'wonder', true);
  expect(scrypts()).toBe(1);
  await authority.login('alice', 'wrong', true);
  await authority.login('alice', 'wrong', true);
  expect(scrypts()).toBe(3);
  now = 60_000;
  await authority.login('alice', 'wonder', true);
  expect(scrypts()).toBe(4);
});

it('a thousand equal logins at once are one check', async () => {
  const results = await Promise.all(Array.from({ length: 1000 }, () => authority.login('alice', 'wonder', true)));
  expect(results.every(result => result.ok)).toBe(true);
  expect(scrypts()).toBe(1);
});

it('never has more than two checks running, and runs them all', async () => {
  let running = 0;
  let most = 0;
  const real = vi.mocked(crypto.scrypt).getMockImplementation()!;
  vi.mocked(crypto.scrypt).mockImplementation(((...args: Parameters<typeof crypto.scrypt>) => {
    running += 1;
    most = Math.max(most, running);
    const done = args.at(-1) as (error: Error | null, key: Buffer) => void;
    setImmediate(() => {
      running -= 1;
      done(null, Buffer.alloc(32));
    });
  }) as typeof crypto.scrypt);
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => authority.login('alice', `wrong ${i}`, true)));
  vi.mocked(crypto.scrypt).mockImplementation(real);
  expect(results.every(result => !result.ok)).toBe(true);
  expect(most).toBe(2);
  expect(running).toBe(0);
});

it('a changed password forgets the old one at once', async () => {
  await authority.login('alice', 'wonder', true);
  authority.apply({
    type: 'user.put',
    name: 'alice',
    passwordHash: await hashPassword('new'),
    algorithm: 'scrypt',
    tags: [],
  });
  expect(await authority.login('alice', 'wonder', true)).toMatchObject({ ok: false });
  expect(await authority.login('alice', 'new', true)).toEqual({ ok: true, user: { name: 'alice', tags: [] } });
});

it('a user deleted while the hash is computed does not get in', async () => {
  const login = authority.login('alice', 'wonder', true);
  authority.apply({ type: 'user.delete', name: 'alice' });
  expect(await login).toMatchObject({ ok: false });
});

it('rights are those of the user in the vhost', () => {
  const alice = authority.user('alice')!;
  expect(authority.mayAccessVhost(alice, '/')).toBe(true);
  expect(authority.mayAccessVhost(alice, 'other')).toBe(false);
  expect(authority.may(alice, '/', 'write', 'task_queue')).toBe(true);
  expect(authority.may(alice, '/', 'write', 'my_task')).toBe(false);
  expect(authority.may(alice, '/', 'configure', 'task_queue')).toBe(false);
  expect(authority.may(alice, 'other', 'read', 'x')).toBe(false);
});

it('permissions survive a new password and go with the user, the vhost or their own deletion', () => {
  const alice = authority.user('alice')!;
  const guest = authority.user('guest')!;
  authority.apply({ type: 'permission.put', user: 'alice', vhost: 'v', ...all });
  authority.apply({ type: 'user.put', name: 'alice', passwordHash: hashes.alice, algorithm: 'scrypt', tags: [] });
  expect(authority.may(alice, 'v', 'read', 'q')).toBe(true);
  authority.apply({ type: 'permission.delete', user: 'alice', vhost: 'v' });
  expect(authority.mayAccessVhost(alice, 'v')).toBe(false);
  authority.apply({ type: 'user.delete', name: 'alice' });
  authority.apply({ type: 'user.put', name: 'alice', passwordHash: hashes.alice, algorithm: 'scrypt', tags: [] });
  expect(authority.mayAccessVhost(alice, '/')).toBe(false);
  authority.forgetVhost('/');
  expect(authority.mayAccessVhost(guest, '/')).toBe(false);
});

describe('topic permissions', () => {
  const put = (user: string, vhost: string, exchange: string, write: string, read: string): AuthFact => {
    return { type: 'topic-permission.put', user, vhost, exchange, write, read };
  };
  const may = (right: 'write' | 'read', key: string, user = 'alice', exchange = 'x') =>
    authority.mayTopic(authority.user(user)!, '/', exchange, right, key);

  it('are asked for only where there are some', () => {
    expect(may('write', 'anything')).toBe(true);
    const { version } = authority;
    authority.apply(put('alice', '/', 'x', '^a', ''));
    expect(authority.version).toBeGreaterThan(version);
    expect([may('write', 'a.b'), may('write', 'b'), may('read', 'a'), may('read', '')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([may('write', 'b', 'guest'), may('write', 'b', 'alice', 'y')]).toEqual([true, true]);
    authority.apply({ type: 'topic-permission.delete', user: 'alice', vhost: '/', exchange: 'x' });
    expect(may('write', 'b')).toBe(true);
  });

  it('know the names of user and vhost, as they are', () => {
    authority.apply({ type: 'user.put', name: 'a.*', passwordHash: '', algorithm: 'scrypt', tags: [] });
    authority.apply(put('a.*', '/', 'x', '^{username}-{vhost}-{username}$', '^{client_id}$'));
    expect(may('write', 'a.*-/-a.*', 'a.*')).toBe(true);
    expect(may('write', 'abc-/-abc', 'a.*')).toBe(false);
    expect(may('read', 'anything', 'a.*')).toBe(false);
  });

  it('go with the user and the vhost, and stay with a new password', () => {
    authority.apply(put('alice', '/', 'x', '^$', '^$'));
    authority.apply({ type: 'user.put', name: 'alice', passwordHash: hashes.alice, algorithm: 'scrypt', tags: [] });
    expect(may('write', 'k')).toBe(false);
    authority.forgetVhost('/');
    expect(may('write', 'k')).toBe(true);
    authority.apply(put('alice', '/', 'x', '^$', '^$'));
    authority.apply({ type: 'user.delete', name: 'alice' });
    authority.apply({ type: 'user.put', name: 'alice', passwordHash: hashes.alice, algorithm: 'scrypt', tags: [] });
    expect(may('write', 'k')).toBe(true);
  });

  it('that do not compile allow nothing', () => {
    authority.apply(put('alice', '/', 'x', '(', '.*'));
    expect([may('write', ''), may('read', 'k')]).toEqual([false, true]);
    expect(() => checkTopicPatterns({ write: '.*', read: '(' })).toThrow("the topic permission '(' is not a valid");
    checkTopicPatterns({ write: '^{username}{vhost}{client_id}', read: '' });
  });
});

it('the snapshot replays to the same state', () => {
  authority.apply({ type: 'permission.put', user: 'alice', vhost: 'v', configure: '(', write: '', read: 'r' });
  authority.apply({ type: 'permission.put', user: 'gone', vhost: 'v', ...all });
  authority.apply({ type: 'topic-permission.put', user: 'alice', vhost: 'v', exchange: 'x', write: 'w', read: 'r' });
  authority.apply({ type: 'topic-permission.put', user: 'gone', vhost: 'v', exchange: 'x', write: 'w', read: 'r' });
  const facts = [...authority.facts()];
  const copy = new Authority({ now: () => now });
  for (const fact of JSON.parse(JSON.stringify(facts)) as AuthFact[]) copy.apply(fact);
  expect([...copy.facts()]).toEqual(facts);
  expect(facts).toHaveLength(6);
});

it('a channel remembers what it was granted until anything changes', () => {
  const alice = authority.user('alice')!;
  const cache = new PermissionCache(authority, alice, '/');
  const asked = vi.spyOn(authority, 'may');
  for (let i = 0; i < 5; i++) expect(cache.may('write', 'task_queue')).toBe(true);
  expect(asked).toHaveBeenCalledTimes(1);
  expect(cache.may('configure', 'task_queue')).toBe(false);
  for (let i = 0; i < 12; i++) cache.may('read', `q${i}`);
  cache.may('write', 'task_queue');
  expect(asked).toHaveBeenCalledTimes(15);
  authority.apply({ type: 'permission.delete', user: 'alice', vhost: '/' });
  expect(cache.may('read', 'q11')).toBe(false);
});
