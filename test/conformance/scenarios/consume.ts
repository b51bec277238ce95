// Scenarios: consuming, cancelling, round robin, prefetch, exclusive consumers and the notice of a cancelled consumer.
import assert from 'node:assert/strict';
import { type Stage, theme } from '../scenario.ts';
import { type Channel, capabilities } from '../wire.ts';

const scenario = theme('consume');
const Q = (queue: string): string => `queue '${queue}' in vhost '/'`;

scenario(
  'consume-ok comes before the first delivery',
  { covers: ['basic.consume/ok', 'basic.deliver/ok'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b']);
    await channel.consume(queue, 'c');
    await channel.delivered('c', 1, queue, 'a');
    await channel.delivered('c', 2, queue, 'b');
    await t.sees(queue, 0, 1);
  },
);

scenario('deliveries carry everything as published', { covers: ['basic.deliver/ok'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'topic'), await t.queue(channel)];
  await t.bind(channel, queue, exchange, '#');
  await channel.consume(queue, 'c');
  const properties = { headers: { a: 1 }, replyTo: 'r', deliveryMode: 2 };
  channel.publish(exchange, 'some.key', Buffer.from([0, 255]), { properties });
  await channel.delivered('c', 1, 'some.key', Buffer.from([0, 255]), { exchange, properties });
});

scenario('the server makes a consumer tag', { covers: ['basic.consume/server-tag'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  const { consumerTag } = await channel.call('basic.consume', { queue });
  assert.match(String(consumerTag), /^amq\.ctag-[A-Za-z0-9_-]{22}$/);
  await channel.delivered(String(consumerTag), 1, queue, 'a');
});

scenario('consume with no-wait has no answer', { covers: ['basic.consume/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  channel.send('basic.consume', { queue, consumerTag: 'c', noWait: true });
  await channel.delivered('c', 1, queue, 'a');
});

scenario('no-local is ignored', { covers: ['basic.consume/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c', { noLocal: true });
  channel.publish('', queue, 'mine');
  await channel.delivered('c', 1, queue, 'mine');
});

scenario('unknown arguments are ignored', { covers: ['basic.consume/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  await channel.consume(queue, 'c', { arguments: { 'x-whatever': 1, other: { deep: true } } });
  await channel.delivered('c', 1, queue, 'a');
});

scenario(
  'a consumer tag used twice on a channel is refused',
  { covers: ['basic.consume/tag-reuse', 'err:consumer-tag'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.consume(queue, 'c');
    channel.send('basic.consume', { queue, consumerTag: 'c' });
    await channel.wire.refused(530, "NOT_ALLOWED - attempt to reuse consumer tag 'c'", 'basic.consume');
  },
);

scenario('the same tag on two channels is fine', { covers: ['basic.consume/ok'] }, async t => {
  const wire = await t.login();
  const [a, b] = [await wire.channel(), await wire.channel()];
  const queue = await t.queue(a);
  await a.consume(queue, 'c');
  await b.consume(queue, 'c');
  await t.sees(queue, 0, 2);
});

scenario('a cancelled tag may be used again', { covers: ['basic.cancel/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  for (let round = 1; round <= 3; round++) {
    await channel.consume(queue, 'c');
    channel.publish('', queue, 'x');
    await channel.delivered('c', round, queue, 'x');
    await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  }
  await t.sees(queue, 0);
});

scenario('one channel, two consumers of two queues', { covers: ['basic.consume/ok'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.queue(channel), await t.queue(channel)];
  await channel.consume(a, 'for a');
  await channel.consume(b, 'for b');
  channel.publish('', b, '1');
  await channel.delivered('for b', 1, b, '1');
  channel.publish('', a, '2');
  await channel.delivered('for a', 2, a, '2');
});

scenario('a no-ack delivery is settled when it is sent', { covers: ['basic.consume/no-ack', 'edge:4'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b']);
  await channel.consume(queue, 'c', { noAck: true });
  await channel.delivered('c', 1, queue, 'a');
  await channel.delivered('c', 2, queue, 'b');
  await channel.wire.close();
  await t.sees(queue, 0);
});

for (const name of ['basic.ack', 'basic.nack', 'basic.reject']) {
  scenario(`${name} of a no-ack delivery is refused`, { covers: ['edge:4', 'err:unknown-tag'] }, async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a']);
    await channel.consume(queue, 'c', { noAck: true });
    await channel.delivered('c', 1, queue, 'a');
    channel.send(name, { deliveryTag: 1 });
    await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 1', name);
    await t.sees(queue, 0);
  });
}

scenario('cancel of an unknown tag is answered', { covers: ['basic.cancel/unknown'] }, async t => {
  const channel = await t.channel();
  await channel.call('basic.cancel', { consumerTag: 'never' }, { consumerTag: 'never' });
});

scenario('cancel with no-wait has no answer', { covers: ['basic.cancel/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  channel.send('basic.cancel', { consumerTag: 'c', noWait: true });
  await channel.quiet();
  await t.sees(queue, 0, 0);
});

scenario('nothing is delivered after cancel-ok', { covers: ['basic.cancel/ok', 'edge:7'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  await t.publishes('', queue, 'x');
  await channel.quiet();
  await t.holds(queue, ['x']);
});

scenario(
  'what a cancelled consumer holds stays with the channel',
  { covers: ['edge:7', 'basic.cancel/ok'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b', 'c']);
    await channel.consume(queue, 'c');
    for (const [index, body] of ['a', 'b', 'c'].entries()) await channel.delivered('c', index + 1, queue, body);
    await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await t.sees(queue, 0);
    channel.ack(1);
    channel.send('basic.nack', { deliveryTag: 2, requeue: true });
    await channel.got(queue, 4, 0, 'b', { redelivered: true });
    await channel.wire.close();
    await t.holds(queue, ['b', 'c']);
  },
);

scenario('a prefetch slot dies with its consumer', { covers: ['edge:7'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b']);
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, 'a');
  await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  await channel.consume(queue, 'd');
  await channel.delivered('d', 2, queue, 'b');
});

for (const [first, second] of [
  [false, true],
  [true, false],
  [true, true],
]) {
  scenario(
    `exclusive ${second} on top of exclusive ${first} is refused`,
    { covers: ['err:exclusive-consumer', 'basic.consume/exclusive'] },
    async t => {
      const [a, b] = [await t.channel(), await t.channel()];
      const queue = await t.queue(a);
      await a.consume(queue, 'c', { exclusive: first });
      b.send('basic.consume', { queue, exclusive: second });
      await b.refused(403, `ACCESS_REFUSED - ${Q(queue)} in exclusive use`, 'basic.consume');
      await t.sees(queue, 0, 1);
    },
  );
}

scenario('an exclusive consumer that goes makes room', { covers: ['basic.consume/exclusive'] }, async t => {
  const [a, b] = [await t.channel(), await t.channel()];
  const queue = await t.queue(a);
  await a.consume(queue, 'c', { exclusive: true });
  await a.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  await b.consume(queue, 'd', { exclusive: true });
});

scenario('get beside an exclusive consumer is allowed', { covers: ['edge:19', 'basic.get/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b']);
  const consumer = await t.channel();
  await consumer.call('basic.qos', { prefetchCount: 1 }, {});
  await consumer.consume(queue, 'c', { exclusive: true });
  await consumer.delivered('c', 1, queue, 'a');
  await channel.got(queue, 1, 0, 'b');
});

/** `count` channels, each consuming `queue` in this order with this prefetch. */
async function consumers(t: Stage, queue: string, count: number, prefetchCount: number): Promise<Channel[]> {
  const channels: Channel[] = [];
  for (let index = 0; index < count; index++) {
    const channel = await t.channel();
    if (prefetchCount > 0) await channel.call('basic.qos', { prefetchCount }, {});
    await channel.consume(queue, 'c');
    channels.push(channel);
  }
  return channels;
}

for (const count of [2, 3, 7]) {
  scenario(`${count} equal consumers are served strictly in turn`, { covers: ['edge:6'] }, async t => {
    const queue = await t.queue(await t.channel());
    const channels = await consumers(t, queue, count, 0);
    const publisher = await t.channel();
    for (let n = 0; n < count * 5; n++) publisher.publish('', queue, String(n));
    for (let n = 0; n < count * 5; n++) {
      await channels[n % count]!.delivered('c', Math.floor(n / count) + 1, queue, String(n));
    }
  });
}

scenario('a backlog goes to the first consumer, then in turn', { covers: ['edge:6'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.filled(publisher, ['0', '1']);
  const [a, b] = await consumers(t, queue, 2, 1);
  await a!.delivered('c', 1, queue, '0');
  await b!.delivered('c', 1, queue, '1');
  await t.publishes('', queue, '2');
  b!.ack(1);
  await b!.delivered('c', 2, queue, '2');
});

scenario('a new consumer joins at the tail', { covers: ['edge:6'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.queue(publisher);
  const [a, b] = await consumers(t, queue, 2, 0);
  publisher.publish('', queue, '0');
  await a!.delivered('c', 1, queue, '0');
  const [c] = await consumers(t, queue, 1, 0);
  for (const body of ['1', '2', '3', '4']) publisher.publish('', queue, body);
  await b!.delivered('c', 1, queue, '1');
  await a!.delivered('c', 2, queue, '2');
  await c!.delivered('c', 1, queue, '3');
  await b!.delivered('c', 2, queue, '4');
});

scenario('fair dispatch: the free worker gets the next task', { covers: ['edge:6', 'edge:3'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.queue(publisher);
  const [busy, free] = await consumers(t, queue, 2, 1);
  for (const body of ['0', '1', '2', '3', '4']) publisher.publish('', queue, body);
  await busy!.delivered('c', 1, queue, '0');
  await free!.delivered('c', 1, queue, '1');
  for (let tag = 1; tag <= 3; tag++) {
    free!.ack(tag);
    await free!.delivered('c', tag + 1, queue, String(tag + 1));
  }
  await busy!.quiet();
  await t.sees(queue, 0, 2);
});

scenario('blocked consumers that were tried are served as they are unblocked', { covers: ['edge:6'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.queue(publisher);
  const [a, b, c] = await consumers(t, queue, 3, 1);
  for (const body of ['0', '1', '2']) publisher.publish('', queue, body);
  for (const [index, channel] of [a!, b!, c!].entries()) await channel.delivered('c', 1, queue, String(index));
  await t.publishes('', queue, '3'); // all three are tried and leave the ring
  c!.ack(1);
  await c!.delivered('c', 2, queue, '3');
  for (const channel of [b!, a!]) {
    channel.ack(1);
    await channel.sync();
  }
  await t.publishes('', queue, '4');
  await t.publishes('', queue, '5');
  await b!.delivered('c', 2, queue, '4');
  await a!.delivered('c', 2, queue, '5');
});

scenario('blocked consumers that nothing tried keep their places', { covers: ['edge:6'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.queue(publisher);
  const [a, b, c] = await consumers(t, queue, 3, 1);
  for (const body of ['0', '1', '2']) publisher.publish('', queue, body);
  for (const [index, channel] of [a!, b!, c!].entries()) await channel.delivered('c', 1, queue, String(index));
  for (const channel of [c!, b!, a!]) {
    channel.ack(1);
    await channel.sync();
  }
  for (const body of ['3', '4', '5']) await t.publishes('', queue, body);
  for (const [index, channel] of [a!, b!, c!].entries()) await channel.delivered('c', 2, queue, String(3 + index));
});

scenario('prefetch limits what is unacknowledged', { covers: ['basic.qos/ok', 'edge:3'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c', 'd']);
  await channel.call('basic.qos', { prefetchCount: 2 }, {});
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, 'a');
  await channel.delivered('c', 2, queue, 'b');
  await channel.quiet();
  await t.sees(queue, 2, 1);
  channel.ack(2, true);
  await channel.delivered('c', 3, queue, 'c');
  await channel.delivered('c', 4, queue, 'd');
});

scenario(
  'ack multiple frees two consumers of a channel',
  {
    covers: ['edge:6', 'basic.ack/multiple'],
    differs: {
      rabbitmq: 'frees them in the order of their consumer tags',
      leveret: 'frees them in the order of what they held',
      reason: 'turns do not hang on the names of consumers',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.call('basic.qos', { prefetchCount: 1 }, {});
    await channel.consume(queue, 'two');
    await channel.consume(queue, 'one');
    for (const body of ['a', 'b', 'c']) await t.publishes('', queue, body);
    await channel.delivered('two', 1, queue, 'a');
    await channel.delivered('one', 2, queue, 'b');
    channel.ack(2, true);
    await channel.delivered(t.onRabbitmq ? 'one' : 'two', 3, queue, 'c');
  },
);

scenario('prefetch 0 is without limit', { covers: ['basic.qos/ok', 'edge:3'] }, async t => {
  const channel = await t.channel();
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.call('basic.qos', { prefetchCount: 0 }, {});
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.consume(queue, 'c');
  for (const [index, body] of ['a', 'b', 'c'].entries()) await channel.delivered('c', index + 1, queue, body);
});

scenario('prefetch is read when a consumer begins', { covers: ['edge:3', 'basic.qos/ok'] }, async t => {
  const channel = await t.channel();
  const [first, second] = [await t.filled(channel, ['a', 'b', 'c']), await t.filled(channel, ['x', 'y', 'z'])];
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(first, 'one');
  await channel.delivered('one', 1, first, 'a');
  await channel.call('basic.qos', { prefetchCount: 2 }, {});
  await channel.consume(second, 'two');
  await channel.delivered('two', 2, second, 'x');
  await channel.delivered('two', 3, second, 'y');
  channel.ack(1);
  await channel.delivered('one', 4, first, 'b');
  await channel.quiet();
  await t.sees(first, 1, 1);
});

scenario('global prefetch is shared by the channel', { covers: ['basic.qos/global', 'edge:3'] }, async t => {
  const channel = await t.channel();
  const [first, second] = [await t.filled(channel, ['a', 'b']), await t.filled(channel, ['x', 'y'])];
  await channel.call('basic.qos', { prefetchCount: 2, global: true }, {});
  await channel.consume(first, 'one');
  await channel.delivered('one', 1, first, 'a');
  await channel.delivered('one', 2, first, 'b');
  await channel.consume(second, 'two');
  await channel.quiet();
  await t.sees(second, 2, 1);
  channel.ack(1);
  await channel.delivered('two', 3, second, 'x');
  await channel.quiet();
});

scenario('both kinds of prefetch apply together', { covers: ['basic.qos/global', 'edge:3'] }, async t => {
  const channel = await t.channel();
  const [first, second] = [await t.filled(channel, ['a', 'b', 'c']), await t.filled(channel, ['x', 'y', 'z'])];
  await channel.call('basic.qos', { prefetchCount: 2 }, {});
  await channel.call('basic.qos', { prefetchCount: 3, global: true }, {});
  await channel.consume(first, 'one');
  await channel.delivered('one', 1, first, 'a');
  await channel.delivered('one', 2, first, 'b');
  await channel.consume(second, 'two');
  await channel.delivered('two', 3, second, 'x');
  await channel.quiet();
});

scenario('a later call without global lifts the global cap', { covers: ['basic.qos/global', 'edge:3'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, 'a');
  await channel.quiet();
  await channel.call('basic.qos', { prefetchCount: 0 }, {});
  await channel.delivered('c', 2, queue, 'b');
  await channel.delivered('c', 3, queue, 'c');
});

scenario('raising the global cap acts at once', { covers: ['basic.qos/global', 'edge:3'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c', 'd']);
  await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, 'a');
  await channel.call('basic.qos', { prefetchCount: 3, global: true }, {});
  await channel.delivered('c', 2, queue, 'b');
  await channel.delivered('c', 3, queue, 'c');
  await channel.quiet();
  await t.sees(queue, 1, 1);
});

scenario(
  'room under a global prefetch goes to the consumer with the highest priority',
  { covers: ['basic.qos/global', 'edge:3', 'priority/consumer'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
    await channel.consume(queue, 'low');
    await channel.consume(queue, 'high', { arguments: { 'x-priority': 1 } });
    for (const body of ['a', 'b', 'c', 'd', 'e']) await t.publishes('', queue, body);
    await channel.delivered('high', 1, queue, 'a');
    channel.ack(1);
    await channel.delivered('high', 2, queue, 'b');
    await channel.call('basic.qos', { prefetchCount: 2, global: true }, {});
    await channel.delivered('high', 3, queue, 'c');
    channel.ack(3, true);
    await channel.delivered('high', 4, queue, 'd');
    await channel.delivered('high', 5, queue, 'e');
  },
);

scenario(
  'room under a global prefetch goes to equal consumers in turn',
  { covers: ['basic.qos/global', 'edge:3', 'edge:6'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.call('basic.qos', { prefetchCount: 2, global: true }, {});
    for (const tag of ['one', 'two', 'three']) await channel.consume(queue, tag);
    for (const body of ['a', 'b', 'c', 'd', 'e']) await t.publishes('', queue, body);
    await channel.delivered('one', 1, queue, 'a');
    await channel.delivered('two', 2, queue, 'b');
    for (const [index, tag] of ['three', 'one', 'two'].entries()) {
      channel.ack(index + 1);
      await channel.delivered(tag, index + 3, queue, 'cde'[index]!);
    }
  },
);

scenario('get counts to neither prefetch', { covers: ['edge:3', 'basic.get/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
  await channel.got(queue, 1, 2, 'a');
  await channel.got(queue, 2, 1, 'b');
  await channel.consume(queue, 'c');
  await channel.delivered('c', 3, queue, 'c');
});

scenario('no-ack consumers know no prefetch', { covers: ['edge:3', 'basic.consume/no-ack'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
  await channel.consume(queue, 'c', { noAck: true });
  for (const [index, body] of ['a', 'b', 'c'].entries()) await channel.delivered('c', index + 1, queue, body);
});

scenario(
  'what get holds when a global prefetch begins',
  {
    covers: ['edge:3', 'basic.qos/global', 'basic.get/ok'],
    differs: {
      rabbitmq: 'counts it to the prefetch, and never gives the place back when it is acknowledged',
      leveret: 'counts deliveries to consumers only, whenever the prefetch begins',
      reason: 'a channel must not lose room for good',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b', 'c']);
    await channel.got(queue, 1, 2, 'a');
    await channel.call('basic.qos', { prefetchCount: 2, global: true }, {});
    await channel.consume(queue, 'c');
    await channel.delivered('c', 2, queue, 'b');
    if (!t.onRabbitmq) return channel.delivered('c', 3, queue, 'c');
    await channel.quiet();
    channel.ack(1);
    await channel.quiet();
    return t.sees(queue, 1, 1);
  },
);

scenario(
  'a no-ack consumer waits on a channel whose global prefetch is used up',
  { covers: ['edge:3', 'basic.consume/no-ack', 'basic.qos/global'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b']);
    await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
    await channel.consume(queue, 'c');
    await channel.delivered('c', 1, queue, 'a');
    await channel.consume(queue, 'd', { noAck: true });
    await channel.quiet();
    await t.sees(queue, 1, 2);
    channel.ack(1);
    const { fields, body } = await channel.expect('basic.deliver');
    assert.deepEqual([fields['deliveryTag'], body!.toString()], [2, 'b']);
  },
);

scenario('a prefetch size is not implemented', { covers: ['basic.qos/size', 'err:not-implemented'] }, async t => {
  const channel = await t.channel();
  channel.send('basic.qos', { prefetchSize: 100 });
  await channel.wire.refused(540, 'NOT_IMPLEMENTED - prefetch_size!=0 (100)', 'basic.qos');
});

scenario('a consumer is told that its queue is gone', { covers: ['basic.cancel/notify'] }, async t => {
  const [channel, other] = [await t.channel(), await t.channel()];
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  await other.call('queue.delete', { queue }, { messageCount: 0 });
  await channel.expect('basic.cancel', { consumerTag: 'c', noWait: true });
  await channel.quiet();
});

scenario('the channel that deletes is told after delete-ok', { covers: ['basic.cancel/notify'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
  await channel.expect('basic.cancel', { consumerTag: 'c', noWait: true });
});

scenario('without the capability nothing is told', { covers: ['basic.cancel/notify'] }, async t => {
  const clientProperties = { capabilities: { ...capabilities, consumer_cancel_notify: false } };
  const channel = await t.channel({ clientProperties });
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
  await channel.quiet();
  await t.queue(channel, {}, queue);
  await channel.quiet();
});

scenario(
  'cancel-ok in answer to a notice is taken',
  {
    covers: ['basic.cancel-ok/from-client'],
    differs: {
      rabbitmq: 'closes the connection with 503 `unimplemented method`',
      leveret: 'takes it in silence, as RabbitMQ 4 does',
      reason: 'a client that answers what the specification lets it answer must not lose its connection',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.consume(queue, 'c');
    await channel.call('queue.delete', { queue }, { messageCount: 0 });
    await channel.expect('basic.cancel', { consumerTag: 'c', noWait: true });
    channel.send('basic.cancel-ok', { consumerTag: 'c' });
    if (t.onRabbitmq) await channel.wire.refused(503, 'COMMAND_INVALID - unimplemented method', 'basic.cancel-ok');
    else await channel.quiet();
  },
);

scenario('a worker that dies gives its tasks to the other, in order', { covers: ['edge:1', 'edge:2'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.queue(publisher);
  const [dying, living] = await consumers(t, queue, 2, 0);
  for (const body of ['0', '1', '2', '3']) publisher.publish('', queue, body);
  await dying!.delivered('c', 1, queue, '0');
  await dying!.delivered('c', 2, queue, '2');
  await living!.delivered('c', 1, queue, '1');
  await living!.delivered('c', 2, queue, '3');
  dying!.wire.destroy();
  await living!.delivered('c', 3, queue, '0', { redelivered: true });
  await living!.delivered('c', 4, queue, '2', { redelivered: true });
});

scenario('deliveries on a connection go on while another does not read', { covers: ['basic.deliver/ok'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.queue(publisher);
  const [deaf, living] = await consumers(t, queue, 2, 0);
  deaf!.wire.socket.pause();
  for (let n = 0; n < 20; n++) publisher.publish('', queue, Buffer.alloc(100_000, n));
  for (let n = 0; n < 10; n++) await living!.delivered('c', n + 1, queue, Buffer.alloc(100_000, n * 2 + 1));
});
