// Scenarios: what clients see when the broker runs low on memory or disk. Played alone: every publisher is stopped then.
import assert from 'node:assert/strict';
import type { Resource } from '../brokers.ts';
import { type Stage, theme } from '../scenario.ts';
import { type Channel, capabilities, type Wire } from '../wire.ts';

const declare = theme('alarm');
const rows: { readonly [row: string]: readonly string[] } = {
  blocked: ['alarm/blocked', 'connection.blocked/ok', 'connection.unblocked/ok'],
  consumers: ['alarm/consumers', 'edge:22'],
};
const scenario = (title: string, row: string, play: (t: Stage) => Promise<void>): void =>
  declare(title, { covers: rows[row] ?? [`alarm/${row}`], alone: true }, play);

/** Sets or ends an alarm, and returns once every connection has been told: a new one is told after the others. */
async function alarm(t: Stage, on: boolean, resource: Resource = 'memory'): Promise<void> {
  if (on) t.afterwards(() => t.broker.alarm(resource, false));
  await t.broker.alarm(resource, on);
  await (await t.login()).close();
}

const blocked = (wire: Wire, reason = 'low on memory'): Promise<unknown> =>
  wire.expect(0, 'connection.blocked', { reason });
const unblocked = (wire: Wire): Promise<unknown> => wire.expect(0, 'connection.unblocked', {});

/** Nothing may have come that concerns the whole connection. */
function unaware(wire: Wire): void {
  const arrivals = wire.unread.filter(arrival => arrival.channel === 0);
  assert.deepEqual(
    arrivals.map(({ name }) => name),
    [],
  );
}

for (const [resource, reason] of [
  ['memory', 'low on memory'],
  ['disk', 'low on disk'],
] as const) {
  scenario(`the first publish blocks its connection: ${reason}`, 'blocked', async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await alarm(t, true, resource);
    await channel.quiet();
    unaware(channel.wire);
    channel.publish('', queue, 'x');
    await blocked(channel.wire, reason);
    await t.sees(queue, 0);
    await alarm(t, false, resource);
    await unblocked(channel.wire);
    await channel.sync();
    await t.holds(queue, ['x']);
    await channel.quiet();
    unaware(channel.wire);
  });
}

scenario('a connection made meanwhile is blocked at its first publish', 'blocked', async t => {
  await alarm(t, true);
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.quiet();
  unaware(channel.wire);
  channel.publish('', queue, 'x');
  await blocked(channel.wire);
  await alarm(t, false);
  await unblocked(channel.wire);
  await channel.got(queue, 1, 0, 'x');
});

scenario('who does not publish is never told', 'quiet', async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  const wire = await t.login();
  const other = await wire.channel();
  await alarm(t, true);
  await other.got(queue, 1, 0, 'a');
  other.send('basic.nack', { deliveryTag: 1, requeue: true });
  await other.quiet();
  await alarm(t, false);
  await other.quiet();
  unaware(wire);
});

scenario('every connection that publishes is told', 'blocked', async t => {
  const [one, other] = [await t.channel(), await t.channel()];
  const queue = await t.queue(one);
  await alarm(t, true);
  one.publish('', queue, 'x');
  other.publish('', queue, 'x');
  await blocked(one.wire);
  await blocked(other.wire);
  await alarm(t, false);
  await unblocked(one.wire);
  await unblocked(other.wire);
  await t.sees(queue, 2);
});

scenario('a connection is told once, whichever channel publishes', 'blocked', async t => {
  const wire = await t.login();
  const [one, other] = [await wire.channel(), await wire.channel()];
  const queue = await t.queue(one);
  await alarm(t, true);
  one.publish('', queue, '1');
  other.publish('', queue, '2');
  one.publish('', queue, '3');
  await blocked(wire);
  await alarm(t, false);
  await unblocked(wire);
  await one.quiet();
  await other.quiet();
  unaware(wire);
  await t.sees(queue, 3);
});

scenario('without the capability nothing is said', 'quiet', async t => {
  const clientProperties = { capabilities: { ...capabilities, 'connection.blocked': false } };
  const channel = await t.channel({ clientProperties });
  const queue = await t.queue(channel);
  await alarm(t, true);
  channel.publish('', queue, 'x');
  await t.sees(queue, 0);
  await alarm(t, false);
  await channel.quiet();
  unaware(channel.wire);
  await t.holds(queue, ['x']);
});

scenario('consumers go on', 'consumers', async t => {
  const publisher = await t.channel();
  const queue = await t.filled(publisher, ['a', 'b']);
  await alarm(t, true);
  publisher.publish('', queue, 'c');
  await blocked(publisher.wire);
  const consumer = await t.channel();
  await consumer.consume(queue, 'c');
  await consumer.delivered('c', 1, queue, 'a');
  await consumer.delivered('c', 2, queue, 'b');
  consumer.ack(1);
  consumer.send('basic.nack', { deliveryTag: 2, requeue: true });
  await consumer.delivered('c', 3, queue, 'b', { redelivered: true });
  consumer.ack(3);
  await consumer.quiet();
  await alarm(t, false);
  await consumer.delivered('c', 4, queue, 'c');
});

scenario('deliveries reach a blocked connection', 'consumers', async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  const holder = await t.channel();
  await holder.got(queue, 1, 0, 'a');
  await channel.consume(queue, 'c', { noAck: true });
  await alarm(t, true);
  channel.publish('', queue, 'b');
  await blocked(channel.wire);
  holder.send('basic.nack', { deliveryTag: 1, requeue: true });
  await channel.delivered('c', 1, queue, 'a', { redelivered: true });
  await alarm(t, false);
  await unblocked(channel.wire);
  await channel.delivered('c', 2, queue, 'b');
});

scenario('queues and bindings may be made and deleted', 'quiet', async t => {
  await alarm(t, true);
  const channel = await t.channel();
  const [exchange, queue] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
  await t.bind(channel, queue, exchange);
  await channel.call('queue.purge', { queue }, { messageCount: 0 });
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
  await channel.call('exchange.delete', { exchange }, {});
  await channel.quiet();
  unaware(channel.wire);
});

scenario('confirms come when the alarm has ended', 'blocked', async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.call('confirm.select', {}, {});
  await alarm(t, true);
  channel.publish('', queue, 'x');
  await blocked(channel.wire);
  await t.sees(queue, 0);
  assert.equal(channel.unread.length, 0);
  await alarm(t, false);
  await unblocked(channel.wire);
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await t.holds(queue, ['x']);
});

scenario('what was confirmed before needs no second look', 'blocked', async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.call('confirm.select', {}, {});
  channel.publish('', queue, 'a');
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await alarm(t, true);
  await channel.quiet();
  unaware(channel.wire);
  channel.publish('', queue, 'b');
  await blocked(channel.wire);
  await alarm(t, false);
  await unblocked(channel.wire);
  await channel.expect('basic.ack', { deliveryTag: 2, multiple: false });
});

scenario('a large message is taken whole afterwards', 'blocked', async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await alarm(t, true);
  const body = 'x'.repeat(500_000);
  channel.publish('', queue, body);
  await blocked(channel.wire);
  await alarm(t, false);
  await unblocked(channel.wire);
  await channel.got(queue, 1, 0, body);
});

scenario('a second alarm blocks again', 'blocked', async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  for (const body of ['1', '2']) {
    await alarm(t, true);
    channel.publish('', queue, body);
    await blocked(channel.wire);
    await alarm(t, false);
    await unblocked(channel.wire);
    await channel.sync();
  }
  await t.holds(queue, ['1', '2']);
});

scenario('an alarm that ends before a publish is not told', 'quiet', async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await alarm(t, true);
  await channel.quiet();
  await alarm(t, false);
  channel.publish('', queue, 'x');
  await channel.got(queue, 1, 0, 'x');
  await channel.quiet();
  unaware(channel.wire);
});

for (const [first, second] of [
  ['memory', 'disk'],
  ['disk', 'memory'],
] as const) {
  scenario(`with two alarms both reasons are told, ${first} first`, 'both', async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await alarm(t, true, first);
    await alarm(t, true, second);
    channel.publish('', queue, 'x');
    await blocked(channel.wire, 'low on disk & memory');
    await alarm(t, false, first);
    unaware(channel.wire);
    await t.sees(queue, 0);
    await alarm(t, false, second);
    await unblocked(channel.wire);
    await channel.sync();
    await t.holds(queue, ['x']);
  });
}

scenario('a second alarm while blocked is not told', 'both', async t => {
  const channel: Channel = await t.channel();
  const queue = await t.queue(channel);
  await alarm(t, true, 'memory');
  channel.publish('', queue, 'x');
  await blocked(channel.wire, 'low on memory');
  await alarm(t, true, 'disk');
  unaware(channel.wire);
  await alarm(t, false, 'memory');
  unaware(channel.wire);
  await t.sees(queue, 0);
  await alarm(t, false, 'disk');
  await unblocked(channel.wire);
  await channel.got(queue, 1, 0, 'x');
});

scenario('a blocked connection may be dropped', 'blocked', async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await alarm(t, true);
  channel.publish('', queue, 'x');
  await blocked(channel.wire);
  channel.wire.destroy();
  await alarm(t, false);
  const other = await t.channel();
  other.publish('', queue, 'y');
  await other.quiet();
  await t.publishes('', queue, 'z');
});

scenario('a mandatory message is returned afterwards', 'blocked', async t => {
  const channel = await t.channel();
  const routingKey = t.name('missing');
  await alarm(t, true);
  channel.publish('', routingKey, 'x', { mandatory: true });
  await blocked(channel.wire);
  assert.equal(channel.unread.length, 0);
  await alarm(t, false);
  await unblocked(channel.wire);
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey };
  await channel.content('basic.return', { fields, body: 'x' });
});
