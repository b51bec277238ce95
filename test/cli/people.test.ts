// Users, permissions, virtual hosts and definitions from the command line.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());

const input = (text: string, ...args: readonly string[]) => broker.leveret(args, { input: text });
const login = async (user: string, password: string): Promise<boolean> =>
  (await broker.leveret(['list', 'queues'], { env: { LEVERET_URL: broker.url(user, password) } })).code === 0;

it('adds a user, changes the tags without the password and the password without the tags, and deletes', async () => {
  expect(await input('first\n', 'users', 'add', 'anna', '--tags', 'management', '--password-stdin')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('permissions set'),
  });
  expect((await input('x\n', 'users', 'add', 'anna', '--password-stdin')).code).toBe(1);
  expect(await login('anna', 'first')).toBe(true);
  await broker.prints('users', 'change', 'anna', '--tags', 'monitoring,management');
  expect(await login('anna', 'first')).toBe(true);
  expect((await input('second', 'users', 'change', 'anna', '--password-stdin')).code).toBe(0);
  expect([await login('anna', 'first'), await login('anna', 'second')]).toEqual([false, true]);
  expect(await broker.prints('users')).toMatch(/^anna +monitoring,management$/m);
  const { password_hash: hash } = (await broker.json('users', 'list', '--filter', 'anna'))[0];
  await broker.prints('users', 'add', 'bert', '--tags', 'management', '--password-hash', hash);
  expect(await login('bert', 'second')).toBe(true);
  await broker.prints('users', 'change', 'bert', '--no-password');
  expect(await login('bert', 'second')).toBe(false);
  expect(await broker.prints('users', 'delete', 'anna', '--yes')).toBe("user 'anna' was deleted\n");
  expect(await broker.prints('users')).not.toContain('anna');
});

it('takes no empty password, and none where nobody can be asked', async () => {
  expect((await input('\n', 'users', 'add', 'nobody', '--password-stdin')).code).toBe(2);
  expect((await input('', 'users', 'add', 'nobody')).code).toBe(2);
  expect(await broker.prints('users')).not.toContain('nobody');
});

it('adds and deletes virtual hosts, and what is in them', async () => {
  await broker.prints('vhosts', 'add', 'a/b');
  expect((await broker.leveret(['vhosts', 'add', 'a/b'])).code).toBe(1);
  await broker.prints('permissions', 'set', 'guest', '.*', '.*', '.*', '--vhost', 'a/b');
  await broker.prints('declare', 'queue', 'inside', '--vhost', 'a/b');
  expect(await broker.prints('list', 'queues', '--vhost', 'a/b')).toContain('inside');
  await broker.prints('vhosts', 'delete', 'a/b', '--yes');
  expect(await broker.prints('vhosts')).not.toContain('a/b');
});

it('sets, lists and deletes topic permissions', async () => {
  await broker.prints('users', 'add', 'dora', '--no-password');
  for (const exchange of ['amq.topic', 'events'])
    await broker.prints('topic-permissions', 'set', 'dora', exchange, '^{username}', '^$');
  expect(await broker.prints('topic-permissions')).toMatch(/^dora +\/ +events +\^\{username\} +\^\$$/m);
  await broker.prints('topic-permissions', 'delete', 'dora', 'events', '--yes');
  expect(await broker.prints('topic-permissions')).toMatch(/^dora +\/ +amq.topic/m);
  expect(await broker.prints('topic-permissions')).not.toContain('events');
  await broker.prints('topic-permissions', 'delete', 'dora', '--yes');
  expect(await broker.prints('topic-permissions')).not.toContain('dora');
  expect((await broker.leveret(['topic-permissions', 'delete', 'dora', '--yes'])).code).toBe(5);
  expect((await broker.leveret(['topic-permissions', 'set', 'dora', 'x', '(', '.*'])).code).toBe(1);
});

it('says what a virtual host is for, and changes only what is named', async () => {
  const add = ['vhosts', 'add', 'told', '--description', 'Invoices', '--tags', 'money,prod'];
  await broker.prints(...add);
  expect((await broker.leveret(add)).code).toBe(1);
  await broker.prints('vhosts', 'change', 'told', '--description', 'Bills');
  const [told] = await broker.json('vhosts', 'list', '--filter', 'told');
  expect(told).toMatchObject({ description: 'Bills', tags: ['money', 'prod'] });
  expect(await broker.prints('vhosts')).toMatch(/^told .*money.*prod.*Bills$/m);
  expect((await broker.leveret(['vhosts', 'change', 'told'])).code).toBe(2);
  expect((await broker.leveret(['vhosts', 'change', 'gone', '--tags', ''])).code).toBe(5);
});

it('sets, lists and deletes permissions', async () => {
  await broker.prints('users', 'add', 'carl', '--no-password');
  await broker.prints('permissions', 'set', 'carl', '^$', '^results', '^tasks');
  expect(await broker.prints('permissions')).toMatch(/^carl +\/ +\^\$ +\^results +\^tasks$/m);
  await broker.prints('permissions', 'delete', 'carl', '--yes');
  expect(await broker.prints('permissions')).not.toContain('carl');
  expect((await broker.leveret(['permissions', 'set', 'carl', '(', '.*', '.*'])).code).toBe(1);
  expect((await broker.leveret(['permissions', 'set', 'gone', '.*', '.*', '.*'])).code).not.toBe(0);
});

it('exports definitions to a file that nobody else may read, and imports them', async () => {
  await broker.prints('declare', 'queue', 'kept');
  const file = join(broker.folder, 'definitions.json');
  expect(await broker.prints('export', file)).toContain('queues: 1');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(await broker.prints('export')));
  await broker.prints('delete', 'queue', 'kept', '--yes');
  expect(await broker.prints('import', file)).toContain('queues: 1');
  expect(await broker.prints('list', 'queues')).toContain('kept');
  const ofVhost = await broker.prints('export', '--vhost', '/');
  expect(JSON.parse(ofVhost)).not.toHaveProperty('users');
  await broker.prints('delete', 'queue', 'kept', '--yes');
  expect((await input(ofVhost, 'import', '-', '--vhost', '/')).code).toBe(0);
  expect(await broker.prints('list', 'queues')).toContain('kept');
});

it('says what is wrong with a file of definitions', async () => {
  const file = join(broker.folder, 'bad.json');
  writeFileSync(file, '{"queues": [');
  expect(await broker.leveret(['import', file])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not JSON'),
  });
  expect(await input('[]', 'import')).toMatchObject({ code: 1 });
  expect(await input('{"queues":[{"name":1}]}', 'import')).toMatchObject({ code: 1 });
});
