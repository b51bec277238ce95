// Scenarios: messages whose value was seen before are dropped. RabbitMQ 3.10.8 needs a plugin of somebody else for that.
import { theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('deduplication');
const on = { 'x-message-deduplication': true };
const covers = ['deduplication'];
const differs = {
  rabbitmq: 'keeps the arguments and takes every message',
  leveret: 'drops what was seen before, as the plugin and LavinMQ do',
  reason: 'RabbitMQ has no deduplication of its own',
};

/** Publishes and waits for the confirms. */
async function publish(channel: Channel, exchange: string, key: string, messages: readonly [string, Fields?][]) {
  for (const [body, headers] of messages)
    channel.publish(exchange, key, body, headers === undefined ? {} : { properties: { headers } });
  for (const _ of messages) await channel.expect('basic.ack');
}

const value = (text: unknown): Fields => ({ 'x-deduplication-header': text });

scenario('an exchange drops a value that it has seen, and confirms it', { covers, differs }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'fanout', { arguments: on });
  const queue = await t.queue(channel);
  await t.bind(channel, queue, exchange);
  await channel.call('confirm.select', {}, {});
  channel.publish(exchange, '', 'a', { properties: { headers: value('1') } });
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  channel.publish(exchange, '', 'again', { properties: { headers: value('1') }, mandatory: true });
  await channel.expect('basic.ack', { deliveryTag: 2, multiple: false });
  channel.publish(exchange, '', 'b', { properties: { headers: value('2') } });
  await channel.expect('basic.ack', { deliveryTag: 3, multiple: false });
  channel.publish(exchange, '', 'none');
  await channel.expect('basic.ack', { deliveryTag: 4, multiple: false });
  await t.holds(queue, t.onRabbitmq ? ['a', 'again', 'b', 'none'] : ['a', 'b', 'none']);
});

scenario('what reached no queue may come again', { covers }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'direct', { arguments: on });
  const queue = await t.queue(channel);
  await channel.call('confirm.select', {}, {});
  const properties = { headers: value('1') };
  channel.publish(exchange, 'k', 'a', { properties, mandatory: true });
  const fields = { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey: 'k' };
  await channel.content('basic.return', { fields, properties, body: 'a' });
  await channel.expect('basic.ack');
  await t.bind(channel, queue, exchange, 'k');
  channel.publish(exchange, 'k', 'a', { properties });
  await channel.expect('basic.ack');
  await t.holds(queue, ['a']);
});

scenario('the oldest value is forgotten; another header can have it', { covers, differs }, async t => {
  const channel = await t.channel();
  const args = { ...on, 'x-cache-size': 2, 'x-deduplication-header': 'id' };
  const exchange = await t.exchange(channel, 'fanout', { arguments: args });
  const queue = await t.queue(channel);
  await t.bind(channel, queue, exchange);
  await channel.call('confirm.select', {}, {});
  for (const id of [1, 2, 2, 3, 3, 1]) await publish(channel, exchange, '', [[String(id), { id }]]);
  await t.holds(queue, t.onRabbitmq ? ['1', '2', '2', '3', '3', '1'] : ['1', '2', '3', '1']);
});

scenario('a queue takes a value again when its message is gone', { covers, differs }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: on });
  await channel.call('confirm.select', {}, {});
  const properties = { headers: value('1') };
  await publish(channel, '', queue, [['a', value('1')]]);
  await publish(channel, '', queue, [['b', value('1')]]);
  if (t.onRabbitmq) await channel.got(queue, 1, 1, 'a', { properties });
  else await channel.got(queue, 1, 0, 'a', { properties });
  // Delivered and not acknowledged is still there.
  await publish(channel, '', queue, [['c', value('1')]]);
  channel.ack(1);
  await publish(channel, '', queue, [['d', value('1')]]);
  await t.holds(queue, t.onRabbitmq ? ['b', 'c', 'd'] : ['d']);
});

for (const [args, text] of [
  [{ 'x-message-deduplication': 'yes' }, "invalid arg 'x-message-deduplication' for X: {unacceptable_type,longstr}"],
  [{ ...on, 'x-cache-size': 0 }, "invalid arg 'x-cache-size' for X: {value_zero,0}"],
  [{ ...on, 'x-cache-size': 100_001 }, "invalid arg 'x-cache-size' for X: {max_value_exceeded,100001}"],
  [{ ...on, 'x-cache-ttl': -1 }, "invalid arg 'x-cache-ttl' for X: {value_negative,-1}"],
  [{ ...on, 'x-deduplication-header': 5 }, "invalid arg 'x-deduplication-header' for X: {unacceptable_type,signedint}"],
] as const) {
  const [name, given] = Object.entries(args).at(-1)!;
  const refuses = { rabbitmq: 'takes it', leveret: '406', reason: 'it means something here' };
  scenario(`${name} ${String(given)} is refused`, { covers, differs: refuses }, async t => {
    const channel = await t.channel();
    const exchange = t.name('x');
    channel.send('exchange.declare', { exchange, type: 'direct', arguments: { ...args } });
    if (t.onRabbitmq) return void (await channel.expect('exchange.declare-ok'));
    const resource = `exchange '${exchange}' in vhost '/'`;
    await channel.refused(406, `PRECONDITION_FAILED - ${text.replace('X', resource)}`, 'exchange.declare');
    await t.noExchange(exchange);
  });
}
