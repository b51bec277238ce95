// Scenarios: declaring, deleting and comparing exchanges, and bindings between them.
import { type Stage, theme } from '../scenario.ts';

const scenario = theme('exchange');

const X = (exchange: string): string => `exchange '${exchange}' in vhost '/'`;

for (const type of ['direct', 'fanout', 'topic', 'headers']) {
  scenario(`a ${type} exchange is declared and seen`, { covers: ['exchange.declare/ok'] }, async t => {
    await t.seesExchange(await t.exchange(await t.channel(), type));
  });
}

for (const options of [{ durable: true }, { autoDelete: true }, { internal: true }]) {
  scenario(
    `declare again with the same ${Object.keys(options)} is ok`,
    { covers: ['exchange.declare/equivalent'] },
    async t => {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct', options);
      await t.exchange(channel, 'direct', options, exchange);
    },
  );
}

for (const exchange of ['amq.direct', 'amq.fanout', 'amq.topic', 'amq.headers', 'amq.match', 'amq.rabbitmq.trace']) {
  scenario(`${exchange} is there`, { covers: ['exchange.declare/predeclared'] }, async t => {
    const channel = await t.channel({ vhost: exchange === 'amq.match' ? 'other' : '/' });
    await channel.call('exchange.declare', { exchange, passive: true }, {});
  });
}

scenario(
  'predeclared exchanges may be declared as they are',
  { covers: ['exchange.declare/predeclared', 'edge:13'] },
  async t => {
    const channel = await t.channel();
    const kinds = { 'amq.direct': 'direct', 'amq.fanout': 'fanout', 'amq.topic': 'topic', 'amq.headers': 'headers' };
    for (const [exchange, type] of Object.entries({ ...kinds, 'amq.match': 'headers' })) {
      await channel.call('exchange.declare', { exchange, type, durable: true }, {});
    }
    await channel.call(
      'exchange.declare',
      { exchange: 'amq.rabbitmq.trace', type: 'topic', durable: true, internal: true },
      {},
    );
  },
);

const inequivalent: [string, object, object, string][] = [
  ['type', { type: 'direct' }, { type: 'fanout' }, "'type' for %: received 'fanout' but current is 'direct'"],
  [
    'durable',
    { type: 'direct' },
    { type: 'direct', durable: true },
    "'durable' for %: received 'true' but current is 'false'",
  ],
  [
    'auto-delete',
    { type: 'direct', autoDelete: true },
    { type: 'direct' },
    "'auto_delete' for %: received 'false' but current is 'true'",
  ],
  [
    'internal',
    { type: 'direct' },
    { type: 'direct', internal: true },
    "'internal' for %: received 'true' but current is 'false'",
  ],
];
for (const [what, first, second, text] of inequivalent) {
  scenario(
    `declare again with another ${what} is refused`,
    { covers: ['err:inequivalent-exchange', 'exchange.declare/refused'] },
    async t => {
      const channel = await t.channel();
      const exchange = t.name('x');
      await channel.call('exchange.declare', { exchange, ...first }, {});
      channel.send('exchange.declare', { exchange, ...second });
      await channel.refused(
        406,
        `PRECONDITION_FAILED - inequivalent arg ${text.replace('%', X(exchange))}`,
        'exchange.declare',
      );
      await t.seesExchange(exchange);
    },
  );
}

scenario('unknown arguments are not compared', { covers: ['exchange.declare/equivalent'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'direct', { arguments: { 'x-mine': 1, other: 'a' } });
  await t.exchange(channel, 'direct', { arguments: { 'x-mine': 'two' } }, exchange);
});

scenario('passive declare of another type is ok', { covers: ['exchange.declare/passive'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'direct');
  await channel.call('exchange.declare', { exchange, type: 'fanout', durable: true, passive: true }, {});
});

scenario(
  'passive declare of a missing exchange is refused',
  { covers: ['exchange.declare/missing', 'err:exchange-missing'] },
  async t => {
    const channel = await t.channel();
    const exchange = t.name('x');
    channel.send('exchange.declare', { exchange, passive: true });
    await channel.refused(404, `NOT_FOUND - no ${X(exchange)}`, 'exchange.declare');
  },
);

for (const type of ['foo', '', 'x-nothing-like-this']) {
  scenario(`the unknown exchange type '${type}' is refused`, { covers: ['err:unknown-exchange-type'] }, async t => {
    const channel = await t.channel();
    channel.send('exchange.declare', { exchange: t.name('x'), type });
    const word = type === 'x-nothing-like-this' ? 'unknown' : 'invalid';
    await channel.wire.refused(503, `COMMAND_INVALID - ${word} exchange type '${type}'`, 'exchange.declare');
  });
}

scenario('a reserved exchange name is refused', { covers: ['err:reserved-name', 'edge:13'] }, async t => {
  const channel = await t.channel();
  channel.send('exchange.declare', { exchange: 'amq.mine', type: 'direct' });
  const text = "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'";
  await channel.refused(403, text, 'exchange.declare');
});

for (const passive of [false, true]) {
  scenario(
    `declare of the default exchange, passive ${passive}, is refused`,
    { covers: ['err:default-exchange', 'edge:13'] },
    async t => {
      const channel = await t.channel();
      channel.send('exchange.declare', { exchange: '', type: 'direct', durable: true, passive });
      await channel.refused(
        403,
        'ACCESS_REFUSED - operation not permitted on the default exchange',
        'exchange.declare',
      );
    },
  );
}

scenario('line ends are taken out of exchange names', { covers: ['edge:13'] }, async t => {
  const channel = await t.channel();
  const exchange = t.name('x');
  await channel.call('exchange.declare', { exchange: `${exchange}\r\n`, type: 'direct' }, {});
  await t.seesExchange(exchange);
});

scenario('declare with no-wait has no answer', { covers: ['exchange.declare/nowait'] }, async t => {
  const channel = await t.channel();
  const exchange = t.name('x');
  channel.send('exchange.declare', { exchange, type: 'direct', noWait: true });
  await channel.quiet();
  await t.seesExchange(exchange);
});

scenario('declare with no-wait that fails closes the channel', { covers: ['exchange.declare/nowait'] }, async t => {
  const channel = await t.channel();
  channel.send('exchange.declare', { exchange: 'amq.mine', type: 'direct', noWait: true });
  const text = "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'";
  await channel.refused(403, text, 'exchange.declare');
});

scenario('delete takes an exchange and its bindings away', { covers: ['exchange.delete/ok'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
  await t.bind(channel, queue, exchange);
  await channel.call('exchange.delete', { exchange }, {});
  await t.noExchange(exchange);
  await t.exchange(channel, 'fanout', {}, exchange);
  channel.publish(exchange, '', 'x');
  await channel.sync();
  await t.sees(queue, 0);
});

scenario('delete of a missing exchange is ok', { covers: ['exchange.delete/missing'] }, async t => {
  const channel = await t.channel();
  await channel.call('exchange.delete', { exchange: t.name('x') }, {});
  await channel.call('exchange.delete', { exchange: t.name('x'), ifUnused: true }, {});
});

scenario('delete with no-wait has no answer', { covers: ['exchange.delete/nowait'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'direct');
  channel.send('exchange.delete', { exchange, noWait: true });
  await channel.quiet();
  await t.noExchange(exchange);
});

scenario(
  'delete if-unused of a used exchange is refused',
  { covers: ['exchange.delete/in-use', 'err:in-use'] },
  async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
    await t.bind(channel, queue, exchange);
    channel.send('exchange.delete', { exchange, ifUnused: true });
    await channel.refused(406, `PRECONDITION_FAILED - ${X(exchange)} in use`, 'exchange.delete');
    await t.seesExchange(exchange);
  },
);

scenario('delete if-unused looks at what goes out only', { covers: ['exchange.delete/ok'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.exchange(channel, 'fanout'), await t.exchange(channel, 'fanout')];
  await channel.call('exchange.bind', { destination: b, source: a }, {});
  await channel.call('exchange.delete', { exchange: b, ifUnused: true }, {});
  await channel.call('exchange.delete', { exchange: a, ifUnused: true }, {});
  await t.noExchange(a);
});

for (const exchange of ['amq.direct', 'amq.topic', 'amq.rabbitmq.trace']) {
  scenario(`delete of ${exchange} is refused`, { covers: ['err:delete-system-exchange'] }, async t => {
    const channel = await t.channel();
    channel.send('exchange.delete', { exchange });
    const text = `ACCESS_REFUSED - deletion of system ${X(exchange)} not allowed`;
    await channel.refused(403, text, 'exchange.delete');
    await t.seesExchange(exchange);
  });
}

scenario('delete of the default exchange is refused', { covers: ['err:default-exchange'] }, async t => {
  const channel = await t.channel();
  channel.send('exchange.delete', { exchange: '' });
  await channel.refused(403, 'ACCESS_REFUSED - operation not permitted on the default exchange', 'exchange.delete');
});

scenario(
  'publish to an internal exchange is refused',
  { covers: ['err:publish-internal', 'basic.publish/internal'] },
  async t => {
    const channel = await t.channel();
    const exchange = await t.exchange(channel, 'fanout', { internal: true });
    channel.publish(exchange, '', 'x');
    await channel.refused(403, `ACCESS_REFUSED - cannot publish to internal ${X(exchange)}`, 'basic.publish');
  },
);

scenario('an internal exchange routes what comes through another', { covers: ['exchange.bind/ok'] }, async t => {
  const channel = await t.channel();
  const [inner, outer] = [await t.exchange(channel, 'fanout', { internal: true }), await t.exchange(channel, 'direct')];
  const queue = await t.queue(channel);
  await t.bind(channel, queue, inner);
  await channel.call('exchange.bind', { destination: inner, source: outer, routingKey: 'k' }, {});
  channel.publish(outer, 'k', 'yes');
  channel.publish(outer, 'other', 'no');
  await channel.got(queue, 1, 0, 'yes', { exchange: outer, routingKey: 'k' });
});

scenario('auto-delete goes with the last binding', { covers: ['edge:7', 'exchange.declare/auto-delete'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'fanout', { autoDelete: true });
  const [a, b] = [await t.queue(channel), await t.queue(channel)];
  await t.seesExchange(exchange);
  await t.bind(channel, a, exchange);
  await t.bind(channel, b, exchange);
  await channel.call('queue.unbind', { queue: a, exchange }, {});
  await t.seesExchange(exchange);
  await channel.call('queue.unbind', { queue: b, exchange }, {});
  await t.noExchange(exchange);
});

scenario(
  'auto-delete goes with the last bound queue',
  { covers: ['edge:7', 'exchange.declare/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const exchange = await t.exchange(channel, 'direct', { autoDelete: true });
    const queue = await t.queue(channel);
    await t.bind(channel, queue, exchange, 'k');
    await channel.call('queue.delete', { queue }, { messageCount: 0 });
    await t.noExchange(exchange);
  },
);

scenario(
  'auto-delete goes with the last bound exchange',
  { covers: ['edge:7', 'exchange.declare/auto-delete'] },
  async t => {
    const channel = await t.channel();
    const [first, second] = [
      await t.exchange(channel, 'direct', { autoDelete: true }),
      await t.exchange(channel, 'fanout'),
    ];
    await channel.call('exchange.bind', { destination: second, source: first, routingKey: 'k' }, {});
    await channel.call('exchange.delete', { exchange: second }, {});
    await t.noExchange(first);
  },
);

scenario('a chain of auto-delete exchanges goes together', { covers: ['edge:7'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [
    await t.exchange(channel, 'fanout', { autoDelete: true }),
    await t.exchange(channel, 'fanout', { autoDelete: true }),
  ];
  const queue = await t.queue(channel);
  await channel.call('exchange.bind', { destination: b, source: a }, {});
  await t.bind(channel, queue, b);
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
  await t.noExchange(b);
  await t.noExchange(a);
});

const twoExchanges = async (t: Stage) => {
  const channel = await t.channel();
  const [source, destination] = [await t.exchange(channel, 'direct'), await t.exchange(channel, 'fanout')];
  const queue = await t.queue(channel);
  await t.bind(channel, queue, destination);
  return { channel, source, destination, queue };
};

scenario(
  'exchange.bind routes from one to the other',
  { covers: ['exchange.bind/ok', 'exchange.unbind/ok'] },
  async t => {
    const { channel, source, destination, queue } = await twoExchanges(t);
    const binding = { source, destination, routingKey: 'k' };
    await channel.call('exchange.bind', binding, {});
    await channel.call('exchange.bind', binding, {});
    channel.publish(source, 'k', 'x');
    await channel.got(queue, 1, 0, 'x', { exchange: source, routingKey: 'k' });
    await channel.call('exchange.unbind', binding, {});
    channel.publish(source, 'k', 'y');
    await channel.gotNothing(queue);
  },
);

scenario(
  'exchange.bind and unbind with no-wait have no answer',
  { covers: ['exchange.bind/nowait', 'exchange.unbind/nowait'] },
  async t => {
    const { channel, source, destination, queue } = await twoExchanges(t);
    channel.send('exchange.bind', { source, destination, routingKey: 'k', noWait: true });
    channel.publish(source, 'k', 'x');
    await channel.quiet();
    await channel.got(queue, 1, 0, 'x', { exchange: source, routingKey: 'k' });
    channel.send('exchange.unbind', { source, destination, routingKey: 'k', noWait: true });
    channel.publish(source, 'k', 'x');
    await channel.quiet();
    await t.sees(queue, 0);
  },
);

scenario('a cycle of exchanges gives one copy', { covers: ['exchange.bind/cycle'] }, async t => {
  const channel = await t.channel();
  const names = [
    await t.exchange(channel, 'fanout'),
    await t.exchange(channel, 'fanout'),
    await t.exchange(channel, 'fanout'),
  ];
  const queue = await t.queue(channel);
  for (const [index, source] of names.entries()) {
    await channel.call('exchange.bind', { source, destination: names[(index + 1) % 3] }, {});
    await t.bind(channel, queue, source);
  }
  await channel.call('exchange.bind', { source: names[0], destination: names[0] }, {});
  channel.publish(names[0]!, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: names[0]!, routingKey: 'k' });
});

scenario(
  'exchange.bind of a missing exchange is refused',
  { covers: ['exchange.bind/missing', 'err:exchange-missing'] },
  async t => {
    const wire = await t.login();
    const channel = await wire.channel();
    const [there, missing] = [await t.exchange(channel, 'direct'), t.name('missing')];
    channel.send('exchange.bind', { source: missing, destination: there });
    await channel.refused(404, `NOT_FOUND - no ${X(missing)}`, 'exchange.bind');
    const second = await wire.channel();
    second.send('exchange.bind', { source: there, destination: missing });
    await second.refused(404, `NOT_FOUND - no ${X(missing)}`, 'exchange.bind');
  },
);

scenario('exchange.unbind of what is missing is ok', { covers: ['exchange.unbind/missing'] }, async t => {
  const channel = await t.channel();
  const [there, missing] = [await t.exchange(channel, 'direct'), t.name('missing')];
  await channel.call('exchange.unbind', { source: there, destination: there, routingKey: 'never' }, {});
  await channel.call('exchange.unbind', { source: missing, destination: there }, {});
  await channel.call('exchange.unbind', { source: missing, destination: missing }, {});
});

for (const name of ['exchange.bind', 'exchange.unbind']) {
  for (const side of ['source', 'destination']) {
    scenario(
      `${name} with the default exchange as ${side} is refused`,
      { covers: ['err:default-exchange', `${name}/default`] },
      async t => {
        const channel = await t.channel();
        const exchange = await t.exchange(channel, 'direct');
        channel.send(name, { source: exchange, destination: exchange, [side]: '' });
        await channel.refused(403, 'ACCESS_REFUSED - operation not permitted on the default exchange', name);
      },
    );
  }
}
