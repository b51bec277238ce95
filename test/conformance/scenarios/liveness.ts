// Scenarios: heartbeats, clients that go silent, and limits of names and numbers.
import assert from 'node:assert/strict';
import { theme } from '../scenario.ts';

const scenario = theme('liveness');

scenario('the server beats while it is idle', { covers: ['heartbeat/sent', 'edge:20'] }, async t => {
  const wire = await t.login({ heartbeat: 1 });
  const beat = setInterval(() => wire.frame(8, 0, Buffer.alloc(0)), 400);
  try {
    for (const until = Date.now() + 8_000; wire.heartbeats < 3; ) {
      assert.ok(Date.now() < until, `${wire.heartbeats} heartbeats in 8 s at an interval of 1 s`);
      await new Promise<void>(resolve => {
        wire.onData = resolve;
        setTimeout(resolve, 1_000);
      });
    }
    assert.ok(wire.isOpen);
  } finally {
    clearInterval(beat);
  }
});

scenario('a silent client is reset without a word', { covers: ['heartbeat/missed'] }, async t => {
  const wire = await t.login({ heartbeat: 1 });
  await wire.ends('reset', 10_000);
});

scenario('a silent worker gives its task back', { covers: ['heartbeat/missed', 'edge:1'] }, async t => {
  const publisher = await t.channel();
  const queue = await t.filled(publisher, ['a']);
  const worker = await t.channel({ heartbeat: 1 });
  await worker.consume(queue, 'c');
  await worker.delivered('c', 1, queue, 'a');
  await worker.wire.ends('reset', 10_000);
  await t.holds(queue, ['a']);
});

scenario('any traffic counts as a heartbeat', { covers: ['heartbeat/received'] }, async t => {
  const channel = await t.channel({ heartbeat: 1 });
  for (const until = Date.now() + 5_000; Date.now() < until; ) {
    await channel.sync();
    await new Promise(resolve => setTimeout(resolve, 300));
  }
});

scenario('heartbeat 0 means none', { covers: ['edge:20'] }, async t => {
  const channel = await t.channel({ heartbeat: 0 });
  await new Promise(resolve => setTimeout(resolve, 5_000));
  await channel.quiet();
  assert.equal(channel.wire.heartbeats, 0);
});

scenario('a heartbeat before open is taken', { covers: ['heartbeat/received'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  wire.frame(8, 0, Buffer.alloc(0));
  wire.send(0, 'connection.open', { virtualHost: '/' });
  await wire.expect(0, 'connection.open-ok', { knownHosts: '' });
});

scenario(
  'the server answers its own close even when the client does not',
  { covers: ['connection.close/error'] },
  async t => {
    const wire = await t.login({ heartbeat: 1 });
    wire.send(0, 'connection.open', { virtualHost: '/' });
    await wire.expect(0, 'connection.close');
    await wire.ends('reset', 12_000);
  },
);

scenario('a text longer than 255 octets is cut', { covers: ['err:long-text'] }, async t => {
  const channel = await t.channel();
  const queue = 'q'.repeat(255);
  channel.send('queue.declare', { queue, passive: true });
  const text = `NOT_FOUND - no queue '${queue}' in vhost '/'`;
  await channel.refused(404, `${text.slice(0, 252)}...`, 'queue.declare');
});

scenario('a long text is cut in connection errors too', { covers: ['err:long-text'] }, async t => {
  const wire = await t.connect();
  await wire.tuned();
  const virtualHost = 'v'.repeat(255);
  wire.send(0, 'connection.open', { virtualHost });
  await wire.refused(530, `${`NOT_ALLOWED - vhost ${virtualHost} not found`.slice(0, 252)}...`, 'connection.open');
});

scenario('a hundred channels work at once', { covers: ['channel.open/ok'] }, async t => {
  const wire = await t.login();
  const first = await wire.channel();
  const queue = await t.queue(first);
  for (let n = 0; n < 100; n++) {
    const channel = await wire.channel();
    channel.publish('', queue, String(n));
    await channel.got(queue, 1, 0, String(n), { noAck: true });
  }
});

scenario('a client that never reads hurts nobody else', { covers: ['basic.deliver/ok'] }, async t => {
  const deaf = await t.channel();
  const queue = await t.queue(deaf);
  await deaf.consume(queue, 'c', { noAck: true });
  deaf.wire.socket.pause();
  const publisher = await t.channel();
  for (let n = 0; n < 100; n++) publisher.publish('', queue, Buffer.alloc(100_000));
  await publisher.sync();
  const other = await t.filled(await t.channel(), ['x']);
  await t.holds(other, ['x']);
});

scenario(
  'a broker that stops tells its clients',
  { covers: ['err:shutdown', 'connection.close/shutdown'], last: true },
  async t => {
    const wires = [await t.login(), await t.login()];
    const text = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
    const told = wires.map(async wire => {
      await wire.expect(0, 'connection.close', { replyCode: 320, replyText: text, classId: 0, methodId: 0 }, 15_000);
      wire.send(0, 'connection.close-ok');
    });
    await t.stopBroker();
    await Promise.all(told);
  },
);
