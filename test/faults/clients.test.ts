// Clients that say nothing, hardly anything, never read, come by the thousand or publish faster than the disk writes.
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { expect, it } from 'vitest';
import { encodeFrame, encodeHeader, encodeMethod } from '../conformance/wire-codec.ts';
import { Broker, Bystander, eventually } from './broker.ts';

/** Writes with back-pressure: resolves when the bytes were handed to the system. */
function send(socket: net.Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => socket.write(bytes, error => (error ? reject(error) : resolve())));
}

/** The frames of one publish. */
function publish(queue: string, body: Buffer): Buffer {
  const frames = [encodeFrame(1, 1, encodeMethod('basic.publish', { routingKey: queue }))];
  frames.push(encodeFrame(2, 1, encodeHeader(body.length, { deliveryMode: 2 })));
  for (let at = 0; at < body.length; at += 131_064) frames.push(encodeFrame(3, 1, body.subarray(at, at + 131_064)));
  return Buffer.concat(frames);
}

it.each([
  ['says nothing', Buffer.alloc(0)],
  ['stops within the protocol header', Buffer.from('AMQP')],
  ['stops after the protocol header', Buffer.from('AMQP\0\0\x09\x01', 'latin1')],
])('a client that %s is cut at the handshake timeout', async (_, octets) => {
  const broker = await Broker.start({ env: { LEVERET_HANDSHAKE_TIMEOUT: '700' } });
  const bystander = await Bystander.on(broker);
  const wire = await broker.connect();
  wire.rawMode = true;
  wire.raw(octets);
  await wire.ends('reset');
  await broker.logged('warning', /no connection\.open within 700 ms/);
  await bystander.unhurt();
});

it('a client that sends a byte at a time is cut at the handshake timeout, too', async () => {
  const broker = await Broker.start({ env: { LEVERET_HANDSHAKE_TIMEOUT: '1500' } });
  const bystander = await Bystander.on(broker);
  const wire = await broker.connect();
  wire.rawMode = true;
  const words = Buffer.concat([
    Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
    encodeFrame(1, 0, encodeMethod('connection.start-ok', { mechanism: 'PLAIN', response: Buffer.alloc(3000) })),
  ]);
  let sent = 0;
  const dripping = setInterval(() => wire.raw(words.subarray(sent, ++sent)), 10);
  try {
    await wire.ends('reset');
  } finally {
    clearInterval(dripping);
  }
  expect(sent).toBeGreaterThan(8);
  await broker.logged('warning', /no connection\.open within 1500 ms/);
  await bystander.unhurt();
});

it('a client that never reads stops its deliveries, takes no memory and is closed; the rest goes on', async () => {
  const broker = await Broker.start({
    disk: true,
    flags: ['--sync', 'os', '--memory-budget', '32MiB'],
    env: { LEVERET_OUTPUT_TIMEOUT: '4000', LEVERET_HEARTBEAT: '1' },
  });
  const bystander = await Bystander.on(broker);
  const publisher = await broker.channel();
  await publisher.call('queue.declare', { queue: 'deep', durable: true });
  await publisher.call('confirm.select');
  const body = Buffer.alloc(100_000, 'x');
  for (let n = 0; n < 2200; n++) await send(publisher.wire.socket, publish('deep', body));
  while (Number((await publisher.expect('basic.ack')).fields['deliveryTag']) < 2200);
  const before = broker.rssMiB;
  // Heartbeats both ways are agreed on, so that the broker's own go into the full socket as well.
  const deaf = await broker.channel({ heartbeat: 1 });
  await deaf.consume('deep', 'deaf', { noAck: true });
  deaf.wire.socket.pause();
  let highest = before;
  const watching = setInterval(() => {
    highest = Math.max(highest, broker.rssMiB);
    deaf.wire.frame(8, 0, Buffer.alloc(0));
  }, 50);
  try {
    await broker.logged('warning', /the client has not read what was sent to it for [\d.]+ s/);
  } finally {
    clearInterval(watching);
  }
  await bystander.unhurt();
  const { messageCount } = await publisher.call('queue.declare', { queue: 'deep', passive: true });
  // What the sockets' own buffers hold was sent; everything else was kept.
  expect(Number(messageCount)).toBeGreaterThan(1900);
  expect(highest - before).toBeLessThan(64);
});

it('a client that asks and never reads the answers is read no more', async () => {
  const broker = await Broker.start();
  const bystander = await Bystander.on(broker);
  const rude = await broker.channel();
  await rude.sync();
  rude.wire.socket.pause();
  const asks = Buffer.concat(
    Array.from({ length: 1000 }, () =>
      encodeFrame(1, 1, encodeMethod('exchange.declare', { exchange: 'amq.topic', passive: true })),
    ),
  );
  const before = broker.rssMiB;
  let sent = 0;
  let over = false;
  const sending = (async () => {
    while (!over) {
      await send(rude.wire.socket, asks);
      sent++;
    }
  })().catch(() => {});
  await eventually(
    async () => {
      const then = sent;
      await bystander.unhurt(50);
      return sent - then;
    },
    progress => progress === 0,
    'the broker reads no more',
  );
  expect(broker.rssMiB - before).toBeLessThan(64);
  over = true;
  rude.wire.destroy();
  await sending;
  await broker.logged('warning', /client unexpectedly closed TCP connection/);
});

it('a client that half-closes and never reads is let go of', async () => {
  const broker = await Broker.start();
  const bystander = await Bystander.on(broker);
  const publisher = await broker.channel();
  await publisher.call('queue.declare', { queue: 'q' });
  for (let n = 0; n < 300; n++) await send(publisher.wire.socket, publish('q', Buffer.alloc(100_000)));
  const open = (): number => readdirSync(`/proc/${broker.pid}/fd`).length;
  const before = open();
  const deaf = await broker.channel();
  await deaf.consume('q', 'deaf', { noAck: true });
  deaf.wire.socket.pause();
  await bystander.unhurt(50);
  deaf.wire.socket.end();
  await broker.logged('warning', /client unexpectedly closed TCP connection/);
  // It still reads nothing: what was to be sent must not keep its socket.
  await eventually(open, count => count === before, `${before} open files of the broker`);
  await bystander.unhurt();
});

const connectionsMax = 10_000;

it('ten thousand connections leave the server serving', async ({ skip }) => {
  const limit = hardLimit();
  // Both ends are counted against the limit of one process each.
  if (limit < connectionsMax + 1000) skip(`ulimit -Hn is ${limit}: ${connectionsMax} connections need more`);
  const raised = ['bash', '-c', `ulimit -n ${limit}; exec "$@"`, 'bash'];
  const broker = await Broker.start({ through: raised, env: { LEVERET_HANDSHAKE_TIMEOUT: '120000' } });
  const bystander = await Bystander.on(broker);
  const before = broker.rssMiB;
  const sockets: net.Socket[] = [];
  try {
    while (sockets.length < connectionsMax) {
      const some = Array.from({ length: 250 }, () => net.connect({ host: '127.0.0.1', port: broker.port }));
      sockets.push(...some);
      await Promise.all(
        some.map(
          socket =>
            new Promise<void>((resolve, reject) => {
              socket.once('error', reject);
              socket.once('data', () => resolve());
              socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1'));
            }),
        ),
      );
    }
    await bystander.unhurt();
    await (await broker.channel()).sync();
    const each = ((broker.rssMiB - before) * 1024) / connectionsMax;
    console.log(`${connectionsMax} connections: ${each.toFixed(1)} KiB each`);
    expect(each).toBeLessThan(40);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  await bystander.unhurt();
});

it('a server out of file descriptors goes on serving those it has', async () => {
  const broker = await Broker.start({ through: ['bash', '-c', 'ulimit -n 100; exec "$@"', 'bash'] });
  const bystander = await Bystander.on(broker);
  const sockets = Array.from({ length: 200 }, () => net.connect({ host: '127.0.0.1', port: broker.port }));
  const closed = new Promise<void>(resolve => {
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.once('close', () => resolve());
    }
  });
  await closed;
  await bystander.unhurt();
  for (const socket of sockets) socket.destroy();
  await eventually(
    () =>
      broker.channel().then(
        () => true,
        () => false,
      ),
    worked => worked,
    'a new connection',
  );
});

it('a publisher faster than the disk is slowed down, and memory stays flat', async () => {
  const broker = await Broker.start({ disk: true, flags: ['--memory-budget', '16MiB'] });
  const bystander = await Bystander.on(broker);
  const publisher = await broker.channel();
  await publisher.call('queue.declare', { queue: 'q', durable: true });
  await publisher.call('confirm.select');
  const body = Buffer.alloc(100_000, 'x');
  const count = 8000;
  const before = broker.rssMiB;
  let highest = before;
  const watching = setInterval(() => {
    highest = Math.max(highest, broker.rssMiB);
  }, 20);
  try {
    for (let n = 0; n < count; n++) await send(publisher.wire.socket, publish('q', body));
    while (Number((await publisher.expect('basic.ack', undefined, 30_000)).fields['deliveryTag']) < count);
  } finally {
    clearInterval(watching);
  }
  await bystander.unhurt();
  // 800 MB were published; what was freed but not yet collected is in this, too.
  expect(highest - before).toBeLessThan(400);
}, 60_000);

/** The most file descriptors this process may ask for. */
function hardLimit(): number {
  return Number(/Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))![1]);
}
