// Scenarios: the exchange types that are plugins of RabbitMQ: hashes, chance, a history.
import assert from 'node:assert/strict';
import type { Stage } from '../scenario.ts';
import { theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('exchange types');

/** Publishes all of them on a channel of its own and waits for their confirms. */
async function publishAll(t: Stage, exchange: string, messages: readonly [key: string, properties?: Fields][]) {
  const channel = await t.channel();
  await channel.call('confirm.select', {}, {});
  for (const [key, properties = {}] of messages) channel.publish(exchange, key, key, { properties });
  for (let last = 0; last < messages.length; ) {
    last = Math.max(last, (await channel.expect('basic.ack')).fields['deliveryTag'] as number);
  }
  await channel.close();
}

/** How many messages each queue has. */
async function counts(channel: Channel, queues: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const queue of queues)
    found.push((await channel.call('queue.declare', { queue, passive: true }))['messageCount'] as number);
  return found;
}

/** Three queues that are bound to a new exchange. */
async function spread(t: Stage, channel: Channel, type: string, key: string, args: Fields = {}) {
  const exchange = await t.exchange(channel, type, { arguments: args });
  const queues = [await t.queue(channel), await t.queue(channel), await t.queue(channel)];
  for (const queue of queues) await t.bind(channel, queue, exchange, key);
  return { exchange, queues };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const many = (count: number): [string][] => Array.from({ length: count }, (_, n) => [`key-${n}`]);

for (const [type, key] of [
  ['x-consistent-hash', '5'],
  ['x-modulus-hash', 'ignored'],
  ['x-random', 'ignored'],
] as const) {
  const covers = [`exchange-type/${type}`];
  scenario(`${type}: each message goes to one queue, and each queue gets some`, { covers }, async t => {
    const channel = await t.channel();
    const { exchange, queues } = await spread(t, channel, type, key);
    await publishAll(t, exchange, many(300));
    const found = await counts(channel, queues);
    assert.equal(sum(found), 300);
    assert.ok(
      found.every(count => count > 30),
      `the messages are spread as ${found.join(', ')}`,
    );
  });

  scenario(`${type}: nothing is bound, nothing is routed`, { covers }, async t => {
    const channel = await t.channel();
    const exchange = await t.exchange(channel, type);
    channel.publish(exchange, 'k', 'x', { mandatory: true });
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: 'k' };
    await channel.content('basic.return', { fields, body: 'x' });
  });
}

for (const [type, key] of [
  ['x-consistent-hash', '1'],
  ['x-modulus-hash', ''],
] as const) {
  scenario(`${type}: one routing key, one queue`, { covers: [`exchange-type/${type}`] }, async t => {
    const channel = await t.channel();
    const { exchange, queues } = await spread(t, channel, type, key);
    await publishAll(
      t,
      exchange,
      Array.from({ length: 20 }, () => ['same']),
    );
    assert.deepEqual((await counts(channel, queues)).sort(), [0, 0, 20]);
  });
}

scenario('x-consistent-hash: weights', { covers: ['exchange-type/x-consistent-hash'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'x-consistent-hash');
  const queues = [await t.queue(channel), await t.queue(channel)] as const;
  await t.bind(channel, queues[0], exchange, '1');
  await t.bind(channel, queues[1], exchange, '9');
  await publishAll(t, exchange, many(400));
  const [light, heavy] = (await counts(channel, queues)) as [number, number];
  assert.equal(light + heavy, 400);
  assert.ok(light > 5 && light < 100, `the lighter one of ten has got ${light} of 400`);
});

scenario(
  'x-consistent-hash: a queue that goes leaves the rest',
  { covers: ['exchange-type/x-consistent-hash'] },
  async t => {
    const channel = await t.channel();
    const { exchange, queues } = await spread(t, channel, 'x-consistent-hash', '1');
    await channel.call('queue.unbind', { queue: queues[1], exchange, routingKey: '1' }, {});
    await publishAll(t, exchange, many(100));
    const [a, b, c] = (await counts(channel, queues)) as [number, number, number];
    assert.equal(a + c, 100);
    assert.equal(b, 0);
  },
);

for (const [what, args, properties] of [
  ['a header', { 'hash-header': 'h' }, (n: number) => ({ headers: { h: `v${n}` } })],
  ['the correlation id', { 'hash-property': 'correlation_id' }, (n: number) => ({ correlationId: `v${n}` })],
  ['the message id', { 'hash-property': 'message_id' }, (n: number) => ({ messageId: `v${n}` })],
  ['the timestamp', { 'hash-property': 'timestamp' }, (n: number) => ({ timestamp: BigInt(n) })],
] as const) {
  scenario(`x-consistent-hash: by ${what}`, { covers: ['exchange-type/x-consistent-hash'] }, async t => {
    const channel = await t.channel();
    const { exchange, queues } = await spread(t, channel, 'x-consistent-hash', '3', { ...args });
    const messages = (value: (n: number) => number): [string, Fields][] =>
      Array.from({ length: 120 }, (_, n) => [`key-${n}`, properties(value(n))]);
    await publishAll(
      t,
      exchange,
      messages(() => 7),
    );
    assert.deepEqual((await counts(channel, queues)).sort(), [0, 0, 120]);
    await publishAll(
      t,
      exchange,
      messages(n => n),
    );
    const found = await counts(channel, queues);
    assert.equal(sum(found), 240);
    assert.ok(
      found.every(count => count > 10),
      `the messages are spread as ${found.join(', ')}`,
    );
  });

  scenario(
    `x-consistent-hash: without ${what} all goes one way`,
    { covers: ['exchange-type/x-consistent-hash'] },
    async t => {
      const channel = await t.channel();
      const { exchange, queues } = await spread(t, channel, 'x-consistent-hash', '3', { ...args });
      await publishAll(t, exchange, many(20));
      assert.deepEqual((await counts(channel, queues)).sort(), [0, 0, 20]);
    },
  );
}

for (const [key, text] of [
  ['a', 'The binding key must be an integer: <<"a">>'],
  ['', 'The binding key must be an integer: <<>>'],
  ['1.5', 'The binding key must be an integer: <<"1.5">>'],
  ['5 ', 'The binding key must be an integer: <<"5 ">>'],
  ['0', 'The binding key must be greater than 0'],
  ['-1', 'The binding key must be greater than 0'],
] as const) {
  const covers = ['exchange-type/x-consistent-hash', 'err:invalid-binding'];
  scenario(`x-consistent-hash: the weight '${key}' is refused`, { covers }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'x-consistent-hash'), await t.queue(channel)];
    channel.send('queue.bind', { queue, exchange, routingKey: key });
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.bind');
    const again = await t.channel();
    again.publish(exchange, 'k', 'x', { mandatory: true });
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: 'k' };
    await again.content('basic.return', { fields, body: 'x' });
  });
}

scenario('x-consistent-hash: +5 and 007 are weights', { covers: ['exchange-type/x-consistent-hash'] }, async t => {
  const channel = await t.channel();
  const [exchange, a, b] = [
    await t.exchange(channel, 'x-consistent-hash'),
    await t.queue(channel),
    await t.queue(channel),
  ];
  await t.bind(channel, a, exchange, '+5');
  await t.bind(channel, b, exchange, '007');
});

for (const [type, args, text] of [
  [
    'x-consistent-hash',
    { 'hash-header': 'h', 'hash-property': 'message_id' },
    'hash-header and hash-property are mutually exclusive',
  ],
  ['x-consistent-hash', { 'hash-property': 'foo' }, 'Unsupported property: foo'],
  ['x-consistent-hash', { 'hash-property': 'constructor' }, 'Unsupported property: constructor'],
  ['x-recent-history', { 'x-recent-history-length': 0 }, history('0')],
  ['x-recent-history', { 'x-recent-history-length': -1 }, history('-1')],
  ['x-recent-history', { 'x-recent-history-length': 'a' }, history('<<"a">>')],
  ['x-recent-history', { 'x-recent-history-length': true }, history('true')],
] as const) {
  const [name, value] = Object.entries(args).at(-1)!;
  const covers = [`exchange-type/${type}`, 'err:exchange-argument'];
  scenario(`${type}: the argument ${name} ${String(value)} is refused`, { covers }, async t => {
    const channel = await t.channel();
    const exchange = t.name('x');
    channel.send('exchange.declare', { exchange, type, arguments: { ...args } });
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'exchange.declare');
    await t.noExchange(exchange);
  });
}

function history(shown: string): string {
  return `Invalid argument ${shown}, 'x-recent-history-length' must be a positive integer`;
}

for (const name of ['hash-header', 'hash-property']) {
  scenario(
    `x-consistent-hash: the argument ${name} that is no text is refused`,
    {
      covers: ['exchange-type/x-consistent-hash', 'err:exchange-argument'],
      differs: {
        rabbitmq: '541 `INTERNAL_ERROR`, connection closed',
        leveret: `406 \`invalid type 'signedint' for arg '${name}'\`, channel closed`,
        reason: 'RabbitMQ has not thought of it and ends the connection',
      },
    },
    async t => {
      const channel = await t.channel();
      const exchange = t.name('x');
      channel.send('exchange.declare', { exchange, type: 'x-consistent-hash', arguments: { [name]: 5 } });
      if (t.onRabbitmq) await channel.wire.refused(541, 'INTERNAL_ERROR', undefined);
      else
        await channel.refused(
          406,
          `PRECONDITION_FAILED - invalid type 'signedint' for arg '${name}'`,
          'exchange.declare',
        );
      await t.noExchange(exchange);
    },
  );
}

const localRandom = {
  covers: ['exchange-type/x-local-random'],
  differs: {
    rabbitmq: '503 `unknown exchange type`: it came with 4.0',
    leveret: 'as RabbitMQ 4: one of the queues, which are bound with an empty key',
    reason: 'what came later and is easy is there',
  },
};

scenario('x-local-random: one of the queues', localRandom, async t => {
  const channel = await t.channel();
  if (t.onRabbitmq) {
    channel.send('exchange.declare', { exchange: t.name('x'), type: 'x-local-random' });
    await channel.wire.refused(503, "COMMAND_INVALID - unknown exchange type 'x-local-random'", 'exchange.declare');
    return;
  }
  const { exchange, queues } = await spread(t, channel, 'x-local-random', '');
  await publishAll(t, exchange, many(200));
  assert.equal(sum(await counts(channel, queues)), 200);
  channel.send('queue.bind', { queue: queues[0], exchange, routingKey: 'k' });
  await channel.refused(406, "PRECONDITION_FAILED - Non empty binding 'k' key not permitted", 'queue.bind');
});

const covers = ['exchange-type/x-recent-history'];

scenario('x-recent-history: sends to all, and a new queue gets the last 20', { covers }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'x-recent-history');
  const [before, after] = [await t.queue(channel), await t.queue(channel)];
  await t.bind(channel, before, exchange, 'ignored');
  await publishAll(t, exchange, many(25));
  assert.deepEqual(await counts(channel, [before, after]), [25, 0]);
  await t.bind(channel, after, exchange, 'ignored, too');
  await t.holds(
    after,
    many(25)
      .map(([key]) => key)
      .slice(5),
  );
  // A binding that is there gives nothing again.
  await t.bind(channel, after, exchange, 'ignored, too');
  await t.sees(after, 0);
});

scenario('x-recent-history: as many as it is told, with their keys and properties', { covers }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'x-recent-history', { arguments: { 'x-recent-history-length': 2 } });
  const properties = { headers: { a: 1 }, messageId: 'm' };
  await publishAll(t, exchange, [['k1'], ['k2', properties], ['k3']]);
  const queue = await t.queue(channel);
  await t.bind(channel, queue, exchange);
  await channel.got(queue, 1, 1, 'k2', { exchange, routingKey: 'k2', properties });
  await channel.got(queue, 2, 0, 'k3', { exchange, routingKey: 'k3' });
});

scenario('x-recent-history: what asks not to be stored is not', { covers }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'x-recent-history');
  const noStore = (value: unknown): Fields => ({ headers: { 'x-recent-history-no-store': value } });
  await publishAll(t, exchange, [
    ['a', noStore(true)],
    ['b', noStore(false)],
    ['c', noStore('true')],
  ]);
  const queue = await t.queue(channel);
  await t.bind(channel, queue, exchange);
  await t.holds(queue, ['b', 'c']);
});

scenario('x-recent-history: a new exchange behind it passes the history on', { covers }, async t => {
  const channel = await t.channel();
  const [exchange, direct] = [await t.exchange(channel, 'x-recent-history'), await t.exchange(channel, 'direct')];
  const queue = await t.queue(channel);
  await t.bind(channel, queue, direct, 'k');
  await publishAll(t, exchange, [['k'], ['k']]);
  await channel.call('exchange.bind', { source: exchange, destination: direct }, {});
  await t.holds(queue, ['k', 'k']);
});

scenario('x-recent-history: gone with the exchange', { covers }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'x-recent-history');
  await publishAll(t, exchange, [['k']]);
  await channel.call('exchange.delete', { exchange }, {});
  await t.exchange(channel, 'x-recent-history', {}, exchange);
  const queue = await t.queue(channel);
  await t.bind(channel, queue, exchange);
  await t.sees(queue, 0);
});

for (const type of ['x-consistent-hash', 'x-random', 'x-modulus-hash']) {
  scenario(`${type}: CC and BCC make no second copy`, { covers: [`exchange-type/${type}`] }, async t => {
    const channel = await t.channel();
    const { exchange, queues } = await spread(t, channel, type, '1');
    const keys = ['b', 'c', 'd', 'e', 'f', 'g'].map(key => ['S', key]);
    await publishAll(t, exchange, [['a', { headers: [['CC', 'A', keys]] }]]);
    assert.equal(sum(await counts(channel, queues)), 1);
  });
}
