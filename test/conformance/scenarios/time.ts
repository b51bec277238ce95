// Scenarios: how long messages and queues live.
import assert from 'node:assert/strict';
import { Grave } from '../dead-letters.ts';
import { type Stage, theme } from '../scenario.ts';

const scenario = theme('time');

const invalid: [expiration: string, text: string][] = [
  ['abc', 'no_integer'],
  ['', 'no_integer'],
  [' 5', 'no_integer'],
  ['5 ', '{leftover_string," "}'],
  ['5x', '{leftover_string,"x"}'],
  ['1.5', '{leftover_string,".5"}'],
  ['-1', '{value_negative,-1}'],
  ['315360000001', '{value_too_large,315360000001}'],
];
for (const [expiration, text] of invalid) {
  scenario(`the expiration '${expiration}' is refused`, { covers: ['err:expiration', 'ttl/message'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.publish('', queue, 'x', { properties: { expiration } });
    const whole = `PRECONDITION_FAILED - invalid expiration '${expiration}': ${text}`;
    await channel.refused(406, whole, 'basic.publish');
    await t.sees(queue, 0);
  });
}

scenario('a bad expiration is refused when no queue is there', { covers: ['err:expiration'] }, async t => {
  const channel = await t.channel();
  channel.publish('', t.name(), 'x', { properties: { expiration: 'soon' } });
  await channel.refused(406, "PRECONDITION_FAILED - invalid expiration 'soon': no_integer", 'basic.publish');
});

for (const expiration of ['+600000', '000600000', '315360000000']) {
  scenario(`the expiration '${expiration}' is taken and kept`, { covers: ['ttl/message'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.publish('', queue, 'x', { properties: { expiration } });
    await channel.got(queue, 1, 0, 'x', { properties: { expiration } });
    channel.send('basic.reject', { deliveryTag: 1, requeue: true });
    await channel.got(queue, 2, 0, 'x', { properties: { expiration }, redelivered: true });
  });
}

for (const type of ['classic', 'quorum']) {
  const durable = { durable: true };
  const typed = { 'x-queue-type': type };

  scenario(`${type}: a message expires by x-message-ttl`, { covers: ['ttl/queue', 'dead-letter/expired'] }, async t => {
    const grave = await Grave.dig(t);
    const queue = await t.queue(await t.channel(), {
      ...durable,
      ...grave.arguments({ ...typed, 'x-message-ttl': 20 }),
    });
    await t.publishes('', queue, 'x');
    await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue }] });
    await t.sees(queue, 0);
  });

  scenario(
    `${type}: a message expires by its expiration`,
    { covers: ['ttl/message', 'dead-letter/expired'] },
    async t => {
      const grave = await Grave.dig(t);
      const queue = await t.queue(await t.channel(), { ...durable, ...grave.arguments(typed) });
      await t.publishes('', queue, 'x', { expiration: '20' });
      await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue, expiration: '20' }] });
      await t.sees(queue, 0);
    },
  );

  for (const [ttl, expiration] of [
    [10, '600000'],
    [600000, '10'],
  ] as const) {
    scenario(
      `${type}: of ${ttl} ms and expiration ${expiration} the shorter counts`,
      { covers: ['ttl/queue', 'ttl/message'] },
      async t => {
        const grave = await Grave.dig(t);
        const options = grave.arguments({ ...typed, 'x-message-ttl': ttl });
        const queue = await t.queue(await t.channel(), { ...durable, ...options });
        await t.publishes('', queue, 'x', { expiration });
        await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue, expiration }] });
      },
    );
  }

  scenario(`${type}: what expires dies in order`, { covers: ['ttl/queue', 'edge:10'] }, async t => {
    const grave = await Grave.dig(t);
    const bodies = Array.from({ length: 20 }, (_, index) => String(index));
    const options = grave.arguments({ ...typed, 'x-message-ttl': 30 });
    const queue = await t.filled(await t.channel(), bodies, { ...durable, ...options });
    for (const body of bodies) await grave.receives({ body, deaths: [{ reason: 'expired', queue }] });
  });

  scenario(
    `${type}: a message behind one that lives is not expired`,
    { covers: ['edge:10', 'ttl/message'] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, { ...durable, ...grave.arguments(typed) });
      await t.publishes('', queue, 'lives');
      await t.publishes('', queue, 'dies', { expiration: '1' });
      await grave.passes(20);
      await t.sees(queue, 2);
      await channel.call('basic.qos', { prefetchCount: 1 }, {});
      await channel.consume(queue, 'c');
      await channel.delivered('c', 1, queue, 'lives');
      await grave.receives({ body: 'dies', deaths: [{ reason: 'expired', queue, expiration: '1' }] });
      await t.sees(queue, 0, 1);
    },
  );

  scenario(`${type}: what is in hand does not expire`, { covers: ['edge:10', 'ttl/queue'] }, async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const options = grave.arguments({ ...typed, 'x-message-ttl': 40 });
    const queue = await t.queue(channel, { ...durable, ...options });
    await channel.consume(queue, 'c');
    await t.publishes('', queue, 'x');
    await channel.delivered('c', 1, queue, 'x');
    await grave.passes(60);
    channel.ack(1);
    await channel.quiet();
    await t.sees(queue, 0, 1);
    await grave.receivesMarker();
  });
}

scenario('without a dead letter exchange what expires is gone', { covers: ['ttl/queue'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-message-ttl': 1 } });
  for (const body of ['a', 'b', 'c']) await t.publishes('', queue, body);
  await t.sees(queue, 0);
  await channel.gotNothing(queue);
});

scenario('an expired message is never got', { covers: ['ttl/message', 'edge:10'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await t.publishes('', queue, 'a', { expiration: '1' });
  await t.publishes('', queue, 'b', { expiration: '1' });
  await t.publishes('', queue, 'c');
  await grave.passes(20);
  await channel.got(queue, 1, 0, 'c');
});

for (const noAck of [false, true]) {
  scenario(
    `x-message-ttl 0 with a consumer waiting is delivered, no-ack ${noAck}`,
    { covers: ['edge:10', 'ttl/queue'] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, grave.arguments({ 'x-message-ttl': 0 }));
      await channel.consume(queue, 'c', { noAck });
      await t.publishes('', queue, 'x');
      await channel.delivered('c', 1, queue, 'x');
      await grave.receivesMarker();
      await t.sees(queue, 0, 1);
    },
  );

  scenario(
    `expiration 0 with a consumer waiting is delivered, no-ack ${noAck}`,
    { covers: ['edge:10', 'ttl/message'] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, grave.arguments());
      await channel.consume(queue, 'c', { noAck });
      await t.publishes('', queue, 'x', { expiration: '0' });
      await channel.delivered('c', 1, queue, 'x', { properties: { expiration: '0' } });
      await grave.receivesMarker();
      await t.sees(queue, 0, 1);
    },
  );
}

scenario('x-message-ttl 0 without a consumer dies at once', { covers: ['edge:10', 'ttl/queue'] }, async t => {
  const grave = await Grave.dig(t);
  const queue = await t.queue(await t.channel(), grave.arguments({ 'x-message-ttl': 0 }));
  await t.publishes('', queue, 'x');
  await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue }] });
  await t.sees(queue, 0);
});

scenario('expiration 0 without a consumer dies at once', { covers: ['edge:10', 'ttl/message'] }, async t => {
  const grave = await Grave.dig(t);
  const queue = await t.queue(await t.channel(), grave.arguments());
  await t.publishes('', queue, 'x', { expiration: '0' });
  await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue, expiration: '0' }] });
});

scenario('expiration 0 with a consumer that is busy dies', { covers: ['edge:10', 'ttl/message'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments());
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await t.publishes('', queue, 'a', { expiration: '0' });
  await channel.delivered('c', 1, queue, 'a', { properties: { expiration: '0' } });
  await t.publishes('', queue, 'b', { expiration: '0' });
  await grave.receives({ body: 'b', deaths: [{ reason: 'expired', queue, expiration: '0' }] });
});

scenario('expiration 0 behind a message that lives is not expired', { covers: ['edge:10', 'ttl/message'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments());
  await t.publishes('', queue, 'lives');
  await t.publishes('', queue, 'dies', { expiration: '0' });
  await grave.receivesMarker();
  await t.sees(queue, 2);
  await channel.got(queue, 1, 0, 'lives'); // those that died behind it are not counted
  await grave.receives({ body: 'dies', deaths: [{ reason: 'expired', queue, expiration: '0' }] });
});

scenario('a returned message of ttl 0 dies', { covers: ['ttl/queue', 'edge:11'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.queue(channel, grave.arguments({ 'x-message-ttl': 0 }));
  await channel.consume(queue, 'c');
  await t.publishes('', queue, 'x');
  await channel.delivered('c', 1, queue, 'x');
  await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  channel.send('basic.reject', { deliveryTag: 1, requeue: true });
  await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue }] });
});

for (const how of ['ttl', 'expiration'] as const) {
  scenario(
    `a returned message keeps its deadline by ${how}`,
    { covers: ['edge:11', `ttl/${how === 'ttl' ? 'queue' : 'message'}`] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, grave.arguments(how === 'ttl' ? { 'x-message-ttl': 250 } : {}));
      await t.publishes('', queue, 'x', how === 'ttl' ? {} : { expiration: '250' });
      channel.send('basic.get', { queue });
      await channel.expect('basic.get-ok');
      await grave.passes(270);
      const clock = await t.queue(channel, grave.arguments({ 'x-message-ttl': 200 }));
      channel.send('basic.reject', { deliveryTag: 1, requeue: true });
      await t.publishes('', clock, 'later');
      // With a new deadline it would be the second of these.
      const death = { reason: 'expired', queue } as const;
      await grave.receives({ body: 'x', deaths: [how === 'ttl' ? death : { ...death, expiration: '250' }] });
      await grave.receives({ body: 'later', deaths: [{ reason: 'expired', queue: clock }] });
    },
  );
}

scenario('a message that died does not expire again', { covers: ['ttl/message', 'dead-letter/headers'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const rest = await t.queue(channel, grave.arguments());
  const queue = await t.queue(channel, {
    arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': rest },
  });
  await t.publishes('', queue, 'x', { expiration: '1' });
  await t.sees(rest, 1);
  await grave.passes(20);
  await t.holds(rest, ['x']);
});

scenario('each queue counts its own time', { covers: ['ttl/queue'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'fanout');
  const [short, long] = [
    await t.queue(channel, grave.arguments({ 'x-message-ttl': 10 })),
    await t.queue(channel, grave.arguments({ 'x-message-ttl': 600000 })),
  ];
  await t.bind(channel, short, exchange);
  await t.bind(channel, long, exchange);
  await t.publishes(exchange, 'k', 'x');
  await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue: short, exchange, keys: ['k'] }] });
  await t.sees(short, 0);
  await t.holds(long, ['x']);
});

scenario(
  'what is published in a transaction lives from its commit',
  { covers: ['ttl/message', 'tx.commit/ok'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.queue(channel, grave.arguments());
    await channel.call('tx.select', {}, {});
    channel.publish('', queue, 'x', { properties: { expiration: '10' } });
    await grave.passes(20);
    await channel.call('tx.commit', {}, {});
    await grave.receives({ body: 'x', deaths: [{ reason: 'expired', queue, expiration: '10' }] });
  },
);

scenario(
  'a mandatory message that expires at once is not returned',
  { covers: ['ttl/message', 'basic.publish/mandatory'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.call('confirm.select', {}, {});
    channel.publish('', queue, 'x', { mandatory: true, properties: { expiration: '0' } });
    await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
    await channel.quiet();
    await t.sees(queue, 0);
  },
);

scenario('purge and delete of what could expire kill nothing', { covers: ['ttl/queue'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b'], grave.arguments({ 'x-message-ttl': 600000 }));
  await channel.call('queue.purge', { queue }, { messageCount: 2 });
  await t.publishes('', queue, 'c');
  await channel.call('queue.delete', { queue }, { messageCount: 1 });
  await grave.receivesMarker();
});

/** Publishes to the queue, mandatory and as the second client, until it is returned: that keeps no queue alive. */
async function goes(t: Stage, queue: string): Promise<void> {
  const channel = await t.observer();
  await channel.call('confirm.select', {}, {});
  for (const until = Date.now() + 5_000; ; await new Promise(resolve => setTimeout(resolve, 5))) {
    channel.publish('', queue, 'still there?', { mandatory: true });
    const arrival = await channel.next();
    if (arrival.name === 'basic.return') break;
    assert.equal(arrival.name, 'basic.ack');
    assert.ok(Date.now() < until, `the queue ${queue} is still there`);
  }
}

/** The queue must still be there. */
async function stays(t: Stage, queue: string): Promise<void> {
  const channel = await t.observer();
  await channel.call('confirm.select', {}, {});
  channel.publish('', queue, 'still there?', { mandatory: true });
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
}

const expiring = (ms: number) => ({ arguments: { 'x-expires': ms } });

for (const options of [{}, { durable: true }]) {
  scenario(`an unused queue {${Object.keys(options)}} goes`, { covers: ['expires/queue', 'edge:23'] }, async t => {
    const queue = await t.queue(await t.channel(), { ...options, ...expiring(20) });
    await goes(t, queue);
    await t.noQueue(queue);
  });
}

scenario('an unused quorum queue goes, and its bindings with it', { covers: ['expires/queue', 'edge:23'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'direct', { autoDelete: true });
  const options = { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-expires': 200 } };
  const queue = await t.queue(channel, options);
  await t.bind(channel, queue, exchange);
  const observer = await t.observer();
  // RabbitMQ looks at the time of quorum queues every five seconds only.
  for (const until = Date.now() + 15_000; ; await new Promise(resolve => setTimeout(resolve, 5))) {
    observer.send('exchange.declare', { exchange, passive: true });
    if ((await observer.next()).name === 'channel.close') break;
    assert.ok(Date.now() < until, `the exchange ${exchange} is still there`);
  }
  observer.send('channel.close-ok');
  await t.noQueue(queue);
});

scenario('an expired queue can be declared again and is empty', { covers: ['expires/queue'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, expiring(200));
  await t.bind(channel, queue, 'amq.direct', queue);
  await goes(t, queue);
  await t.queue(channel, {}, queue);
  await t.publishes('amq.direct', queue, 'x');
  await channel.gotNothing(queue);
});

scenario(
  'the messages of an expired queue are no dead letters',
  { covers: ['expires/queue', 'dead-letter/routing'] },
  async t => {
    const grave = await Grave.dig(t);
    const queue = await t.queue(await t.channel(), grave.arguments({ 'x-expires': 150 }));
    await t.publishes('', queue, 'x');
    await goes(t, queue);
    await grave.receivesMarker();
  },
);

scenario(
  'a queue with a consumer does not expire, and does after it',
  { covers: ['expires/queue', 'edge:23'] },
  async t => {
    const channel = await t.channel();
    const [used, unused] = [await t.queue(channel, expiring(300)), await t.queue(channel, expiring(400))];
    await channel.consume(used, 'c', { noAck: true });
    await goes(t, unused);
    await stays(t, used);
    await channel.delivered('c', 1, used, 'still there?');
    await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await goes(t, used);
  },
);

scenario('messages do not keep a queue', { covers: ['expires/queue', 'edge:23'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c'], expiring(300));
  await goes(t, queue);
});

scenario('what was got from a queue does not keep it', { covers: ['edge:23'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a'], expiring(400));
  await channel.got(queue, 1, 0, 'a');
  await goes(t, queue);
  channel.ack(1); // no longer means anything, and is no error
  await channel.quiet();
});

const touches: [what: string, touch: (t: Stage, queue: string) => Promise<void>][] = [
  ['declaring it again', async (t, queue) => void (await t.queue(await t.observer(), expiring(700), queue))],
  ['a passive declaration', async (t, queue) => t.sees(queue, 0)],
  ['a get', async (t, queue) => (await t.observer()).gotNothing(queue)],
];
for (const [what, touch] of touches) {
  scenario(`${what} winds the clock of a queue`, { covers: ['edge:23', 'expires/queue'] }, async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const [touched, left] = [await t.queue(channel, expiring(700)), await t.queue(channel, expiring(700))];
    await grave.passes(300);
    await touch(t, touched);
    await goes(t, left);
    await stays(t, touched);
    await goes(t, touched);
  });
}

scenario('binding a queue does not wind its clock', { covers: ['edge:23'] }, async t => {
  const grave = await Grave.dig(t);
  const channel = await t.channel();
  const [bound, declared] = [await t.queue(channel, expiring(600)), await t.queue(channel, expiring(600))];
  await grave.passes(300);
  await t.bind(channel, bound, 'amq.direct', bound);
  await t.queue(channel, expiring(600), declared);
  await goes(t, bound);
  await stays(t, declared);
});
