// Scenarios: get, ack, nack, reject, recover, and where and how messages come back.
import { type Stage, theme } from '../scenario.ts';
import { type Channel, Wire } from '../wire.ts';

const scenario = theme('settle');
const unknown = (tag: number): string => `PRECONDITION_FAILED - unknown delivery tag ${tag}`;
const letters = (count: number): string[] => Array.from({ length: count }, (_, index) => 'abcdefghij'[index]!);

/** A channel that holds `count` deliveries a, b, c .. with the tags 1, 2, 3 .. of a queue, by a consumer or by get. */
async function holding(
  t: Stage,
  count: number,
  by: 'consume' | 'get',
  more = 0,
): Promise<{ channel: Channel; queue: string }> {
  const channel = await t.channel();
  const bodies = letters(count + more);
  const queue = await t.filled(channel, bodies);
  if (by === 'consume') {
    await channel.call('basic.qos', { prefetchCount: count }, {});
    await channel.consume(queue, 'c');
  }
  for (let n = 0; n < count; n++) {
    if (by === 'consume') await channel.delivered('c', n + 1, queue, bodies[n]!);
    else await channel.got(queue, n + 1, bodies.length - n - 1, bodies[n]!);
  }
  return { channel, queue };
}

scenario('get gives the head and how many are left', { covers: ['basic.get/ok'] }, async t => {
  const { channel, queue } = await holding(t, 2, 'get', 1);
  await t.sees(queue, 1);
  await channel.wire.close();
  await t.holds(queue, ['a', 'b', 'c']);
});

scenario('get of an empty queue', { covers: ['basic.get/empty', 'basic.get-empty/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.gotNothing(queue);
  await holding(t, 1, 'get');
  await channel.gotNothing(queue);
});

scenario('get with no-ack settles at once', { covers: ['basic.get/no-ack'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b']);
  await channel.got(queue, 1, 1, 'a', { noAck: true });
  channel.ack(1);
  await channel.refused(406, unknown(1), 'basic.ack');
  await t.holds(queue, ['b']);
});

scenario('ack settles one', { covers: ['basic.ack/ok'] }, async t => {
  const { channel, queue } = await holding(t, 3, 'consume');
  channel.ack(2);
  await channel.quiet();
  await channel.wire.close();
  await t.holds(queue, ['a', 'c']);
});

scenario('ack multiple settles all up to the tag', { covers: ['basic.ack/multiple', 'edge:4'] }, async t => {
  const { channel, queue } = await holding(t, 4, 'get');
  channel.ack(3, true);
  await channel.quiet();
  await channel.wire.close();
  await t.holds(queue, ['d']);
});

scenario('ack multiple with tag 0 settles all', { covers: ['basic.ack/multiple', 'edge:4'] }, async t => {
  const { channel, queue } = await holding(t, 3, 'consume');
  channel.ack(0, true);
  channel.ack(0, true); // fine with none outstanding too
  await channel.quiet();
  await channel.wire.close();
  await t.sees(queue, 0);
});

scenario('acks may come in any order', { covers: ['basic.ack/ok'] }, async t => {
  const { channel, queue } = await holding(t, 5, 'get');
  for (const tag of [4, 1, 5, 2]) channel.ack(tag);
  await channel.quiet();
  await channel.wire.close();
  await t.holds(queue, ['c']);
});

scenario(
  'a live tag with multiple over settled lower ones is fine',
  { covers: ['basic.ack/multiple', 'edge:4'] },
  async t => {
    const { channel, queue } = await holding(t, 4, 'get');
    channel.ack(1);
    channel.ack(2);
    channel.ack(3, true);
    await channel.quiet();
    await channel.wire.close();
    await t.holds(queue, ['d']);
  },
);

const wrong: [string, string, object, number][] = [
  ['ack of a tag never given', 'basic.ack', { deliveryTag: 7 }, 7],
  ['ack of tag 0', 'basic.ack', { deliveryTag: 0 }, 0],
  ['nack of a tag never given', 'basic.nack', { deliveryTag: 7, requeue: true }, 7],
  ['nack of tag 0', 'basic.nack', { deliveryTag: 0, requeue: true }, 0],
  ['reject of a tag never given', 'basic.reject', { deliveryTag: 7, requeue: true }, 7],
  ['reject of tag 0', 'basic.reject', { deliveryTag: 0 }, 0],
  ['ack multiple beyond the last tag', 'basic.ack', { deliveryTag: 3, multiple: true }, 3],
  ['nack multiple beyond the last tag', 'basic.nack', { deliveryTag: 3, multiple: true }, 3],
];
for (const [what, name, fields, tag] of wrong) {
  scenario(
    `${what} is refused and settles nothing`,
    { covers: ['err:unknown-tag', 'edge:4', `${name}/unknown-tag`] },
    async t => {
      const { channel, queue } = await holding(t, 2, 'consume');
      channel.send(name, { ...fields });
      await channel.refused(406, unknown(tag), name);
      await t.holds(queue, ['a', 'b']);
    },
  );
}

for (const name of ['basic.ack', 'basic.nack', 'basic.reject']) {
  scenario(
    `${name} of a settled tag is refused`,
    { covers: ['err:unknown-tag', 'edge:4', `${name}/unknown-tag`] },
    async t => {
      const { channel, queue } = await holding(t, 2, 'get');
      channel.ack(1);
      channel.send(name, { deliveryTag: 1 });
      await channel.refused(406, unknown(1), name);
      await t.holds(queue, ['b']);
    },
  );
}

scenario(
  'ack multiple with a settled tag is refused and settles nothing',
  { covers: ['edge:4', 'err:unknown-tag'] },
  async t => {
    const { channel, queue } = await holding(t, 3, 'get');
    channel.ack(2);
    channel.ack(2, true);
    await channel.refused(406, unknown(2), 'basic.ack');
    await t.holds(queue, ['a', 'c']);
  },
);

scenario('the largest tag is told in full', { covers: ['err:unknown-tag'] }, async t => {
  const channel = await t.channel();
  channel.send('basic.ack', { deliveryTag: 2n ** 64n - 1n });
  await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 18446744073709551615', 'basic.ack');
});

scenario('tags belong to their channel', { covers: ['edge:4'] }, async t => {
  const { channel, queue } = await holding(t, 1, 'get');
  const other = await channel.wire.channel();
  other.ack(1);
  await other.refused(406, unknown(1), 'basic.ack');
  channel.ack(1);
  await channel.quiet();
  await t.sees(queue, 0);
});

for (const [name, fields] of [
  ['basic.nack', { requeue: false }],
  ['basic.reject', { requeue: false }],
] as const) {
  scenario(`${name} without requeue drops the message`, { covers: [`${name}/drop`] }, async t => {
    const { channel, queue } = await holding(t, 2, 'get');
    channel.send(name, { deliveryTag: 1, ...fields });
    await channel.quiet();
    await channel.wire.close();
    await t.holds(queue, ['b']);
  });
}

for (const name of ['basic.nack', 'basic.reject']) {
  scenario(
    `${name} with requeue brings it back to the same consumer, redelivered`,
    { covers: [`${name}/requeue`, 'edge:2'] },
    async t => {
      const { channel, queue } = await holding(t, 1, 'consume');
      for (let tag = 1; tag <= 3; tag++) {
        channel.send(name, { deliveryTag: tag, requeue: true });
        await channel.delivered('c', tag + 1, queue, 'a', { redelivered: true });
      }
    },
  );

  scenario(`${name} with requeue puts it back in its place`, { covers: [`${name}/requeue`, 'edge:1'] }, async t => {
    const { channel, queue } = await holding(t, 4, 'get', 2);
    channel.send(name, { deliveryTag: 3, requeue: true });
    channel.send(name, { deliveryTag: 1, requeue: true });
    await channel.got(queue, 5, 3, 'a', { redelivered: true });
    await channel.got(queue, 6, 2, 'c', { redelivered: true });
    await channel.got(queue, 7, 1, 'e');
    await channel.wire.close();
    await t.holds(queue, letters(6));
  });
}

scenario('nack multiple brings all back in order', { covers: ['basic.nack/multiple', 'edge:1'] }, async t => {
  const { channel, queue } = await holding(t, 3, 'get', 2);
  channel.send('basic.nack', { deliveryTag: 3, multiple: true, requeue: true });
  for (const [index, body] of ['a', 'b', 'c'].entries()) {
    await channel.got(queue, index + 4, 4 - index, body, { redelivered: true });
  }
  await channel.got(queue, 7, 1, 'd');
});

scenario('nack multiple with tag 0 settles all', { covers: ['basic.nack/multiple', 'edge:4'] }, async t => {
  const { channel, queue } = await holding(t, 3, 'get');
  channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
  channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
  await channel.quiet();
  await t.holds(queue, ['a', 'b', 'c']);
});

for (const name of ['basic.nack', 'basic.recover']) {
  scenario(
    `${name} of what two consumers of a channel hold`,
    {
      covers: [`${name}/${name === 'basic.nack' ? 'multiple' : 'ok'}`, 'edge:1'],
      differs: {
        rabbitmq:
          'gives back consumer by consumer in the order of their tags, so that 1, 2, 3 may come back as 1, 3, 2',
        leveret: 'gives back all in the order of the queue',
        reason: 'order is kept, and does not hang on the names of consumers',
      },
    },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      await channel.consume(queue, 'one');
      await channel.consume(queue, 'two');
      for (const body of ['a', 'b', 'c']) await t.publishes('', queue, body);
      for (const [index, body] of ['a', 'b', 'c'].entries()) {
        await channel.delivered(index === 1 ? 'two' : 'one', index + 1, queue, body);
      }
      if (name === 'basic.recover') await channel.call(name, { requeue: true }, {});
      else channel.send(name, { deliveryTag: 0, multiple: true, requeue: true });
      const bodies = t.onRabbitmq ? ['a', 'c', 'b'] : ['a', 'b', 'c'];
      for (const [index, body] of bodies.entries()) {
        await channel.delivered(index === 1 ? 'one' : 'two', index + 4, queue, body, { redelivered: true });
      }
    },
  );
}

scenario('nack multiple without requeue drops all', { covers: ['basic.nack/multiple', 'basic.nack/drop'] }, async t => {
  const { channel, queue } = await holding(t, 3, 'get');
  channel.send('basic.nack', { deliveryTag: 2, multiple: true });
  await channel.quiet();
  await channel.wire.close();
  await t.holds(queue, ['c']);
});

scenario('requeued one by one from the back they still keep their order', { covers: ['edge:1'] }, async t => {
  const { channel, queue } = await holding(t, 4, 'get', 1);
  for (const tag of [4, 2, 3, 1]) channel.send('basic.nack', { deliveryTag: tag, requeue: true });
  await channel.quiet();
  await t.holds(queue, letters(5));
});

scenario('a requeued message is taken by the next consumer in turn', { covers: ['edge:1', 'edge:6'] }, async t => {
  const { channel, queue } = await holding(t, 1, 'get');
  const [first, second] = [await t.channel(), await t.channel()];
  await first.consume(queue, 'c');
  await second.consume(queue, 'c');
  channel.send('basic.nack', { deliveryTag: 1, requeue: true });
  await first.delivered('c', 1, queue, 'a', { redelivered: true });
  first.send('basic.nack', { deliveryTag: 1, requeue: true });
  await second.delivered('c', 1, queue, 'a', { redelivered: true });
});

for (const how of ['channel.close', 'connection.close', 'a lost connection'] as const) {
  scenario(`${how} gives back all in order, redelivered`, { covers: ['edge:1', 'edge:2'] }, async t => {
    const { channel, queue } = await holding(t, 3, 'consume', 1);
    if (how === 'channel.close') await channel.close();
    else if (how === 'connection.close') await channel.wire.close();
    else channel.wire.destroy();
    await t.sees(queue, 4);
    const reader = await t.channel();
    for (const [index, body] of letters(4).entries()) {
      await reader.got(queue, index + 1, 3 - index, body, { redelivered: index < 3 });
    }
  });
}

scenario('get marks a message as delivered before', { covers: ['edge:2'] }, async t => {
  const { channel, queue } = await holding(t, 1, 'get');
  await channel.close();
  await t.sees(queue, 1);
  const next = await channel.wire.channel(1);
  await next.consume(queue, 'c');
  await next.delivered('c', 1, queue, 'a', { redelivered: true });
});

scenario('a channel error gives back at once what a live consumer had', { covers: ['edge:4', 'edge:1'] }, async t => {
  const { channel, queue } = await holding(t, 2, 'consume');
  channel.ack(77);
  await channel.expect('channel.close');
  await t.holds(queue, ['a', 'b']); // close-ok was not sent yet
  channel.send('channel.close-ok');
});

scenario('a channel error gives back what get had when close-ok comes', { covers: ['edge:4'] }, async t => {
  const { channel, queue } = await holding(t, 2, 'get');
  channel.ack(77);
  await channel.refused(406, unknown(77), 'basic.ack');
  await t.holds(queue, ['a', 'b']);
});

for (const name of ['basic.recover', 'basic.recover-async']) {
  scenario(
    `${name} gives back all of the channel, in order, redelivered`,
    { covers: [`${name}/ok`, 'edge:1', 'edge:2'] },
    async t => {
      const { channel, queue } = await holding(t, 3, 'get', 1);
      if (name === 'basic.recover') await channel.call(name, { requeue: true }, {});
      else channel.send(name, { requeue: true });
      for (const [index, body] of letters(4).entries()) {
        await channel.got(queue, index + 4, 3 - index, body, { redelivered: index < 3 });
      }
      channel.ack(1);
      await channel.refused(406, unknown(1), 'basic.ack');
    },
  );

  scenario(`${name} brings deliveries to the consumer again`, { covers: [`${name}/ok`] }, async t => {
    const { channel, queue } = await holding(t, 2, 'consume');
    channel.send(name, { requeue: true });
    if (name === 'basic.recover') await channel.expect('basic.recover-ok', {});
    await channel.delivered('c', 3, queue, 'a', { redelivered: true });
    await channel.delivered('c', 4, queue, 'b', { redelivered: true });
  });

  scenario(`${name} with nothing to do`, { covers: [`${name}/ok`] }, async t => {
    const channel = await t.channel();
    channel.send(name, { requeue: true });
    if (name === 'basic.recover') await channel.expect('basic.recover-ok', {});
    await channel.quiet();
  });

  scenario(
    `${name} without requeue is not implemented`,
    { covers: [`${name}/no-requeue`, 'err:not-implemented'] },
    async t => {
      const { channel, queue } = await holding(t, 1, 'consume');
      channel.send(name, { requeue: false });
      await channel.wire.refused(540, 'NOT_IMPLEMENTED - requeue=false', name);
      await t.holds(queue, ['a']);
    },
  );
}

scenario('recover leaves other channels alone', { covers: ['basic.recover/ok'] }, async t => {
  const { channel, queue } = await holding(t, 1, 'get');
  const other = await channel.wire.channel();
  await other.call('basic.recover', { requeue: true }, {});
  await t.sees(queue, 0);
  channel.ack(1);
  await channel.quiet();
});

scenario('a requeued message keeps its properties and its key', { covers: ['edge:2'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await t.bind(channel, queue, 'amq.topic', `${queue}.#`);
  const [routingKey, exchange] = [`${queue}.x`, 'amq.topic'];
  const properties = { priority: 0, deliveryMode: 2, headers: { n: 1 }, messageId: 'm' };
  channel.publish(exchange, routingKey, 'x', { properties });
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey, properties });
  channel.send('basic.reject', { deliveryTag: 1, requeue: true });
  await channel.got(queue, 2, 0, 'x', { exchange, routingKey, properties, redelivered: true });
});

scenario(
  'what a deleted queue has delivered, settled when there is a new queue of its name',
  {
    covers: ['basic.reject/drop', 'edge:4'],
    differs: {
      rabbitmq: 'settles what the new queue has delivered to the channel in the same place',
      leveret: 'settles nothing of the new queue',
      reason: 'a message that nobody has settled must not be lost',
    },
  },
  async t => {
    const { channel, queue } = await holding(t, 1, 'get');
    await channel.call('queue.delete', { queue }, { messageCount: 0 });
    await t.queue(channel, {}, queue);
    await t.publishes('', queue, 'new');
    await channel.got(queue, 2, 0, 'new');
    channel.send('basic.reject', { deliveryTag: 1, requeue: false });
    await channel.wire.close();
    await t.holds(queue, t.onRabbitmq ? [] : ['new']);
  },
);

scenario('a message for two queues is settled in each on its own', { covers: ['basic.ack/ok'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'fanout');
  const [a, b] = [await t.queue(channel), await t.queue(channel, { durable: true })];
  await t.bind(channel, a, exchange);
  await t.bind(channel, b, exchange);
  channel.publish(exchange, 'k', 'x', { properties: { deliveryMode: 2 } });
  const more = { exchange, routingKey: 'k', properties: { deliveryMode: 2 } };
  await channel.got(a, 1, 0, 'x', more);
  await channel.got(b, 2, 0, 'x', more);
  channel.ack(1);
  channel.send('basic.nack', { deliveryTag: 2, requeue: true });
  await channel.got(b, 3, 0, 'x', { ...more, redelivered: true });
  await t.sees(a, 0);
});

scenario('a thousand acks in one go', { covers: ['basic.ack/multiple'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  for (let n = 0; n < 1000; n++) channel.publish('', queue, String(n));
  for (let n = 0; n < 1000; n++) await channel.delivered('c', n + 1, queue, String(n));
  for (let tag = 100; tag <= 900; tag += 100) channel.ack(tag, true);
  await channel.quiet();
  await channel.wire.close();
  await t.holds(
    queue,
    Array.from({ length: 100 }, (_, index) => String(900 + index)),
  );
});

scenario('a process that dies with many tasks gives back each, once', { covers: ['edge:1', 'edge:2'] }, async t => {
  const channel = await t.channel();
  const bodies = Array.from({ length: 200 }, (_, index) => String(index));
  const queue = await t.filled(channel, bodies);
  const worker = await Wire.login(t.port);
  const working = await worker.channel();
  await working.consume(queue, 'c');
  for (const [index, body] of bodies.entries()) await working.delivered('c', index + 1, queue, body);
  worker.destroy();
  await t.holds(queue, bodies);
});
