// Scenarios: declaring, deleting, purging and comparing queues; exclusive, auto-delete and server-named ones.
import assert from 'node:assert/strict';
import { theme } from '../scenario.ts';

const scenario = theme('queue');

const Q = (queue: string): string => `queue '${queue}' in vhost '/'`;
const locked = (queue: string): string =>
  `RESOURCE_LOCKED - cannot obtain exclusive access to locked ${Q(queue)}. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.`;

for (const options of [{}, { durable: true }, { autoDelete: true }, { durable: true, autoDelete: true }]) {
  scenario(
    `a queue {${Object.keys(options)}} is declared, declared again and seen`,
    { covers: ['queue.declare/ok', 'queue.declare/equivalent'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, options);
      await t.queue(channel, options, queue);
      await t.sees(queue, 0);
    },
  );
}

scenario('declare-ok counts ready messages and consumers', { covers: ['queue.declare/ok', 'edge:24'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.got(queue, 1, 2, 'a');
  await channel.call('queue.declare', { queue }, { queue, messageCount: 2, consumerCount: 0 });
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await channel.delivered('c', 2, queue, 'b');
  await channel.call('queue.declare', { queue }, { queue, messageCount: 1, consumerCount: 1 });
  await t.sees(queue, 1, 1);
});

scenario('a hundred confirmed messages are counted exactly', { covers: ['edge:24'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.call('confirm.select', {}, {});
  for (let n = 0; n < 100; n++) channel.publish('', queue, String(n));
  for (let last = 0; last < 100; ) last = (await channel.expect('basic.ack')).fields['deliveryTag'] as number;
  await channel.call('queue.declare', { queue, passive: true }, { queue, messageCount: 100, consumerCount: 0 });
});

scenario('passive declare looks at nothing but the name', { covers: ['queue.declare/passive'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  const fields = {
    queue,
    passive: true,
    durable: true,
    autoDelete: true,
    exclusive: false,
    arguments: { 'x-expires': 'no' },
  };
  await channel.call('queue.declare', fields, { queue, messageCount: 1, consumerCount: 0 });
  await t.sees(queue, 1);
});

scenario(
  'passive declare of a missing queue is refused',
  { covers: ['queue.declare/missing', 'err:queue-missing'] },
  async t => {
    const channel = await t.channel();
    const queue = t.name();
    channel.send('queue.declare', { queue, passive: true });
    await channel.refused(404, `NOT_FOUND - no ${Q(queue)}`, 'queue.declare');
  },
);

scenario('passive declare of no name is refused', { covers: ['queue.declare/missing'] }, async t => {
  const channel = await t.channel();
  await t.queue(channel);
  channel.send('queue.declare', { queue: '', passive: true });
  await channel.refused(404, `NOT_FOUND - no ${Q('')}`, 'queue.declare');
});

scenario('the server names a queue', { covers: ['queue.declare/server-named'] }, async t => {
  const channel = await t.channel();
  const names: string[] = [];
  for (let round = 0; round < 3; round++) {
    const { queue, ...rest } = await channel.call('queue.declare', { queue: '' });
    assert.deepStrictEqual(rest, { messageCount: 0, consumerCount: 0 });
    assert.match(String(queue), /^amq\.gen-[A-Za-z0-9_-]{22}$/);
    names.push(t.track(String(queue)));
  }
  assert.equal(new Set(names).size, 3);
  await t.sees(names[0]!, 0);
});

scenario(
  'a server-named queue may be declared again by name',
  {
    covers: ['queue.declare/server-named', 'edge:13'],
    differs: {
      rabbitmq: 'answers 403 `queue name contains reserved prefix` even to the owner',
      leveret: 'answers declare-ok, as RabbitMQ 4 does',
      reason: 'a client that restores its topology after a lost connection declares the names it was given',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = t.track(String((await channel.call('queue.declare', { queue: '' }))['queue']));
    channel.send('queue.declare', { queue });
    if (t.onRabbitmq) {
      const text = `ACCESS_REFUSED - queue name '${queue}' contains reserved prefix 'amq.*'`;
      await channel.refused(403, text, 'queue.declare');
    } else await channel.expect('queue.declare-ok', { queue, messageCount: 0, consumerCount: 0 });
    await t.sees(queue, 0);
  },
);

scenario('passive declare of a server-named queue is ok', { covers: ['queue.declare/server-named'] }, async t => {
  const channel = await t.channel();
  const queue = t.track(String((await channel.call('queue.declare', { queue: '' }))['queue']));
  await channel.call('queue.declare', { queue, passive: true }, { queue, messageCount: 0, consumerCount: 0 });
});

scenario('a reserved queue name is refused', { covers: ['err:reserved-name', 'edge:13'] }, async t => {
  const channel = await t.channel();
  channel.send('queue.declare', { queue: 'amq.mine' });
  const text = "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'";
  await channel.refused(403, text, 'queue.declare');
});

scenario('no name means the queue declared last', { covers: ['queue.declare/last', 'queue.bind/ok'] }, async t => {
  const channel = await t.channel();
  await t.queue(channel);
  const queue = await t.queue(channel);
  await channel.call('queue.bind', { queue: '', exchange: 'amq.direct', routingKey: queue }, {});
  channel.publish('amq.direct', queue, 'x');
  await channel.got('', 1, 0, 'x', { exchange: 'amq.direct', routingKey: queue });
  await channel.call('queue.purge', { queue: '' }, { messageCount: 0 });
  await channel.call('basic.consume', { queue: '', consumerTag: 'c' }, { consumerTag: 'c' });
  await channel.call('queue.unbind', { queue: '', exchange: 'amq.direct', routingKey: queue }, {});
  await channel.call('queue.delete', { queue: '' }, { messageCount: 0 });
  await t.noQueue(queue);
});

scenario(
  'bind with neither queue nor key uses the name for both',
  { covers: ['queue.declare/last', 'queue.bind/ok'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.call('queue.bind', { exchange: 'amq.direct' }, {});
    channel.publish('amq.direct', queue, 'x');
    await channel.got(queue, 1, 0, 'x', { exchange: 'amq.direct' });
  },
);

scenario('a passive declare counts as the last one', { covers: ['queue.declare/last'] }, async t => {
  const channel = await t.channel();
  const [first, second] = [await t.filled(channel, ['x']), await t.queue(channel)];
  await channel.call(
    'queue.declare',
    { queue: first, passive: true },
    { queue: first, messageCount: 1, consumerCount: 0 },
  );
  await channel.call('queue.purge', { queue: '' }, { messageCount: 1 });
  await t.sees(second, 0);
});

scenario(
  'the last queue is remembered when it is gone',
  { covers: ['queue.declare/last', 'err:queue-missing'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await channel.call('queue.delete', { queue }, { messageCount: 0 });
    channel.send('queue.purge', { queue: '' });
    await channel.refused(404, `NOT_FOUND - no ${Q(queue)}`, 'queue.purge');
  },
);

for (const name of ['queue.bind', 'queue.unbind', 'queue.purge', 'queue.delete', 'basic.get', 'basic.consume']) {
  scenario(
    `${name} without a last queue is refused`,
    { covers: ['err:no-last-queue', `${name}/no-last-queue`] },
    async t => {
      const wire = await t.login();
      await t.queue(await wire.channel()); // the last queue of another channel does not count
      const channel = await wire.channel();
      channel.send(name, name.endsWith('bind') ? { exchange: 'amq.direct' } : {});
      await channel.refused(404, 'NOT_FOUND - no previously declared queue', name);
    },
  );
}

for (const name of ['queue.purge', 'basic.get', 'basic.consume']) {
  scenario(`${name} of a missing queue is refused`, { covers: ['err:queue-missing', `${name}/missing`] }, async t => {
    const channel = await t.channel();
    const queue = t.name();
    channel.send(name, { queue });
    await channel.refused(404, `NOT_FOUND - no ${Q(queue)}`, name);
  });
}

const inequivalent: [string, object, object, string][] = [
  ['durable', { durable: true }, {}, "arg 'durable' for %: received 'false' but current is 'true'"],
  ['auto-delete', {}, { autoDelete: true }, "arg 'auto_delete' for %: received 'true' but current is 'false'"],
  [
    'argument more',
    {},
    { arguments: { 'x-message-ttl': 3600000 } },
    "arg 'x-message-ttl' for %: received the value '3600000' of type 'signedint' but current is none",
  ],
  [
    'argument less',
    { arguments: { 'x-message-ttl': 3600000 } },
    {},
    "arg 'x-message-ttl' for %: received none but current is the value '3600000' of type 'signedint'",
  ],
  [
    'long argument less',
    { arguments: [['x-message-ttl', 'l', 3600000n]] },
    {},
    "arg 'x-message-ttl' for %: received none but current is the value '3600000' of type 'long'",
  ],
  [
    'argument value',
    { arguments: { 'x-message-ttl': 3600000 } },
    { arguments: { 'x-message-ttl': 3600001 } },
    "arg 'x-message-ttl' for %: received '3600001' but current is '3600000'",
  ],
];
for (const [what, first, second, text] of inequivalent) {
  scenario(
    `declare again with another ${what} is refused`,
    { covers: ['err:inequivalent-queue', 'queue.declare/refused'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { ...first });
      channel.send('queue.declare', { queue, ...second });
      await channel.refused(406, `PRECONDITION_FAILED - inequivalent ${text.replace('%', Q(queue))}`, 'queue.declare');
      await t.sees(queue, 0);
    },
  );
}

scenario('integers of any size are equivalent', { covers: ['edge:18'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: [['x-message-ttl', 's', 30000]] });
  for (const tag of ['I', 'l', 'L', 'u', 'i'])
    await t.queue(channel, { arguments: [['x-message-ttl', tag, 30000]] }, queue);
});

scenario('a string is not equivalent to an integer', { covers: ['edge:18', 'err:inequivalent-queue'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-message-ttl': 30000 } });
  channel.send('queue.declare', { queue, arguments: { 'x-message-ttl': '30000' } });
  const text = `inequivalent arg 'x-message-ttl' for ${Q(queue)}: received '30000' but current is '30000'`;
  await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
});

scenario('the type classic is the same as none', { covers: ['queue.declare/equivalent'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-queue-type': 'classic' } });
  await t.queue(channel, {}, queue);
});

scenario('unknown arguments are not compared', { covers: ['queue.declare/equivalent'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-mine': 1, other: 'a' } });
  await t.queue(channel, { arguments: { 'x-mine': 'two' } }, queue);
});

scenario('line ends are taken out of queue names', { covers: ['edge:13'] }, async t => {
  const channel = await t.channel();
  const queue = t.name();
  await channel.call('queue.declare', { queue: `${queue}\r\n` }, { queue, messageCount: 0, consumerCount: 0 });
  await t.sees(queue, 0);
});

for (const [what, suffix] of [
  ['spaces', ' a b '],
  ['NUL', 'a\0b'],
  ['UTF-8', 'häschen-🐇'],
  ['255 octets', 'x'.repeat(235)],
] as const) {
  scenario(`a queue name with ${what} is fine`, { covers: ['edge:13'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(
      channel,
      {},
      t
        .name(suffix)
        .padEnd(what === '255 octets' ? 255 : 0, 'y')
        .slice(0, 255),
    );
    channel.publish('', queue, 'x');
    await channel.got(queue, 1, 0, 'x');
  });
}

scenario('declare with no-wait has no answer', { covers: ['queue.declare/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = t.name();
  channel.send('queue.declare', { queue, noWait: true });
  await channel.quiet();
  await t.sees(queue, 0);
});

scenario('declare with no-wait that fails closes the channel', { covers: ['queue.declare/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.send('queue.declare', { queue, durable: true, noWait: true });
  const text = `PRECONDITION_FAILED - inequivalent arg 'durable' for ${Q(queue)}: received 'true' but current is 'false'`;
  await channel.refused(406, text, 'queue.declare');
});

scenario('delete tells how many messages went', { covers: ['queue.delete/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.got(queue, 1, 2, 'a');
  await channel.call('queue.delete', { queue }, { messageCount: 2 });
  await t.noQueue(queue);
});

scenario('a deleted queue declared again is empty and unbound', { covers: ['queue.delete/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  await t.bind(channel, queue, 'amq.direct', queue);
  await channel.call('queue.delete', { queue }, { messageCount: 1 });
  await t.queue(channel, {}, queue);
  channel.publish('amq.direct', queue, 'x');
  await channel.gotNothing(queue);
});

scenario('delete of a missing queue is ok', { covers: ['queue.delete/missing'] }, async t => {
  const channel = await t.channel();
  for (const flags of [{}, { ifUnused: true }, { ifEmpty: true }]) {
    await channel.call('queue.delete', { queue: t.name(), ...flags }, { messageCount: 0 });
  }
});

scenario('delete with no-wait has no answer', { covers: ['queue.delete/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.send('queue.delete', { queue, noWait: true });
  await channel.quiet();
  await t.noQueue(queue);
});

scenario('delete if-unused with a consumer is refused', { covers: ['queue.delete/in-use', 'err:in-use'] }, async t => {
  const [owner, channel] = [await t.channel(), await t.channel()];
  const queue = await t.queue(owner);
  await owner.consume(queue, 'c');
  channel.send('queue.delete', { queue, ifUnused: true });
  await channel.refused(406, `PRECONDITION_FAILED - ${Q(queue)} in use`, 'queue.delete');
  await t.sees(queue, 0, 1);
});

scenario('delete if-empty with a message is refused', { covers: ['queue.delete/not-empty', 'err:in-use'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  channel.send('queue.delete', { queue, ifEmpty: true });
  await channel.refused(406, `PRECONDITION_FAILED - ${Q(queue)} not empty`, 'queue.delete');
  await t.holds(queue, ['a']);
});

scenario(
  'delete if-unused and if-empty of a queue that is neither says that it is not empty',
  { covers: ['queue.delete/not-empty', 'err:in-use'] },
  async t => {
    const [owner, channel] = [await t.channel(), await t.channel()];
    const queue = await t.queue(owner);
    await owner.call('basic.qos', { prefetchCount: 1 }, {});
    await owner.consume(queue, 'c');
    await t.publishes('', queue, 'a');
    await t.publishes('', queue, 'b');
    await owner.delivered('c', 1, queue, 'a');
    await t.sees(queue, 1, 1);
    channel.send('queue.delete', { queue, ifUnused: true, ifEmpty: true });
    await channel.refused(406, `PRECONDITION_FAILED - ${Q(queue)} not empty`, 'queue.delete');
    await t.sees(queue, 1, 1);
  },
);

scenario('unacknowledged messages do not keep a queue from being empty', { covers: ['queue.delete/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  await channel.got(queue, 1, 0, 'a');
  await channel.call('queue.delete', { queue, ifEmpty: true, ifUnused: true }, { messageCount: 0 });
  await t.noQueue(queue);
});

scenario('acks for a queue that is gone are fine', { covers: ['queue.delete/ok', 'basic.ack/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a', 'b']);
  await channel.got(queue, 1, 1, 'a');
  await channel.got(queue, 2, 0, 'b');
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
  channel.ack(1);
  channel.send('basic.nack', { deliveryTag: 2, requeue: true });
  await channel.quiet();
});

scenario(
  'purge takes the ready ones and leaves the unacknowledged',
  { covers: ['queue.purge/ok', 'edge:19'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b', 'c']);
    await channel.got(queue, 1, 2, 'a');
    await channel.call('queue.purge', { queue }, { messageCount: 2 });
    await t.sees(queue, 0);
    channel.send('basic.nack', { deliveryTag: 1, requeue: true });
    await channel.got(queue, 2, 0, 'a', { redelivered: true });
  },
);

scenario('purge with no-wait has no answer', { covers: ['queue.purge/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  channel.send('queue.purge', { queue, noWait: true });
  await channel.quiet();
  await t.sees(queue, 0);
});

scenario(
  'an auto-delete queue goes with its last consumer',
  { covers: ['edge:7', 'queue.declare/auto-delete'] },
  async t => {
    const wire = await t.login();
    const [a, b] = [await wire.channel(), await wire.channel()];
    const queue = await t.queue(a, { autoDelete: true });
    await a.consume(queue, 'c');
    await b.consume(queue, 'c');
    await a.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await t.sees(queue, 0, 1);
    await b.close();
    await t.noQueue(queue);
  },
);

scenario(
  'an auto-delete queue goes when its connection is lost',
  { covers: ['edge:7', 'queue.declare/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { autoDelete: true });
    await channel.consume(queue, 'c');
    await t.sees(queue, 0, 1);
    channel.wire.destroy();
    const observer = await t.observer();
    for (const until = Date.now() + 5_000; ; ) {
      observer.send('queue.declare', { queue, passive: true });
      const answer = await observer.next();
      if (answer.name === 'channel.close') break;
      assert.ok(Date.now() < until, 'the queue is still there');
    }
    observer.send('channel.close-ok');
    await t.noQueue(queue);
  },
);

scenario(
  'an auto-delete queue that never had a consumer stays',
  { covers: ['edge:7', 'queue.declare/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { autoDelete: true });
    channel.publish('', queue, 'x');
    await channel.got(queue, 1, 0, 'x');
    await channel.wire.close();
    await t.holds(queue, ['x']);
  },
);

scenario(
  'an auto-delete queue goes with its messages',
  { covers: ['edge:7', 'queue.declare/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b'], { autoDelete: true });
    await channel.call('basic.qos', { prefetchCount: 1 }, {});
    await channel.consume(queue, 'c');
    await channel.delivered('c', 1, queue, 'a');
    await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await t.noQueue(queue);
    channel.ack(1);
    await channel.quiet();
  },
);

scenario(
  'an exclusive queue goes with its connection, before close-ok',
  { covers: ['edge:12', 'queue.declare/exclusive'] },
  async t => {
    const wire = await t.login();
    const channel = await wire.channel();
    const queue = await t.queue(channel, { exclusive: true });
    await channel.close();
    await (await wire.channel()).call(
      'queue.declare',
      { queue, passive: true },
      { queue, messageCount: 0, consumerCount: 0 },
    );
    await wire.close();
    await t.noQueue(queue);
    await t.queue(await t.channel(), { exclusive: true }, queue);
  },
);

scenario('an exclusive queue serves every channel of its connection', { covers: ['edge:12'] }, async t => {
  const wire = await t.login();
  const [a, b] = [await wire.channel(), await wire.channel()];
  const queue = await t.queue(a, { exclusive: true });
  await t.queue(b, { exclusive: true, durable: true }, queue);
  b.publish('', queue, 'x');
  await b.got(queue, 1, 0, 'x');
  await b.consume(queue, 'c');
});

scenario(
  'the durable flag of an exclusive queue is ignored',
  { covers: ['edge:17', 'queue.declare/exclusive'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { exclusive: true, durable: true });
    await t.queue(channel, { exclusive: true }, queue);
    await t.queue(channel, { exclusive: true, durable: true }, queue);
  },
);

scenario(
  'the exclusive flag must match, also on the own connection',
  { covers: ['err:locked', 'edge:12'] },
  async t => {
    const wire = await t.login();
    const [a, b, c] = [await wire.channel(), await wire.channel(), await wire.channel()];
    const [mine, shared] = [await t.queue(a, { exclusive: true }), await t.queue(a)];
    b.send('queue.declare', { queue: mine });
    await b.refused(405, locked(mine), 'queue.declare');
    c.send('queue.declare', { queue: shared, exclusive: true });
    await c.refused(405, locked(shared), 'queue.declare');
  },
);

const forbidden: [string, object][] = [
  ['queue.declare', {}],
  ['queue.declare', { passive: true }],
  ['queue.declare', { exclusive: true }],
  ['queue.bind', { exchange: 'amq.direct' }],
  ['queue.purge', {}],
  ['queue.delete', {}],
  ['basic.get', {}],
  ['basic.consume', {}],
];
for (const [name, fields] of forbidden) {
  scenario(
    `${name} {${Object.keys(fields)}} of another's exclusive queue is refused`,
    { covers: ['err:locked', 'edge:12', `${name}/locked`] },
    async t => {
      const [owner, other] = [await t.channel(), await t.channel()];
      const queue = await t.queue(owner, { exclusive: true });
      other.send(name, { queue, ...fields });
      await other.refused(405, locked(queue), name);
      await t.queue(owner, { exclusive: true }, queue);
    },
  );
}

scenario("publish to another's exclusive queue is allowed", { covers: ['edge:12'] }, async t => {
  const [owner, other] = [await t.channel(), await t.channel()];
  const queue = await t.queue(owner, { exclusive: true });
  await t.bind(owner, queue, 'amq.direct', queue);
  other.publish('amq.direct', queue, 'x');
  other.publish('', queue, 'y');
  await owner.consume(queue, 'c');
  await owner.delivered('c', 1, queue, 'x', { exchange: 'amq.direct' });
  await owner.delivered('c', 2, queue, 'y');
});

scenario(
  "unbind of another's exclusive queue: a binding that is there",
  { covers: ['edge:12', 'err:locked', 'queue.unbind/locked'] },
  async t => {
    const [owner, other] = [await t.channel(), await t.channel()];
    const queue = await t.queue(owner, { exclusive: true });
    await t.bind(owner, queue, 'amq.direct', queue);
    other.send('queue.unbind', { queue, exchange: 'amq.direct', routingKey: queue });
    await other.refused(405, locked(queue), 'queue.unbind');
    owner.publish('amq.direct', queue, 'x');
    await owner.got(queue, 1, 0, 'x', { exchange: 'amq.direct' });
  },
);

scenario("unbind of another's exclusive queue: no such binding", { covers: ['edge:12'] }, async t => {
  const [owner, other] = [await t.channel(), await t.channel()];
  const queue = await t.queue(owner, { exclusive: true });
  await other.call('queue.unbind', { queue, exchange: 'amq.direct', routingKey: 'never' }, {});
});
