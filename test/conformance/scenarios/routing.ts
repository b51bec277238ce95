// Scenarios: binding queues, what each exchange type routes, publishing and returning.
import { theme } from '../scenario.ts';
import type { Table } from '../wire-codec.ts';

const scenario = theme('routing');
const Q = (queue: string): string => `queue '${queue}' in vhost '/'`;
const X = (exchange: string): string => `exchange '${exchange}' in vhost '/'`;

scenario('the default exchange routes by queue name', { covers: ['basic.publish/ok'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.queue(channel), await t.queue(channel)];
  channel.publish('', a, 'for a');
  channel.publish('', b, 'for b');
  await channel.got(b, 1, 0, 'for b');
  await t.holds(a, ['for a']);
});

scenario('bind is idempotent: one copy', { covers: ['queue.bind/ok', 'queue.bind/twice'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await t.bind(channel, queue, 'amq.direct', queue);
  await t.bind(channel, queue, 'amq.direct', queue);
  channel.publish('amq.direct', queue, 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: 'amq.direct' });
  await channel.call('queue.unbind', { queue, exchange: 'amq.direct', routingKey: queue }, {});
  channel.publish('amq.direct', queue, 'y');
  await channel.gotNothing(queue);
});

scenario(
  'other arguments make another binding, still one copy',
  { covers: ['queue.bind/twice', 'queue.unbind/ok'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    const binding = { queue, exchange: 'amq.direct', routingKey: queue };
    await channel.call('queue.bind', { ...binding, arguments: { n: 1 } }, {});
    await channel.call('queue.bind', { ...binding, arguments: { n: 2 } }, {});
    channel.publish('amq.direct', queue, 'x');
    await channel.got(queue, 1, 0, 'x', { exchange: 'amq.direct' });
    await channel.call('queue.unbind', { ...binding, arguments: { n: 1 } }, {});
    await channel.call('queue.unbind', binding, {});
    channel.publish('amq.direct', queue, 'y');
    await channel.got(queue, 2, 0, 'y', { exchange: 'amq.direct' });
    await channel.call('queue.unbind', { ...binding, arguments: { n: 2 } }, {});
    channel.publish('amq.direct', queue, 'z');
    await channel.gotNothing(queue);
  },
);

scenario('bind with no-wait has no answer', { covers: ['queue.bind/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.send('queue.bind', { queue, exchange: 'amq.direct', routingKey: queue, noWait: true });
  channel.publish('amq.direct', queue, 'x');
  await channel.quiet();
  await channel.got(queue, 1, 0, 'x', { exchange: 'amq.direct' });
});

scenario(
  'bind of a missing queue or exchange is refused, the exchange first',
  { covers: ['queue.bind/missing', 'err:queue-missing', 'err:exchange-missing'] },
  async t => {
    const wire = await t.login();
    const [a, b, c] = [await wire.channel(), await wire.channel(), await wire.channel()];
    const [queue, noQueue, noExchange] = [await t.queue(a), t.name('no-queue'), t.name('no-exchange')];
    a.send('queue.bind', { queue: noQueue, exchange: 'amq.direct' });
    await a.refused(404, `NOT_FOUND - no ${Q(noQueue)}`, 'queue.bind');
    b.send('queue.bind', { queue, exchange: noExchange });
    await b.refused(404, `NOT_FOUND - no ${X(noExchange)}`, 'queue.bind');
    c.send('queue.bind', { queue: noQueue, exchange: noExchange });
    await c.refused(404, `NOT_FOUND - no ${X(noExchange)}`, 'queue.bind');
  },
);

scenario('unbind of what is missing is ok', { covers: ['queue.unbind/missing'] }, async t => {
  const channel = await t.channel();
  const [queue, noQueue, noExchange] = [await t.queue(channel), t.name('no-queue'), t.name('no-exchange')];
  for (const fields of [
    { queue, exchange: 'amq.direct', routingKey: 'never' },
    { queue: noQueue, exchange: 'amq.direct' },
    { queue, exchange: noExchange },
    { queue: noQueue, exchange: noExchange },
  ]) {
    await channel.call('queue.unbind', fields, {});
  }
});

for (const name of ['queue.bind', 'queue.unbind']) {
  scenario(
    `${name} with the default exchange is refused`,
    { covers: ['err:default-exchange', `${name}/default`] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      channel.send(name, { queue, exchange: '', routingKey: queue });
      await channel.refused(403, 'ACCESS_REFUSED - operation not permitted on the default exchange', name);
    },
  );
}

scenario('a direct exchange wants the very key', { covers: ['exchange.declare/ok'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'direct'), await t.queue(channel)];
  await t.bind(channel, queue, exchange, 'a.b');
  await t.bind(channel, queue, exchange, '');
  for (const key of ['a', 'a.b.c', 'A.B', '*', '#', 'a.b', '']) channel.publish(exchange, key, key);
  await channel.got(queue, 1, 1, 'a.b', { exchange, routingKey: 'a.b' });
  await channel.got(queue, 2, 0, '', { exchange, routingKey: '' });
});

scenario('a fanout exchange wants no key and makes one copy each', { covers: ['exchange.declare/ok'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'fanout');
  const queues = [await t.queue(channel), await t.queue(channel), await t.queue(channel)];
  for (const queue of queues) {
    await t.bind(channel, queue, exchange, 'a');
    await t.bind(channel, queue, exchange, 'b');
  }
  channel.publish(exchange, 'any', 'x');
  for (const [index, queue] of queues.entries()) {
    await channel.got(queue, index + 1, 0, 'x', { exchange, routingKey: 'any' });
  }
});

const topics: [binding: string, matching: string[], others: string[]][] = [
  ['a.b', ['a.b'], ['a', 'a.b.c', 'ab', 'a.B', '']],
  ['*', ['a', 'x-y'], ['', 'a.b', '.']],
  ['#', ['', 'a', 'a.b.c', '.', '..'], []],
  ['a.*', ['a.b', 'a.'], ['a', 'a.b.c', 'b.a']],
  ['a.#', ['a', 'a.b', 'a.b.c', 'a.'], ['', 'ab', 'b.a']],
  ['*.b', ['a.b', '.b'], ['b', 'a.a.b', 'a.b.c']],
  ['#.b', ['b', 'a.b', 'a.a.b', '.b'], ['a.b.c', 'ab']],
  ['a.*.c', ['a.b.c', 'a..c'], ['a.c', 'a.b.b.c']],
  ['a.#.c', ['a.c', 'a.b.c', 'a.b.b.c', 'a..c'], ['a', 'c', 'a.c.d']],
  ['#.#', ['', 'a', 'a.b'], []],
  ['*.#', ['a', 'a.b', '.'], ['']],
  ['#.*', ['a', 'a.b', '.'], ['']],
  ['#.a.#', ['a', 'x.a', 'a.x', 'x.y.a.z'], ['', 'b', 'aa']],
  ['#.a.#.b.#', ['a.b', 'x.a.x.b.x', 'a.a.b'], ['b.a', 'a']],
  ['', [''], ['a', '.']],
  ['a*', ['a*'], ['ab', 'a']],
  ['a.#b', ['a.#b'], ['a.b', 'a.x.b']],
];
for (const [binding, matching, others] of topics) {
  scenario(`the topic '${binding}' matches what it should`, { covers: ['topic/match'] }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'topic'), await t.queue(channel)];
    await t.bind(channel, queue, exchange, binding);
    for (const key of [...others, ...matching]) channel.publish(exchange, key, key);
    for (const [index, key] of matching.entries()) {
      await channel.got(queue, index + 1, matching.length - index - 1, key, { exchange, routingKey: key });
    }
    await channel.gotNothing(queue);
  });
}

scenario(
  'overlapping topics give one copy, and go one by one',
  { covers: ['topic/match', 'queue.unbind/ok'] },
  async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'topic'), await t.queue(channel)];
    const bindings = ['a.*', 'a.#', '#', '*.b', 'a.b'];
    for (const binding of bindings) await t.bind(channel, queue, exchange, binding);
    let tag = 0;
    for (const routingKey of bindings) {
      channel.publish(exchange, 'a.b', 'x');
      await channel.got(queue, ++tag, 0, 'x', { exchange, routingKey: 'a.b' });
      await channel.call('queue.unbind', { queue, exchange, routingKey }, {});
    }
    channel.publish(exchange, 'a.b', 'x');
    await channel.gotNothing(queue);
  },
);

scenario('topics of many queues go to the right ones', { covers: ['topic/match'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'topic');
  const bindings = ['*.orange.*', '*.*.rabbit', 'lazy.#'];
  const queues: string[] = [];
  for (const binding of bindings) {
    const queue = await t.queue(channel);
    queues.push(queue);
    await t.bind(channel, queue, exchange, binding);
  }
  for (const key of ['quick.orange.rabbit', 'lazy.orange.elephant', 'quick.brown.fox', 'lazy', 'lazy.pink.rabbit']) {
    channel.publish(exchange, key, key);
  }
  await channel.gotNothing(await t.queue(channel));
  await t.holds(queues[0]!, ['quick.orange.rabbit', 'lazy.orange.elephant']);
  await t.holds(queues[1]!, ['quick.orange.rabbit', 'lazy.pink.rabbit']);
  await t.holds(queues[2]!, ['lazy.orange.elephant', 'lazy', 'lazy.pink.rabbit']);
});

type Match = [what: string, binding: Table | object, matching: (Table | object)[], others: (Table | object)[]];
const headers: Match[] = [
  [
    'all by default',
    { a: 1, b: 'x' },
    [
      { a: 1, b: 'x' },
      { a: 1, b: 'x', c: 3 },
    ],
    [{ a: 1 }, { b: 'x' }, { a: 2, b: 'x' }, {}],
  ],
  ['all in words', { 'x-match': 'all', a: 1, b: 'x' }, [{ a: 1, b: 'x' }], [{ a: 1 }, {}]],
  ['any', { 'x-match': 'any', a: 1, b: 'x' }, [{ a: 1 }, { b: 'x' }, { a: 2, b: 'x' }], [{ a: 2 }, { c: 1 }, {}]],
  ['all of none', {}, [{}, { a: 1 }], []],
  ['any of none', { 'x-match': 'any' }, [], [{}, { a: 1 }]],
  ['x- keys are not looked at', { 'x-a': 1, b: 1 }, [{ b: 1 }, { 'x-a': 2, b: 1 }], [{ 'x-a': 1 }]],
  [
    'x- keys with all-with-x',
    { 'x-match': 'all-with-x', 'x-a': 1, b: 1 },
    [{ 'x-a': 1, b: 1 }],
    [{ b: 1 }, { 'x-a': 2, b: 1 }],
  ],
  ['x- keys with any-with-x', { 'x-match': 'any-with-x', 'x-a': 1, b: 1 }, [{ b: 1 }, { 'x-a': 1 }], [{ 'x-a': 2 }]],
  ['a void wants presence only', { a: null }, [{ a: 1 }, { a: 'x' }, { a: null }], [{ b: 1 }, {}]],
  ['a missing header is not void', { a: 1 }, [], [{ a: null }]],
  [
    'integers of all sizes are equal',
    [['n', 's', 5]],
    [[['n', 'I', 5]], [['n', 'l', 5n]], [['n', 'b', 5]], [['n', 'd', 5]]],
    [[['n', 'S', '5']], [['n', 'I', 6]], [['n', 'd', 5.5]]],
  ],
  ['booleans are not integers', { a: true }, [{ a: true }], [{ a: 1 }, { a: false }, { a: 'true' }]],
  ['the case of strings counts', { a: 'Abc' }, [{ a: 'Abc' }], [{ a: 'abc' }, { A: 'Abc' }]],
];
for (const [what, binding, matching, others] of headers) {
  scenario(`headers: ${what}`, { covers: ['headers/match'] }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
    await t.bind(channel, queue, exchange, 'key', { arguments: binding });
    for (const headers of others) channel.publish(exchange, 'no', 'no', { properties: { headers } });
    for (const headers of matching) channel.publish(exchange, 'yes', 'yes', { properties: { headers } });
    for (const [index, headers] of matching.entries()) {
      const more = { exchange, routingKey: 'yes', properties: { headers } };
      await channel.got(queue, index + 1, matching.length - index - 1, 'yes', more);
    }
    await channel.gotNothing(queue);
  });
}

scenario('headers: a message without headers matches all of none', { covers: ['headers/match'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
  await t.bind(channel, queue, exchange);
  channel.publish(exchange, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k' });
});

for (const [value, text] of [
  ['foo', 'Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x'],
  [5, 'Invalid x-match field type signedint (value 5); expected longstr'],
] as const) {
  scenario(`headers: x-match ${value} is refused`, { covers: ['err:invalid-binding'] }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
    channel.send('queue.bind', { queue, exchange, arguments: { 'x-match': value, a: 1 } });
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.bind');
  });
}

scenario(
  'publish to a missing exchange closes the channel',
  { covers: ['basic.publish/missing', 'err:exchange-missing'] },
  async t => {
    const channel = await t.channel();
    const exchange = t.name('x');
    channel.publish(exchange, 'k', 'x');
    await channel.refused(404, `NOT_FOUND - no ${X(exchange)}`, 'basic.publish');
  },
);

scenario('an unroutable message is dropped in silence', { covers: ['basic.publish/ok'] }, async t => {
  const channel = await t.channel();
  channel.publish('amq.direct', t.name(), 'x');
  await channel.quiet();
});

scenario(
  'an unroutable mandatory message is returned whole',
  { covers: ['basic.return/no-route', 'basic.publish/mandatory', 'err:no-route'] },
  async t => {
    const channel = await t.channel();
    const routingKey = t.name();
    const properties = { headers: { a: 1, b: 'x' }, priority: 0, correlationId: 'c', timestamp: 1n };
    channel.publish('amq.direct', routingKey, 'body', { mandatory: true, properties });
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: 'amq.direct', routingKey };
    await channel.content('basic.return', { fields, body: 'body', properties });
  },
);

scenario(
  'returns keep the order and the size of what was published',
  { covers: ['basic.return/no-route'] },
  async t => {
    const channel = await t.channel({ frameMax: 4096 });
    const routingKey = t.name();
    const bodies = ['', 'a', 'b'.repeat(10_000)];
    for (const body of bodies) {
      channel.send('basic.publish', { routingKey, mandatory: true });
      channel.wire.content(channel.number, Buffer.from(body), {}, 4096);
    }
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey };
    for (const body of bodies) await channel.content('basic.return', { fields, body });
  },
);

scenario('a routable mandatory message is not returned', { covers: ['basic.publish/mandatory'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x', { mandatory: true });
  await channel.got(queue, 1, 0, 'x');
  await channel.quiet();
});

scenario('immediate is not implemented', { covers: ['basic.publish/immediate', 'err:not-implemented'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x', { immediate: true });
  await channel.wire.refused(540, 'NOT_IMPLEMENTED - immediate=true', 'basic.publish');
  await t.sees(queue, 0);
});

for (const deliveryMode of [0, 3, 255]) {
  scenario(`delivery mode ${deliveryMode} is refused`, { covers: ['err:delivery-mode'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.publish('', queue, 'x', { properties: { deliveryMode } });
    const text = `PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,${deliveryMode}}`;
    await channel.refused(406, text, 'basic.publish');
    await t.sees(queue, 0);
  });
}

scenario("another user's id is refused", { covers: ['err:user-id'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x', { properties: { userId: 'somebody' } });
  const text = "PRECONDITION_FAILED - user_id property set to 'somebody' but authenticated user was 'guest'";
  await channel.refused(406, text, 'basic.publish');
  await t.sees(queue, 0);
});

scenario("an impersonator may use another user's id", { covers: ['err:user-id'] }, async t => {
  const channel = await t.channel({ user: 'double', password: 'secret' });
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x', { properties: { userId: 'somebody' } });
  await channel.got(queue, 1, 0, 'x', { properties: { userId: 'somebody' } });
});

scenario('one channel, one exchange, one queue: order is kept', { covers: ['edge:5'] }, async t => {
  const [publisher, consumer] = [await t.channel(), await t.channel()];
  const queue = await t.queue(publisher);
  await consumer.consume(queue, 'c');
  for (let n = 1; n <= 500; n++) publisher.publish('', queue, String(n));
  for (let n = 1; n <= 500; n++) await consumer.delivered('c', n, queue, String(n));
  consumer.ack(0, true);
  await consumer.sync();
  await t.sees(queue, 0, 1);
});

scenario('one publish reaches a queue once however it gets there', { covers: ['exchange.bind/ok'] }, async t => {
  const channel = await t.channel();
  const [top, left, right] = [
    await t.exchange(channel, 'fanout'),
    await t.exchange(channel, 'fanout'),
    await t.exchange(channel, 'topic'),
  ];
  const queue = await t.queue(channel);
  await channel.call('exchange.bind', { source: top, destination: left }, {});
  await channel.call('exchange.bind', { source: top, destination: right, routingKey: 'z' }, {});
  await t.bind(channel, queue, left);
  await t.bind(channel, queue, right, '#');
  await t.bind(channel, queue, top);
  channel.publish(top, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: top, routingKey: 'k' });
});

scenario('a routing key of 255 octets of UTF-8 passes', { covers: ['basic.publish/ok'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'direct'), await t.queue(channel)];
  const routingKey = 'ü'.repeat(127).padEnd(128, 'x');
  await t.bind(channel, queue, exchange, routingKey);
  channel.publish(exchange, routingKey, 'x');
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey });
});
