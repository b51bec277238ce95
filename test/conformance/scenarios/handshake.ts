// Scenarios: from the protocol header to open-ok, and every way to be refused on the way.
import assert from 'node:assert/strict';
import { theme } from '../scenario.ts';
import { capabilities, protocolHeader, Wire } from '../wire.ts';
import { type Entry, encodeMethod, encodeTable } from '../wire-codec.ts';

const scenario = theme('handshake');

const silently = (reason: string) => ({
  rabbitmq: 'resets the socket after three seconds and says why only in its log',
  leveret: 'sends connection.close with 530 and the reason first, as RabbitMQ 4 does',
  reason,
});

scenario('start offers version, mechanisms, locale and capabilities', { covers: ['connection.start/ok'] }, async t => {
  const wire = await t.connect();
  wire.raw(protocolHeader);
  const { fields } = await wire.expect(0, 'connection.start');
  const { serverProperties, mechanisms, ...rest } = fields;
  assert.deepEqual(rest, { versionMajor: 0, versionMinor: 9, locales: 'en_US' });
  assert.deepEqual(String(mechanisms).split(' ').sort(), ['AMQPLAIN', 'PLAIN']);
  const properties = new Map((serverProperties as Entry[]).map(([key, tag, value]) => [key, [tag, value]]));
  const [tag, offered] = properties.get('capabilities')!;
  assert.equal(tag, 'F');
  assert.deepEqual(
    [...(offered as Entry[])].sort((a, b) => (a[0] < b[0] ? -1 : 1)),
    [
      'authentication_failure_close',
      'basic.nack',
      'connection.blocked',
      'consumer_cancel_notify',
      'consumer_priorities',
      'direct_reply_to',
      'exchange_exchange_bindings',
      'per_consumer_qos',
      'publisher_confirms',
    ].map(name => [name, 't', true]),
  );
  assert.deepEqual(properties.get('product'), ['S', 'RabbitMQ']);
  assert.equal(properties.get('version')![0], 'S');
  assert.match(String(properties.get('version')![1]), /^3\.1\d\.\d+$/);
  for (const name of ['cluster_name', 'copyright', 'information', 'platform']) {
    assert.equal(properties.get(name)?.[0], 'S', name);
  }
});

for (const [octets, major, minor] of [
  ['1 1 0 9', 0, 9],
  ['1 1 8 0', 8, 0],
  ['1 1 9 1', 8, 0],
] as const) {
  scenario(`the old protocol header ${octets} is answered by start`, { covers: ['frame:old-header'] }, async t => {
    const wire = await t.connect();
    wire.raw(Buffer.concat([Buffer.from('AMQP'), Buffer.from(octets.split(' ').map(Number))]));
    const { fields } = await wire.expect(0, 'connection.start');
    assert.deepEqual([fields['versionMajor'], fields['versionMinor']], [major, minor]);
  });
}

const strangers: [string, Buffer][] = [
  ['AMQP 1.0', Buffer.from('AMQP\x00\x01\x00\x00', 'latin1')],
  ['AMQP 1.0 with SASL', Buffer.from('AMQP\x03\x01\x00\x00', 'latin1')],
  ['AMQP 0 0 9 0', Buffer.from('AMQP\x00\x00\x09\x00', 'latin1')],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a TLS hello', Buffer.from('16030100a5010000a1030300', 'hex')],
  ['garbage', Buffer.from('deadbeefdeadbeef', 'hex')],
];
for (const [what, octets] of strangers) {
  scenario(`${what} is answered by our protocol header and a reset`, { covers: ['frame:wrong-header'] }, async t => {
    const wire = await t.connect();
    wire.rawMode = true;
    wire.raw(octets);
    await wire.ends('reset');
    assert.deepEqual(wire.rawReceived, protocolHeader);
  });
}

scenario(
  'a client that says nothing is cut off after ten seconds',
  { covers: ['frame:handshake-timeout'] },
  async t => {
    const wire = await t.connect();
    wire.rawMode = true;
    await wire.ends('reset', 15_000);
    assert.equal(wire.rawReceived.length, 0);
  },
);

scenario('half a protocol header is cut off after ten seconds', { covers: ['frame:handshake-timeout'] }, async t => {
  const wire = await t.connect();
  wire.rawMode = true;
  wire.raw(protocolHeader.subarray(0, 4));
  await wire.ends('reset', 15_000);
  assert.equal(wire.rawReceived.length, 0);
});

scenario('a client that stops before start-ok is cut off', { covers: ['frame:handshake-timeout'] }, async t => {
  const wire = await t.connect();
  wire.raw(protocolHeader);
  await wire.expect(0, 'connection.start');
  await wire.ends('reset', 15_000);
});

scenario('a client that stops before open is cut off', { covers: ['frame:handshake-timeout'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  await wire.ends('reset', 15_000);
});

scenario('the handshake may come octet by octet', { covers: ['frame:chunks'] }, async t => {
  const wire = await t.connect();
  const send = wire.raw.bind(wire);
  wire.raw = octets => {
    for (const octet of octets) send(Buffer.from([octet]));
  };
  await wire.handshake();
  const channel = await wire.channel();
  await t.queue(channel);
});

scenario('tune offers 2047 channels, 131072 octets, 60 seconds', { covers: ['connection.tune/ok'] }, async t => {
  const wire = await t.login();
  assert.deepEqual(wire.tune, { channelMax: 2047, frameMax: 131072, heartbeat: 60 });
});

scenario('PLAIN logs in', { covers: ['connection.start-ok/plain', 'connection.open/ok'] }, async t => {
  const channel = await t.channel({ user: 'double', password: 'secret' });
  await t.sees(await t.queue(channel), 0);
});

scenario('AMQPLAIN logs in', { covers: ['connection.start-ok/amqplain'] }, async t => {
  const response = encodeTable({ LOGIN: 'guest', PASSWORD: 'guest' }).subarray(4);
  const channel = await t.channel({ mechanism: 'AMQPLAIN', response });
  await t.sees(await t.queue(channel), 0);
});

scenario('AMQPLAIN with a wrong password is refused', { covers: ['err:bad-credentials'] }, async t => {
  const wire = await t.connect();
  const response = encodeTable({ LOGIN: 'guest', PASSWORD: 'wrong' }).subarray(4);
  await wire.authenticated({ mechanism: 'AMQPLAIN', response });
  const text =
    'ACCESS_REFUSED - Login was refused using authentication mechanism AMQPLAIN. For details see the broker logfile.';
  await wire.refused(403, text, undefined);
});

scenario('the locale is not checked', { covers: ['connection.start-ok/plain'] }, async t => {
  await t.channel({ locale: 'tlh_QO' });
});

for (const [what, user, password] of [
  ['a wrong password', 'guest', 'wrong'],
  ['an empty password', 'guest', ''],
  ['an unknown user', 'nobody-here', 'secret'],
] as const) {
  scenario(
    `${what} is refused in words`,
    { covers: ['err:bad-credentials', 'connection.start-ok/refused'] },
    async t => {
      const wire = await t.connect();
      await wire.authenticated({ user, password });
      const text =
        'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.';
      await wire.refused(403, text, undefined);
    },
  );
}

scenario('a wrong password without the capability is a bare reset', { covers: ['err:bad-credentials'] }, async t => {
  const wire = await t.connect();
  await wire.authenticated({ password: 'wrong', clientProperties: {} });
  await wire.ends('reset');
});

for (const [what, response] of [
  ['a PLAIN response without separators', 'guest'],
  ['a PLAIN response with an authorisation identity', 'guest\0guest\0guest'],
] as const) {
  scenario(`${what} is a bare reset`, { covers: ['err:malformed-plain'] }, async t => {
    const wire = await t.connect();
    await wire.authenticated({ response: Buffer.from(response) });
    await wire.ends('reset');
  });
}

scenario('an unknown mechanism is a bare reset', { covers: ['err:unknown-mechanism'] }, async t => {
  const wire = await t.connect();
  await wire.authenticated({ mechanism: 'CRAM-SHA512' });
  await wire.ends('reset');
});

scenario('secure-ok without a challenge is a bare reset', { covers: ['connection.secure-ok/unexpected'] }, async t => {
  const wire = await t.connect();
  wire.raw(protocolHeader);
  await wire.expect(0, 'connection.start');
  wire.send(0, 'connection.secure-ok', { response: 'x' });
  await wire.ends('reset');
});

scenario('a method before start-ok is a bare reset', { covers: ['err:wrong-state'] }, async t => {
  const wire = await t.connect();
  wire.raw(protocolHeader);
  await wire.expect(0, 'connection.start');
  wire.send(0, 'connection.open', { virtualHost: '/' });
  await wire.ends('reset');
});

const outOfRange: [string, { channelMax?: number; frameMax?: number }, string][] = [
  ['frame_max 4095', { frameMax: 4095 }, 'frame_max = 4095 is lower than the minimum allowed value (4096)'],
  ['frame_max 131073', { frameMax: 131073 }, 'frame_max = 131073 is higher than the maximum allowed value (131072)'],
  ['frame_max 0', { frameMax: 0 }, 'frame_max = 0 (no limit) is higher than the maximum allowed value (131072)'],
  ['channel_max 2048', { channelMax: 2048 }, 'channel_max = 2048 is higher than the maximum allowed value (2047)'],
  ['channel_max 0', { channelMax: 0 }, 'channel_max = 0 (no limit) is higher than the maximum allowed value (2047)'],
];
for (const [what, options, text] of outOfRange) {
  scenario(
    `tune-ok with ${what} is refused`,
    {
      covers: ['connection.tune-ok/out-of-range', 'err:tune-ok'],
      differs: silently(`a client that negotiates ${what} can tell its user what is wrong`),
    },
    async t => {
      const wire = await t.connect();
      await wire.tuned(options);
      if (!t.onRabbitmq) await wire.refused(530, `NOT_ALLOWED - negotiated ${text}`, 'connection.tune-ok');
      else await wire.ends('reset');
    },
  );
}

scenario('the smallest values of tune-ok are fine', { covers: ['connection.tune-ok/ok', 'edge:20'] }, async t => {
  const channel = await t.channel({ frameMax: 4096, channelMax: 1, heartbeat: 65535 });
  const queue = await t.queue(channel);
  await t.publishes('', queue, Buffer.alloc(10_000, 'x'));
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, Buffer.alloc(10_000, 'x'));
});

scenario('start-ok instead of open is a wrong state', { covers: ['err:wrong-state'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  wire.send(0, 'connection.start-ok', { mechanism: 'PLAIN' });
  await wire.refused(504, 'CHANNEL_ERROR - unexpected method in connection state opening', 'connection.start-ok');
});

for (const name of ['connection.open', 'connection.tune-ok', 'connection.start-ok', 'connection.secure-ok']) {
  scenario(`${name} on an open connection is a wrong state`, { covers: ['err:wrong-state'] }, async t => {
    const wire = await t.login();
    wire.send(0, name);
    await wire.refused(504, 'CHANNEL_ERROR - unexpected method in connection state running', name);
  });
}

scenario('a channel frame before open is unexpected', { covers: ['frame:channel-before-open'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  wire.send(1, 'channel.open');
  await wire.refused(505, 'UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>', undefined);
});

scenario(
  'open of a missing vhost is refused',
  { covers: ['err:vhost-missing', 'connection.open/refused'] },
  async t => {
    const wire = await t.connect();
    await wire.tuned();
    wire.send(0, 'connection.open', { virtualHost: 'nope' });
    await wire.refused(530, 'NOT_ALLOWED - vhost nope not found', 'connection.open');
  },
);

scenario('the empty vhost is not the default one', { covers: ['err:vhost-missing'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  wire.send(0, 'connection.open', { virtualHost: '' });
  await wire.refused(530, 'NOT_ALLOWED - vhost  not found', 'connection.open');
});

scenario('open of a vhost without access is refused', { covers: ['err:vhost-access'] }, async t => {
  const wire = await t.connect();
  await wire.tuned({ user: 'limited', password: 'secret' });
  wire.send(0, 'connection.open', { virtualHost: 'other' });
  await wire.refused(530, "NOT_ALLOWED - access to vhost 'other' refused for user 'limited'", 'connection.open');
});

scenario('a user with no grant at all is refused', { covers: ['err:vhost-access'] }, async t => {
  const wire = await t.connect();
  await wire.tuned({ user: 'stranger', password: 'secret' });
  wire.send(0, 'connection.open', { virtualHost: '/' });
  await wire.refused(530, "NOT_ALLOWED - access to vhost '/' refused for user 'stranger'", 'connection.open');
});

scenario('a missing vhost is told before missing access', { covers: ['err:vhost-missing'] }, async t => {
  const wire = await t.connect();
  await wire.tuned({ user: 'stranger', password: 'secret' });
  wire.send(0, 'connection.open', { virtualHost: 'nope' });
  await wire.refused(530, 'NOT_ALLOWED - vhost nope not found', 'connection.open');
});

scenario('capabilities and insist of open are ignored', { covers: ['connection.open/ok'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  wire.send(0, 'connection.open', { virtualHost: '/', capabilities: 'anything', insist: true });
  await wire.expect(0, 'connection.open-ok', { knownHosts: '' });
});

scenario('a whole handshake may be sent in one go', { covers: ['frame:chunks'] }, async t => {
  const wire = await t.connect();
  wire.raw(protocolHeader);
  wire.send(0, 'connection.start-ok', {
    clientProperties: { capabilities },
    mechanism: 'PLAIN',
    response: Buffer.from('\0guest\0guest'),
    locale: 'en_US',
  });
  wire.send(0, 'connection.tune-ok', { channelMax: 2047, frameMax: 131072 });
  wire.send(0, 'connection.open', { virtualHost: '/' });
  wire.send(1, 'channel.open');
  await wire.expect(0, 'connection.start');
  await wire.expect(0, 'connection.tune');
  await wire.expect(0, 'connection.open-ok', { knownHosts: '' });
  await wire.expect(1, 'channel.open-ok', { channelId: '' });
});

scenario('two vhosts share nothing', { covers: ['connection.open/ok', 'queue.declare/ok'] }, async t => {
  const [here, there] = [await t.channel(), await t.channel({ vhost: 'other' })];
  const queue = await t.queue(here);
  there.send('queue.declare', { queue, passive: true });
  await there.refused(404, `NOT_FOUND - no queue '${queue}' in vhost 'other'`, 'queue.declare');
});

scenario('close is answered by close-ok', { covers: ['connection.close/ok'] }, async t => {
  const wire = await t.login();
  const channel = await wire.channel();
  const queue = await t.queue(channel, { exclusive: true });
  wire.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
  await wire.expect(0, 'connection.close-ok', {});
  await t.noQueue(queue);
});

scenario('close before open is a wrong state', { covers: ['err:wrong-state'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  wire.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
  await wire.refused(504, 'CHANNEL_ERROR - unexpected method in connection state opening', 'connection.close');
});

scenario('frames after close are ignored', { covers: ['connection.close/ok'] }, async t => {
  const wire = await t.login();
  const queue = t.name();
  const channel = await wire.channel();
  wire.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
  channel.send('queue.declare', { queue });
  await wire.expect(0, 'connection.close-ok', {});
  await t.noQueue(queue);
});

scenario('close with 2047 channels open is answered', { covers: ['edge:21'] }, async t => {
  const wire = await t.login();
  for (let number = 1; number <= 2047; number++) wire.send(number, 'channel.open');
  for (let number = 1; number <= 2047; number++)
    await wire.expect(number, 'channel.open-ok', { channelId: '' }, 20_000);
  wire.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
  await wire.expect(0, 'connection.close-ok', {}, 20_000);
});

scenario('close after a close of the server gets close-ok', { covers: ['connection.close/crossing'] }, async t => {
  const wire = await t.login();
  wire.send(0, 'connection.open', { virtualHost: '/' });
  await wire.expect(0, 'connection.close');
  wire.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
  await wire.expect(0, 'connection.close-ok', {});
});

scenario('close-ok without a close is a wrong state', { covers: ['connection.close-ok/unexpected'] }, async t => {
  const wire = await t.login();
  wire.send(0, 'connection.close-ok');
  await wire.refused(504, 'CHANNEL_ERROR - unexpected method in connection state running', 'connection.close-ok');
});

scenario('update-secret is accepted', { covers: ['connection.update-secret/ok'] }, async t => {
  const wire = await t.login();
  wire.send(0, 'connection.update-secret', { newSecret: 'new', reason: 'expiry' });
  await wire.expect(0, 'connection.update-secret-ok', {});
  await t.queue(await wire.channel());
});

scenario('update-secret with nothing in it is accepted', { covers: ['connection.update-secret/ok'] }, async t => {
  const wire = await t.login();
  wire.frame(1, 0, encodeMethod('connection.update-secret', {}));
  await wire.expect(0, 'connection.update-secret-ok', {});
});

const fromServer = [
  'connection.start',
  'connection.secure',
  'connection.tune',
  'connection.open-ok',
  'connection.blocked',
  'connection.unblocked',
  'connection.update-secret-ok',
];
for (const name of fromServer) {
  scenario(`${name} from a client is a wrong state`, { covers: [`${name}/from-client`] }, async t => {
    const wire = await t.login();
    wire.send(0, name);
    await wire.refused(504, 'CHANNEL_ERROR - unexpected method in connection state running', name);
  });
}

scenario('many connections come and go', { covers: ['connection.close/ok'] }, async t => {
  for (let round = 0; round < 20; round++) {
    const wire = await Wire.login(t.port);
    await wire.close();
  }
  await t.queue(await t.channel());
});
