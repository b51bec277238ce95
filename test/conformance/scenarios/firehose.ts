// Scenarios: the firehose: copies of all that is published and delivered in a vhost go to `amq.rabbitmq.trace`.
import assert from 'node:assert/strict';
import { must, newVhost, trace } from '../operator.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Arrival, Channel } from '../wire.ts';
import type { Entry, Table, Tagged } from '../wire-codec.ts';

const scenario = theme('firehose');

/** A traced vhost, a channel in it, and a queue that gets the copies with these keys. */
async function traced(
  t: Stage,
  key = '#',
  on = true,
): Promise<{ vhost: string; channel: Channel; copies: Channel; log: string }> {
  const vhost = await newVhost(t);
  const copies = await t.channel({ vhost });
  const log = await t.queue(copies, {}, t.name('log'));
  await t.bind(copies, log, 'amq.rabbitmq.trace', key);
  if (on) await trace(t, vhost, true);
  return { vhost, channel: await t.channel({ vhost }), copies, log };
}

/** The next copy, which must have this key and body; its headers as an object, and their types. */
async function copy(
  copies: Channel,
  log: string,
  routingKey: string,
  body: string,
): Promise<{ headers: Map<string, unknown>; types: string; properties: object }> {
  let arrival: Arrival;
  const until = Date.now() + 3_000;
  do {
    copies.send('basic.get', { queue: log, noAck: true });
    arrival = await copies.next();
    assert.ok(Date.now() < until, `no copy ${routingKey}`);
  } while (arrival.name === 'basic.get-empty');
  assert.equal(arrival.fields['routingKey'], routingKey);
  assert.equal(arrival.fields['exchange'], 'amq.rabbitmq.trace');
  assert.equal(arrival.body!.toString(), body);
  const { headers, ...properties } = arrival.properties!;
  const entries = headers as Entry[];
  return {
    headers: new Map(entries.map(([name, , value]) => [name, value])),
    types: entries.map(([name, type]) => `${name} ${type}`).join(', '),
    properties,
  };
}

const list = (...keys: string[]): Tagged[] => keys.map(key => ['S', key]);

/** What a copy of a publish says, beside node and connection. The properties come last one first. */
async function published(
  copies: Channel,
  log: string,
  exchange: string,
  body: string,
  expected: { vhost: string; keys: string[]; queues: string[]; properties?: Table; user?: string; channel?: number },
): Promise<void> {
  const { headers, types, properties } = await copy(copies, log, `publish.${exchange}`, body);
  assert.deepEqual(properties, {});
  assert.equal(
    types,
    'exchange_name S, routing_keys A, properties F, node S, vhost S, connection S, channel I, user S, routed_queues A',
  );
  assert.match(String(headers.get('node')), /^[\w-]+@[\w.-]+$/);
  assert.match(String(headers.get('connection')), /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
  headers.delete('node');
  headers.delete('connection');
  const { vhost, keys, queues, user = 'guest', channel = 1 } = expected;
  assert.deepEqual(Object.fromEntries(headers), {
    exchange_name: exchange,
    routing_keys: list(...keys),
    properties: expected.properties ?? [],
    vhost,
    channel,
    user,
    routed_queues: list(...queues),
  });
}

/** What a copy of a delivery says, beside node. */
async function delivered(
  copies: Channel,
  log: string,
  queue: string,
  body: string,
  expected: { vhost: string; exchange?: string; keys: string[]; redelivered?: number; properties?: Table },
): Promise<void> {
  const { headers, types, properties } = await copy(copies, log, `deliver.${queue}`, body);
  assert.deepEqual(properties, {});
  assert.equal(
    types,
    'exchange_name S, routing_keys A, properties F, node S, redelivered I, vhost S, connection S, channel I, user S',
  );
  const { vhost, exchange = '', keys, redelivered = 0 } = expected;
  headers.delete('node');
  headers.delete('connection');
  assert.deepEqual(Object.fromEntries(headers), {
    exchange_name: exchange,
    routing_keys: list(...keys),
    properties: expected.properties ?? [],
    redelivered,
    vhost,
    channel: 1,
    user: 'guest',
  });
}

/** No copy may be left. */
async function noMore(copies: Channel, log: string): Promise<void> {
  await copies.sync();
  await copies.gotNothing(log);
}

scenario('a publish to the default exchange', { covers: ['firehose/publish'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t);
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x');
  await published(copies, log, '', 'x', { vhost, keys: [queue], queues: [queue] });
  await noMore(copies, log);
});

scenario('a publish to an exchange and many queues', { covers: ['firehose/publish'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t);
  const exchange = await t.exchange(channel, 'fanout');
  const queues = [await t.queue(channel), await t.queue(channel)].sort();
  for (const queue of queues) await t.bind(channel, queue, exchange);
  channel.publish(exchange, 'k', 'x');
  const { headers } = await copy(copies, log, `publish.${exchange}`, 'x');
  const routed = (headers.get('routed_queues') as Tagged[]).map(([, name]) => name).sort();
  assert.deepEqual(routed, queues);
  assert.deepEqual(headers.get('routing_keys'), list('k'));
  assert.equal(headers.get('vhost'), vhost);
});

scenario('a publish that no queue gets', { covers: ['firehose/publish'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t);
  channel.publish('amq.direct', 'k', 'x', { mandatory: true });
  await channel.expect('basic.return');
  await published(copies, log, 'amq.direct', 'x', { vhost, keys: ['k'], queues: [] });
  await noMore(copies, log);
});

scenario('a publish with all properties', { covers: ['firehose/properties'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t, 'publish.#');
  const properties = {
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: { a: 1 },
    deliveryMode: 2,
    priority: 3,
    correlationId: 'c',
    replyTo: 'r',
    expiration: '60000',
    messageId: 'm',
    timestamp: 7n,
    type: 't',
    userId: 'guest',
    appId: 'p',
    clusterId: 'x',
  };
  channel.publish('amq.direct', 'k', 'x', { properties });
  await published(copies, log, 'amq.direct', 'x', {
    vhost,
    keys: ['k'],
    queues: [],
    properties: [
      ['cluster_id', 'S', 'x'],
      ['app_id', 'S', 'p'],
      ['user_id', 'S', 'guest'],
      ['type', 'S', 't'],
      ['timestamp', 'I', 7],
      ['message_id', 'S', 'm'],
      ['expiration', 'S', '60000'],
      ['reply_to', 'S', 'r'],
      ['correlation_id', 'S', 'c'],
      ['priority', 'I', 3],
      ['delivery_mode', 'I', 2],
      ['headers', 'F', [['a', 'I', 1]]],
      ['content_encoding', 'S', 'utf-8'],
      ['content_type', 'S', 'text/plain'],
    ],
  });
});

scenario('a publish with CC and BCC', { covers: ['firehose/publish', 'copies/bcc'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t);
  channel.publish('amq.direct', 'k', 'x', { properties: { headers: { CC: list('c'), BCC: list('b') } } });
  await published(copies, log, 'amq.direct', 'x', {
    vhost,
    keys: ['k', 'c', 'b'],
    queues: [],
    properties: [['headers', 'F', [['CC', 'A', list('c')]]]],
  });
});

scenario('a publish of another user on another channel', { covers: ['firehose/publish'] }, async t => {
  const { vhost, copies, log } = await traced(t);
  const wire = await t.login({ vhost });
  const channel = await wire.channel(7);
  channel.publish('amq.direct', 'k', 'x');
  await published(copies, log, 'amq.direct', 'x', { vhost, keys: ['k'], queues: [], channel: 7 });
});

for (const body of ['', 'x'.repeat(300_000)]) {
  scenario(`a body of ${body.length} octets`, { covers: ['firehose/properties'] }, async t => {
    const { vhost, channel, copies, log } = await traced(t);
    channel.publish('amq.direct', 'k', body);
    await published(copies, log, 'amq.direct', body, { vhost, keys: ['k'], queues: [] });
  });
}

scenario('a delivery', { covers: ['firehose/deliver'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t, 'deliver.#');
  const queue = await t.queue(channel);
  await t.bind(channel, queue, 'amq.direct', 'k');
  await channel.consume(queue, 'c');
  const properties = { headers: { a: 1 }, deliveryMode: 1 };
  channel.publish('amq.direct', 'k', 'x', { properties });
  await channel.delivered('c', 1, 'k', 'x', { exchange: 'amq.direct', properties });
  await delivered(copies, log, queue, 'x', {
    vhost,
    exchange: 'amq.direct',
    keys: ['k'],
    properties: [
      ['delivery_mode', 'I', 1],
      ['headers', 'F', [['a', 'I', 1]]],
    ],
  });
  channel.ack(1);
  await channel.sync();
  await noMore(copies, log);
});

for (const noAck of [true, false]) {
  scenario(`a get with no-ack ${noAck}`, { covers: ['firehose/deliver'] }, async t => {
    const { vhost, channel, copies, log } = await traced(t, 'deliver.#');
    const queue = await t.queue(channel);
    channel.publish('', queue, 'x');
    await channel.got(queue, 1, 0, 'x', { noAck });
    await delivered(copies, log, queue, 'x', { vhost, keys: [queue] });
    await channel.gotNothing(queue);
    await noMore(copies, log);
  });
}

scenario('a delivery again', { covers: ['firehose/deliver'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t, 'deliver.#');
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x');
  await channel.got(queue, 1, 0, 'x');
  await delivered(copies, log, queue, 'x', { vhost, keys: [queue] });
  channel.send('basic.reject', { deliveryTag: 1, requeue: true });
  await channel.got(queue, 2, 0, 'x', { redelivered: true });
  await delivered(copies, log, queue, 'x', { vhost, keys: [queue], redelivered: 1 });
});

scenario('a publish comes before its delivery', { covers: ['firehose/publish', 'firehose/deliver'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t);
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c', { noAck: true });
  channel.publish('', queue, 'x');
  await channel.delivered('c', 1, queue, 'x');
  await published(copies, log, '', 'x', { vhost, keys: [queue], queues: [queue] });
  await delivered(copies, log, queue, 'x', { vhost, keys: [queue] });
  await noMore(copies, log);
});

scenario('keys choose what is looked at', { covers: ['firehose/publish', 'firehose/deliver'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t, 'publish.amq.direct');
  const queue = await t.queue(channel);
  channel.publish('', queue, 'no');
  channel.publish('amq.topic', 'k', 'no');
  channel.publish('amq.direct', 'k', 'yes');
  await channel.got(queue, 1, 0, 'no');
  await published(copies, log, 'amq.direct', 'yes', { vhost, keys: ['k'], queues: [] });
  await noMore(copies, log);
});

scenario('copies are not traced when they are delivered', { covers: ['firehose/loop'] }, async t => {
  const { channel, copies, log } = await traced(t);
  await copies.consume(log, 'log', { noAck: true });
  channel.publish('amq.direct', 'k', 'x');
  const { fields } = await copies.expect('basic.deliver');
  assert.equal(fields['routingKey'], 'publish.amq.direct');
  await channel.sync();
  await copies.quiet();
});

scenario('a client cannot publish copies', { covers: ['firehose/loop', 'err:publish-internal'] }, async t => {
  const { vhost, channel } = await traced(t);
  channel.publish('amq.rabbitmq.trace', 'publish.x', 'x');
  const text = `ACCESS_REFUSED - cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '${vhost}'`;
  await channel.refused(403, text, 'basic.publish');
});

scenario('a refused publish has no copy', { covers: ['firehose/publish'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t);
  const exchange = t.name('x');
  channel.publish(exchange, 'k', 'x');
  await channel.refused(404, `NOT_FOUND - no exchange '${exchange}' in vhost '${vhost}'`, 'basic.publish');
  await noMore(copies, log);
});

scenario('begins and ends for channels that are open', { covers: ['firehose/switch'] }, async t => {
  const { vhost, channel, copies, log } = await traced(t, '#', false);
  channel.publish('amq.direct', 'k', 'before');
  await channel.sync();
  await noMore(copies, log);
  await trace(t, vhost, true);
  channel.publish('amq.direct', 'k', 'during');
  await published(copies, log, 'amq.direct', 'during', { vhost, keys: ['k'], queues: [] });
  await trace(t, vhost, false);
  channel.publish('amq.direct', 'k', 'after');
  await channel.sync();
  await noMore(copies, log);
});

scenario('of one vhost says nothing of another', { covers: ['firehose/switch'] }, async t => {
  const { copies, log } = await traced(t);
  const other = await t.channel({ vhost: await newVhost(t) });
  other.publish('amq.direct', 'k', 'x');
  await other.sync();
  await noMore(copies, log);
});

scenario('is shown with the vhost', { covers: ['firehose/switch'] }, async t => {
  const { vhost } = await traced(t);
  const path = `/vhosts/${encodeURIComponent(vhost)}`;
  assert.equal(((await must(t, 'GET', path)) as { tracing: boolean }).tracing, true);
  await trace(t, vhost, false);
  assert.equal(((await must(t, 'GET', path)) as { tracing: boolean }).tracing, false);
});

scenario('with nothing bound costs nothing', { covers: ['firehose/switch'] }, async t => {
  const { channel, copies, log } = await traced(t);
  await copies.call('queue.unbind', { queue: log, exchange: 'amq.rabbitmq.trace', routingKey: '#' }, {});
  const queue = await t.queue(channel);
  channel.publish('', queue, 'x', { mandatory: true });
  await channel.got(queue, 1, 0, 'x');
  await channel.quiet();
  await noMore(copies, log);
});
