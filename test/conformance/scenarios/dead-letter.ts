// Scenarios: dead letters: why messages die, where they go, what is written on them, and what ends their going round.
import assert from 'node:assert/strict';
import { type Death, Grave } from '../dead-letters.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Entry, Fields, Table, Tagged } from '../wire-codec.ts';

const scenario = theme('dead letter');

const rejected = (queue: string, more: Partial<Death> = {}): Death => ({ reason: 'rejected', queue, ...more });
const expired = (queue: string, more: Partial<Death> = {}): Death => ({ reason: 'expired', queue, ...more });

/** Gets the one message of the queue and rejects it. */
async function rejects(channel: Channel, queue: string): Promise<void> {
  channel.send('basic.get', { queue });
  const { fields } = await channel.expect('basic.get-ok');
  channel.send('basic.reject', { deliveryTag: fields['deliveryTag'] });
}

for (const type of ['classic', 'quorum']) {
  for (const [name, fields] of [
    ['basic.reject', { deliveryTag: 1 }],
    ['basic.nack', { deliveryTag: 1 }],
    ['basic.nack', { deliveryTag: 1, multiple: true }],
  ] as const) {
    scenario(
      `${name} {${Object.keys(fields)}} makes a dead letter, ${type}`,
      { covers: ['dead-letter/rejected'] },
      async t => {
        const grave = await Grave.dig(t);
        const channel = await t.channel();
        const queue = await t.queue(channel, { durable: true, ...grave.arguments({ 'x-queue-type': type }) });
        await channel.consume(queue, 'c');
        await t.publishes('', queue, 'x');
        await channel.delivered('c', 1, queue, 'x');
        channel.send(name, fields);
        await grave.receives({ body: 'x', deaths: [rejected(queue)] });
        await t.sees(queue, 0, 1);
      },
    );
  }

  scenario(
    `nack multiple makes dead letters in order, ${type}`,
    { covers: ['dead-letter/rejected', 'basic.nack/multiple'] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, { durable: true, ...grave.arguments({ 'x-queue-type': type }) });
      await channel.consume(queue, 'c');
      for (const [index, body] of ['a', 'b', 'c', 'd'].entries()) {
        await t.publishes('', queue, body);
        await channel.delivered('c', index + 1, queue, body);
      }
      channel.send('basic.nack', { deliveryTag: 3, multiple: true });
      for (const body of ['a', 'b', 'c']) await grave.receives({ body, deaths: [rejected(queue)] });
      await grave.receivesMarker();
    },
  );
}

for (const [what, settle] of [
  ['an ack', (channel: Channel) => channel.ack(1)],
  ['a requeue', (channel: Channel) => channel.send('basic.reject', { deliveryTag: 1, requeue: true })],
  ['a recover', (channel: Channel) => channel.send('basic.recover-async', { requeue: true })],
  ['a closed channel', (channel: Channel) => channel.close()],
  ['a lost connection', (channel: Channel) => channel.wire.destroy()],
] as [string, (channel: Channel) => unknown][]) {
  scenario(`${what} makes no dead letter`, { covers: ['dead-letter/rejected'] }, async t => {
    const grave = await Grave.dig(t);
    const owner = await t.channel();
    const queue = await t.filled(owner, ['x'], grave.arguments());
    const channel = await t.channel();
    await channel.got(queue, 1, 0, 'x');
    await settle(channel);
    await t.holds(queue, what === 'an ack' ? [] : ['x']);
    await grave.receivesMarker();
  });
}

for (const how of ['queue.purge', 'queue.delete'] as const) {
  scenario(`${how} makes no dead letters`, { covers: ['dead-letter/routing'] }, async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b'], grave.arguments());
    await channel.got(queue, 1, 1, 'a');
    await channel.call(how, { queue }, { messageCount: 1 });
    await grave.receivesMarker();
  });
}

scenario(
  'an auto-delete queue that goes leaves no dead letters',
  { covers: ['dead-letter/routing', 'edge:7'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b'], { autoDelete: true, ...grave.arguments() });
    await channel.call('basic.qos', { prefetchCount: 1 }, {});
    await channel.consume(queue, 'c');
    await channel.delivered('c', 1, queue, 'a');
    await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await t.noQueue(queue);
    await grave.receivesMarker();
  },
);

scenario(
  'a rejected message without an exchange is gone',
  { covers: ['dead-letter/rejected', 'basic.reject/drop'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a'], { arguments: { 'x-message-ttl': 600000 } });
    await channel.got(queue, 1, 0, 'a');
    channel.send('basic.reject', { deliveryTag: 1 });
    await channel.quiet();
    await channel.wire.close();
    await t.sees(queue, 0);
  },
);

scenario('all properties stay, headers are sorted', { covers: ['dead-letter/headers', 'frame:tables'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments());
  const headers: Entry[] = [
    ['z', 'I', 1],
    ['a', 't', true],
    ['Z', 'S', 'upper'],
    [
      'nested',
      'F',
      [
        ['b', 'I', 1],
        ['a', 'V', null],
      ],
    ],
  ];
  const properties = {
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 7,
    correlationId: 'c',
    replyTo: 'r',
    messageId: 'm',
    timestamp: 1700000000n,
    type: 't',
    userId: 'guest',
    appId: 'a',
    clusterId: 'k',
  };
  await t.publishes('', queue, 'x', { ...properties, headers });
  await rejects(channel, queue);
  await grave.receives({ body: 'x', deaths: [rejected(queue)], headers, properties });
});

for (const [reason, more] of [
  ['rejected', {}],
  ['maxlen', { 'x-max-length': 0 }],
] as const) {
  scenario(
    `the expiration is taken off a message that is ${reason}, and told`,
    { covers: ['dead-letter/headers', `dead-letter/${reason}`] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, grave.arguments(more));
      await t.publishes('', queue, 'x', { expiration: '600000' });
      if (reason === 'rejected') await rejects(channel, queue);
      await grave.receives({ body: 'x', deaths: [{ reason, queue, expiration: '600000' }] });
    },
  );
}

scenario(
  'the last death is told beside the first',
  {
    covers: ['dead-letter/headers'],
    differs: {
      rabbitmq: 'adds x-death and x-first-death-exchange, -queue and -reason',
      leveret: 'adds x-last-death-exchange, -queue and -reason as well, as RabbitMQ 4 does; so with every dead letter',
      reason: 'programs written for RabbitMQ 4 read them',
    },
  },
  async t => {
    const channel = await t.channel();
    const rest = await t.queue(channel);
    const second = await t.queue(channel, to('', rest));
    const first = await t.queue(channel, to('', second));
    await t.publishes('', first, 'x', { expiration: '0' });
    await t.sees(second, 1);
    await rejects(channel, second);
    await t.sees(rest, 1);
    channel.send('basic.get', { queue: rest, noAck: true });
    const { properties } = await channel.expect('basic.get-ok');
    const told = (properties!['headers'] as Table).filter(([name]) => name !== 'x-death');
    const headers: Entry[] = [
      ['x-first-death-exchange', 'S', ''],
      ['x-first-death-queue', 'S', first],
      ['x-first-death-reason', 'S', 'expired'],
    ];
    if (!t.onRabbitmq) {
      headers.push(
        ['x-last-death-exchange', 'S', ''],
        ['x-last-death-queue', 'S', second],
        ['x-last-death-reason', 'S', 'rejected'],
      );
    }
    assert.deepStrictEqual(told, headers);
  },
);

/** The options of a queue with this dead letter exchange and, if given, routing key. */
function to(exchange: string, routingKey?: string, more: Fields = {}): { arguments: Fields } {
  const key = routingKey === undefined ? {} : { 'x-dead-letter-routing-key': routingKey };
  return { arguments: { 'x-dead-letter-exchange': exchange, ...key, ...more } };
}

scenario('a dead letter is not redelivered', { covers: ['edge:2', 'dead-letter/rejected'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.filled(channel, ['x'], grave.arguments());
  await channel.got(queue, 1, 0, 'x');
  channel.send('basic.reject', { deliveryTag: 1, requeue: true });
  await channel.got(queue, 2, 0, 'x', { redelivered: true });
  channel.send('basic.reject', { deliveryTag: 2 });
  await grave.receives({ body: 'x', deaths: [rejected(queue)] });
});

scenario(
  'without a key of its own a dead letter keeps the one it was published with',
  { covers: ['dead-letter/routing'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const [from, dlx] = [await t.exchange(channel, 'direct'), await t.exchange(channel, 'topic')];
    const queue = await t.queue(channel, to(dlx));
    await t.bind(channel, queue, from, 'the.key');
    await t.bind(channel, grave.queue, dlx, 'the.*');
    await t.publishes(from, 'the.key', 'x');
    await rejects(channel, queue);
    const deaths = [rejected(queue, { exchange: from, keys: ['the.key'] })];
    await grave.receives({ body: 'x', exchange: dlx, routingKey: 'the.key', deaths });
  },
);

scenario('the key of the queue replaces it', { covers: ['dead-letter/routing'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const dlx = await t.exchange(channel, 'direct');
  const queue = await t.queue(channel, to(dlx, 'dead'));
  await t.bind(channel, grave.queue, dlx, 'dead');
  await t.publishes('', queue, 'x');
  await rejects(channel, queue);
  await grave.receives({ body: 'x', exchange: dlx, routingKey: 'dead', deaths: [rejected(queue)] });
});

scenario('an empty key of the queue is one', { covers: ['dead-letter/routing', 'edge:11'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const dlx = await t.exchange(channel, 'direct');
  const queue = await t.queue(channel, to(dlx, ''));
  await t.bind(channel, grave.queue, dlx, '');
  await t.publishes('', queue, 'x');
  await rejects(channel, queue);
  await grave.receives({ body: 'x', exchange: dlx, routingKey: '', deaths: [rejected(queue)] });
});

for (const type of ['fanout', 'headers'] as const) {
  scenario(`a ${type} exchange spreads dead letters`, { covers: ['dead-letter/routing'] }, async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const dlx = await t.exchange(channel, type);
    const other = await t.queue(channel);
    const queue = await t.queue(channel, to(dlx));
    for (const bound of [grave.queue, other]) await t.bind(channel, bound, dlx, '', { arguments: { kind: 'x' } });
    await t.publishes('', queue, 'x', { headers: { kind: 'x' } });
    await rejects(channel, queue);
    const headers: Entry[] = [['kind', 'S', 'x']];
    await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, headers, deaths: [rejected(queue)] });
    await t.holds(other, ['x']);
  });
}

scenario(
  'an internal exchange takes dead letters',
  { covers: ['dead-letter/routing', 'err:publish-internal'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const dlx = await t.exchange(channel, 'fanout', { internal: true });
    const queue = await t.queue(channel, to(dlx));
    await t.bind(channel, grave.queue, dlx);
    await t.publishes('', queue, 'x');
    await rejects(channel, queue);
    await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, deaths: [rejected(queue)] });
  },
);

scenario('dead letters for an exchange that is not there are dropped', { covers: ['dead-letter/routing'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const dlx = t.name('x');
  const queue = await t.queue(channel, to(dlx));
  await t.publishes('', queue, 'a');
  await rejects(channel, queue);
  await channel.quiet();
  await t.sees(queue, 0);
  await t.exchange(channel, 'fanout', {}, dlx);
  await t.bind(channel, grave.queue, dlx);
  await t.publishes('', queue, 'b');
  await rejects(channel, queue);
  await grave.receives({ body: 'b', exchange: dlx, routingKey: queue, deaths: [rejected(queue)] });
});

scenario('dead letters for an exchange that is gone are dropped', { covers: ['dead-letter/routing'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const dlx = await t.exchange(channel, 'fanout');
  const queue = await t.queue(channel, to(dlx));
  await t.bind(channel, grave.queue, dlx);
  await channel.call('exchange.delete', { exchange: dlx }, {});
  await t.publishes('', queue, 'a');
  await rejects(channel, queue);
  await grave.receivesMarker();
  await t.sees(queue, 0);
});

scenario(
  'a dead letter that finds no queue is dropped, and not returned',
  { covers: ['dead-letter/routing', 'basic.publish/mandatory'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, to('', t.name()));
    await channel.call('confirm.select', {}, {});
    channel.publish('', queue, 'x', { mandatory: true });
    await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
    await rejects(channel, queue);
    await channel.quiet();
    await t.sees(queue, 0);
  },
);

scenario('copies in several queues die each for itself', { covers: ['dead-letter/headers'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'fanout');
  const [a, b] = [await t.queue(channel, grave.arguments()), await t.queue(channel, grave.arguments())];
  for (const queue of [a, b]) await t.bind(channel, queue, exchange);
  await t.publishes(exchange, 'k', 'x');
  for (const queue of [b, a]) {
    await rejects(channel, queue);
    await grave.receives({ body: 'x', deaths: [rejected(queue, { exchange, keys: ['k'] })] });
  }
});

scenario(
  'a rejection in a transaction counts at its commit',
  { covers: ['dead-letter/rejected', 'basic.reject/tx'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b'], grave.arguments());
    await channel.call('tx.select', {}, {});
    await channel.got(queue, 1, 1, 'a');
    channel.send('basic.reject', { deliveryTag: 1 });
    await channel.call('tx.rollback', {}, {});
    await channel.got(queue, 2, 0, 'b');
    channel.send('basic.reject', { deliveryTag: 2 });
    await channel.quiet();
    await grave.receivesMarker();
    await channel.call('tx.commit', {}, {});
    await grave.receives({ body: 'b', deaths: [rejected(queue)] });
    await t.sees(queue, 0);
  },
);

scenario('deaths in two queues are told newest first', { covers: ['dead-letter/headers'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const second = await t.queue(channel, grave.arguments());
  const first = await t.queue(channel, to('', second));
  await t.publishes('', first, 'x', { expiration: '1' });
  await t.sees(second, 1);
  await rejects(channel, second);
  await grave.receives({ body: 'x', deaths: [rejected(second), expired(first, { expiration: '1' })] });
});

scenario('a message tells the exchange and key of each death', { covers: ['dead-letter/headers'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const [x, y] = [await t.exchange(channel, 'fanout'), await t.exchange(channel, 'fanout')];
  const second = await t.queue(channel, grave.arguments());
  const first = await t.queue(channel, to(y, 'k2'));
  await t.bind(channel, first, x);
  await t.bind(channel, second, y);
  await t.publishes(x, 'k1', 'x');
  await rejects(channel, first);
  await t.sees(second, 1);
  await rejects(channel, second);
  const deaths = [rejected(second, { exchange: y, keys: ['k2'] }), rejected(first, { exchange: x, keys: ['k1'] })];
  await grave.receives({ body: 'x', deaths });
});

scenario(
  'an original expiration is told of the first time only, and stays',
  { covers: ['dead-letter/headers', 'edge:11'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const dlx = await t.exchange(channel, 'fanout');
    const queue = await t.queue(channel, to(dlx));
    await t.bind(channel, queue, dlx);
    await t.publishes('', queue, 'x', { expiration: '600000' });
    await rejects(channel, queue);
    await t.sees(queue, 1);
    await t.bind(channel, grave.queue, dlx);
    await rejects(channel, queue);
    const death = rejected(queue, { count: 2, expiration: '600000' });
    await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, deaths: [death], lastExchange: dlx });
  },
);

scenario(
  'rejected into its own queue it goes round, and is counted',
  { covers: ['edge:11', 'dead-letter/headers'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const dlx = await t.exchange(channel, 'fanout');
    const queue = await t.queue(channel, to(dlx));
    for (const bound of [queue, grave.queue]) await t.bind(channel, bound, dlx);
    await t.publishes('', queue, 'x');
    for (const count of [1, 2, 3]) {
      await t.sees(queue, 1);
      await rejects(channel, queue);
      const lastExchange = count === 1 ? '' : dlx;
      const deaths = [rejected(queue, { count })];
      await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, deaths, lastExchange });
    }
    await t.sees(queue, 1);
  },
);

for (const [reason, more] of [
  ['expired', { 'x-message-ttl': 1 }],
  ['maxlen', { 'x-max-length': 0 }],
] as const) {
  scenario(
    `${reason} into its own queue it is dropped there`,
    { covers: ['edge:11', `dead-letter/${reason}`] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const dlx = await t.exchange(channel, 'fanout');
      const queue = await t.queue(channel, to(dlx, undefined, more));
      for (const bound of [queue, grave.queue]) await t.bind(channel, bound, dlx);
      await t.publishes('', queue, 'x');
      await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, deaths: [{ reason, queue }] });
      await grave.passes(10);
      await t.sees(queue, 0);
    },
  );

  scenario(
    `${reason} with the default exchange and no key it is dropped`,
    { covers: ['edge:11', 'dead-letter/routing'] },
    async t => {
      const grave = await Grave.dig(t);
      const queue = await t.queue(await t.channel(), to('', undefined, more));
      await t.publishes('', queue, 'x');
      await grave.passes(10);
      await t.sees(queue, 0);
      await grave.receivesMarker();
    },
  );
}

scenario('by time alone nothing goes round two queues', { covers: ['edge:11'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const [toSecond, toFirst] = [await t.exchange(channel, 'fanout'), await t.exchange(channel, 'fanout')];
  const first = await t.queue(channel, to(toSecond, undefined, { 'x-message-ttl': 1 }));
  const second = await t.queue(channel, to(toFirst, undefined, { 'x-message-ttl': 1 }));
  await t.bind(channel, second, toSecond);
  for (const bound of [first, grave.queue]) await t.bind(channel, bound, toFirst);
  await t.publishes('', first, 'x');
  const deaths = [expired(second, { exchange: toSecond, keys: [first] }), expired(first)];
  await grave.receives({ body: 'x', exchange: toFirst, routingKey: first, deaths });
  await grave.passes(20);
  await t.sees(first, 0);
  await t.sees(second, 0);
});

scenario(
  'rejected and brought back by time it goes round, and is counted',
  { covers: ['edge:11', 'dead-letter/headers'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const [work, wait] = [t.name('work'), t.name('wait')];
    const back = await t.exchange(channel, 'fanout');
    await t.queue(channel, to('', wait), work);
    await t.queue(channel, to(back, undefined, { 'x-message-ttl': 10 }), wait);
    for (const bound of [work, grave.queue]) await t.bind(channel, bound, back);
    await t.publishes('', work, 'x');
    await rejects(channel, work);
    const first = [expired(wait), rejected(work)];
    await grave.receives({ body: 'x', exchange: back, routingKey: wait, deaths: first });
    for (const count of [2, 3]) {
      await t.sees(work, 1);
      await rejects(channel, work);
      const deaths = [expired(wait, { count }), rejected(work, { count })];
      await grave.receives({ body: 'x', exchange: back, routingKey: wait, deaths });
    }
  },
);

scenario('the time of a death stays while its count rises', { covers: ['dead-letter/headers'] }, async t => {
  const channel = await t.channel();
  const queue = t.name();
  await t.queue(channel, to('', queue), queue);
  await t.publishes('', queue, 'x', {
    headers: [
      [
        'x-death',
        'A',
        [
          [
            'F',
            [
              ['queue', 'S', queue],
              ['reason', 'S', 'rejected'],
              ['count', 'l', 4n],
              ['time', 'T', 77n],
            ],
          ],
        ],
      ],
    ],
  });
  for (const count of [5n, 6n]) {
    await rejects(channel, queue);
    await t.sees(queue, 1);
    channel.send('basic.get', { queue });
    const arrival = await channel.expect('basic.get-ok');
    const [, , deaths] = (arrival.properties!['headers'] as Table).find(([name]) => name === 'x-death')!;
    const death: Entry[] = [
      ['count', 'l', count],
      ['queue', 'S', queue],
      ['reason', 'S', 'rejected'],
      ['time', 'T', 77n],
    ];
    assert.deepStrictEqual(deaths, [['F', death]]);
    channel.send('basic.reject', { deliveryTag: arrival.fields['deliveryTag'], requeue: true });
    await t.sees(queue, 1);
  }
});

for (const [what, own, first] of [
  [
    'of another queue stands behind the new one',
    [
      [
        'F',
        [
          ['count', 'l', 7n],
          ['reason', 'S', 'rejected'],
          ['queue', 'S', 'other'],
        ],
      ],
    ],
    false,
  ],
  ['that is empty is filled', [], false],
] as [string, Entry[2][], boolean][]) {
  scenario(`an x-death of the publisher ${what}`, { covers: ['dead-letter/headers'] }, async t => {
    const channel = await t.channel();
    const rest = await t.queue(channel);
    const queue = await t.queue(channel, to('', rest));
    await t.publishes('', queue, 'x', { headers: [['x-death', 'A', own]] });
    await rejects(channel, queue);
    await t.sees(rest, 1);
    channel.send('basic.get', { queue: rest, noAck: true });
    const headers = (await channel.expect('basic.get-ok')).properties!['headers'] as Table;
    const deaths = headers.find(([name]) => name === 'x-death')![2] as [string, Table][];
    const names = deaths[0]![1].map(([name]) => name);
    assert.deepStrictEqual(names, ['count', 'exchange', 'queue', 'reason', 'routing-keys', 'time']);
    assert.deepStrictEqual(deaths.slice(1), own);
    assert.equal(
      headers.some(([name]) => name.startsWith('x-first-death')),
      first,
    );
  });
}

scenario('an x-death of the publisher that is no array is replaced', { covers: ['dead-letter/headers'] }, async t => {
  const channel = await t.channel();
  const rest = await t.queue(channel);
  const queue = await t.queue(channel, to('', rest));
  await t.publishes('', queue, 'x', { headers: [['x-death', 'S', 'often']] });
  await rejects(channel, queue);
  await t.sees(rest, 1);
  channel.send('basic.get', { queue: rest, noAck: true });
  const headers = (await channel.expect('basic.get-ok')).properties!['headers'] as Table;
  const [, tag, deaths] = headers.find(([name]) => name === 'x-death')!;
  assert.deepStrictEqual([tag, (deaths as unknown[]).length], ['A', 1]);
});

scenario(
  'each further death reverses the order of those before it',
  { covers: ['dead-letter/headers', 'dead-letter/rejected'] },
  async t => {
    const channel = await t.channel();
    const last = await t.queue(channel);
    const way = [last];
    for (let n = 0; n < 4; n++) way.unshift(await t.queue(channel, to('', way[0]!)));
    const [a, b, c, d] = way;
    await t.publishes('', a!, 'x');
    for (const [index, queue] of [a!, b!, c!, d!].entries()) {
      await rejects(channel, queue);
      await t.sees(way[index + 1]!, 1);
    }
    channel.send('basic.get', { queue: last });
    const { properties } = await channel.expect('basic.get-ok');
    const [, , deaths] = (properties!['headers'] as Table).find(([name]) => name === 'x-death')!;
    const queues = (deaths as Tagged[]).map(([, death]) => (death as Table).find(([name]) => name === 'queue')![2]);
    assert.deepEqual(queues, [d, b, a, c]);
  },
);

scenario('an x-first-death of the publisher is replaced', { covers: ['dead-letter/headers'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments());
  await t.publishes('', queue, 'x', { headers: { 'x-first-death-reason': 'boredom', 'x-first-death-queue': 1 } });
  await rejects(channel, queue);
  await grave.receives({ body: 'x', deaths: [rejected(queue)] });
});

scenario(
  'CC stays where the key stays, and is a key of the dead letter too',
  { covers: ['dead-letter/routing'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const dlx = await t.exchange(channel, 'direct');
    const queue = await t.queue(channel, to(dlx));
    await t.bind(channel, grave.queue, dlx, 'copy');
    const headers: Entry[] = [['CC', 'A', [['S', 'copy']]]];
    await t.publishes('', queue, 'x', { headers });
    await rejects(channel, queue);
    const deaths = [rejected(queue, { keys: [queue, 'copy'] })];
    await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, headers, deaths });
  },
);

scenario('a queue bound by key and CC gets one dead letter', { covers: ['dead-letter/routing'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const dlx = await t.exchange(channel, 'direct');
  const queue = await t.queue(channel, to(dlx));
  for (const key of ['copy', queue]) await t.bind(channel, grave.queue, dlx, key);
  const headers: Entry[] = [['CC', 'A', [['S', 'copy']]]];
  await t.publishes('', queue, 'x', { headers });
  await rejects(channel, queue);
  const deaths = [rejected(queue, { keys: [queue, 'copy'] })];
  await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, headers, deaths });
  await grave.receivesMarker();
});

scenario('with a key of the queue CC is taken off', { covers: ['dead-letter/routing'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const other = await t.queue(channel);
  const queue = await t.queue(channel, grave.arguments());
  await t.publishes('', queue, 'x', { headers: [['CC', 'A', []]] });
  await rejects(channel, queue);
  await grave.receives({ body: 'x', deaths: [rejected(queue)] });
  await t.publishes('', queue, 'y', { headers: [['CC', 'A', [['S', other]]]] });
  await rejects(channel, queue);
  await grave.receives({ body: 'y', deaths: [rejected(queue, { keys: [queue, other] })] });
  await t.holds(other, ['y']); // as published, not as a dead letter
});

scenario(
  'BCC is taken off, and is a key of the dead letter that nobody sees',
  {
    covers: ['dead-letter/routing'],
    differs: {
      rabbitmq: 'routes a dead letter by the BCC keys of its publish as well',
      leveret: 'routes a dead letter by its routing key and its CC keys',
      reason: 'BCC keys are not kept with a message once they have done their work',
    },
  },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const dlx = await t.exchange(channel, 'direct');
    const queue = await t.queue(channel, to(dlx));
    await t.bind(channel, grave.queue, dlx, queue);
    const other = await t.queue(channel);
    await t.bind(channel, other, dlx, 'blind');
    await t.publishes('', queue, 'x', { headers: [['BCC', 'A', [['S', 'blind']]]] });
    await rejects(channel, queue);
    await grave.receives({ body: 'x', exchange: dlx, routingKey: queue, deaths: [rejected(queue)] });
    await t.holds(other, t.onRabbitmq ? ['x'] : []);
  },
);

const refusal = (kind: 'queue' | 'exchange', name: string): string =>
  `ACCESS_REFUSED - access to ${kind} '${name}' in vhost '/' refused for user 'limited'`;
const limited = (t: Stage): Promise<Channel> => t.channel({ user: 'limited', password: 'secret' });

const rights: [what: string, queue: string, exchange: string, refused: 'queue' | 'exchange' | undefined][] = [
  ['read of the queue and write of the exchange', '-conf-read', '-write', undefined],
  ['no write of the exchange', '-conf-read', '-conf-read', 'exchange'],
  ['no read of the queue', '-conf-write', '-write', 'queue'],
  ['neither', '-conf', '-conf', 'queue'],
];
for (const [what, ofQueue, ofExchange, refused] of rights) {
  for (const there of [true, false]) {
    scenario(
      `declaring with ${what}, the exchange ${there ? 'there' : 'missing'}`,
      { covers: ['dead-letter/permission', 'err:permission'] },
      async t => {
        const channel = await limited(t);
        const [queue, exchange] = [t.name(ofQueue), t.name(`x${ofExchange}`)];
        if (there) await t.exchange(await t.observer(), 'direct', {}, exchange);
        if (refused === undefined) await t.queue(channel, to(exchange), queue);
        else {
          channel.send('queue.declare', { queue, ...to(exchange) });
          await channel.refused(403, refusal(refused, refused === 'queue' ? queue : exchange), 'queue.declare');
          await t.noQueue(queue);
        }
      },
    );
  }
}

scenario(
  'the default exchange as dead letter exchange needs write of amq.default',
  { covers: ['dead-letter/permission'] },
  async t => {
    const channel = await limited(t);
    const queue = t.name('-conf-read');
    channel.send('queue.declare', { queue, ...to('') });
    await channel.refused(403, refusal('exchange', 'amq.default'), 'queue.declare');
  },
);

scenario('redeclaring asks for configure alone', { covers: ['dead-letter/permission'] }, async t => {
  const owner = await t.observer();
  const exchange = t.name('x-read');
  const queue = await t.queue(owner, to(exchange), t.name('-conf-read'));
  const channel = await limited(t);
  await t.queue(channel, to(exchange), queue);
});

scenario('configure of the queue is asked for first', { covers: ['dead-letter/permission'] }, async t => {
  const channel = await limited(t);
  const [queue, exchange] = [t.name('-read'), t.name('x-read')];
  channel.send('queue.declare', { queue, ...to(exchange) });
  await channel.refused(403, refusal('queue', queue), 'queue.declare');
});

scenario('who rejects needs no right to the exchange', { covers: ['dead-letter/permission'] }, async t => {
  const grave = await Grave.dig(t);
  const owner = await t.observer();
  const queue = await t.queue(owner, grave.arguments(), t.name('-read'));
  await t.publishes('', queue, 'x');
  await rejects(await limited(t), queue);
  await grave.receives({ body: 'x', deaths: [rejected(queue)] });
});
