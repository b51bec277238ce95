// Scenarios: which message comes first, and which consumer gets it.
import { Grave } from '../dead-letters.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('priority');

const Q = (queue: string): string => `queue '${queue}' in vhost '/'`;
const levels = (count: number, more: Fields = {}) => ({ arguments: { 'x-max-priority': count, ...more } });

/** Publishes bodies that begin with their priority, if they have one, as `3a`. */
async function publishes(t: Stage, queue: string, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const priority = Number.parseInt(body, 10);
    await t.publishes('', queue, body, Number.isNaN(priority) ? {} : { priority });
  }
}

const orders: [what: string, count: number, published: string[], held: string[]][] = [
  ['the highest comes first', 10, ['1a', '5a', '3a'], ['5a', '3a', '1a']],
  ['equal ones keep their order', 10, ['1a', '2a', '1b', '2b', '1c'], ['2a', '2b', '1a', '1b', '1c']],
  ['none is 0', 10, ['a', '0a', '1a', 'b', '0b'], ['1a', 'a', '0a', 'b', '0b']],
  [
    'what is above the highest level counts as it',
    5,
    ['5a', '9a', '255a', '5b', '4a'],
    ['5a', '9a', '255a', '5b', '4a'],
  ],
  ['255 levels', 255, ['1a', '255a', '254a', '128a'], ['255a', '254a', '128a', '1a']],
  ['one level', 1, ['0a', '1a', '7a', 'b'], ['1a', '7a', '0a', 'b']],
  ['no level at all', 0, ['0a', '1a', '7a', 'b'], ['0a', '1a', '7a', 'b']],
];
for (const [what, count, published, held] of orders) {
  scenario(`messages: ${what}`, { covers: ['priority/message'] }, async t => {
    const queue = await t.queue(await t.channel(), levels(count));
    await publishes(t, queue, published);
    await t.holds(queue, held);
  });
}

scenario('messages: without x-max-priority all are equal', { covers: ['priority/message'] }, async t => {
  const queue = await t.queue(await t.channel());
  await publishes(t, queue, ['1a', '5a', 'b', '9a']);
  await t.holds(queue, ['1a', '5a', 'b', '9a']);
});

scenario('messages: the property stays as it was', { covers: ['priority/message', 'edge:16'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, levels(5));
  await publishes(t, queue, ['200a', '0b', 'c']);
  await channel.got(queue, 1, 2, '200a', { properties: { priority: 200 } });
  await channel.got(queue, 2, 1, '0b', { properties: { priority: 0 } });
  await channel.got(queue, 3, 0, 'c');
});

scenario('messages: a consumer gets the highest next', { covers: ['priority/message'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, levels(5));
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await publishes(t, queue, ['1a', '1b', '5a', '3a']);
  for (const [index, body] of ['1a', '5a', '3a', '1b'].entries()) {
    await channel.delivered('c', index + 1, queue, body, { properties: { priority: Number(body[0]) } });
    channel.ack(index + 1);
  }
  await t.sees(queue, 0, 1);
});

scenario(
  'messages: what comes back takes its place in its level',
  { covers: ['priority/message', 'edge:1'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, levels(5));
    await publishes(t, queue, ['1a', '3a', '3b', '1b']);
    for (const [index, body] of ['3a', '3b', '1a'].entries()) {
      await channel.got(queue, index + 1, 3 - index, body, { properties: { priority: Number(body[0]) } });
    }
    await publishes(t, queue, ['3c', '5a']);
    channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
    await channel.quiet();
    await t.holds(queue, ['5a', '3a', '3b', '3c', '1a', '1b']);
  },
);

scenario('messages: purge and counts know all levels', { covers: ['priority/message', 'edge:24'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, levels(5));
  await publishes(t, queue, ['1a', '3a', '5a', 'b']);
  await t.sees(queue, 4);
  await channel.call('queue.purge', { queue }, { messageCount: 4 });
  await channel.gotNothing(queue);
});

scenario('messages: persistent ones in a durable queue', { covers: ['priority/message'] }, async t => {
  const queue = await t.queue(await t.channel(), { durable: true, ...levels(5) });
  for (const [priority, body] of [
    [1, 'a'],
    [4, 'b'],
    [2, 'c'],
  ] as const) {
    await t.publishes('', queue, body, { deliveryMode: 2, priority });
  }
  await t.holds(queue, ['b', 'c', 'a']);
});

scenario(
  'messages: a low one does not expire behind a high one that lives',
  { covers: ['priority/message', 'edge:10'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.queue(channel, grave.arguments({ 'x-max-priority': 5 }));
    await t.publishes('', queue, 'high', { priority: 5 });
    await t.publishes('', queue, 'low', { priority: 1, expiration: '1' });
    await grave.passes(20);
    await t.sees(queue, 2);
    await channel.got(queue, 1, 0, 'high', { properties: { priority: 5 } });
    const deaths = [{ reason: 'expired', queue, expiration: '1' }] as const;
    await grave.receives({ body: 'low', deaths, properties: { priority: 1 } });
  },
);

scenario(
  'messages: within a level one that lives hides those behind it',
  { covers: ['priority/message', 'edge:10'] },
  async t => {
    const grave = await Grave.dig(t);
    const queue = await t.queue(await t.channel(), grave.arguments({ 'x-max-priority': 5 }));
    await t.publishes('', queue, 'lives', { priority: 1 });
    await t.publishes('', queue, 'dies', { priority: 1, expiration: '1' });
    await grave.passes(20);
    await t.sees(queue, 2);
  },
);

scenario(
  'messages: over the limit the head goes, which is the highest',
  { covers: ['priority/message', 'length/drop-head'] },
  async t => {
    const grave = await Grave.dig(t);
    const queue = await t.queue(await t.channel(), grave.arguments({ 'x-max-priority': 5, 'x-max-length': 2 }));
    await publishes(t, queue, ['3a', '1a', '5a', '2a']);
    await grave.receives({ body: '5a', deaths: [{ reason: 'maxlen', queue }], properties: { priority: 5 } });
    await grave.receives({ body: '3a', deaths: [{ reason: 'maxlen', queue }], properties: { priority: 3 } });
    await t.holds(queue, ['2a', '1a']);
  },
);

scenario(
  'messages: a dead letter takes its level in the next queue',
  { covers: ['priority/message', 'dead-letter/rejected'] },
  async t => {
    const channel = await t.channel();
    const rest = await t.queue(channel, levels(5));
    const options = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': rest };
    const queue = await t.queue(channel, { arguments: options });
    await publishes(t, queue, ['1a', '5a', '3a']);
    for (const [index, body] of ['1a', '5a', '3a'].entries()) {
      await channel.got(queue, index + 1, 2 - index, body, { properties: { priority: Number(body[0]) } });
      channel.send('basic.reject', { deliveryTag: index + 1 });
    }
    await t.holds(rest, ['5a', '3a', '1a']);
  },
);

/** A channel with one consumer of the queue. */
async function consumer(t: Stage, queue: string, priority: number | undefined, prefetchCount = 0): Promise<Channel> {
  const channel = await t.channel();
  if (prefetchCount > 0) await channel.call('basic.qos', { prefetchCount }, {});
  await channel.consume(queue, 'c', priority === undefined ? {} : { arguments: { 'x-priority': priority } });
  return channel;
}

/** The consumers must get so many of the messages 0, 1, 2 .. published now, by index of the consumer. */
async function served(t: Stage, queue: string, channels: Channel[], turns: readonly number[]): Promise<void> {
  const tags = channels.map(() => 0);
  for (const [index, turn] of turns.entries()) {
    await t.publishes('', queue, String(index));
    await channels[turn]!.delivered('c', ++tags[turn]!, queue, String(index));
  }
  for (const channel of channels) await channel.quiet();
}

const choices: [what: string, priorities: (number | undefined)[], prefetch: number, turns: number[]][] = [
  ['the higher one gets all while it has credit', [1, 2], 3, [1, 1, 1, 0, 0, 0]],
  ['without a limit the higher one gets all', [1, 2], 0, [1, 1, 1, 1, 1]],
  ['none is 0', [undefined, 1, -1], 1, [1, 0, 2]],
  ['equal ones take turns', [5, 5, 1], 2, [0, 1, 0, 1, 2, 2]],
  ['negative ones come last', [-10, undefined, -5], 2, [1, 1, 2, 2, 0, 0]],
  ['of any size', [-2147483648, 2147483647, 300], 1, [1, 2, 0]],
];
for (const [what, priorities, prefetch, turns] of choices) {
  scenario(`consumers: ${what}`, { covers: ['priority/consumer', 'edge:6'] }, async t => {
    const queue = await t.queue(await t.channel());
    const channels: Channel[] = [];
    for (const priority of priorities) channels.push(await consumer(t, queue, priority, prefetch));
    await served(t, queue, channels, turns);
  });
}

for (const type of ['classic', 'quorum']) {
  scenario(
    `consumers: a higher one that comes later goes first, ${type}`,
    { covers: ['priority/consumer'] },
    async t => {
      const queue = await t.queue(await t.channel(), { durable: true, arguments: { 'x-queue-type': type } });
      const low = await consumer(t, queue, 1, 5);
      await t.publishes('', queue, 'a');
      await low.delivered('c', 1, queue, 'a');
      const high = await consumer(t, queue, 2, 1);
      await t.publishes('', queue, 'b');
      await high.delivered('c', 1, queue, 'b');
      await t.publishes('', queue, 'c');
      await low.delivered('c', 2, queue, 'c');
      high.ack(1);
      await high.quiet();
      await t.publishes('', queue, 'd');
      await high.delivered('c', 2, queue, 'd');
    },
  );
}

scenario('consumers: when the higher one goes the lower one gets all', { covers: ['priority/consumer'] }, async t => {
  const queue = await t.queue(await t.channel());
  const [high, low] = [await consumer(t, queue, 2), await consumer(t, queue, 1)];
  await t.publishes('', queue, 'a');
  await high.delivered('c', 1, queue, 'a');
  await high.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  await t.publishes('', queue, 'b');
  await low.delivered('c', 1, queue, 'b');
});

scenario('consumers: what comes back goes to the higher one', { covers: ['priority/consumer', 'edge:1'] }, async t => {
  const queue = await t.queue(await t.channel());
  const [low, high] = [await consumer(t, queue, 1, 1), await consumer(t, queue, 2, 1)];
  await served(t, queue, [low, high], [1, 0]);
  high.ack(1);
  // Before the other connection's reject, or it would not be free for what comes back.
  await high.quiet();
  low.send('basic.reject', { deliveryTag: 1, requeue: true });
  await high.delivered('c', 2, queue, '1', { redelivered: true });
});

const single = (more: Fields = {}) => ({ arguments: { 'x-single-active-consumer': true, ...more } });

for (const type of ['classic', 'quorum']) {
  const options = { durable: true, ...single({ 'x-queue-type': type }) };

  scenario(`single active, ${type}: the first consumer gets all`, { covers: ['single-active-consumer'] }, async t => {
    const queue = await t.queue(await t.channel(), options);
    const channels = [
      await consumer(t, queue, undefined),
      await consumer(t, queue, undefined),
      await consumer(t, queue, undefined),
    ];
    await served(t, queue, channels, [0, 0, 0, 0]);
    await t.sees(queue, 0, type === 'quorum' ? 1 : 3); // a quorum queue counts those that are active
  });

  scenario(
    `single active, ${type}: without credit the next does not step in`,
    { covers: ['single-active-consumer'] },
    async t => {
      const queue = await t.queue(await t.channel(), options);
      const [active, waiting] = [await consumer(t, queue, undefined, 1), await consumer(t, queue, undefined)];
      for (const body of ['a', 'b']) await t.publishes('', queue, body);
      await active.delivered('c', 1, queue, 'a');
      await t.sees(queue, 1, type === 'quorum' ? 1 : 2);
      await waiting.quiet();
      active.ack(1);
      await active.delivered('c', 2, queue, 'b');
    },
  );

  scenario(
    `single active, ${type}: after a cancel the next in line is active`,
    { covers: ['single-active-consumer'] },
    async t => {
      const queue = await t.queue(await t.channel(), options);
      const channels = [
        await consumer(t, queue, undefined),
        await consumer(t, queue, undefined),
        await consumer(t, queue, undefined),
      ];
      for (const [index, channel] of channels.entries()) {
        await t.publishes('', queue, String(index));
        await channel.delivered('c', 1, queue, String(index));
        channel.ack(1);
        await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
      }
      await t.sees(queue, 0);
    },
  );
}

scenario(
  'single active: what waits when the active one cancels',
  {
    covers: ['single-active-consumer'],
    differs: {
      rabbitmq: 'leaves it in the queue; the next publish empties the queue and cancels its consumers',
      leveret: 'delivers it to the next consumer at once',
      reason: 'a message must not wait while a consumer has room for it',
    },
  },
  async t => {
    const queue = await t.queue(await t.channel(), single());
    const active = await consumer(t, queue, undefined, 1);
    const next = await consumer(t, queue, undefined);
    await t.publishes('', queue, 'a');
    await t.publishes('', queue, 'b');
    await active.delivered('c', 1, queue, 'a');
    await active.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    if (t.onRabbitmq) {
      active.ack(1);
      await active.quiet();
      await next.quiet();
      await t.sees(queue, 1, 1);
      return;
    }
    await next.delivered('c', 1, queue, 'b');
    await t.publishes('', queue, 'c');
    await next.delivered('c', 2, queue, 'c');
  },
);

for (const how of ['channel.close', 'connection.close', 'a lost connection'] as const) {
  scenario(
    `single active: after ${how} the next gets what was in hand`,
    { covers: ['single-active-consumer', 'edge:1'] },
    async t => {
      const queue = await t.queue(await t.channel(), single());
      const [active, next] = [await consumer(t, queue, undefined), await consumer(t, queue, undefined)];
      for (const body of ['a', 'b']) await t.publishes('', queue, body);
      await active.delivered('c', 1, queue, 'a');
      await active.delivered('c', 2, queue, 'b');
      if (how === 'channel.close') await active.close();
      else if (how === 'connection.close') await active.wire.close();
      else active.wire.destroy();
      await next.delivered('c', 1, queue, 'a', { redelivered: true });
      await next.delivered('c', 2, queue, 'b', { redelivered: true });
    },
  );
}

scenario(
  'single active: a cancelled one may still settle what it has',
  { covers: ['single-active-consumer', 'edge:7'] },
  async t => {
    const queue = await t.queue(await t.channel(), single());
    const [active, next] = [await consumer(t, queue, undefined), await consumer(t, queue, undefined)];
    await t.publishes('', queue, 'a');
    await active.delivered('c', 1, queue, 'a');
    await active.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await t.publishes('', queue, 'b');
    await next.delivered('c', 1, queue, 'b');
    active.send('basic.reject', { deliveryTag: 1, requeue: true });
    await next.delivered('c', 2, queue, 'a', { redelivered: true });
  },
);

scenario(
  'single active: a classic queue does not look at x-priority',
  { covers: ['single-active-consumer', 'priority/consumer'] },
  async t => {
    const queue = await t.queue(await t.channel(), single());
    const channels = [await consumer(t, queue, 1), await consumer(t, queue, 10)];
    await served(t, queue, channels, [0, 0, 0]);
  },
);

scenario('single active: one that comes back joins the end', { covers: ['single-active-consumer'] }, async t => {
  const queue = await t.queue(await t.channel(), single());
  const [first, second] = [await consumer(t, queue, undefined), await consumer(t, queue, undefined)];
  await first.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  await first.consume(queue, 'c');
  await served(t, queue, [first, second], [1, 1]);
});

scenario('single active: get is allowed', { covers: ['single-active-consumer', 'edge:19'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b'], single());
  const active = await consumer(t, queue, undefined, 1);
  await active.delivered('c', 1, queue, 'a');
  await channel.got(queue, 1, 0, 'b');
});

scenario(
  'single active: an exclusive consumer is refused',
  { covers: ['single-active-consumer', 'err:exclusive-consumer'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, single());
    channel.send('basic.consume', { queue, exclusive: true });
    await channel.refused(403, `ACCESS_REFUSED - ${Q(queue)} in exclusive use`, 'basic.consume');
    await t.sees(queue, 0);
  },
);

scenario('single active: false means nothing', { covers: ['single-active-consumer'] }, async t => {
  const queue = await t.queue(await t.channel(), { arguments: { 'x-single-active-consumer': false } });
  const channels = [await consumer(t, queue, undefined), await consumer(t, queue, undefined)];
  await served(t, queue, channels, [0, 1, 0, 1]);
});

scenario(
  'single active: with message priorities',
  { covers: ['single-active-consumer', 'priority/message'] },
  async t => {
    const queue = await t.queue(await t.channel(), single({ 'x-max-priority': 5 }));
    await publishes(t, queue, ['1a', '5a']);
    const [active, waiting] = [await consumer(t, queue, undefined), await consumer(t, queue, undefined)];
    await active.delivered('c', 1, queue, '5a', { properties: { priority: 5 } });
    await active.delivered('c', 2, queue, '1a', { properties: { priority: 1 } });
    await waiting.quiet();
  },
);

scenario(
  'an exclusive consumer keeps out those of any priority',
  { covers: ['err:exclusive-consumer', 'priority/consumer'] },
  async t => {
    const [owner, channel] = [await t.channel(), await t.channel()];
    const queue = await t.queue(owner);
    await owner.consume(queue, 'c', { exclusive: true, arguments: { 'x-priority': -1 } });
    channel.send('basic.consume', { queue, arguments: { 'x-priority': 10 } });
    await channel.refused(403, `ACCESS_REFUSED - ${Q(queue)} in exclusive use`, 'basic.consume');
    await t.publishes('', queue, 'x');
    await owner.delivered('c', 1, queue, 'x');
  },
);
