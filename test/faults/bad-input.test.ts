// Bytes that no client should send: each gets RabbitMQ's error and a line in the log, and nobody else notices.
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, encodeHeader, encodeMethod, encodeTable, type Table } from '../conformance/wire-codec.ts';
import { Broker, Bystander, eventually } from './broker.ts';

let broker: Broker;
let bystander: Bystander;

beforeEach(async () => {
  broker = await Broker.start();
  bystander = await Bystander.on(broker);
});

const ourHeader = Buffer.from('AMQP\0\0\x09\x01', 'latin1');

describe('on the AMQP port', () => {
  it.each([
    ['garbage', Buffer.from('deadbeefdeadbeef', 'hex'), /unknown protocol header 222,173.*speaks AMQP 0-9-1/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), /HTTP GET request detected on AMQP port/],
    ['TLS', Buffer.from('16030100a5010000a1030300', 'hex'), /TLS client detected on non-TLS AMQP port/],
  ])('%s is answered by our protocol header and the end', async (_, octets, line) => {
    const wire = await broker.connect();
    wire.rawMode = true;
    wire.raw(octets);
    await wire.ends('reset');
    expect(wire.rawReceived).toEqual(ourHeader);
    await broker.logged('error', line);
    await bystander.unhurt();
  });

  it('a megabyte of noise is answered once', async () => {
    const wire = await broker.connect();
    wire.rawMode = true;
    wire.raw(Buffer.alloc(1 << 20, 'no protocol '));
    await eventually(
      () => wire.isOpen,
      open => !open,
      'the end of the socket',
    );
    await broker.logged('error', /unknown protocol header/);
    await bystander.unhurt();
  });
});

describe('a connection is closed for', () => {
  const nested = (depth: number): Buffer => {
    let value = Buffer.alloc(0);
    for (let level = 0; level < depth; level++) {
      const start = Buffer.from([1, 110, 70, 0, 0, 0, 0]);
      start.writeUInt32BE(value.length, 3);
      value = Buffer.concat([start, value]);
    }
    return value;
  };
  const declareWith = (table: Buffer): Buffer => {
    const method = encodeMethod('queue.declare', { queue: 'q' });
    const length = Buffer.alloc(4);
    length.writeUInt32BE(table.length);
    return encodeFrame(1, 1, Buffer.concat([method.subarray(0, -4), length, table]));
  };
  const cases: [string, Buffer[], number, string, string | undefined][] = [
    [
      'a frame too large',
      [encodeFrame(1, 1, Buffer.alloc(131073))],
      501,
      'FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,131073,131064}',
      undefined,
    ],
    [
      'a frame that announces 4 GiB',
      [Buffer.from('010001ffffffff', 'hex')],
      501,
      'FRAME_ERROR - type 1, all octets = <<>>: {frame_too_large,4294967295,131064}',
      undefined,
    ],
    [
      'a frame of unknown type',
      [encodeFrame(9, 1, Buffer.from('abc'))],
      501,
      'FRAME_ERROR - type 9, all octets = <<"abc">>: unknown_frame',
      undefined,
    ],
    [
      'a frame without end mark',
      [encodeFrame(1, 1, Buffer.from('abc'), 0)],
      501,
      'FRAME_ERROR - type 1, all octets = <<"abc">>: {invalid_frame_end_marker,0}',
      undefined,
    ],
    [
      'a body where no content is expected',
      [encodeFrame(3, 1, Buffer.from('abc'))],
      505,
      'UNEXPECTED_FRAME - expected method frame, got non method frame instead',
      undefined,
    ],
    [
      'a method where a header is expected',
      [encodeFrame(1, 1, encodeMethod('basic.publish', {})), encodeFrame(1, 1, encodeMethod('basic.publish', {}))],
      505,
      'UNEXPECTED_FRAME - expected content header for class 60, got non content header frame instead',
      'basic.publish',
    ],
    [
      'a body longer than announced, with the next method',
      [
        encodeFrame(1, 1, encodeMethod('basic.publish', {})),
        encodeFrame(2, 1, encodeHeader(3, {})),
        encodeFrame(3, 1, Buffer.from('four')),
        encodeFrame(1, 1, encodeMethod('basic.publish', {})),
      ],
      505,
      'UNEXPECTED_FRAME - expected content body, got non content body frame instead',
      'basic.publish',
    ],
    [
      'a header announcing 2^63 bytes',
      [encodeFrame(1, 1, encodeMethod('basic.publish', {})), encodeFrame(2, 1, encodeHeader(2n ** 63n, {}))],
      501,
      `FRAME_ERROR - content body size ${2n ** 63n} exceeds maximum allowed size 536870912`,
      undefined,
    ],
    [
      'a queue name that is not UTF-8',
      [encodeFrame(1, 1, encodeMethod('queue.declare', { queue: Buffer.from([0x61, 0xff, 0xfe]) }))],
      501,
      'FRAME_ERROR - Malformed UTF-8 in shortstr',
      undefined,
    ],
    [
      'a method on a channel that was never opened',
      [encodeFrame(1, 9, encodeMethod('queue.declare', { queue: 'q' }))],
      504,
      "CHANNEL_ERROR - expected 'channel.open'",
      'queue.declare',
    ],
    [
      'tables nested as deep as a frame can hold',
      [declareWith(nested(18_000))],
      501,
      'FRAME_ERROR - field table nested more than 2048 levels deep',
      undefined,
    ],
  ];

  it.each(cases)('%s', async (_, frames, code, text, cause) => {
    const { wire } = await broker.channel();
    for (const frame of frames) wire.raw(frame);
    await wire.refused(code, text, cause);
    await broker.logged('error', new RegExp(text.slice(text.indexOf(' - ') + 3).replace(/[^\w ]/g, '\\$&')));
    await bystander.unhurt();
  });

  it('more channels than agreed on, though any number will do', async () => {
    const wire = await broker.login({ channelMax: 2 });
    await (await wire.channel(65_535)).sync();
    await (await wire.channel(2000)).sync();
    wire.send(3, 'channel.open');
    const text = 'number of channels opened (2) has reached the negotiated channel_max (2)';
    await wire.refused(530, `NOT_ALLOWED - ${text}`, undefined);
    await broker.logged('error', /number of channels opened \(2\) has reached/);
    await bystander.unhurt();
  });

  it('a method on a closed channel', async () => {
    const channel = await broker.channel();
    await channel.close();
    channel.send('queue.declare', { queue: 'q' });
    await channel.wire.refused(504, "CHANNEL_ERROR - expected 'channel.open'", 'queue.declare');
    await broker.logged('error', /expected 'channel.open'/);
    await bystander.unhurt();
  });
});

describe('what is only unusual is taken', () => {
  it('tables nested 1,000 deep', async () => {
    const channel = await broker.channel();
    const { queue } = await channel.call('queue.declare', { exclusive: true });
    let table: Table = [['leaf', 'I', 1]];
    for (let depth = 0; depth < 1000; depth++) table = [['n', 'F', table]];
    channel.publish('', queue as string, 'x', { properties: { headers: table } });
    channel.send('basic.get', { queue });
    const { properties } = await channel.expect('basic.get-ok');
    expect(encodeTable(properties!['headers'] as Table).equals(encodeTable(table))).toBe(true);
    await channel.call('queue.declare', { queue: 'deep', arguments: table });
    await channel.call('queue.declare', { queue: 'deep', arguments: table });
    await bystander.unhurt();
  });

  it('a routing key and a body that are not UTF-8', async () => {
    const channel = await broker.channel();
    const { queue } = await channel.call('queue.declare', { exclusive: true });
    await channel.call('queue.bind', { queue, exchange: 'amq.fanout' });
    const octets = Buffer.from([0xff, 0xfe, 0x00]);
    channel.publish('amq.fanout', octets as unknown as string, octets);
    channel.send('basic.get', { queue });
    expect((await channel.expect('basic.get-ok')).body).toEqual(octets);
    await bystander.unhurt();
  });
});

describe('memory does not follow what is only announced or is over', () => {
  it('a body of 128 MiB that never comes, on a hundred channels', async () => {
    const before = broker.rssMiB;
    const wire = await broker.login();
    for (let number = 1; number <= 100; number++) {
      const channel = await wire.channel(number);
      channel.send('basic.publish', { routingKey: 'q' });
      wire.frame(2, number, encodeHeader(128 << 20, {}));
      wire.frame(3, number, Buffer.from('x'));
    }
    await bystander.unhurt();
    expect(broker.rssMiB - before).toBeLessThan(60);
  });

  it('a body of 8 bytes that goes on for 300 MiB, and empty frames by the million', async () => {
    const channel = await broker.channel();
    channel.send('basic.publish', { routingKey: 'q' });
    channel.wire.frame(2, 1, encodeHeader(8, {}));
    const frames = [
      Buffer.alloc(11 * 8000, encodeFrame(3, 1, Buffer.from('xxx'))),
      encodeFrame(3, 1, Buffer.alloc(131_064)),
    ];
    const empty = Buffer.alloc(8 * 8000, encodeFrame(3, 1, Buffer.alloc(0)));
    const before = broker.rssMiB;
    const { socket } = channel.wire;
    const send = (bytes: Buffer): Promise<unknown> =>
      new Promise((resolve, reject) => socket.write(bytes, error => (error ? reject(error) : resolve(undefined))));
    for (let n = 0; n < 150; n++) await send(empty);
    for (let n = 0; n < 150; n++) await send(frames[0]!);
    for (let n = 0; n < 2300; n++) await send(frames[1]!);
    await bystander.unhurt();
    expect(broker.rssMiB - before).toBeLessThan(150);
    channel.send('basic.publish', {});
    const text = 'UNEXPECTED_FRAME - expected content body, got non content body frame instead';
    await channel.wire.refused(505, text, 'basic.publish');
  });

  it('a body in frames of one byte each takes about its size', async () => {
    const channel = await broker.channel();
    const { queue } = await channel.call('queue.declare', { exclusive: true });
    const bytes = 4 << 20;
    channel.send('basic.publish', { routingKey: queue });
    channel.wire.frame(2, 1, encodeHeader(bytes, {}));
    const before = broker.rssMiB;
    const some = Buffer.alloc(9 * 16_384, encodeFrame(3, 1, Buffer.from('x')));
    for (let n = 0; n < bytes / 16_384; n++) channel.wire.raw(some);
    await channel.got(queue as string, 1, 0, Buffer.alloc(bytes, 'x'));
    await bystander.unhurt();
    expect(broker.rssMiB - before).toBeLessThan(150);
  });
});
