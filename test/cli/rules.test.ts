// Policies, operator policies, limits and parameters from the command line.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliBroker } from './broker.ts';

let broker: CliBroker;
beforeAll(async () => {
  broker = await CliBroker.start();
});
afterAll(() => broker.stop());

it('sets, lists and deletes policies, which hold at once', async () => {
  await broker.prints('declare', 'queue', 'tasks');
  const set = ['policies', 'set', 'long', '^tasks', 'max-length=5', 'overflow=reject-publish'];
  expect(await broker.prints(...set, '--priority', '-2', '--apply-to', 'queues')).toBe("policy 'long' was set\n");
  expect(await broker.prints('policies')).toMatch(/^long +\/ +\^tasks +queues +-2 +\{"max-length":5.* 1 +0$/m);
  const [queue] = await broker.json('list', 'queues', '--filter', 'tasks');
  expect(queue).toMatchObject({ policy: 'long', effective_policy_definition: { 'max-length': 5 } });
  await broker.prints('operator-policies', 'set', 'bounds', '', 'max-length=3');
  expect(await broker.prints('list', 'operator-policies')).toContain('bounds');
  await broker.prints('operator-policies', 'delete', 'bounds', '--yes');
  expect(await broker.prints('policies', 'delete', 'long', '--yes')).toContain('was deleted');
  expect(await broker.prints('policies')).not.toContain('long');
});

it('tells what is wrong with a policy', async () => {
  const refused = async (...args: string[]) => broker.leveret(['policies', ...args]);
  expect(await refused('set', 'p', '(', 'max-length=1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('missing )'),
  });
  expect(await refused('set', 'p', '', 'max-length=many')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is not a valid maximum length'),
  });
  expect((await refused('set', 'p', '', 'nonsense')).code).toBe(2);
  expect((await refused('set', 'p', '')).code).toBe(2);
  expect((await refused('set', 'p', '', 'expires=1', '--priority', 'high')).code).toBe(2);
  expect((await refused('set', 'p', '', 'expires=1', '--vhost', 'nowhere')).code).toBe(5);
  expect((await refused('delete', 'p', '--yes')).code).toBe(5);
  expect((await refused('delete', 'p')).code, 'nobody can be asked').not.toBe(0);
});

it('sets, lists and lifts limits', async () => {
  expect(await broker.prints('limits', 'set', 'max-queues', '7')).toBe("max-queues of virtual host '/' was set to 7\n");
  await broker.prints('limits', 'set', 'max-channels', '3', '--user', 'guest');
  expect(await broker.prints('limits')).toMatch(/^virtual host +\/ +max-queues +7\nuser +guest +max-channels +3$/m);
  await broker.prints('limits', 'delete', 'max-queues', '--yes');
  await broker.prints('limits', 'delete', 'max-channels', '--user', 'guest', '--yes');
  expect(await broker.json('limits')).toEqual([]);
  for (const wrong of [
    ['max-queues', '-1'],
    ['max-mice', '1'],
    ['max-queues', '1', '--vhost', '/', '--user', 'guest'],
  ])
    expect((await broker.leveret(['limits', 'set', ...wrong])).code, wrong.join(' ')).toBe(2);
  expect((await broker.leveret(['limits', 'set', 'max-queues', '1', '--user', 'guest'])).code).toBe(1);
  expect((await broker.leveret(['limits', 'set', 'max-queues', '1', '--vhost', 'nowhere'])).code).toBe(5);
});

it('sets, lists and deletes parameters', async () => {
  await broker.prints('parameters', 'set', 'tool', 'look', '{"colour":"blue"}');
  expect(await broker.prints('parameters')).toMatch(/^look +tool +\/ +\{"colour":"blue"\}$/m);
  await broker.prints('parameters', 'delete', 'tool', 'look', '--yes');
  await broker.prints('parameters', 'set-global', 'g', '[1]');
  expect(await broker.json('parameters', 'list-global')).toEqual([{ name: 'g', value: [1] }]);
  await broker.prints('parameters', 'delete-global', 'g', '--yes');
  expect((await broker.leveret(['parameters', 'set', 'tool', 'look', 'blue'])).code).toBe(2);
  expect((await broker.leveret(['parameters', 'delete', 'tool', 'look', '--yes'])).code).toBe(5);
});

it('completes the names of policies', async () => {
  await broker.prints('policies', 'set', 'completed', '', 'expires=100000');
  expect(await broker.prints('__complete', '--', 'policies', 'delete', 'com')).toBe('completed\tpolicy\n');
  await broker.prints('policies', 'delete', 'completed', '--yes');
});
