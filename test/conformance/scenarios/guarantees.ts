// Scenarios: publisher confirms and transactions.
import assert from 'node:assert/strict';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';

const scenario = theme('guarantees');
const persistent = { properties: { deliveryMode: 2 } };

/** A channel in confirm mode. */
async function confirming(t: Stage): Promise<Channel> {
  const channel = await t.channel();
  await channel.call('confirm.select', {}, {});
  return channel;
}

/** Takes acks until every tag up to `count` has one, each just once. */
async function confirmed(channel: Channel, count: number, from = 1): Promise<void> {
  const open = new Set(Array.from({ length: count - from + 1 }, (_, index) => from + index));
  while (open.size > 0) {
    const { fields } = await channel.expect('basic.ack');
    const tag = fields['deliveryTag'] as number;
    if (fields['multiple']) for (const lower of [...open].filter(other => other <= tag)) open.delete(lower);
    else assert.ok(open.delete(tag), `tag ${tag} was confirmed twice or never asked for`);
  }
}

scenario('a transient message is confirmed', { covers: ['confirm.select/ok', 'basic.ack/confirm'] }, async t => {
  const channel = await confirming(t);
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x');
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await t.holds(queue, ['x']);
});

scenario('a persistent message for a durable queue is confirmed', { covers: ['basic.ack/confirm'] }, async t => {
  const channel = await confirming(t);
  const queue = await t.queue(channel, { durable: true });
  channel.publish('', queue, 'x', persistent);
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await t.holds(queue, ['x']);
});

for (const options of [{}, { durable: true }]) {
  scenario(
    `five hundred publishes {${Object.keys(options)}} are each confirmed once`,
    { covers: ['basic.ack/confirm', 'edge:24'] },
    async t => {
      const channel = await confirming(t);
      const queue = await t.queue(channel, options);
      for (let n = 0; n < 500; n++) channel.publish('', queue, String(n), persistent);
      await confirmed(channel, 500);
      await channel.call('queue.declare', { queue, ...options }, { queue, messageCount: 500, consumerCount: 0 });
      await t.holds(
        queue,
        Array.from({ length: 500 }, (_, index) => String(index)),
      );
    },
  );
}

scenario('confirm.select twice is fine and tags go on', { covers: ['confirm.select/ok'] }, async t => {
  const channel = await confirming(t);
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x');
  await confirmed(channel, 1);
  await channel.call('confirm.select', {}, {});
  channel.publish('', queue, 'y');
  await channel.expect('basic.ack', { deliveryTag: 2, multiple: false });
});

scenario('tags count from select on', { covers: ['confirm.select/ok'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.publish('', queue, 'before');
  await channel.call('confirm.select', {}, {});
  channel.publish('', queue, 'after');
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
});

scenario('confirm.select with no-wait has no answer', { covers: ['confirm.select/nowait'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  channel.send('confirm.select', { noWait: true });
  channel.publish('', queue, 'x');
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
});

scenario('an unroutable message is confirmed', { covers: ['basic.ack/confirm', 'edge:8'] }, async t => {
  const channel = await confirming(t);
  channel.publish('amq.direct', t.name(), 'x');
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
});

scenario('a return comes before its ack', { covers: ['edge:8', 'basic.return/no-route'] }, async t => {
  const channel = await confirming(t);
  const routingKey = t.name();
  for (let tag = 1; tag <= 3; tag++) {
    channel.publish('amq.direct', routingKey, String(tag), { mandatory: true });
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: 'amq.direct', routingKey };
    await channel.content('basic.return', { fields, body: String(tag) });
    await channel.expect('basic.ack', { deliveryTag: tag, multiple: false });
  }
});

scenario('returns come in publish order, each before its own ack', { covers: ['edge:8'] }, async t => {
  const channel = await confirming(t);
  const routingKey = t.name();
  for (let tag = 1; tag <= 20; tag++) channel.publish('', routingKey, String(tag), { mandatory: true });
  const returned: string[] = [];
  let acked = 0;
  while (acked < 20) {
    const arrival = await channel.next();
    if (arrival.name === 'basic.return') returned.push(arrival.body!.toString());
    else acked = arrival.fields['deliveryTag'] as number;
    assert.ok(returned.length >= acked, `the ack of ${acked} came before its return`);
  }
  assert.deepEqual(
    returned,
    Array.from({ length: 20 }, (_, index) => String(index + 1)),
  );
});

scenario('routable and unroutable ones are all confirmed', { covers: ['edge:8', 'basic.ack/confirm'] }, async t => {
  const channel = await confirming(t);
  const queue = await t.queue(channel, { durable: true });
  for (let n = 0; n < 50; n++) channel.publish('', n % 2 ? queue : t.name('nowhere'), String(n), persistent);
  await confirmed(channel, 50);
  await t.sees(queue, 25);
});

scenario(
  'a missing exchange closes the channel and confirms nothing after it',
  { covers: ['edge:8', 'basic.publish/missing'] },
  async t => {
    const channel = await confirming(t);
    const [queue, exchange] = [await t.queue(channel), t.name('x')];
    channel.publish('', queue, 'good');
    await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
    channel.publish(exchange, 'k', 'bad');
    channel.publish('', queue, 'late');
    await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`, 'basic.publish');
    await channel.wire.channel(1);
    await t.holds(queue, ['good']);
  },
);

scenario('a message for many queues is confirmed once', { covers: ['edge:9'] }, async t => {
  const channel = await confirming(t);
  const exchange = await t.exchange(channel, 'fanout');
  const queues: string[] = [];
  for (let n = 0; n < 5; n++) {
    const queue = await t.queue(channel, { durable: n % 2 === 0 });
    await t.bind(channel, queue, exchange);
    queues.push(queue);
  }
  for (let n = 0; n < 20; n++) channel.publish(exchange, '', String(n), persistent);
  await confirmed(channel, 20);
  for (const queue of queues) await t.sees(queue, 20);
  await channel.quiet();
});

scenario('a queue deleted meanwhile confirms and never nacks', { covers: ['edge:9'] }, async t => {
  const [channel, other] = [await confirming(t), await t.channel()];
  const queue = await t.queue(channel, { durable: true });
  for (let n = 0; n < 200; n++) channel.publish('', queue, String(n), persistent);
  await other.call('queue.delete', { queue });
  for (let n = 0; n < 100; n++) channel.publish('', queue, String(n), persistent);
  await confirmed(channel, 300);
});

scenario('a no-ack consumer settles and the publisher is confirmed', { covers: ['edge:9'] }, async t => {
  const [channel, consumer] = [await confirming(t), await t.channel()];
  const queue = await t.queue(channel, { durable: true });
  await consumer.consume(queue, 'c', { noAck: true });
  channel.publish('', queue, 'x', persistent);
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await consumer.delivered('c', 1, queue, 'x', persistent);
});

scenario('confirms and deliveries share a channel', { covers: ['basic.ack/confirm'] }, async t => {
  const channel = await confirming(t);
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  channel.publish('', queue, 'x');
  const both = [await channel.next(), await channel.next()].map(arrival => arrival.name).sort();
  assert.deepEqual(both, ['basic.ack', 'basic.deliver']);
  channel.ack(1);
  await channel.quiet();
});

scenario('confirm on a tx channel is refused', { covers: ['confirm.select/tx', 'err:tx-confirm'] }, async t => {
  const channel = await t.channel();
  await channel.call('tx.select', {}, {});
  channel.send('confirm.select');
  await channel.refused(406, 'PRECONDITION_FAILED - cannot switch from tx to confirm mode', 'confirm.select');
});

scenario('tx on a confirm channel is refused', { covers: ['tx.select/confirm', 'err:tx-confirm'] }, async t => {
  const channel = await confirming(t);
  channel.send('tx.select');
  await channel.refused(406, 'PRECONDITION_FAILED - cannot switch from confirm to tx mode', 'tx.select');
});

for (const name of ['tx.commit', 'tx.rollback']) {
  scenario(`${name} without select is refused`, { covers: [`${name}/not-selected`, 'err:tx-confirm'] }, async t => {
    const channel = await t.channel();
    channel.send(name);
    await channel.refused(406, 'PRECONDITION_FAILED - channel is not transactional', name);
  });
}

/** A channel in transactional mode. */
async function transactional(t: Stage): Promise<Channel> {
  const channel = await t.channel();
  await channel.call('tx.select', {}, {});
  return channel;
}

scenario('publishes wait for commit', { covers: ['tx.select/ok', 'tx.commit/ok'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.queue(channel);
  for (const body of ['a', 'b', 'c']) channel.publish('', queue, body);
  await channel.gotNothing(queue);
  await t.sees(queue, 0);
  await channel.call('tx.commit', {}, {});
  await t.holds(queue, ['a', 'b', 'c']);
});

scenario('tx.select twice is fine', { covers: ['tx.select/ok'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.queue(channel);
  channel.publish('', queue, 'a');
  await channel.call('tx.select', {}, {});
  await channel.call('tx.commit', {}, {});
  await t.holds(queue, ['a']);
});

scenario('empty commits and rollbacks are fine', { covers: ['tx.commit/ok', 'tx.rollback/ok'] }, async t => {
  const channel = await transactional(t);
  for (const name of ['tx.commit', 'tx.rollback', 'tx.rollback', 'tx.commit']) await channel.call(name, {}, {});
});

scenario('rollback drops publishes', { covers: ['tx.rollback/ok'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.queue(channel);
  channel.publish('', queue, 'a');
  await channel.call('tx.rollback', {}, {});
  channel.publish('', queue, 'b');
  await channel.call('tx.commit', {}, {});
  await t.holds(queue, ['b']);
});

scenario('persistent publishes are there after commit-ok', { covers: ['tx.commit/ok'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.queue(channel, { durable: true });
  for (let n = 0; n < 100; n++) channel.publish('', queue, String(n), persistent);
  await channel.call('tx.commit', {}, {});
  await channel.call('queue.declare', { queue, passive: true }, { queue, messageCount: 100, consumerCount: 0 });
});

scenario('acks wait for commit', { covers: ['tx.commit/ok', 'basic.ack/tx'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.filled(channel, ['a', 'b', 'c']);
  await channel.got(queue, 1, 2, 'a');
  await channel.got(queue, 2, 1, 'b');
  channel.ack(1);
  await channel.call('tx.commit', {}, {});
  channel.ack(2);
  await channel.quiet();
  await channel.wire.close(); // the second ack was never committed
  await t.holds(queue, ['b', 'c']);
});

scenario(
  'rollback drops acks, and the tags can be settled again',
  { covers: ['tx.rollback/ok', 'basic.ack/tx'] },
  async t => {
    const channel = await transactional(t);
    const queue = await t.filled(channel, ['a', 'b']);
    await channel.got(queue, 1, 1, 'a');
    await channel.got(queue, 2, 0, 'b');
    channel.ack(2, true);
    await channel.call('tx.rollback', {}, {});
    await t.sees(queue, 0);
    channel.ack(1);
    channel.send('basic.nack', { deliveryTag: 2, requeue: true });
    await channel.call('tx.commit', {}, {});
    await t.holds(queue, ['b']);
  },
);

for (const name of ['basic.nack', 'basic.reject']) {
  scenario(`${name} with requeue waits for commit`, { covers: ['tx.commit/ok', `${name}/tx`] }, async t => {
    const channel = await transactional(t);
    const queue = await t.filled(channel, ['a']);
    await channel.got(queue, 1, 0, 'a');
    channel.send(name, { deliveryTag: 1, requeue: true });
    await channel.gotNothing(queue);
    await channel.call('tx.commit', {}, {});
    await channel.got(queue, 2, 0, 'a', { redelivered: true });
  });
}

/** Commits and returns what is delivered to the channel, which RabbitMQ sends before its answer or behind it. */
async function committed(channel: Channel, deliveries: number): Promise<string[]> {
  channel.send('tx.commit');
  const arrivals: string[] = [];
  while (arrivals.length <= deliveries) {
    const { name, body } = await channel.next();
    arrivals.push(body === undefined ? name : `${name} ${body.toString()}`);
  }
  return arrivals.sort();
}

scenario('a commit counts its own channel among the turns', { covers: ['tx.commit/ok', 'edge:6'] }, async t => {
  const [channel, other] = [await transactional(t), await t.channel()];
  const queue = await t.queue(channel);
  await channel.consume(queue, 'first');
  await other.consume(queue, 'second');
  for (const body of ['a', 'b', 'c']) channel.publish('', queue, body);
  assert.deepEqual(await committed(channel, 2), ['basic.deliver a', 'basic.deliver c', 'tx.commit-ok']);
  await other.delivered('second', 1, queue, 'b');
});

scenario(
  'what a channel commits comes to its own consumer though it may not wait',
  { covers: ['tx.commit/ok', 'ttl/queue'] },
  async t => {
    const channel = await transactional(t);
    const queue = await t.queue(channel, { arguments: { 'x-message-ttl': 0 } });
    await channel.consume(queue, 'c');
    for (const body of ['a', 'b']) channel.publish('', queue, body);
    assert.deepEqual(await committed(channel, 2), ['basic.deliver a', 'basic.deliver b', 'tx.commit-ok']);
  },
);

scenario(
  'bindings count when a message is published, not when it is committed',
  { covers: ['tx.commit/ok'] },
  async t => {
    const channel = await transactional(t);
    const exchange = await t.exchange(channel, 'direct');
    const [early, late] = [await t.queue(channel), await t.queue(channel)];
    await t.bind(channel, early, exchange, 'k');
    channel.publish(exchange, 'k', 'a');
    await t.bind(channel, late, exchange, 'k');
    await channel.call('queue.unbind', { queue: early, exchange, routingKey: 'k' }, {});
    await channel.call('tx.commit', {}, {});
    await t.holds(early, ['a']);
    await t.sees(late, 0);
  },
);

scenario('what is published to a queue comes to a new one of its name', { covers: ['tx.commit/ok'] }, async t => {
  const channel = await transactional(t);
  const exchange = await t.exchange(channel, 'fanout');
  const [bound, named] = [await t.queue(channel), t.name()];
  await t.bind(channel, bound, exchange);
  channel.publish(exchange, '', 'a');
  channel.publish('', named, 'b');
  await channel.call('queue.delete', { queue: bound }, { messageCount: 0 });
  for (const queue of [bound, named]) await t.queue(channel, {}, queue);
  await channel.call('tx.commit', {}, {});
  await t.holds(bound, ['a']);
  await t.holds(named, ['b']);
});

scenario('publishes and acks are committed together', { covers: ['tx.commit/ok'] }, async t => {
  const channel = await transactional(t);
  const [from, to] = [await t.filled(channel, ['a']), await t.queue(channel)];
  await channel.got(from, 1, 0, 'a');
  channel.publish('', to, 'a');
  channel.ack(1);
  await channel.call('tx.commit', {}, {});
  await t.holds(to, ['a']);
  await channel.wire.close();
  await t.sees(from, 0);
});

scenario(
  'a mandatory message is returned at commit',
  { covers: ['tx.commit/return', 'basic.return/no-route'] },
  async t => {
    const channel = await transactional(t);
    const routingKey = t.name();
    channel.publish('', routingKey, 'x', { mandatory: true });
    await channel.quiet();
    channel.send('tx.commit');
    const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey };
    await channel.content('basic.return', { fields, body: 'x' });
    await channel.expect('tx.commit-ok', {});
  },
);

scenario(
  'a missing exchange fails at once',
  { covers: ['basic.publish/missing', 'tx.commit/failed-before'] },
  async t => {
    const channel = await transactional(t);
    const [queue, exchange] = [await t.queue(channel), t.name('x')];
    channel.publish('', queue, 'a');
    channel.publish(exchange, 'k', 'b');
    await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '/'`, 'basic.publish');
    await t.sees(queue, 0);
  },
);

scenario('an unknown tag fails at once', { covers: ['err:unknown-tag', 'tx.commit/failed-before'] }, async t => {
  const channel = await transactional(t);
  channel.ack(5);
  await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 5', 'basic.ack');
});

scenario(
  'a tag acked twice in one transaction is refused',
  { covers: ['err:unknown-tag', 'basic.ack/tx'] },
  async t => {
    const channel = await transactional(t);
    const queue = await t.filled(channel, ['a']);
    await channel.got(queue, 1, 0, 'a');
    channel.ack(1);
    channel.ack(1);
    await channel.refused(406, 'PRECONDITION_FAILED - unknown delivery tag 1', 'basic.ack');
    await t.holds(queue, ['a']);
  },
);

scenario('what was not committed goes with the channel', { covers: ['tx.select/ok'] }, async t => {
  const channel = await transactional(t);
  const [queue, other] = [await t.queue(channel), await t.filled(channel, ['a'])];
  channel.publish('', queue, 'x');
  await channel.got(other, 1, 0, 'a');
  channel.ack(1);
  await channel.close();
  await t.sees(queue, 0);
  await t.holds(other, ['a']);
});

scenario('a commit for a queue deleted meanwhile is answered', { covers: ['tx.commit/ok'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x');
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
  await channel.call('tx.commit', {}, {});
});

scenario('deliveries go on in a transaction', { covers: ['tx.select/ok', 'basic.ack/tx'] }, async t => {
  const channel = await transactional(t);
  const queue = await t.filled(channel, ['a', 'b']);
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await channel.delivered('c', 1, queue, 'a');
  channel.ack(1);
  await channel.quiet();
  await channel.call('tx.commit', {}, {});
  await channel.delivered('c', 2, queue, 'b');
});

scenario(
  'recover leaves alone what was acked in the transaction',
  { covers: ['basic.ack/tx', 'basic.recover/ok'] },
  async t => {
    const channel = await transactional(t);
    const queue = await t.filled(channel, ['a', 'b']);
    await channel.got(queue, 1, 1, 'a');
    await channel.got(queue, 2, 0, 'b');
    channel.ack(1);
    await channel.call('basic.recover', { requeue: true }, {});
    await channel.got(queue, 3, 0, 'b', { redelivered: true });
    await channel.call('tx.commit', {}, {});
    await channel.wire.close();
    await t.holds(queue, ['b']);
  },
);
