// Scenarios: frames that are wrong, too large, out of order or of unknown kinds, and field tables of every type.
import assert from 'node:assert/strict';
import { type Difference, type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import { encodeFrame, encodeHeader, encodeMethod, encodeTable, type Table } from '../wire-codec.ts';

const scenario = theme('framing');

const u16 = (...values: number[]): Buffer => Buffer.from(values.flatMap(value => [value >> 8, value & 255]));

/** Someone else on the broker must not notice. */
async function unharmed(t: Stage): Promise<void> {
  await t.queue(await t.observer(), { autoDelete: true });
}

scenario('a frame as large as frame-max is taken', { covers: ['frame:frame-max'] }, async t => {
  const channel = await t.channel({ frameMax: 4096 });
  const queue = await t.queue(channel);
  channel.send('basic.publish', { routingKey: queue });
  const body = Buffer.alloc(4096, 'x'); // a payload of 4096 octets: RabbitMQ allows 8 more than the specification
  channel.wire.frame(2, 1, encodeHeader(body.length, {}));
  channel.wire.frame(3, 1, body);
  await channel.got(queue, 1, 0, body);
});

scenario('a frame over frame-max is refused', { covers: ['err:frame-too-large'] }, async t => {
  const channel = await t.channel({ frameMax: 4096 });
  const queue = await t.queue(channel);
  channel.send('basic.publish', { routingKey: queue });
  channel.wire.frame(2, 1, encodeHeader(4097, {}));
  channel.wire.frame(3, 1, Buffer.alloc(4097, 'x'));
  await channel.wire.refused(501, 'FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,4097,4088}', undefined);
  await t.sees(queue, 0);
});

scenario('a frame over the largest frame-max is refused', { covers: ['err:frame-too-large'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(1, 1, Buffer.alloc(131073));
  const text = 'FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,131073,131064}';
  await channel.wire.refused(501, text, undefined);
});

scenario('a frame that announces 4 GiB is refused at once', { covers: ['err:frame-too-large'] }, async t => {
  const channel = await t.channel();
  channel.wire.raw(Buffer.from('010001ffffffff', 'hex'));
  const text = 'FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,4294967295,131064}';
  await channel.wire.refused(501, text, undefined);
  await unharmed(t);
});

scenario('a frame without its end mark is refused', { covers: ['err:bad-end-mark'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(1, 1, Buffer.from('abc'), 0);
  const text = 'FRAME_ERROR - type 1, all octets = <<"abc">>: {invalid_frame_end_marker,0}';
  await channel.wire.refused(501, text, undefined);
  await unharmed(t);
});

scenario('a frame of an unknown type is refused', { covers: ['err:unknown-frame'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(9, 1, Buffer.from('abc'));
  const text = 'FRAME_ERROR - type 9, all octets = <<"abc">>: unknown_frame';
  await channel.wire.refused(501, text, undefined);
});

scenario('a method frame of three octets is an unknown frame', { covers: ['err:unknown-frame'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(1, 1, Buffer.from([0, 20, 0]));
  const text = 'FRAME_ERROR - type 1, all octets = <<0,20,0>>: unknown_frame';
  await channel.wire.refused(501, text, undefined);
});

scenario('a heartbeat with a payload is an unknown frame', { covers: ['err:unknown-frame'] }, async t => {
  const wire = await t.login();
  wire.frame(8, 0, Buffer.from('x'));
  await wire.refused(501, 'FRAME_ERROR - type 8, all octets = <<"x">>: unknown_frame', undefined);
});

scenario('a heartbeat on a channel is unexpected', { covers: ['frame:heartbeat-channel'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(8, 1, Buffer.alloc(0));
  await channel.wire.refused(505, 'UNEXPECTED_FRAME - type 8, all octets = <<>>', undefined);
});

scenario('a body on channel 0 is unexpected', { covers: ['frame:channel-zero'] }, async t => {
  const wire = await t.login();
  wire.frame(3, 0, Buffer.from('abc'));
  await wire.refused(505, 'UNEXPECTED_FRAME - type 3, all octets = <<"abc">>', undefined);
});

scenario(
  'a queue method on channel 0 is a wrong state',
  { covers: ['frame:channel-zero', 'err:wrong-state'] },
  async t => {
    const wire = await t.login();
    wire.send(0, 'queue.declare', { queue: t.name() });
    const text = 'CHANNEL_ERROR - unexpected method in connection state running';
    await wire.refused(504, text, 'queue.declare');
  },
);

scenario('a connection method on an open channel is unimplemented', { covers: ['err:unimplemented'] }, async t => {
  const channel = await t.channel();
  channel.send('connection.open', { virtualHost: '/' });
  await channel.wire.refused(503, 'COMMAND_INVALID - unimplemented method', 'connection.open');
});

scenario('a connection method on an unopened channel wants channel.open', { covers: ['err:not-opened'] }, async t => {
  const wire = await t.login();
  wire.send(5, 'connection.open', { virtualHost: '/' });
  await wire.refused(504, "CHANNEL_ERROR - expected 'channel.open'", 'connection.open');
});

const serverOnly = [
  'channel.open-ok',
  'access.request-ok',
  'exchange.declare-ok',
  'exchange.delete-ok',
  'exchange.bind-ok',
  'exchange.unbind-ok',
  'queue.declare-ok',
  'queue.bind-ok',
  'queue.purge-ok',
  'queue.delete-ok',
  'queue.unbind-ok',
  'basic.qos-ok',
  'basic.consume-ok',
  'basic.get-empty',
  'basic.recover-ok',
  'confirm.select-ok',
  'tx.select-ok',
  'tx.commit-ok',
  'tx.rollback-ok',
  'channel.flow-ok',
  'channel.close-ok',
];
for (const name of serverOnly) {
  scenario(
    `${name} from a client is unimplemented`,
    { covers: [`${name}/from-client`, 'err:unimplemented'] },
    async t => {
      const channel = await t.channel();
      channel.send(name);
      await channel.wire.refused(503, 'COMMAND_INVALID - unimplemented method', name);
    },
  );
}

for (const name of ['basic.deliver', 'basic.return', 'basic.get-ok']) {
  scenario(
    `${name} from a client is unimplemented`,
    { covers: [`${name}/from-client`, 'err:unimplemented'] },
    async t => {
      const channel = await t.channel();
      channel.send(name);
      channel.wire.content(1, Buffer.from('x'));
      await channel.wire.refused(503, 'COMMAND_INVALID - unimplemented method', name);
    },
  );
}

const rule = (rabbitmq: string, leveret: string, reason: string): Difference => ({ rabbitmq, leveret, reason });
for (const [what, classId, methodId] of [
  ['method of a known class', 50, 99],
  ['class', 77, 10],
] as const) {
  scenario(
    `an unknown ${what} is refused`,
    {
      covers: ['err:unknown-method'],
      differs: rule(
        'resets the socket with no frame',
        'sends connection.close 503 `COMMAND_INVALID - unknown method: class C, method M` with these ids',
        'a client author sees what is wrong',
      ),
    },
    async t => {
      const channel = await t.channel();
      channel.wire.frame(1, 1, u16(classId, methodId));
      if (!t.onRabbitmq) {
        const fields = {
          replyCode: 503,
          replyText: `COMMAND_INVALID - unknown method: class ${classId}, method ${methodId}`,
          classId,
          methodId,
        };
        await channel.wire.expect(0, 'connection.close', fields);
        channel.wire.send(0, 'connection.close-ok');
      }
      await channel.wire.ends('reset');
      await unharmed(t);
    },
  );
}

scenario(
  'an unknown field tag is refused',
  {
    covers: ['err:unknown-field-tag'],
    differs: rule(
      'resets the socket with no frame',
      'sends connection.close 501 `FRAME_ERROR - unknown field type tag N in a field table`',
      'a client author sees what is wrong',
    ),
  },
  async t => {
    const channel = await t.channel();
    const exchange = t.name('x');
    channel.send('exchange.declare', { exchange, type: 'direct', arguments: [['k', 'Z', 'x']] });
    if (t.onRabbitmq) await channel.wire.ends('reset');
    else {
      const text = 'FRAME_ERROR - unknown field type tag 90 in a field table';
      await channel.wire.refused(501, text, undefined);
    }
    await t.noExchange(exchange);
  },
);

scenario('arguments that end too early cannot be decoded', { covers: ['err:cannot-decode'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(1, 1, Buffer.concat([u16(50, 10), Buffer.from([0, 0, 5, 97])]));
  await channel.wire.refused(501, 'FRAME_ERROR - cannot decode <<0,0,5,97>>', 'queue.declare');
});

scenario('arguments with octets left over cannot be decoded', { covers: ['err:cannot-decode'] }, async t => {
  const channel = await t.channel();
  channel.wire.frame(1, 1, Buffer.concat([encodeMethod('tx.select', {}), Buffer.from([1, 2])]));
  await channel.wire.refused(501, 'FRAME_ERROR - cannot decode <<1,2>>', 'tx.select');
});

scenario('a queue name that is not UTF-8 is refused', { covers: ['err:bad-utf8'] }, async t => {
  const channel = await t.channel();
  channel.send('queue.declare', { queue: Buffer.from([0x61, 0xff, 0xfe]) });
  await channel.wire.refused(501, 'FRAME_ERROR - Malformed UTF-8 in shortstr', undefined);
});

scenario('a routing key of publish that is not UTF-8 is fine', { covers: ['err:bad-utf8'] }, async t => {
  const channel = await t.channel();
  channel.send('basic.publish', { exchange: 'amq.fanout', routingKey: Buffer.from([0xff, 0xfe]) });
  channel.wire.content(1, Buffer.from('x'));
  await channel.quiet();
});

const disorder: [string, (channel: Channel) => void, string, string | undefined][] = [
  [
    'a method where a header belongs',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.send('basic.qos', {});
    },
    'expected content header for class 60, got non content header frame instead',
    'basic.publish',
  ],
  [
    'a body where a header belongs',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(3, 1, Buffer.from('x'));
    },
    'expected content header for class 60, got non content header frame instead',
    'basic.publish',
  ],
  [
    'a header of another class',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(2, 1, encodeHeader(1, {}, 50));
    },
    'expected content header for class 60, got one for class 50 instead',
    'basic.publish',
  ],
  [
    'a header with a weight',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(2, 1, encodeHeader(1, {}, 60, 1));
    },
    'expected content header for class 60, got non content header frame instead',
    'basic.publish',
  ],
  [
    'a method where a body belongs',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(2, 1, encodeHeader(1, {}));
      channel.send('basic.qos', {});
    },
    'expected content body, got non content body frame instead',
    'basic.publish',
  ],
  [
    'channel.close where a body belongs',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(2, 1, encodeHeader(1, {}));
      channel.send('channel.close', {});
    },
    'expected content body, got non content body frame instead',
    'basic.publish',
  ],
  [
    'a header with nothing before it',
    channel => channel.wire.frame(2, 1, encodeHeader(1, {})),
    'expected method frame, got non method frame instead',
    undefined,
  ],
  [
    'a body with nothing before it',
    channel => channel.wire.frame(3, 1, Buffer.from('x')),
    'expected method frame, got non method frame instead',
    undefined,
  ],
  [
    'an empty body frame after a header of size 0',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(2, 1, encodeHeader(0, {}));
      channel.wire.frame(3, 1, Buffer.alloc(0));
    },
    'expected method frame, got non method frame instead',
    undefined,
  ],
  [
    'a body longer than announced',
    channel => {
      channel.send('basic.publish', { routingKey: 'nowhere' });
      channel.wire.frame(2, 1, encodeHeader(2, {}));
      channel.wire.frame(3, 1, Buffer.from('abc'));
      channel.send('basic.qos', {});
    },
    'expected content body, got non content body frame instead',
    'basic.publish',
  ],
];
for (const [what, spoil, text, cause] of disorder) {
  const covers = ['err:frame-order', ...(what === 'a body longer than announced' ? ['err:body-overrun'] : [])];
  scenario(`${what} is unexpected`, { covers }, async t => {
    const channel = await t.channel();
    spoil(channel);
    await channel.wire.refused(505, `UNEXPECTED_FRAME - ${text}`, cause);
    await unharmed(t);
  });
}

scenario('empty frames inside a body are skipped', { covers: ['frame:body'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.send('basic.publish', { routingKey: queue });
  channel.wire.frame(2, 1, encodeHeader(4, {}));
  for (const part of ['', 'a', '', 'bc', 'd']) channel.wire.frame(3, 1, Buffer.from(part));
  await channel.got(queue, 1, 0, 'abcd');
});

scenario('an empty body is a header only', { covers: ['frame:body'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, '');
  await channel.got(queue, 1, 0, '');
});

scenario('contents of two channels may be interleaved', { covers: ['frame:body'] }, async t => {
  const wire = await t.login();
  const [a, b] = [await wire.channel(), await wire.channel()];
  const queue = await t.queue(a);
  a.send('basic.publish', { routingKey: queue });
  b.send('basic.publish', { routingKey: queue });
  wire.frame(2, 2, encodeHeader(2, {}));
  wire.frame(2, 1, encodeHeader(2, {}));
  wire.frame(3, 1, Buffer.from('a'));
  wire.frame(3, 2, Buffer.from('bb'));
  await b.sync();
  await t.sees(queue, 1);
  wire.frame(3, 1, Buffer.from('a'));
  await a.sync();
  await t.holds(queue, ['bb', 'aa']);
});

scenario('a large body comes back whole in frames of the size negotiated', { covers: ['frame:body'] }, async t => {
  const body = Buffer.alloc(1_000_000, Buffer.from('0123456789abcdef-'));
  const channel = await t.channel({ frameMax: 10_000 });
  const queue = await t.queue(channel);
  channel.send('basic.publish', { routingKey: queue });
  channel.wire.content(1, body, {}, 10_000);
  await channel.got(queue, 1, 0, body);
});

scenario('a method frame may come octet by octet', { covers: ['frame:chunks'] }, async t => {
  const channel = await t.channel();
  const queue = t.name();
  for (const octet of encodeFrame(1, 1, encodeMethod('queue.declare', { queue })))
    channel.wire.raw(Buffer.from([octet]));
  await channel.expect('queue.declare-ok', { queue, messageCount: 0, consumerCount: 0 });
});

scenario(
  'a body announced above 512 MiB is refused at the header',
  {
    covers: ['err:body-too-large'],
    differs: rule(
      'waits for the whole body and refuses it then',
      'sends connection.close 501 `content body size N exceeds maximum allowed size 536870912` at once, as RabbitMQ 4 does',
      'nothing is sent or held for a message that cannot be taken',
    ),
  },
  async t => {
    const channel = await t.channel();
    channel.send('basic.publish', { routingKey: 'nowhere' });
    channel.wire.frame(2, 1, encodeHeader(2n ** 63n, {}));
    if (t.onRabbitmq) return channel.wire.close();
    const text = `FRAME_ERROR - content body size ${2n ** 63n} exceeds maximum allowed size 536870912`;
    return channel.wire.refused(501, text, undefined);
  },
);

const brokenHeaders: [string, Buffer][] = [
  ['properties that end too early', Buffer.concat([u16(60, 0, 0, 0, 0, 0, 0x8000), Buffer.from([5, 97])])],
  ['octets after the properties', Buffer.concat([u16(60, 0, 0, 0, 0, 0, 0x1000), Buffer.from([1, 2, 3])])],
  ['a continued flags word', u16(60, 0, 0, 0, 0, 0, 1, 0)],
];
for (const [what, payload] of brokenHeaders) {
  scenario(`a content header with ${what} is an internal error`, { covers: ['err:content-header'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.send('basic.publish', { routingKey: queue });
    channel.wire.frame(2, 1, payload);
    await channel.wire.refused(541, 'INTERNAL_ERROR', undefined);
    await unharmed(t);
  });
}

const everyType: Table = [
  ['bool', 't', true],
  ['no', 't', false],
  ['int8', 'b', -128],
  ['uint8', 'B', 255],
  ['int16', 's', -32768],
  ['uint16', 'u', 65535],
  ['int32', 'I', -2147483648],
  ['uint32', 'i', 4294967295],
  ['l', 'l', -(2n ** 63n)],
  ['L', 'L', 2n ** 63n - 1n],
  ['float', 'f', 1.5],
  ['double', 'd', Math.PI],
  ['decimal', 'D', [2, 314]],
  ['string', 'S', 'häschen'],
  ['bytes', 'x', Buffer.from([0, 255, 1])],
  ['time', 'T', 2n ** 63n],
  ['void', 'V', null],
  [
    'array',
    'A',
    [
      ['S', 'a'],
      ['A', [['V', null]]],
      ['F', [['in', 'L', 5n]]],
    ],
  ],
  ['table', 'F', [['deep', 'F', [['er', 'u', 7]]]]],
  ['zz', 'I', 1],
  ['aa', 'I', 2],
  ['twice', 'I', 1],
  ['twice', 'S', 'again'],
  ['', 'S', 'an empty key'],
  ['k'.repeat(255), 'I', 3],
];

scenario('headers of every type pass as they are', { covers: ['edge:15', 'frame:tables'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x', { properties: { headers: everyType } });
  await channel.got(queue, 1, 0, 'x', { properties: { headers: everyType } });
  channel.send('basic.nack', { deliveryTag: 1, requeue: true });
  await channel.consume(queue, 'c', { noAck: true });
  await channel.delivered('c', 2, queue, 'x', { redelivered: true, properties: { headers: everyType } });
});

scenario('headers pass a headers exchange as they are', { covers: ['edge:15', 'frame:tables'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await t.bind(channel, queue, 'amq.headers', '', {
    arguments: { uint16: 65535, 'only-for': queue, 'x-match': 'any' },
  });
  channel.publish('amq.headers', 'k', 'x', { properties: { headers: [...everyType, ['only-for', 'S', queue]] } });
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, 'k', 'x', {
    exchange: 'amq.headers',
    properties: { headers: [...everyType, ['only-for', 'S', queue]] },
  });
});

scenario('a returned message keeps its tables', { covers: ['edge:15', 'basic.return/no-route'] }, async t => {
  const channel = await t.channel();
  channel.publish('', t.name(), 'x', { mandatory: true, properties: { headers: everyType, priority: 0 } });
  const { properties } = await channel.expect('basic.return');
  assert.deepStrictEqual(properties, { headers: everyType, priority: 0 });
});

scenario('arguments of every type are taken by declare and bind', { covers: ['frame:tables'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: everyType.filter(([key]) => key !== '') });
  await t.bind(channel, queue, 'amq.direct', queue, { arguments: everyType });
  channel.publish('amq.direct', queue, 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: 'amq.direct' });
});

scenario('a table nested a thousand deep is taken', { covers: ['frame:tables'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  let table: Table = [['leaf', 'I', 1]];
  for (let depth = 0; depth < 1000; depth++) table = [['n', 'F', table]];
  channel.publish('', queue, 'x', { properties: { headers: table } });
  channel.send('basic.get', { queue });
  const { properties } = await channel.expect('basic.get-ok');
  assert.ok(encodeTable(properties!['headers'] as Table).equals(encodeTable(table)));
});

scenario('every property passes as it is', { covers: ['edge:16', 'basic.publish/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const properties = {
    contentType: 'text/plain',
    contentEncoding: 'gzip',
    headers: [] as Table,
    deliveryMode: 1,
    priority: 255,
    correlationId: 'c',
    replyTo: 'r',
    expiration: '3600000',
    messageId: 'm',
    timestamp: 2n ** 63n + 5n,
    type: 't',
    userId: 'guest',
    appId: 'a',
    clusterId: 'cl',
  };
  channel.publish('', queue, 'x', { properties });
  await channel.got(queue, 1, 0, 'x', { properties });
});

for (const properties of [
  {},
  { priority: 0 },
  { deliveryMode: 2 },
  { deliveryMode: 1 },
  { timestamp: 0n },
  { headers: {} },
  { contentType: '' },
  { messageId: '' },
]) {
  const what = Object.entries(properties).map(([name, value]) => `${name} ${JSON.stringify(String(value))}`);
  scenario(`the properties {${what.join()}} pass as they are`, { covers: ['edge:16'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.publish('', queue, 'x', { properties });
    await channel.got(queue, 1, 0, 'x', { properties });
  });
}

scenario('bit 1 of the property flags is ignored', { covers: ['frame:flags'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.send('basic.publish', { routingKey: queue });
  channel.wire.frame(2, 1, u16(60, 0, 0, 0, 0, 1, 2));
  channel.wire.frame(3, 1, Buffer.from('x'));
  channel.send('basic.get', { queue });
  await channel.expect('basic.get-ok');
});
