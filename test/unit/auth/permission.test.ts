// Permission patterns mean what they mean in RabbitMQ.
import { expect, it } from 'vitest';
import { checkPatterns, Permission } from '../../../src/auth/permission.ts';

it.each([
  ['.*', 'anything', true],
  ['.*', '', true],
  ['', 'q', false],
  ['', '', true],
  ['^$', 'q', false],
  ['task', 'my-task-queue', true],
  ['^task', 'my-task-queue', false],
  ['^(task|job)\\.', 'job.1', true],
  ['^(task|job)\\.', 'jobs', false],
  ['^my\\-q\\_1$', 'my-q_1', true],
  ['^[a-z\\-]+$', 'a-b', true],
  ['\\Aq\\z', 'q', true],
  ['\\Aq\\z', 'qq', false],
  ['(?i)^Q$', 'q', true],
  ['^é.$', 'éß', true],
  ['^\\d+$', '42', true],
])('%s on %s', (pattern, name, allowed) => {
  checkPatterns({ configure: pattern, write: pattern, read: pattern });
  const permission = new Permission({ configure: '', write: pattern, read: '' });
  expect(permission.allows('write', name)).toBe(allowed);
});

it('each right has its own pattern', () => {
  const permission = new Permission({ configure: 'c', write: 'w', read: 'r' });
  expect(['configure', 'write', 'read'].map(right => permission.allows(right as 'read', 'r'))).toEqual([
    false,
    false,
    true,
  ]);
});

it.each(['(', '[', 'a{', '\\Qx\\E', '*'])('%s is refused with its place and reason, and allows nothing', pattern => {
  expect(() => checkPatterns({ configure: '', write: '', read: pattern })).toThrow(
    /^the read permission '.+' is not a valid regular expression: ./,
  );
  const permission = new Permission({ configure: '', write: '', read: pattern });
  expect(permission.allows('read', pattern)).toBe(false);
  expect(permission.allows('read', '')).toBe(false);
});
