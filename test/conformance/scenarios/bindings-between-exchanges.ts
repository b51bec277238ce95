// Scenarios: exchanges bound to exchanges: what goes through, how often, and when an auto-delete exchange goes.
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';

const scenario = theme('bindings between exchanges');

const link = (channel: Channel, source: string, destination: string, routingKey = ''): Promise<unknown> =>
  channel.call('exchange.bind', { source, destination, routingKey }, {});

/** So many fanout exchanges. */
async function fanouts(t: Stage, channel: Channel, count: number, options = {}): Promise<string[]> {
  const names: string[] = [];
  while (names.length < count) names.push(await t.exchange(channel, 'fanout', options));
  return names;
}

scenario('each applies its own rule to the published key', { covers: ['exchange-bindings/key'] }, async t => {
  const channel = await t.channel();
  const [topic, direct] = [await t.exchange(channel, 'topic'), await t.exchange(channel, 'direct')];
  const queue = await t.queue(channel);
  await link(channel, topic, direct, 'a.*');
  await t.bind(channel, queue, direct, 'a.b');
  for (const key of ['a.b', 'a.c', 'b.b']) channel.publish(topic, key, key);
  await channel.got(queue, 1, 0, 'a.b', { exchange: topic, routingKey: 'a.b' });
});

scenario('the key of the binding is not handed on', { covers: ['exchange-bindings/key'] }, async t => {
  const channel = await t.channel();
  const [source, direct] = [await t.exchange(channel, 'fanout'), await t.exchange(channel, 'direct')];
  const queue = await t.queue(channel);
  await link(channel, source, direct, 'k');
  await t.bind(channel, queue, direct, 'k');
  channel.publish(source, 'other', 'no');
  channel.publish(source, 'k', 'yes');
  await channel.got(queue, 1, 0, 'yes', { exchange: source, routingKey: 'k' });
});

scenario('two bindings of other keys give one copy', { covers: ['exchange-bindings/once'] }, async t => {
  const channel = await t.channel();
  const [source, destination] = [await t.exchange(channel, 'topic'), await t.exchange(channel, 'fanout')];
  const queue = await t.queue(channel);
  await t.bind(channel, queue, destination);
  await link(channel, source, destination, 'a.*');
  await link(channel, source, destination, '*.b');
  channel.publish(source, 'a.b', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: source, routingKey: 'a.b' });
  await channel.call('exchange.unbind', { source, destination, routingKey: 'a.*' }, {});
  channel.publish(source, 'a.b', 'y');
  channel.publish(source, 'a.c', 'no');
  await channel.got(queue, 2, 0, 'y', { exchange: source, routingKey: 'a.b' });
});

scenario('many ways to one queue give one copy', { covers: ['exchange-bindings/once'] }, async t => {
  const channel = await t.channel();
  const [top, ...middle] = (await fanouts(t, channel, 6)) as [string, ...string[]];
  const queue = await t.queue(channel);
  for (const destination of middle) {
    await link(channel, top, destination);
    await t.bind(channel, queue, destination);
  }
  channel.publish(top, '', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: top, routingKey: '' });
});

for (const length of [1, 2, 3, 8]) {
  scenario(`a cycle of ${length} gives one copy`, { covers: ['exchange-bindings/cycle'] }, async t => {
    const channel = await t.channel();
    const ring = await fanouts(t, channel, length);
    for (const [index, source] of ring.entries()) await link(channel, source, ring[(index + 1) % length]!);
    const queue = await t.queue(channel);
    await t.bind(channel, queue, ring.at(-1)!);
    channel.publish(ring[0]!, 'k', 'x', { mandatory: true });
    await channel.got(queue, 1, 0, 'x', { exchange: ring[0]!, routingKey: 'k' });
    await channel.quiet();
  });
}

scenario('a cycle with no queue returns once', { covers: ['exchange-bindings/cycle'] }, async t => {
  const channel = await t.channel();
  const [a, b] = (await fanouts(t, channel, 2)) as [string, string];
  await link(channel, a, b);
  await link(channel, b, a);
  channel.publish(a, 'k', 'x', { mandatory: true });
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: a, routingKey: 'k' };
  await channel.content('basic.return', { fields, body: 'x' });
  await channel.quiet();
});

scenario('a cycle of topics ends where no key matches', { covers: ['exchange-bindings/cycle'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.exchange(channel, 'topic'), await t.exchange(channel, 'topic')];
  await link(channel, a, b, 'x.#');
  await link(channel, b, a, '#.y');
  const queue = await t.queue(channel);
  await t.bind(channel, queue, a, '#.y');
  for (const key of ['x.y', 'x.z', 'y']) channel.publish(b, key, key);
  await channel.got(queue, 1, 1, 'x.y', { exchange: b, routingKey: 'x.y' });
  await channel.got(queue, 2, 0, 'y', { exchange: b, routingKey: 'y' });
});

scenario('a deep chain reaches its end', { covers: ['exchange-bindings/key'] }, async t => {
  const channel = await t.channel();
  const chain = await fanouts(t, channel, 20);
  for (const [index, destination] of chain.slice(1).entries()) await link(channel, chain[index]!, destination);
  const queue = await t.queue(channel);
  await t.bind(channel, queue, chain.at(-1)!);
  channel.publish(chain[0]!, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: chain[0]!, routingKey: 'k' });
});

scenario('auto-delete goes when what it feeds is unbound', { covers: ['exchange-bindings/auto-delete'] }, async t => {
  const channel = await t.channel();
  const [source] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
  const [a, b] = (await fanouts(t, channel, 2)) as [string, string];
  await link(channel, source, a);
  await link(channel, source, b);
  await channel.call('exchange.unbind', { source, destination: a }, {});
  await t.seesExchange(source);
  await channel.call('exchange.unbind', { source, destination: b }, {});
  await t.noExchange(source);
  await t.seesExchange(a);
});

scenario('auto-delete stays when what feeds it is unbound', { covers: ['exchange-bindings/auto-delete'] }, async t => {
  const channel = await t.channel();
  const [source] = (await fanouts(t, channel, 1)) as [string];
  const [destination] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
  await link(channel, source, destination);
  await channel.call('exchange.unbind', { source, destination }, {});
  await t.seesExchange(destination);
  await channel.call('exchange.delete', { exchange: source }, {});
  await t.seesExchange(destination);
});

scenario('auto-delete goes with the exchange that it feeds', { covers: ['exchange-bindings/auto-delete'] }, async t => {
  const channel = await t.channel();
  const [source] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
  const [destination] = (await fanouts(t, channel, 1)) as [string];
  await link(channel, source, destination);
  await channel.call('exchange.delete', { exchange: destination }, {});
  await t.noExchange(source);
});

scenario(
  'auto-delete in a cycle goes when the cycle is cut',
  { covers: ['exchange-bindings/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const [a, b] = (await fanouts(t, channel, 2, { autoDelete: true })) as [string, string];
    await link(channel, a, b);
    await link(channel, b, a);
    await channel.call('exchange.unbind', { source: a, destination: b }, {});
    await t.noExchange(a);
    await t.noExchange(b);
  },
);

scenario(
  'auto-delete bound to itself goes with that binding',
  { covers: ['exchange-bindings/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const [exchange] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
    await link(channel, exchange, exchange);
    await channel.call('exchange.unbind', { source: exchange, destination: exchange }, {});
    await t.noExchange(exchange);
  },
);

scenario(
  'auto-delete with queue and exchange waits for both',
  { covers: ['exchange-bindings/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const [source] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
    const [destination] = (await fanouts(t, channel, 1)) as [string];
    const queue = await t.queue(channel);
    await link(channel, source, destination);
    await t.bind(channel, queue, source);
    await channel.call('queue.delete', { queue }, { messageCount: 0 });
    await t.seesExchange(source);
    await channel.call('exchange.delete', { exchange: destination }, {});
    await t.noExchange(source);
  },
);

scenario(
  'auto-delete goes when exclusive queues go with their connection',
  { covers: ['exchange-bindings/auto-delete'] },
  async t => {
    const owner = await t.channel();
    const channel = await t.channel();
    const [source] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
    const [middle] = (await fanouts(t, channel, 1, { autoDelete: true })) as [string];
    await link(channel, source, middle);
    const queue = await t.queue(owner, { exclusive: true });
    await t.bind(owner, queue, middle);
    await owner.wire.close();
    await t.noExchange(middle);
    await t.noExchange(source);
  },
);

scenario(
  'a queue that gets its copy twice otherwise counts once for mandatory',
  { covers: ['exchange-bindings/once'] },
  async t => {
    const channel = await t.channel();
    const [a, b] = (await fanouts(t, channel, 2)) as [string, string];
    const queue = await t.queue(channel);
    await link(channel, a, b);
    await t.bind(channel, queue, a, '1');
    await t.bind(channel, queue, a, '2');
    await t.bind(channel, queue, b);
    await channel.call('confirm.select', {}, {});
    channel.publish(a, '', 'x', { mandatory: true });
    await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
    await channel.quiet();
    await t.holds(queue, ['x']);
  },
);

scenario('a deleted exchange in the middle cuts the way', { covers: ['exchange-bindings/key'] }, async t => {
  const channel = await t.channel();
  const [a, b, c] = (await fanouts(t, channel, 3)) as [string, string, string];
  const queue = await t.queue(channel);
  await link(channel, a, b);
  await link(channel, b, c);
  await t.bind(channel, queue, c);
  channel.publish(a, '', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: a, routingKey: '' });
  await channel.call('exchange.delete', { exchange: b }, {});
  await t.exchange(channel, 'fanout', {}, b);
  channel.publish(a, '', 'y', { mandatory: true });
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: a, routingKey: '' };
  await channel.content('basic.return', { fields, body: 'y' });
  await link(channel, a, b);
  await link(channel, b, c);
  channel.publish(a, '', 'z', { mandatory: true });
  await channel.got(queue, 2, 0, 'z', { exchange: a, routingKey: '' });
});
