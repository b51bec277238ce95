// Scenarios: opening, closing, numbering and flow of channels, and the old access class.
import { theme } from '../scenario.ts';
import { Channel } from '../wire.ts';
import { encodeHeader } from '../wire-codec.ts';

const scenario = theme('channel');

scenario('channels open under any number', { covers: ['channel.open/ok'] }, async t => {
  const wire = await t.login();
  for (const number of [7, 1, 2047]) await t.queue(await wire.channel(number));
});

scenario('a channel number above channel-max is fine', { covers: ['channel.open/ok'] }, async t => {
  const wire = await t.login({ channelMax: 10 });
  await t.queue(await wire.channel(65535));
});

scenario('a channel opened twice is refused', { covers: ['channel.open/second', 'err:opened-twice'] }, async t => {
  const channel = await t.channel();
  channel.send('channel.open');
  await channel.wire.refused(504, "CHANNEL_ERROR - second 'channel.open' seen", 'channel.open');
});

for (const name of ['queue.declare', 'basic.publish', 'channel.close', 'channel.close-ok', 'basic.ack', 'tx.select']) {
  scenario(`${name} on a channel never opened is refused`, { covers: ['err:not-opened'] }, async t => {
    const wire = await t.login();
    wire.send(3, name);
    if (name === 'basic.publish') wire.content(3, Buffer.from('x'));
    await wire.refused(504, "CHANNEL_ERROR - expected 'channel.open'", name);
  });
}

scenario('one channel too many is refused', { covers: ['channel.open/too-many', 'err:too-many-channels'] }, async t => {
  const wire = await t.login({ channelMax: 2 });
  await wire.channel();
  await wire.channel();
  wire.send(3, 'channel.open');
  const text = 'NOT_ALLOWED - number of channels opened (2) has reached the negotiated channel_max (2)';
  await wire.refused(530, text, undefined);
});

scenario('a closed channel makes room', { covers: ['channel.close/ok'] }, async t => {
  const wire = await t.login({ channelMax: 1 });
  for (let round = 0; round < 3; round++) {
    const channel = await wire.channel(1);
    await t.queue(channel);
    await channel.close();
  }
});

scenario(
  'close is answered by close-ok and gives back what was unacknowledged',
  { covers: ['channel.close/ok'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b']);
    await channel.consume(queue, 'c');
    await channel.delivered('c', 1, queue, 'a');
    await channel.delivered('c', 2, queue, 'b');
    channel.send('channel.close', { replyCode: 200, replyText: 'bye' });
    await channel.expect('channel.close-ok', {});
    await t.holds(queue, ['a', 'b']);
  },
);

scenario('an error closes one channel only', { covers: ['channel.close/error', 'channel.close-ok/ok'] }, async t => {
  const wire = await t.login();
  const [bad, good] = [await wire.channel(), await wire.channel()];
  const queue = t.name();
  bad.send('queue.declare', { queue, passive: true });
  await bad.refused(404, `NOT_FOUND - no queue '${queue}' in vhost '/'`, 'queue.declare');
  await t.queue(good, {}, queue);
  await t.queue(await wire.channel(1));
});

scenario('after an error everything but close is ignored', { covers: ['edge:14'] }, async t => {
  const channel = await t.channel();
  const [missing, other] = [t.name('a'), t.name('b')];
  channel.send('queue.declare', { queue: missing, passive: true });
  channel.send('queue.declare', { queue: other });
  channel.publish('', other, 'x', { mandatory: true });
  await channel.refused(404, `NOT_FOUND - no queue '${missing}' in vhost '/'`, 'queue.declare');
  await channel.wire.channel(1);
  await t.noQueue(other);
});

scenario('half a content sent before an error is dropped', { covers: ['edge:14'] }, async t => {
  const channel = await t.channel();
  const missing = t.name();
  channel.send('queue.declare', { queue: missing, passive: true });
  channel.send('basic.publish', { routingKey: 'x' });
  channel.wire.frame(2, 1, encodeHeader(10, {}));
  await channel.expect('channel.close');
  channel.wire.frame(3, 1, Buffer.from('01234'));
  channel.wire.frame(3, 1, Buffer.from('56789'));
  channel.send('channel.close-ok');
  await t.queue(await channel.wire.channel(1));
});

scenario('close crossing a close gets close-ok', { covers: ['edge:14', 'channel.close/crossing'] }, async t => {
  const channel = await t.channel();
  const missing = t.name();
  channel.send('queue.declare', { queue: missing, passive: true });
  await channel.expect('channel.close');
  channel.send('channel.close', { replyCode: 200, replyText: 'bye' });
  await channel.expect('channel.close-ok', {});
  channel.send('channel.close-ok');
  await t.queue(await channel.wire.channel(1));
});

scenario('open before close-ok was sent is refused', { covers: ['edge:14', 'err:opened-twice'] }, async t => {
  const channel = await t.channel();
  const missing = t.name();
  channel.send('queue.declare', { queue: missing, passive: true });
  await channel.expect('channel.close');
  channel.send('channel.open');
  await channel.wire.refused(504, "CHANNEL_ERROR - second 'channel.open' seen", 'channel.open');
});

scenario('framing errors count on a closing channel too', { covers: ['edge:14'] }, async t => {
  const channel = await t.channel();
  channel.send('queue.declare', { queue: t.name(), passive: true });
  await channel.expect('channel.close');
  channel.wire.frame(3, 1, Buffer.from('x'));
  const text = 'UNEXPECTED_FRAME - expected method frame, got non method frame instead';
  await channel.wire.refused(505, text, undefined);
});

scenario('flow active is answered', { covers: ['channel.flow/ok'] }, async t => {
  const channel = await t.channel();
  await channel.call('channel.flow', { active: true }, { active: true });
});

scenario('flow inactive is not implemented', { covers: ['channel.flow/inactive', 'err:not-implemented'] }, async t => {
  const channel = await t.channel();
  channel.send('channel.flow', { active: false });
  await channel.wire.refused(540, 'NOT_IMPLEMENTED - active=false', 'channel.flow');
});

scenario('access.request gives ticket 1', { covers: ['access.request/ok'] }, async t => {
  const channel = await t.channel();
  await channel.call('access.request', { realm: '/data', active: true, write: true }, { ticket: 1 });
});

scenario('tickets are ignored', { covers: ['access.request/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { ticket: 999 });
  channel.send('basic.publish', { ticket: 77, routingKey: queue });
  channel.wire.content(1, Buffer.from('x'));
  await channel.got(queue, 1, 0, 'x');
});

scenario('delivery tags begin at 1 on a reopened channel', { covers: ['channel.open/ok'] }, async t => {
  const wire = await t.login();
  const first = await wire.channel(4);
  const queue = await t.filled(first, ['a']);
  await first.got(queue, 1, 0, 'a');
  await first.close();
  await t.sees(queue, 1);
  await (await wire.channel(4)).got(queue, 1, 0, 'a', { redelivered: true });
});

scenario('channels of one connection do not wait for each other', { covers: ['channel.open/ok'] }, async t => {
  const wire = await t.login();
  const [half, whole] = [await wire.channel(), await wire.channel()];
  half.send('basic.publish', { routingKey: 'nowhere' });
  await t.queue(whole);
  wire.content(half.number, Buffer.from('x'));
  await half.quiet();
});

scenario('a channel opened and used in one go works', { covers: ['channel.open/ok'] }, async t => {
  const wire = await t.login();
  const [channel, queue] = [new Channel(wire, 9), t.name()];
  channel.send('channel.open');
  channel.send('queue.declare', { queue });
  channel.publish('', queue, 'x');
  channel.send('basic.get', { queue, noAck: true });
  await channel.expect('channel.open-ok', { channelId: '' });
  await channel.expect('queue.declare-ok', { queue, messageCount: 0, consumerCount: 0 });
  const fields = { deliveryTag: 1, redelivered: false, exchange: '', routingKey: queue, messageCount: 0 };
  await channel.content('basic.get-ok', { fields, body: 'x' });
});
