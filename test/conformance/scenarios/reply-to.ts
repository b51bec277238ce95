// Scenarios: direct reply-to, where replies need no queue.
import assert from 'node:assert/strict';
import { theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';

const scenario = theme('reply-to');
const replyTo = 'amq.rabbitmq.reply-to';
const noReplies = 'PRECONDITION_FAILED - fast reply consumer does not exist';

/** Publishes a request to the queue and returns the name that its reply_to became. */
async function nameFor(requester: Channel, responder: Channel, queue: string): Promise<string> {
  requester.publish('', queue, 'request', { properties: { replyTo, correlationId: 'c' } });
  await requester.sync();
  let arrival: Awaited<ReturnType<Channel['next']>>;
  // The request may still be on its way to the queue.
  do {
    responder.send('basic.get', { queue, noAck: true });
    arrival = await responder.next();
  } while (arrival.name === 'basic.get-empty');
  const { replyTo: name, ...others } = arrival.properties!;
  assert.deepEqual(others, { correlationId: 'c' });
  assert.match(name as string, /^amq\.rabbitmq\.reply-to\.[A-Za-z0-9+/]+=*\.[A-Za-z0-9+/]+=*$/);
  return name as string;
}

scenario('a request and its reply, between two connections', { covers: ['reply-to/ok'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  const properties = { correlationId: 'c', headers: { a: 1 } };
  responder.publish('', name, 'reply', { properties });
  await requester.delivered('replies', 1, name, 'reply', { properties });
});

scenario('large replies arrive whole', { covers: ['reply-to/ok'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  for (const size of [0, 10_000, 500_000]) {
    const body = Buffer.alloc(size, 'r');
    responder.publish('', name, body);
    await requester.delivered('replies', 1, name, body);
  }
});

scenario(
  'the name is the same until the consumer is cancelled',
  { covers: ['reply-to/ok', 'reply-to/gone'] },
  async t => {
    const [requester, responder] = [await t.channel(), await t.channel()];
    const queue = await t.queue(responder);
    await requester.consume(replyTo, 'replies', { noAck: true });
    const name = await nameFor(requester, responder, queue);
    assert.equal(await nameFor(requester, responder, queue), name);
    await requester.call('basic.cancel', { consumerTag: 'replies' }, { consumerTag: 'replies' });
    responder.publish('', name, 'late');
    await responder.sync();
    await requester.consume(replyTo, 'again', { noAck: true });
    assert.notEqual(await nameFor(requester, responder, queue), name);
    await requester.quiet();
  },
);

scenario('a reply takes the next delivery tag and leaves it', { covers: ['reply-to/tag'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const [requests, work] = [await t.queue(responder), await t.queue(responder)];
  await requester.consume(replyTo, 'replies', { noAck: true });
  await requester.consume(work, 'work');
  const name = await nameFor(requester, responder, requests);
  responder.publish('', work, 'one');
  await requester.delivered('work', 1, work, 'one');
  for (const reply of ['a', 'b']) {
    responder.publish('', name, reply);
    await requester.delivered('replies', 2, name, reply);
  }
  responder.publish('', work, 'two');
  await requester.delivered('work', 2, work, 'two');
  requester.ack(2, true);
  await requester.quiet();
});

scenario('a mandatory reply is delivered and returned', { covers: ['reply-to/mandatory'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  await responder.call('confirm.select', {}, {});
  responder.publish('', name, 'reply', { mandatory: true });
  await requester.delivered('replies', 1, name, 'reply');
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey: name };
  await responder.content('basic.return', { fields, body: 'reply' });
  await responder.expect('basic.ack', { deliveryTag: 1, multiple: false });
});

scenario('a mandatory reply to nobody is returned, any other dropped', { covers: ['reply-to/gone'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  await requester.close();
  await responder.call('confirm.select', {}, {});
  responder.publish('', name, 'a', { mandatory: true });
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey: name };
  await responder.content('basic.return', { fields, body: 'a' });
  await responder.expect('basic.ack', { deliveryTag: 1, multiple: false });
  responder.publish('', name, 'b');
  await responder.expect('basic.ack', { deliveryTag: 2, multiple: false });
});

scenario('replies by CC', { covers: ['reply-to/ok'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  responder.publish('', queue, 'both', { properties: { headers: [['BCC', 'A', [['S', name]]]] } });
  await requester.delivered('replies', 1, queue, 'both', { properties: { headers: {} } });
  await t.holds(queue, ['both']);
});

scenario('no_ack is asked for', { covers: ['reply-to/refused', 'err:reply-to'] }, async t => {
  const channel = await t.channel();
  channel.send('basic.consume', { queue: replyTo, consumerTag: 'c' });
  await channel.refused(406, 'PRECONDITION_FAILED - reply consumer cannot acknowledge', 'basic.consume');
});

scenario('one consumer of replies a channel', { covers: ['reply-to/refused', 'err:reply-to'] }, async t => {
  const wire = await t.login();
  const [one, other] = [await wire.channel(), await wire.channel()];
  await one.consume(replyTo, 'a', { noAck: true });
  await other.consume(replyTo, 'a', { noAck: true });
  one.send('basic.consume', { queue: replyTo, consumerTag: 'b', noAck: true });
  await one.refused(406, 'PRECONDITION_FAILED - reply consumer already set', 'basic.consume');
  other.send('basic.consume', { queue: replyTo, consumerTag: 'b' });
  await other.refused(406, 'PRECONDITION_FAILED - reply consumer cannot acknowledge', 'basic.consume');
});

scenario('the tag of another consumer is refused', { covers: ['reply-to/refused', 'err:consumer-tag'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  channel.send('basic.consume', { queue: replyTo, consumerTag: 'c', noAck: true });
  await channel.wire.refused(530, "NOT_ALLOWED - attempt to reuse consumer tag 'c'", 'basic.consume');
});

scenario('a request needs a consumer on its own channel', { covers: ['reply-to/refused', 'err:reply-to'] }, async t => {
  const wire = await t.login();
  const [waits, asks] = [await wire.channel(), await wire.channel()];
  const queue = await t.queue(waits);
  await waits.consume(replyTo, 'replies', { noAck: true });
  asks.publish('', queue, 'x', { properties: { replyTo } });
  await asks.refused(406, noReplies, 'basic.publish');
  await t.sees(queue, 0);
  // Before the user's name is looked at.
  const again = await t.channel();
  again.publish('', queue, 'x', { properties: { replyTo, userId: 'somebody' } });
  await again.refused(406, noReplies, 'basic.publish');
});

scenario('other names in reply_to stay as they are', { covers: ['reply-to/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  for (const name of [`${replyTo}.`, `${replyTo}x`, 'amq.rabbitmq.reply-tO', '']) {
    channel.publish('', queue, 'x', { properties: { replyTo: name } });
    await channel.got(queue, 1, 0, 'x', { properties: { replyTo: name }, noAck: true }).catch(error => {
      throw new Error(`reply_to ${name}: ${String(error)}`);
    });
    channel.send('channel.close', { replyCode: 200, replyText: '' });
    await channel.expect('channel.close-ok', {});
    channel.send('channel.open');
    await channel.expect('channel.open-ok');
  }
});

scenario('declaring tells who waits', { covers: ['reply-to/declare'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  const exists = (name: string) => ({ queue: name, messageCount: 0, consumerCount: 1 });
  await responder.call('queue.declare', { queue: replyTo, passive: true }, exists(replyTo));
  await responder.call('queue.declare', { queue: replyTo, durable: true, exclusive: true }, exists(replyTo));
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  await responder.call('queue.declare', { queue: name, passive: true }, exists(name));
  await responder.call('queue.declare', { queue: name }, exists(name));
  await requester.call('basic.cancel', { consumerTag: 'replies' }, { consumerTag: 'replies' });
  responder.send('queue.declare', { queue: name, passive: true });
  await responder.refused(404, `NOT_FOUND - no queue '${name}' in vhost '/'`, 'queue.declare');
});

for (const [what, method, fields] of [
  ['bound', 'queue.bind', { queue: replyTo, exchange: 'amq.direct', routingKey: 'k' }],
  ['got from', 'basic.get', { queue: replyTo }],
  ['purged', 'queue.purge', { queue: replyTo }],
  ['declared longer', 'queue.declare', { queue: `${replyTo}x` }],
] as const) {
  scenario(`it cannot be ${what}`, { covers: ['reply-to/no-queue'] }, async t => {
    const channel = await t.channel();
    await channel.consume(replyTo, 'c', { noAck: true });
    channel.send(method, fields);
    await channel.refused(404, `NOT_FOUND - no queue '${fields.queue}' in vhost '/'`, method);
  });
}

scenario('deleting it is ok and does nothing', { covers: ['reply-to/no-queue'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  await requester.call('queue.delete', { queue: replyTo }, { messageCount: 0 });
  const name = await nameFor(requester, responder, queue);
  await requester.call('queue.delete', { queue: name }, { messageCount: 0 });
  responder.publish('', name, 'reply');
  await requester.delivered('replies', 1, name, 'reply');
});

scenario('no permission is asked for', { covers: ['reply-to/permission'] }, async t => {
  const requester = await t.channel({ user: 'locked', password: 'secret' });
  await requester.consume(replyTo, 'replies', { noAck: true });
  await requester.call(
    'queue.declare',
    { queue: replyTo, passive: true },
    { queue: replyTo, messageCount: 0, consumerCount: 1 },
  );
});

const withCommit = {
  covers: ['reply-to/tx'],
  differs: {
    rabbitmq: 'sends it at once, and a rollback does not take it back',
    leveret: 'sends it at the commit',
    reason: 'as RabbitMQ 4.2, and as any other publish of a transaction',
  },
};

scenario('replies of a transaction come with its commit', withCommit, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  await responder.call('tx.select', {}, {});
  responder.publish('', name, 'reply');
  await responder.sync();
  if (t.onRabbitmq) await requester.delivered('replies', 1, name, 'reply');
  await requester.quiet();
  await responder.call('tx.commit', {}, {});
  if (!t.onRabbitmq) await requester.delivered('replies', 1, name, 'reply');
  await requester.quiet();
});

scenario('the consumer goes with its channel', { covers: ['reply-to/gone'] }, async t => {
  const [requester, responder] = [await t.channel(), await t.channel()];
  const queue = await t.queue(responder);
  await requester.consume(replyTo, 'replies', { noAck: true });
  const name = await nameFor(requester, responder, queue);
  requester.wire.destroy();
  await t.sees(queue, 0);
  for (const until = Date.now() + 3_000; ; await new Promise(resolve => setTimeout(resolve, 5))) {
    const channel = await responder.wire.channel();
    channel.send('queue.declare', { queue: name, passive: true });
    const { name: answer } = await channel.next();
    if (answer === 'channel.close') return channel.send('channel.close-ok');
    await channel.close();
    assert.ok(Date.now() < until, 'somebody still waits for replies under a name whose connection is gone');
  }
});
