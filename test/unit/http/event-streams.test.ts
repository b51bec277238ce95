// Keys of events, matched as a topic exchange would.
import { expect, it } from 'vitest';
import { matches } from '../../../src/http/event-streams.ts';

it.each([
  ['#', 'queue.created', true],
  ['queue.*', 'queue.created', true],
  ['queue.*', 'user.tags.set', false],
  ['user.#', 'user.tags.set', true],
  ['user.tags.set.#', 'user.tags.set', true],
  ['#.set', 'user.tags.set', true],
  ['*.set', 'user.tags.set', false],
  ['queue', 'queue.created', false],
  ['queue.created.*', 'queue.created', false],
])('%s and %s: %s', (pattern, key, expected) => {
  expect(matches(pattern, key)).toBe(expected);
});

it('takes no long time over a pattern of many #', () => {
  expect(matches(Array(128).fill('#').join('.'), 'user.authentication.failure.x')).toBe(true);
});
