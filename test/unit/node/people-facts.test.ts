// The configured people become facts once, and only what changed becomes a fact again.
import { expect, it } from 'vitest';
import { type AuthFact, Authority } from '../../../src/auth/authority.ts';
import { loadConfig } from '../../../src/node/config.ts';
import { peopleFacts } from '../../../src/node/people-facts.ts';

const config = (content: string) => loadConfig({ file: { name: 'f', content } }).config;
const USERS = 'users.alice.password = wonder\nvhosts.v = true\npermissions.v.alice.read = .*\n';

async function start(authority: Authority, content: string, isNewData: boolean): Promise<AuthFact[]> {
  const facts = await peopleFacts(config(content), authority, isNewData);
  for (const fact of facts) authority.apply(fact);
  return facts;
}

it('new data begins with the first user, administrator of the default vhost', async () => {
  const authority = new Authority({ now: () => 0 });
  await start(authority, '', true);
  expect(await authority.login('guest', 'guest', true)).toMatchObject({ ok: true, user: { tags: ['administrator'] } });
  expect(authority.may(authority.user('guest')!, '/', 'configure', 'q')).toBe(true);
});

it('with a first user of its own there is no guest', async () => {
  const authority = new Authority({ now: () => 0 });
  await start(authority, 'default_user = bob\ndefault_pass = p\ndefault_vhost = shop', true);
  expect(await authority.login('bob', 'p', false)).toMatchObject({ ok: true });
  expect(authority.user('guest')).toBeUndefined();
  expect(authority.mayAccessVhost(authority.user('bob')!, 'shop')).toBe(true);
});

it('a second start changes nothing, and a deleted first user stays deleted', async () => {
  const authority = new Authority({ now: () => 0 });
  expect(await start(authority, USERS, true)).toHaveLength(4);
  authority.apply({ type: 'user.delete', name: 'guest' });
  expect(await start(authority, USERS, false)).toEqual([]);
});

it('what changed in the file changes', async () => {
  const authority = new Authority({ now: () => 0 });
  await start(authority, USERS, true);
  const changed = await start(authority, `${USERS}users.alice.password = other\npermissions.v.alice.write = w`, false);
  expect(changed.map(fact => fact.type)).toEqual(['user.put', 'permission.put']);
  expect(await authority.login('alice', 'other', false)).toMatchObject({ ok: true });
  expect(await authority.login('alice', 'wonder', false)).toMatchObject({ ok: false });
});
