// Scenarios: queues with a limit of messages or octets, and what happens to what is too many.
import assert from 'node:assert/strict';
import { Grave } from '../dead-letters.ts';
import { theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('length');

const covers = { head: 'length/drop-head', reject: 'length/reject-publish', dlx: 'length/reject-publish-dlx' } as const;
const rejecting = { 'x-overflow': 'reject-publish' };

/** Publishes messages one after the other and expects `a` an ack, `n` a nack of each. */
async function publishes(
  channel: Channel,
  queue: string,
  bodies: string,
  answers: string,
  options: Fields = {},
): Promise<void> {
  const publisher = await channel.wire.channel();
  await publisher.call('confirm.select', {}, {});
  for (const [index, body] of bodies.split(' ').entries()) {
    publisher.publish('', queue, body, options);
    if (answers[index] === 'a') await publisher.expect('basic.ack', { deliveryTag: index + 1, multiple: false });
    else await nacked(publisher, index + 1);
  }
  await publisher.quiet();
  await publisher.close();
}

/** The next arrival must be a nack of this publish. Whether it says multiple means nothing when all before are answered. */
async function nacked(channel: Channel, deliveryTag: number): Promise<void> {
  const { multiple: _, ...rest } = (await channel.expect('basic.nack')).fields;
  assert.deepStrictEqual(rest, { deliveryTag, requeue: true }, 'fields of basic.nack');
}

for (const [what, more] of [
  ['by default', {}],
  ['when told so', { 'x-overflow': 'drop-head' }],
  ['of a quorum queue', { 'x-queue-type': 'quorum' }],
] as [string, Fields][]) {
  scenario(`${what} the oldest are dropped, each confirmed`, { covers: [covers.head] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { durable: true, arguments: { 'x-max-length': 2, ...more } });
    await publishes(channel, queue, 'a b c d e', 'aaaaa');
    await t.holds(queue, ['d', 'e']);
  });

  scenario(
    `${what} the dropped are dead letters, in order`,
    { covers: [covers.head, 'dead-letter/maxlen'] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, { durable: true, ...grave.arguments({ 'x-max-length': 2, ...more }) });
      await publishes(channel, queue, 'a b c d e', 'aaaaa');
      for (const body of ['a', 'b', 'c']) await grave.receives({ body, deaths: [{ reason: 'maxlen', queue }] });
      await t.sees(queue, 2);
      await grave.receivesMarker();
    },
  );
}

scenario('what is in hand does not count', { covers: [covers.head] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a'], { arguments: { 'x-max-length': 1 } });
  await channel.got(queue, 1, 0, 'a');
  await publishes(channel, queue, 'b c', 'aa');
  channel.ack(1);
  await channel.quiet();
  await t.holds(queue, ['c']);
});

scenario('what is in hand does not count when publishes are refused', { covers: [covers.reject] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a'], { arguments: { 'x-max-length': 1, ...rejecting } });
  await channel.got(queue, 1, 0, 'a');
  await publishes(channel, queue, 'b c', 'an');
  await t.holds(queue, ['b']);
});

for (const name of ['basic.reject', 'basic.nack', 'basic.recover']) {
  scenario(`${name} over the limit drops what came back, the oldest`, { covers: [covers.head, 'edge:1'] }, async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b'], grave.arguments({ 'x-max-length': 2 }));
    await channel.got(queue, 1, 1, 'a');
    await publishes(channel, queue, 'c', 'a');
    if (name === 'basic.recover') await channel.call(name, { requeue: true }, {});
    else channel.send(name, { deliveryTag: 1, requeue: true });
    await grave.receives({ body: 'a', deaths: [{ reason: 'maxlen', queue }] });
    await t.holds(queue, ['b', 'c']);
  });
}

scenario('where publishes are refused what comes back stays', { covers: [covers.reject, 'edge:1'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a'], { arguments: { 'x-max-length': 1, ...rejecting } });
  await channel.got(queue, 1, 0, 'a');
  await publishes(channel, queue, 'b', 'a');
  channel.send('basic.reject', { deliveryTag: 1, requeue: true });
  await channel.quiet();
  await publishes(channel, queue, 'c', 'n');
  await t.holds(queue, ['a', 'b']);
});

scenario(
  'what is too many is refused, and taken when there is room',
  { covers: [covers.reject, 'edge:9'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { 'x-max-length': 2, ...rejecting } });
    await publishes(channel, queue, 'a b c d', 'aann');
    await channel.got(queue, 1, 1, 'a', { noAck: true });
    await publishes(channel, queue, 'e f', 'an');
    await t.holds(queue, ['b', 'e']);
  },
);

scenario('a purge makes room', { covers: [covers.reject] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a'], { arguments: { 'x-max-length': 1, ...rejecting } });
  await publishes(channel, queue, 'b', 'n');
  await channel.call('queue.purge', { queue }, { messageCount: 1 });
  await publishes(channel, queue, 'c', 'a');
  await t.holds(queue, ['c']);
});

scenario('a refused publish is no dead letter', { covers: [covers.reject, 'dead-letter/maxlen'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments({ 'x-max-length': 1, ...rejecting }));
  await publishes(channel, queue, 'a b', 'an');
  await grave.receivesMarker();
  await t.holds(queue, ['a']);
});

scenario(
  'reject-publish-dlx refuses the newest and makes it a dead letter',
  { covers: [covers.dlx, 'dead-letter/maxlen'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.queue(channel, grave.arguments({ 'x-max-length': 1, 'x-overflow': 'reject-publish-dlx' }));
    await publishes(channel, queue, 'a b c', 'ann');
    for (const body of ['b', 'c']) await grave.receives({ body, deaths: [{ reason: 'maxlen', queue }] });
    await t.holds(queue, ['a']);
  },
);

scenario('reject-publish-dlx without an exchange just refuses', { covers: [covers.dlx] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish-dlx' } });
  await publishes(channel, queue, 'a b', 'an');
  await t.holds(queue, ['a']);
});

for (const overflow of ['reject-publish', 'reject-publish-dlx']) {
  scenario(`${overflow} without confirms drops in silence`, { covers: [`length/${overflow}`] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { 'x-max-length': 1, 'x-overflow': overflow } });
    for (const body of ['a', 'b', 'c']) channel.publish('', queue, body, { mandatory: true });
    await channel.quiet();
    await t.holds(queue, ['a']);
  });

  scenario(
    `${overflow}: a mandatory message is refused, not returned`,
    { covers: [`length/${overflow}`, 'basic.publish/mandatory'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-max-length': 0, 'x-overflow': overflow } });
      await publishes(channel, queue, 'a b', 'nn', { mandatory: true });
      await t.sees(queue, 0);
    },
  );

  scenario(
    `${overflow}: one full queue of two refuses the publish`,
    { covers: [`length/${overflow}`, 'edge:9'] },
    async t => {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'fanout');
      const full = await t.queue(channel, { arguments: { 'x-max-length': 1, 'x-overflow': overflow } });
      const free = await t.queue(channel);
      for (const queue of [full, free]) await t.bind(channel, queue, exchange);
      await channel.call('confirm.select', {}, {});
      channel.publish(exchange, 'k', 'a');
      await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
      channel.publish(exchange, 'k', 'b');
      await nacked(channel, 2);
      await channel.quiet();
      await t.holds(full, ['a']);
      await t.holds(free, ['a', 'b']);
    },
  );

  scenario(`${overflow} refuses though a consumer waits, at limit 0`, { covers: [`length/${overflow}`] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { 'x-max-length': 0, 'x-overflow': overflow } });
    await channel.consume(queue, 'c');
    await publishes(channel, queue, 'a', 'n');
    await channel.quiet();
    await t.sees(queue, 0, 1);
  });

  scenario(
    `${overflow}: with a consumer that takes all nothing is too many`,
    { covers: [`length/${overflow}`] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-max-length': 1, 'x-overflow': overflow } });
      await channel.consume(queue, 'c');
      await publishes(channel, queue, 'a b c', 'aaa');
      for (const [index, body] of ['a', 'b', 'c'].entries()) await channel.delivered('c', index + 1, queue, body);
    },
  );

  scenario(`${overflow} at a limit of octets`, { covers: [`length/${overflow}`, 'length/bytes'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { 'x-max-length-bytes': 10, 'x-overflow': overflow } });
    await publishes(channel, queue, '1234 5678 9012 34 5', 'aanan');
    await t.holds(queue, ['1234', '5678', '34']);
  });
}

scenario('a limit of 0 still feeds a consumer that waits', { covers: [covers.head] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length': 0 } });
  await channel.consume(queue, 'c');
  await publishes(channel, queue, 'a b', 'aa');
  await channel.delivered('c', 1, queue, 'a');
  await channel.delivered('c', 2, queue, 'b');
});

scenario('a limit of 0 without a consumer drops all', { covers: [covers.head, 'dead-letter/maxlen'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments({ 'x-max-length': 0 }));
  await publishes(channel, queue, 'a b', 'aa');
  for (const body of ['a', 'b']) await grave.receives({ body, deaths: [{ reason: 'maxlen', queue }] });
  await t.sees(queue, 0);
});

scenario('a consumer that is busy leaves the queue to fill', { covers: [covers.head] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length': 1 } });
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await publishes(channel, queue, 'a b c d', 'aaaa');
  await channel.delivered('c', 1, queue, 'a');
  channel.ack(1);
  await channel.delivered('c', 2, queue, 'd');
  await channel.quiet();
});

for (const type of ['classic', 'quorum']) {
  scenario(
    `${type}: a limit of octets drops as many as must go`,
    { covers: ['length/bytes', covers.head] },
    async t => {
      const channel = await t.channel();
      const options = { 'x-queue-type': type, 'x-max-length-bytes': 10 };
      const queue = await t.queue(channel, { durable: true, arguments: options });
      await publishes(channel, queue, '1 2 3 4567 89012345', 'aaaaa');
      await t.holds(queue, ['89012345']);
    },
  );
}

scenario(
  'a body larger than the limit of octets drops all, itself too',
  { covers: ['length/bytes', covers.head] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.queue(channel, grave.arguments({ 'x-max-length-bytes': 4 }));
    await publishes(channel, queue, '12 34567', 'aa');
    for (const body of ['12', '34567']) await grave.receives({ body, deaths: [{ reason: 'maxlen', queue }] });
    await t.sees(queue, 0);
  },
);

scenario('only the body counts as octets', { covers: ['length/bytes'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length-bytes': 2, ...rejecting } });
  const properties = { contentType: 'text/plain', headers: { long: 'x'.repeat(100) }, messageId: 'm' };
  await publishes(channel, queue, 'a b c', 'aan', { properties });
  await t.holds(queue, ['a', 'b']);
});

scenario('empty bodies never reach a limit of octets', { covers: ['length/bytes'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length-bytes': 0, ...rejecting } });
  await publishes(channel, queue, '  x', 'aan');
  await t.holds(queue, ['', '']);
});

for (const [messages, octets, held] of [
  [2, 100, ['c', 'd']],
  [100, 3, ['b', 'c', 'd']],
] as [number, number, string[]][]) {
  scenario(
    `of ${messages} messages and ${octets} octets the narrower counts`,
    { covers: ['length/bytes', covers.head] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-max-length': messages, 'x-max-length-bytes': octets } });
      await publishes(channel, queue, 'a b c d', 'aaaa');
      await t.holds(queue, held);
    },
  );
}

scenario('a thousand messages through a queue of ten', { covers: [covers.head] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length': 10 } });
  for (let n = 0; n < 1000; n++) channel.publish('', queue, String(n));
  await channel.sync();
  await t.holds(
    queue,
    Array.from({ length: 10 }, (_, index) => String(990 + index)),
  );
});

scenario('a transaction may be too much for a queue that drops', { covers: [covers.head, 'tx.commit/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length': 1 } });
  await channel.call('tx.select', {}, {});
  for (const body of ['a', 'b', 'c']) channel.publish('', queue, body);
  await channel.call('tx.commit', {}, {});
  await t.holds(queue, ['c']);
});

scenario(
  'a transaction that is too much for a queue that refuses closes the channel; the rest of it holds',
  { covers: [covers.reject, 'tx.commit/ok'] },
  async t => {
    const channel = await t.channel();
    const full = await t.queue(channel, { arguments: { 'x-max-length': 1, ...rejecting } });
    const other = await t.filled(channel, ['d']);
    await channel.got(other, 1, 0, 'd');
    await channel.call('tx.select', {}, {});
    for (const body of ['a', 'b']) channel.publish('', full, body);
    channel.publish('', other, 'c');
    channel.ack(1);
    channel.send('tx.commit');
    await channel.refused(406, 'PRECONDITION_FAILED - partial tx completion', 'tx.commit');
    await t.holds(full, ['a']);
    await t.holds(other, ['c']);
  },
);

scenario(
  'what comes to the head expired when the first is dropped goes as well',
  { covers: [covers.head] },
  async t => {
    const grave = await Grave.dig(t);
    const queue = await t.queue(await t.channel(), grave.arguments({ 'x-max-length': 2 }));
    await t.publishes('', queue, 'lives');
    await t.publishes('', queue, 'a', { expiration: '0' });
    await t.publishes('', queue, 'b', { expiration: '0' });
    await grave.receives({ body: 'lives', deaths: [{ reason: 'maxlen', queue }] });
    for (const body of ['a', 'b']) {
      await grave.receives({ body, deaths: [{ reason: 'expired', queue, expiration: '0' }] });
    }
    await t.sees(queue, 0);
  },
);

scenario('what comes back expired to a full queue goes as too much', { covers: [covers.head] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments({ 'x-max-length': 2 }));
  await channel.consume(queue, 'c');
  await t.publishes('', queue, 'a', { expiration: '0' });
  await channel.delivered('c', 1, queue, 'a', { properties: { expiration: '0' } });
  await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  for (const body of ['b', 'c']) await t.publishes('', queue, body);
  channel.send('basic.nack', { deliveryTag: 1, requeue: true });
  await grave.receives({ body: 'a', deaths: [{ reason: 'maxlen', queue, expiration: '0' }] });
  await t.holds(queue, ['b', 'c']);
});

scenario(
  'dead letters over the limit of their queue are dropped there',
  { covers: [covers.reject, 'dead-letter/routing'] },
  async t => {
    const channel = await t.channel();
    const full = await t.filled(channel, ['a'], { arguments: { 'x-max-length': 1, ...rejecting } });
    const options = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': full };
    const queue = await t.filled(channel, ['b'], { arguments: options });
    await channel.got(queue, 1, 0, 'b');
    channel.send('basic.reject', { deliveryTag: 1 });
    await channel.quiet();
    await t.sees(queue, 0);
    await t.holds(full, ['a']);
  },
);
