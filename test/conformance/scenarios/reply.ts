// Scenarios: direct reply-to: `amq.rabbitmq.reply-to` instead of a queue for answers.
import assert from 'node:assert/strict';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('reply');

const pseudo = 'amq.rabbitmq.reply-to';
const address = /^amq\.rabbitmq\.reply-to\.[\w+/=-]+\.[\w+/=-]+$/;

/** A channel that waits for replies with the consumer `r`. */
async function requester(t: Stage): Promise<Channel> {
  const channel = await t.channel();
  await channel.consume(pseudo, 'r', { noAck: true });
  return channel;
}

/** Publishes a request as this channel and returns the address that a second client finds in it. */
async function requested(t: Stage, channel: Channel): Promise<string> {
  const responder = await t.observer();
  const { queue } = await responder.call('queue.declare', { queue: '', exclusive: true });
  channel.publish('', String(queue), 'ping', { properties: { replyTo: pseudo } });
  await channel.sync();
  responder.send('basic.get', { queue, noAck: true });
  const { properties, body } = await responder.expect('basic.get-ok');
  assert.equal(String(body), 'ping');
  await responder.close();
  return String(properties!['replyTo']);
}

/** A requester and the address of its replies. */
async function asked(t: Stage): Promise<{ channel: Channel; to: string }> {
  const channel = await requester(t);
  return { channel, to: await requested(t, channel) };
}

/** The next arrival must be this reply. */
const replied = (channel: Channel, to: string, body: string, properties: Fields = {}, deliveryTag = 1): Promise<void> =>
  channel.delivered('r', deliveryTag, to, body, { properties });

/** The next arrival must be the return of this reply. */
const returned = (channel: Channel, to: string, body: string, exchange = ''): Promise<void> =>
  channel.content('basic.return', {
    fields: { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: to },
    body,
  });

scenario('a request carries an address, a reply comes by it', { covers: ['reply/ok'] }, async t => {
  const { channel, to } = await asked(t);
  assert.match(to, address);
  const responder = await t.channel();
  const properties = { headers: { a: 1 }, correlationId: 'c', deliveryMode: 2, priority: 0, expiration: '5' };
  responder.publish('', to, 'pong', { properties });
  await replied(channel, to, 'pong', properties);
  await responder.quiet();
  await channel.quiet();
});

scenario('one channel may ask and answer', { covers: ['reply/ok'] }, async t => {
  const { channel, to } = await asked(t);
  channel.publish('', to, 'pong');
  await replied(channel, to, 'pong');
});

scenario('all else of the request stays as it was', { covers: ['reply/address'] }, async t => {
  const channel = await requester(t);
  const queue = await t.queue(channel);
  const properties = {
    contentType: 'c',
    headers: { a: 1 },
    deliveryMode: 1,
    correlationId: 'i',
    replyTo: pseudo,
    appId: 'p',
  };
  channel.publish('', queue, 'ping', { properties });
  channel.send('basic.get', { queue });
  const arrival = await channel.expect('basic.get-ok');
  assert.match(String(arrival.properties!['replyTo']), address);
  assert.deepEqual({ ...arrival.properties, replyTo: pseudo }, { ...properties, headers: [['a', 'I', 1]] });
});

scenario('the address is the same until cancel', { covers: ['reply/address', 'reply/cancel'] }, async t => {
  const { channel, to } = await asked(t);
  assert.equal(await requested(t, channel), to);
  await channel.call('basic.cancel', { consumerTag: 'r' }, { consumerTag: 'r' });
  await channel.consume(pseudo, 'r', { noAck: true });
  const next = await requested(t, channel);
  assert.notEqual(next, to);
  const responder = await t.channel();
  responder.publish('', to, 'old');
  responder.publish('', next, 'new');
  await replied(channel, next, 'new');
  await channel.quiet();
});

scenario('two channels of one connection have two addresses', { covers: ['reply/address'] }, async t => {
  const { channel, to } = await asked(t);
  const second = await channel.wire.channel();
  await second.consume(pseudo, 'r', { noAck: true });
  const other = await requested(t, second);
  assert.notEqual(other, to);
  const responder = await t.channel();
  responder.publish('', other, '2');
  responder.publish('', to, '1');
  await replied(second, other, '2');
  await replied(channel, to, '1');
});

scenario('replies do not use up delivery tags', { covers: ['reply/tags'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  responder.publish('', to, '1');
  responder.publish('', to, '2');
  await replied(channel, to, '1', {}, 1);
  await replied(channel, to, '2', {}, 1);
  const queue = await t.filled(responder, ['a', 'b']);
  await channel.got(queue, 1, 1, 'a');
  responder.publish('', to, '3');
  await replied(channel, to, '3', {}, 2);
  await channel.got(queue, 2, 0, 'b');
});

scenario('an ack of a reply is an unknown tag', { covers: ['reply/tags', 'err:unknown-tag'] }, async t => {
  const { channel, to } = await asked(t);
  (await t.channel()).publish('', to, 'pong');
  await replied(channel, to, 'pong');
  channel.ack(1);
  await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
});

scenario('a prefetch does not hold replies back', { covers: ['reply/tags'] }, async t => {
  const channel = await t.channel();
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(pseudo, 'r', { noAck: true });
  const to = await requested(t, channel);
  const queue = await t.filled(channel, ['a']);
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, 'a');
  const responder = await t.channel();
  for (const body of ['1', '2', '3']) responder.publish('', to, body);
  for (const body of ['1', '2', '3']) await replied(channel, to, body, {}, 2);
});

scenario('replies keep their order', { covers: ['reply/ok'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  for (let n = 1; n <= 100; n++) responder.publish('', to, String(n));
  for (let n = 1; n <= 100; n++) await replied(channel, to, String(n));
});

scenario('an empty and a long reply', { covers: ['reply/ok'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  const long = 'x'.repeat(300_000);
  responder.publish('', to, '');
  responder.publish('', to, long);
  await replied(channel, to, '');
  await replied(channel, to, long);
});

scenario('a confirm of a reply', { covers: ['reply/confirm'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  await responder.call('confirm.select', {}, {});
  responder.publish('', to, 'pong');
  await responder.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await replied(channel, to, 'pong');
});

scenario('a mandatory reply is delivered and returned', { covers: ['reply/mandatory', 'reply/confirm'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  await responder.call('confirm.select', {}, {});
  responder.publish('', to, 'pong', { mandatory: true });
  await replied(channel, to, 'pong');
  await returned(responder, to, 'pong');
  await responder.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await responder.quiet();
});

scenario(
  'a mandatory reply to one who has gone is returned',
  { covers: ['reply/mandatory', 'reply/gone'] },
  async t => {
    const { channel, to } = await asked(t);
    await channel.call('basic.cancel', { consumerTag: 'r' }, { consumerTag: 'r' });
    const responder = await t.channel();
    await responder.call('confirm.select', {}, {});
    responder.publish('', to, 'pong', { mandatory: true });
    await returned(responder, to, 'pong');
    await responder.expect('basic.ack', { deliveryTag: 1, multiple: false });
    await channel.quiet();
  },
);

for (const [what, leave] of [
  ['cancel', (channel: Channel) => channel.call('basic.cancel', { consumerTag: 'r' }, { consumerTag: 'r' })],
  ['the end of the channel', (channel: Channel) => channel.close()],
  ['the end of the connection', (channel: Channel) => channel.wire.close()],
] as const) {
  scenario(`after ${what} replies are dropped`, { covers: ['reply/gone'] }, async t => {
    const { channel, to } = await asked(t);
    await leave(channel);
    const wire = await t.login();
    const responder = await wire.channel();
    responder.publish('', to, 'pong');
    await responder.quiet();
    responder.send('queue.declare', { queue: to, passive: true });
    await responder.refused(404, `NOT_FOUND - no queue '${to}' in vhost '/'`, 'queue.declare');
  });
}

scenario('a responder may see whether the requester is there', { covers: ['reply/declare'] }, async t => {
  const { to } = await asked(t);
  const responder = await t.channel();
  const ok = { queue: to, messageCount: 0, consumerCount: 1 };
  await responder.call('queue.declare', { queue: to, passive: true }, ok);
  await responder.call('queue.declare', { queue: to }, ok);
  await responder.call('queue.declare', { queue: to, durable: true, exclusive: true, arguments: { a: 1 } }, ok);
});

scenario('declare of the pseudo-queue', { covers: ['reply/declare'] }, async t => {
  const channel = await t.channel();
  const ok = { queue: pseudo, messageCount: 0, consumerCount: 1 };
  await channel.call('queue.declare', { queue: pseudo, passive: true }, ok);
  await channel.call('queue.declare', { queue: pseudo }, ok);
});

for (const queue of [`${pseudo}.`, `${pseudo}..`, `${pseudo}.x`, `${pseudo}x`]) {
  scenario(`nobody is at ${queue}`, { covers: ['reply/gone'] }, async t => {
    const channel = await t.channel();
    channel.publish('', queue, 'x');
    channel.publish('', queue, 'y', { mandatory: true });
    await returned(channel, queue, 'y');
    channel.send('queue.declare', { queue, passive: true });
    await channel.refused(404, `NOT_FOUND - no queue '${queue}' in vhost '/'`, 'queue.declare');
  });
}

for (const suffix of ['x.y', '!!.!!', 'g2dkAA5yYWJiaXRAbG9jYWxob3N0AAAAAAAAAAAAAAAA.AAAA']) {
  const queue = `${pseudo}.${suffix}`;
  const options = {
    covers: ['reply/gone'],
    differs: {
      rabbitmq: '541, connection',
      leveret: 'nobody is there',
      reason: 'an address that cannot be read is no error of the broker',
    },
  };
  scenario(`a publish to the made-up address ${suffix}`, options, async t => {
    const channel = await t.channel();
    channel.publish('', queue, 'x', { mandatory: true });
    if (t.onRabbitmq) return channel.wire.refused(541, 'INTERNAL_ERROR', undefined);
    await returned(channel, queue, 'x');
    await channel.quiet();
  });

  scenario(`a declare of the made-up address ${suffix}`, options, async t => {
    const channel = await t.channel();
    channel.send('queue.declare', { queue, passive: true });
    if (t.onRabbitmq) return channel.wire.refused(541, 'INTERNAL_ERROR', undefined);
    await channel.refused(404, `NOT_FOUND - no queue '${queue}' in vhost '/'`, 'queue.declare');
  });
}

scenario('consume needs no-ack', { covers: ['reply/error'] }, async t => {
  const channel = await t.channel();
  channel.send('basic.consume', { queue: pseudo, consumerTag: 'r' });
  await channel.refused(406, 'PRECONDITION_FAILED - reply consumer cannot acknowledge', 'basic.consume');
});

scenario('a second consumer of replies is refused', { covers: ['reply/error'] }, async t => {
  const channel = await requester(t);
  channel.send('basic.consume', { queue: pseudo, consumerTag: 's', noAck: true });
  await channel.refused(406, 'PRECONDITION_FAILED - reply consumer already set', 'basic.consume');
});

scenario('a second consumer that would acknowledge', { covers: ['reply/error'] }, async t => {
  const channel = await requester(t);
  channel.send('basic.consume', { queue: pseudo, consumerTag: 's' });
  await channel.refused(406, 'PRECONDITION_FAILED - reply consumer cannot acknowledge', 'basic.consume');
});

scenario('a tag in use is refused', { covers: ['reply/error', 'err:consumer-tag'] }, async t => {
  const channel = await t.channel();
  await channel.consume(await t.queue(channel), 'r');
  channel.send('basic.consume', { queue: pseudo, consumerTag: 'r', noAck: true });
  await channel.wire.refused(530, "NOT_ALLOWED - attempt to reuse consumer tag 'r'", 'basic.consume');
});

scenario('a tag of the server', { covers: ['reply/ok'] }, async t => {
  const channel = await t.channel();
  const { consumerTag } = await channel.call('basic.consume', { queue: pseudo, noAck: true });
  assert.match(String(consumerTag), /^amq\.ctag-[\w-]{22}$/);
  const to = await requested(t, channel);
  channel.publish('', to, 'pong');
  await channel.delivered(String(consumerTag), 1, to, 'pong');
});

scenario('consume and cancel with no-wait', { covers: ['reply/ok', 'reply/cancel'] }, async t => {
  const channel = await t.channel();
  channel.send('basic.consume', { queue: pseudo, consumerTag: 'r', noAck: true, noWait: true });
  const to = await requested(t, channel);
  channel.publish('', to, 'pong');
  await replied(channel, to, 'pong');
  channel.send('basic.cancel', { consumerTag: 'r', noWait: true });
  channel.publish('', to, 'pong', { mandatory: true });
  await returned(channel, to, 'pong');
  await channel.quiet();
});

scenario('exclusive and arguments of consume do no harm', { covers: ['reply/ok'] }, async t => {
  const channel = await t.channel();
  const options = { noAck: true, exclusive: true, noLocal: true, arguments: { 'x-priority': 'high' } };
  await channel.consume(pseudo, 'r', options);
  const to = await requested(t, channel);
  channel.publish('', to, 'pong');
  await replied(channel, to, 'pong');
});

scenario('a request with no consumer is refused', { covers: ['reply/error'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, 'ping', { properties: { replyTo: pseudo } });
  await channel.refused(406, 'PRECONDITION_FAILED - fast reply consumer does not exist', 'basic.publish');
  await t.sees(queue, 0);
});

scenario('a request after cancel is refused', { covers: ['reply/error', 'reply/cancel'] }, async t => {
  const channel = await requester(t);
  await channel.call('basic.cancel', { consumerTag: 'r' }, { consumerTag: 'r' });
  channel.publish('', t.name(), 'ping', { properties: { replyTo: pseudo } });
  await channel.refused(406, 'PRECONDITION_FAILED - fast reply consumer does not exist', 'basic.publish');
});

scenario('a request to a missing exchange is refused for that', { covers: ['reply/error'] }, async t => {
  const [channel, exchange] = [await t.channel(), t.name('x')];
  channel.publish(exchange, 'k', 'ping', { properties: { replyTo: pseudo } });
  await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`, 'basic.publish');
});

scenario(
  'an unroutable request is returned with its address',
  { covers: ['reply/mandatory', 'reply/address'] },
  async t => {
    const channel = await requester(t);
    const routingKey = t.name('missing');
    channel.publish('', routingKey, 'ping', { mandatory: true, properties: { replyTo: pseudo } });
    const { fields, properties } = await channel.expect('basic.return');
    assert.deepEqual(fields, { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey });
    assert.match(String(properties!['replyTo']), address);
  },
);

for (const replyTo of ['', 'q', 'amq.rabbitmq.reply-to.x.y', 'AMQ.rabbitmq.reply-to', ' amq.rabbitmq.reply-to']) {
  scenario(`the reply-to '${replyTo}' is left alone`, { covers: ['reply/address'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.publish('', queue, 'ping', { properties: { replyTo } });
    await channel.got(queue, 1, 0, 'ping', { properties: { replyTo } });
  });
}

for (const [method, fields] of [
  ['queue.bind', { exchange: 'amq.direct', routingKey: 'k' }],
  ['queue.purge', {}],
  ['basic.get', {}],
] as [string, Fields][]) {
  scenario(
    `${method} of the pseudo-queue is of a missing queue`,
    { covers: ['reply/error', 'err:queue-missing'] },
    async t => {
      const channel = await requester(t);
      channel.send(method, { queue: pseudo, ...fields });
      await channel.refused(404, `NOT_FOUND - no queue '${pseudo}' in vhost '/'`, method);
    },
  );
}

scenario('delete of the pseudo-queue and of an address is ok', { covers: ['reply/error'] }, async t => {
  const { channel, to } = await asked(t);
  await channel.call('queue.delete', { queue: pseudo }, { messageCount: 0 });
  await channel.call('queue.delete', { queue: to }, { messageCount: 0 });
  channel.publish('', to, 'pong');
  await replied(channel, to, 'pong');
});

scenario('consume of an address is of a missing queue', { covers: ['reply/error', 'err:queue-missing'] }, async t => {
  const { to } = await asked(t);
  const channel = await t.channel();
  channel.send('basic.consume', { queue: to, noAck: true });
  await channel.refused(404, `NOT_FOUND - no queue '${to}' in vhost '/'`, 'basic.consume');
});

scenario('a message for the pseudo-queue itself goes nowhere', { covers: ['reply/gone'] }, async t => {
  const channel = await requester(t);
  channel.publish('', pseudo, 'x', { mandatory: true });
  await returned(channel, pseudo, 'x');
  await channel.quiet();
});

scenario('an address is none of other exchanges', { covers: ['reply/gone'] }, async t => {
  const { channel, to } = await asked(t);
  const exchange = await t.exchange(channel, 'fanout');
  const responder = await t.channel();
  responder.publish(exchange, to, 'x', { mandatory: true });
  await returned(responder, to, 'x', exchange);
  await channel.quiet();
});

for (const header of ['CC', 'BCC']) {
  scenario(`an address in ${header} gets its copy`, { covers: ['reply/copies', 'copies/cc'] }, async t => {
    const { channel, to } = await asked(t);
    const responder = await t.channel();
    const queue = await t.queue(responder);
    const headers = { [header]: [['S', to]] };
    responder.publish('', queue, 'x', { mandatory: true, properties: { headers } });
    const properties = { headers: header === 'CC' ? headers : {} };
    await channel.delivered('r', 1, queue, 'x', { properties });
    await responder.got(queue, 1, 0, 'x', { properties });
    await responder.quiet();
  });
}

scenario('an address in CC is no route', { covers: ['reply/copies', 'reply/mandatory'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  const properties = { headers: { CC: [['S', to]] } };
  const routingKey = t.name('missing');
  responder.publish('', routingKey, 'x', { mandatory: true, properties });
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey };
  await responder.content('basic.return', { fields, body: 'x', properties });
  await channel.delivered('r', 1, routingKey, 'x', { properties });
});

scenario('a request for replies needs no permission', { covers: ['reply/permission'] }, async t => {
  const channel = await t.channel({ user: 'locked', password: 'secret' });
  await channel.consume(pseudo, 'r', { noAck: true });
  await channel.call('basic.cancel', { consumerTag: 'r' }, { consumerTag: 'r' });
});

scenario('a reply needs write on the default exchange', { covers: ['reply/permission', 'err:permission'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel({ user: 'locked', password: 'secret' });
  responder.publish('', to, 'pong');
  const text = "ACCESS_REFUSED - access to exchange 'amq.default' in vhost '/' refused for user 'locked'";
  await responder.refused(403, text, 'basic.publish');
  await channel.quiet();
});

scenario('a reply that was a transaction comes with its commit', { covers: ['reply/ok'] }, async t => {
  const { channel, to } = await asked(t);
  const responder = await t.channel();
  await responder.call('tx.select', {}, {});
  responder.publish('', to, 'pong');
  await responder.call('tx.commit', {}, {});
  await replied(channel, to, 'pong');
  await channel.quiet();
});

scenario('a requester that is gone by an error', { covers: ['reply/gone'] }, async t => {
  const { channel, to } = await asked(t);
  channel.ack(99);
  await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 99', 'basic.ack');
  const responder = await t.channel();
  responder.publish('', to, 'pong', { mandatory: true });
  await returned(responder, to, 'pong');
});

for (const queue of [`${pseudo}.x`, `${pseudo}x`]) {
  scenario(`a queue called ${queue} cannot be made`, { covers: ['reply/declare'] }, async t => {
    const channel = await t.channel();
    channel.send('queue.declare', { queue });
    await channel.refused(404, `NOT_FOUND - no queue '${queue}' in vhost '/'`, 'queue.declare');
  });
}
