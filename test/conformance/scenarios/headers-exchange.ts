// Scenarios: what a headers exchange compares, and which bindings it takes.
import { theme } from '../scenario.ts';
import type { Fields, Table } from '../wire-codec.ts';

const scenario = theme('headers exchange');

type Match = [what: string, binding: Table | Fields, matching: (Table | Fields)[], others: (Table | Fields)[]];

/** One entry, `a`, of this type. */
const a = (tag: string, value: unknown): Table => [['a', tag, value]];

const forms: Match[] = [
  [
    'all: further headers do no harm',
    { 'x-match': 'all', a: 1, b: 2 },
    [
      { a: 1, b: 2 },
      { c: 3, b: 2, a: 1 },
    ],
    [{ a: 1 }, { b: 2 }, { a: 2, b: 1 }],
  ],
  ['all: x-match itself is not compared', { 'x-match': 'all', a: 1 }, [{ a: 1 }, { a: 1, 'x-match': 'any' }], [{}]],
  ['all: x- keys alone are as none', { 'x-match': 'all', 'x-a': 1 }, [{}, { 'x-a': 2 }, { b: 1 }], []],
  ['any: x- keys alone are as none', { 'x-match': 'any', 'x-a': 1 }, [], [{}, { 'x-a': 1 }, { b: 1 }]],
  [
    'any: one is enough',
    { 'x-match': 'any', a: 1, b: 2, c: 3 },
    [{ c: 3 }, { a: 2, b: 2 }],
    [{ a: 2, b: 3 }, { d: 1 }],
  ],
  [
    'all-with-x: x- keys count',
    { 'x-match': 'all-with-x', 'x-a': 1, b: 2 },
    [{ 'x-a': 1, b: 2 }],
    [{ b: 2 }, { 'x-a': 1 }, { 'x-a': 2, b: 2 }, {}],
  ],
  ['all-with-x: x- keys alone', { 'x-match': 'all-with-x', 'x-a': 1 }, [{ 'x-a': 1 }], [{}, { b: 1 }]],
  ['all-with-x of none', { 'x-match': 'all-with-x' }, [{}, { a: 1 }], []],
  ['any-with-x: x- keys count', { 'x-match': 'any-with-x', 'x-a': 1, b: 2 }, [{ 'x-a': 1 }, { b: 2 }], [{ 'x-a': 2 }]],
  ['any-with-x of none', { 'x-match': 'any-with-x' }, [], [{}, { a: 1 }]],
  [
    'any-with-x: a header x-match is not compared',
    { 'x-match': 'any-with-x', b: 2 },
    [{ b: 2 }],
    [{ 'x-match': 'any-with-x' }],
  ],
  ['the key x- is left out too', { 'x-match': 'any', 'x-': 1, b: 1 }, [{ b: 1 }], [{ 'x-': 1 }]],
  ['the key X-a is not left out', { 'X-a': 1 }, [{ 'X-a': 1 }], [{}, { 'x-a': 1 }]],
  ['the empty key is one as others', { '': 1 }, [{ '': 1 }], [{}, { '': 2 }]],
  ['any: a void is there or not', { 'x-match': 'any', a: null, b: 1 }, [{ a: 5 }, { b: 1 }], [{ b: 2 }, {}]],
  [
    'all: a void and a value',
    { a: null, b: 1 },
    [
      { a: 'x', b: 1 },
      { a: null, b: 1 },
    ],
    [{ b: 1 }, { a: 1 }, { a: 1, b: 2 }],
  ],
];

const values: Match[] = [
  ['integers of every size are equal', a('b', 5), ['b', 'B', 's', 'u', 'I', 'i'].map(tag => a(tag, 5)), [a('I', 6)]],
  ['64-bit integers and timestamps are integers', a('I', 5), [a('l', 5n), a('T', 5n), a('L', 5n)], [a('l', 6n)]],
  ['negative integers', a('b', -5), [a('s', -5), a('I', -5), a('l', -5n)], [a('I', 5), a('B', 251)]],
  ['a float equals an integer', a('d', 5), [a('I', 5), a('f', 5)], [a('d', 5.5)]],
  ['floats of both sizes', a('f', 0.5), [a('d', 0.5), a('f', 0.5)], [a('d', 0.25)]],
  ['a float is compared as it is kept', a('f', 0.1), [a('f', 0.1)], [a('d', 0.1)]],
  ['zeros are equal', a('d', 0), [a('I', 0), a('d', -0)], [a('I', 1), a('t', false)]],
  [
    'strings and byte arrays',
    a('S', 'k'),
    [a('S', 'k'), a('x', Buffer.from('k'))],
    [a('S', 'K'), a('S', 'k '), a('S', '')],
  ],
  ['the empty string', a('S', ''), [a('S', '')], [a('S', ' '), a('I', 0), a('V', null)]],
  ['booleans', a('t', false), [a('t', false)], [a('t', true), a('I', 0), a('S', 'false'), a('V', null)]],
  ['a string is no number', a('S', '1'), [a('S', '1')], [a('I', 1), a('d', 1)]],
  ['octets beyond ASCII', a('S', 'ü'), [a('S', 'ü'), a('S', Buffer.from([0xc3, 0xbc]))], [a('S', Buffer.from([0xfc]))]],
  [
    'arrays are compared item by item',
    a('A', [
      ['I', 1],
      ['S', 'x'],
    ]),
    [
      a('A', [
        ['I', 1],
        ['S', 'x'],
      ]),
    ],
    [
      a('A', [
        ['S', 'x'],
        ['I', 1],
      ]),
      a('A', [['I', 1]]),
      a('A', []),
    ],
  ],
  ['tables are compared', a('F', { n: 1 }), [a('F', { n: 1 })], [a('F', { n: 2 }), a('F', {}), a('F', { n: 1, m: 1 })]],
  ['integers in a table keep their types', a('F', { n: 1 }), [a('F', [['n', 'I', 1]])], [a('F', [['n', 'l', 1n]])]],
  ['decimals', a('D', [2, 314]), [a('D', [2, 314])], [a('D', [1, 314]), a('d', 3.14)]],
];

for (const [what, binding, matching, others] of [...forms, ...values]) {
  const covers = [forms.some(form => form[0] === what) ? 'headers/x-match' : 'headers/values', 'headers/match'];
  scenario(what, { covers }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
    await t.bind(channel, queue, exchange, '', { arguments: binding });
    for (const [index, headers] of others.entries()) {
      channel.publish(exchange, '', `no ${index}`, { properties: { headers } });
    }
    for (const [index, headers] of matching.entries()) {
      channel.publish(exchange, '', `yes ${index}`, { properties: { headers } });
    }
    await channel.sync();
    await t.holds(
      queue,
      matching.map((_, index) => `yes ${index}`),
    );
  });
}

scenario('neither key of binding and message counts', { covers: ['headers/x-match'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
  await t.bind(channel, queue, exchange, 'one', { arguments: { a: 1 } });
  const properties = { headers: { a: 1 } };
  channel.publish(exchange, 'two', 'x', { properties });
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'two', properties });
});

scenario('a message without headers matches no key', { covers: ['headers/x-match'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
  await t.bind(channel, queue, exchange, '', { arguments: { a: null } });
  await t.bind(channel, queue, exchange, '', { arguments: { 'x-match': 'any', a: null } });
  channel.publish(exchange, '', 'x', { mandatory: true });
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: '' };
  await channel.content('basic.return', { fields, body: 'x' });
});

scenario('of a header given twice one is compared', { covers: ['headers/values'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'headers');
  const [first, second] = [await t.queue(channel), await t.queue(channel)];
  await t.bind(channel, first, exchange, '', { arguments: { a: 1 } });
  await t.bind(channel, second, exchange, '', { arguments: { a: 2 } });
  const headers: Table = [
    ['a', 'I', 1],
    ['a', 'I', 2],
  ];
  channel.publish(exchange, '', 'x', { properties: { headers } });
  await channel.got(first, 1, 0, 'x', { exchange, routingKey: '', properties: { headers } });
  await channel.gotNothing(second);
});

scenario('bindings of one queue are taken together', { covers: ['headers/x-match'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
  await t.bind(channel, queue, exchange, '', { arguments: { a: 1 } });
  await t.bind(channel, queue, exchange, '', { arguments: { b: 1 } });
  channel.publish(exchange, '', 'both', { properties: { headers: { a: 1, b: 1 } } });
  await channel.call('queue.unbind', { queue, exchange, arguments: { a: 1 } }, {});
  channel.publish(exchange, '', 'gone', { properties: { headers: { a: 1 } } });
  channel.publish(exchange, '', 'left', { properties: { headers: { b: 1 } } });
  await channel.sync();
  await t.holds(queue, ['both', 'left']);
});

scenario(
  'a binding is found by its arguments in any order',
  { covers: ['headers/x-match', 'queue.unbind/ok'] },
  async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
    await t.bind(channel, queue, exchange, '', { arguments: { a: 1, b: 2 } });
    await channel.call('queue.unbind', { queue, exchange, arguments: { b: 2, a: 1 } }, {});
    channel.publish(exchange, '', 'x', { mandatory: true, properties: { headers: { a: 1, b: 2 } } });
    await channel.expect('basic.return', { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: '' });
  },
);

scenario('matches in front of an exchange too', { covers: ['headers/x-match', 'exchange.bind/ok'] }, async t => {
  const channel = await t.channel();
  const [source, destination] = [await t.exchange(channel, 'headers'), await t.exchange(channel, 'fanout')];
  const queue = await t.queue(channel);
  await t.bind(channel, queue, destination);
  await channel.call('exchange.bind', { source, destination, arguments: { 'x-match': 'any', a: 1, b: 1 } }, {});
  channel.publish(source, '', 'no', { properties: { headers: { a: 2 } } });
  channel.publish(source, '', 'yes', { properties: { headers: { b: 1 } } });
  await channel.sync();
  await t.holds(queue, ['yes']);
});

for (const exchange of ['amq.headers', 'amq.match']) {
  scenario(`${exchange} is one`, { covers: ['headers/x-match', 'exchange.declare/predeclared'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await t.bind(channel, queue, exchange, '', { arguments: { [queue]: 1 } });
    const properties = { headers: { [queue]: 1 } };
    channel.publish(exchange, '', 'x', { properties });
    await channel.got(queue, 1, 0, 'x', { exchange, routingKey: '', properties });
  });
}

for (const [tag, value, text] of [
  ['S', '', 'Invalid x-match field value <<>>; expected all, any, all-with-x, or any-with-x'],
  ['S', 'ALL', 'Invalid x-match field value <<"ALL">>; expected all, any, all-with-x, or any-with-x'],
  ['S', 'ü', 'Invalid x-match field value <<"ü">>; expected all, any, all-with-x, or any-with-x'],
  ['t', true, 'Invalid x-match field type bool (value true); expected longstr'],
  ['V', null, 'Invalid x-match field type void (value undefined); expected longstr'],
  ['d', 1.5, 'Invalid x-match field type double (value 1.5); expected longstr'],
  ['x', Buffer.from('all'), 'Invalid x-match field type binary (value <<"all">>); expected longstr'],
] as const) {
  const what = `x-match ${tag} ${String(value)}`;
  scenario(`${what} is refused`, { covers: ['headers/invalid', 'err:invalid-binding'] }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
    channel.send('queue.bind', { queue, exchange, arguments: [['x-match', tag, value]] });
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.bind');
    await t.publishes(exchange, '', 'x');
    await t.sees(queue, 0);
  });
}

scenario(
  'exchange.bind with a bad x-match is refused',
  { covers: ['headers/invalid', 'err:invalid-binding'] },
  async t => {
    const channel = await t.channel();
    const [source, destination] = [await t.exchange(channel, 'headers'), await t.exchange(channel, 'fanout')];
    channel.send('exchange.bind', { source, destination, arguments: { 'x-match': 'some' } });
    const text = 'Invalid x-match field value <<"some">>; expected all, any, all-with-x, or any-with-x';
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'exchange.bind');
  },
);

scenario('unbind with a bad x-match is ok', { covers: ['headers/invalid', 'queue.unbind/missing'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'headers'), await t.queue(channel)];
  await channel.call('queue.unbind', { queue, exchange, arguments: { 'x-match': 'some' } }, {});
});

scenario('other exchanges do not look at x-match', { covers: ['headers/invalid'] }, async t => {
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
  await t.bind(channel, queue, exchange, '', { arguments: { 'x-match': 'some' } });
  channel.publish(exchange, '', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: '' });
});
