// The story of a message: what headers, properties and its place tell, in order, and nothing that is not known.
import { expect, test } from 'vitest';
import { storyOf } from '../../../ui/story.ts';
import type { Message } from '../../../ui/types.ts';

const plain: Message = {
  sequence: 7,
  state: 'ready',
  redelivered: false,
  published_at: 2_000_000,
  age_ms: 1,
  exchange: '',
  routing_key: 'tasks',
  properties: {},
  body_bytes: 1,
  payload: 'x',
  payload_encoding: 'string',
  truncated: false,
  worker: null,
};

test('of a new message is that it was published and waits', () => {
  expect(storyOf(plain, 'tasks')).toEqual([
    {
      at: 2_000_000,
      what: 'Was published to tasks',
      more: ['through the default exchange', 'with the routing key tasks'],
    },
    { at: undefined, what: 'Waits for a worker', more: [] },
  ]);
});

test('of a dead letter begins with its first publish and has its deaths, oldest first', () => {
  const death = {
    queue: 'work',
    reason: 'rejected',
    exchange: 'jobs',
    'routing-keys': ['a', 'b'],
    count: 1,
    time: 1500,
  };
  const message: Message = {
    ...plain,
    redelivered: true,
    properties: {
      timestamp: 1000,
      user_id: 'ada',
      headers: {
        'x-delivery-count': 2,
        'x-death': [
          death,
          { queue: 'retry', reason: 'expired', exchange: '', count: 3, time: 1200, 'original-expiration': '500' },
        ],
      },
    },
    worker: { channel: 'c (1)', consumer_tag: 'w', connection_name: 'c', delivery_tag: 4, delivered_at: 3_000_000 },
  };
  const story = storyOf(message, 'dead');
  expect(story.map(({ at, what }) => [at, what])).toEqual([
    [1_000_000, 'Was published first'],
    [1_200_000, 'Was dead-lettered from retry'],
    [1_500_000, 'Was dead-lettered from work'],
    [2_000_000, 'Came to dead'],
    [undefined, 'Was delivered and came back'],
    [3_000_000, 'Was delivered to w'],
  ]);
  const said = story.map(({ more }) => more.join('; '));
  expect(said[0]).toContain('by the user ada');
  expect(said[1]).toMatch(/time to live.*3 times.*default exchange.*500 ms/);
  expect(said[2]).toContain('a worker rejected it; it had come through the exchange jobs with a, b');
  expect(said[4]).toBe('2 times so far');
  expect(said[5]).toContain('c (1), as delivery 4');
});

test('takes any headers for what they are', () => {
  for (const headers of [{ 'x-death': 'no' }, { 'x-death': [1, null, {}] }, { 'x-delivery-count': 'many' }, 5, []])
    expect(storyOf({ ...plain, properties: { headers } }, 'tasks')).toHaveLength(2);
});
