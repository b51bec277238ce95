// Scenarios: classic and quorum queues: the arguments and properties of each, how often a message is delivered, and the way back.
import assert from 'node:assert/strict';
import { Grave } from '../dead-letters.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Entry, Fields, Table } from '../wire-codec.ts';

const scenario = theme('queue type');

const Q = (queue: string): string => `queue '${queue}' in vhost '/'`;
const typed = (type: string, more: Fields = {}) => ({ durable: true, arguments: { 'x-queue-type': type, ...more } });
const quorum = (more: Fields = {}) => typed('quorum', more);

/** Arguments that RabbitMQ knows, by the types that do not take them. */
const foreign: { readonly [type: string]: readonly [name: string, value: unknown][] } = {
  classic: [
    ['x-dead-letter-strategy', 'at-most-once'],
    ['x-max-in-memory-length', 1],
    ['x-max-in-memory-bytes', 1],
    ['x-quorum-initial-group-size', 1],
    ['x-queue-leader-locator', 'client-local'],
    ['x-max-age', '1h'],
    ['x-stream-max-segment-size-bytes', 1000],
    ['x-initial-cluster-size', 1],
  ],
  quorum: [
    ['x-max-priority', 5],
    ['x-queue-mode', 'lazy'],
    ['x-queue-version', 2],
    ['x-queue-master-locator', 'client-local'],
    ['x-max-age', '1h'],
    ['x-stream-max-segment-size-bytes', 1000],
    ['x-initial-cluster-size', 1],
  ],
};
for (const [type, list] of Object.entries(foreign)) {
  for (const [name, value] of list) {
    scenario(
      `${type} refuses ${name}, of whatever value`,
      { covers: ['queue-type/arguments', 'err:argument-of-other-type'] },
      async t => {
        for (const given of [value, -1, 'x', null]) {
          const channel = await t.channel();
          const queue = t.name();
          channel.send('queue.declare', { queue, ...typed(type, { [name]: given }) });
          const text = `PRECONDITION_FAILED - invalid arg '${name}' for ${Q(queue)} of queue type rabbit_${type}_queue`;
          await channel.refused(406, text, 'queue.declare');
          await t.noQueue(queue);
        }
      },
    );
  }
}

scenario(
  'of several arguments of other types the first in the table is told',
  { covers: ['err:argument-of-other-type', 'err:argument-order'] },
  async t => {
    for (const names of [
      ['x-max-age', 'x-queue-leader-locator'],
      ['x-queue-leader-locator', 'x-max-age'],
    ]) {
      const channel = await t.channel();
      const queue = t.name();
      channel.send('queue.declare', { queue, arguments: names.map((name): Entry => [name, 'S', 'x']) });
      const text = `PRECONDITION_FAILED - invalid arg '${names[0]}' for ${Q(queue)} of queue type rabbit_classic_queue`;
      await channel.refused(406, text, 'queue.declare');
    }
  },
);

const everything: { readonly [type: string]: Fields } = {
  classic: {
    'x-expires': 600000,
    'x-message-ttl': 600000,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'k',
    'x-max-length': 10,
    'x-max-length-bytes': 1000,
    'x-max-priority': 5,
    'x-overflow': 'drop-head',
    'x-queue-mode': 'default',
    'x-queue-version': 2,
    'x-single-active-consumer': true,
  },
  quorum: {
    'x-expires': 600000,
    'x-message-ttl': 600000,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'k',
    'x-dead-letter-strategy': 'at-most-once',
    'x-max-length': 10,
    'x-max-length-bytes': 1000,
    'x-max-in-memory-length': 10,
    'x-max-in-memory-bytes': 1000,
    'x-overflow': 'drop-head',
    'x-single-active-consumer': true,
    'x-delivery-limit': 5,
    'x-quorum-initial-group-size': 1,
    'x-queue-leader-locator': 'client-local',
  },
};
for (const [type, all] of Object.entries(everything)) {
  scenario(
    `${type} takes all of its arguments together`,
    { covers: ['queue-type/arguments', 'queue.declare/ok'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, typed(type, all));
      await t.queue(channel, typed(type, all), queue);
      await t.publishes('', queue, 'x');
      await t.sees(queue, 1);
    },
  );
}

scenario(
  'classic takes x-delivery-limit',
  {
    covers: ['queue-type/arguments', 'delivery-limit'],
    differs: {
      rabbitmq: "refuses it with 406 `invalid arg 'x-delivery-limit' for queue .. of queue type rabbit_classic_queue`",
      leveret: 'takes it for every type',
      reason: 'a task that kills its worker must end somewhere, whatever the type of the queue',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = t.name();
    channel.send('queue.declare', { queue, ...typed('classic', { 'x-delivery-limit': 5 }) });
    if (t.onRabbitmq) {
      const text = `invalid arg 'x-delivery-limit' for ${Q(queue)} of queue type rabbit_classic_queue`;
      await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
    } else await channel.expect('queue.declare-ok', { queue, messageCount: 0, consumerCount: 0 });
  },
);

scenario(
  'a stream is refused',
  {
    covers: ['queue-type/arguments', 'err:argument-value'],
    differs: {
      rabbitmq: 'has streams',
      leveret: `refuses the type with 406 \`invalid arg 'x-queue-type' for queue ..: "unsupported queue type 'stream'"\``,
      reason: 'a stream is no work queue; to take one for another would lose messages in silence',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = t.name();
    channel.send('queue.declare', { queue, ...typed('stream') });
    if (t.onRabbitmq) await channel.expect('queue.declare-ok', { queue, messageCount: 0, consumerCount: 0 });
    else {
      const text = `invalid arg 'x-queue-type' for ${Q(queue)}: "unsupported queue type 'stream'"`;
      await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
      await t.noQueue(queue);
    }
  },
);

const properties: [flags: Fields, property: string][] = [
  [{}, 'non-durable'],
  [{ durable: true, autoDelete: true }, 'auto-delete'],
  [{ durable: true, exclusive: true }, 'exclusive-owner'],
  [{ autoDelete: true }, 'auto-delete'],
  [{ exclusive: true }, 'exclusive-owner'],
  [{ durable: true, autoDelete: true, exclusive: true }, 'auto-delete'],
];
for (const [flags, property] of properties) {
  scenario(
    `quorum {${Object.keys(flags)}} is refused for ${property}`,
    { covers: ['queue-type/properties', 'err:queue-type-property'] },
    async t => {
      const channel = await t.channel();
      const queue = t.name();
      channel.send('queue.declare', { queue, ...flags, arguments: { 'x-queue-type': 'quorum' } });
      const text = `PRECONDITION_FAILED - invalid property '${property}' for ${Q(queue)}`;
      await channel.refused(406, text, 'queue.declare');
      await t.noQueue(queue);
    },
  );
}

for (const [what, more, text] of [
  ['value', { 'x-message-ttl': -1 }, "invalid arg 'x-message-ttl' for %: {value_negative,-1}"],
  ['name', { 'x-max-priority': 1 }, "invalid arg 'x-max-priority' for % of queue type rabbit_quorum_queue"],
] as [string, Fields, string][]) {
  scenario(
    `the ${what} of an argument is told before a property`,
    { covers: ['queue-type/properties', 'err:argument-order'] },
    async t => {
      const channel = await t.channel();
      const queue = t.name();
      channel.send('queue.declare', { queue, arguments: { 'x-queue-type': 'quorum', ...more } });
      await channel.refused(406, `PRECONDITION_FAILED - ${text.replace('%', Q(queue))}`, 'queue.declare');
    },
  );
}

scenario(
  'the server names no quorum queue',
  { covers: ['queue-type/properties', 'err:queue-type-server-named'] },
  async t => {
    const channel = await t.channel();
    channel.send('queue.declare', { queue: '', ...quorum() });
    const text = 'PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue';
    await channel.refused(406, text, 'queue.declare');
  },
);

for (const [before, after, text] of [
  ['none', 'quorum', "received the value 'quorum' of type 'longstr' but current is none"],
  ['classic', 'quorum', "received 'quorum' but current is 'classic'"],
  ['quorum', 'classic', "received 'classic' but current is 'quorum'"],
  ['quorum', 'none', "received none but current is the value 'quorum' of type 'longstr'"],
] as const) {
  scenario(`${before} is not equivalent to ${after}`, { covers: ['err:inequivalent-queue'] }, async t => {
    const options = (type: string) => (type === 'none' ? { durable: true } : typed(type));
    const channel = await t.channel();
    const queue = await t.queue(channel, options(before));
    channel.send('queue.declare', { queue, ...options(after) });
    const whole = `PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for ${Q(queue)}: ${text}`;
    await channel.refused(406, whole, 'queue.declare');
    await t.sees(queue, 0);
  });
}

scenario(
  'a quorum queue does what a queue does',
  { covers: ['queue.declare/ok', 'queue.purge/ok', 'queue.delete/ok'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b', 'c', 'd'], quorum());
    await t.bind(channel, queue, 'amq.direct', queue);
    const consumer = await t.channel();
    await consumer.call('basic.qos', { prefetchCount: 2 }, {});
    await consumer.consume(queue, 'c');
    await consumer.delivered('c', 1, queue, 'a');
    await consumer.delivered('c', 2, queue, 'b');
    await t.sees(queue, 2, 1);
    consumer.ack(1);
    await consumer.delivered('c', 3, queue, 'c');
    await t.publishes('amq.direct', queue, 'e');
    await t.sees(queue, 2, 1);
    await channel.call('queue.purge', { queue }, { messageCount: 2 });
    consumer.ack(3, true);
    await consumer.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
    await t.sees(queue, 0);
    await channel.call('queue.delete', { queue }, { messageCount: 0 });
    await t.noQueue(queue);
  },
);

for (const [flags, told] of [
  [{ ifUnused: true }, 'if-unused'],
  [{ ifEmpty: true }, 'if-empty'],
  [{ ifUnused: true, ifEmpty: true }, 'if-unused'],
] as const) {
  scenario(
    `quorum: delete {${Object.keys(flags)}} is not implemented`,
    { covers: ['queue-type/properties', 'err:not-implemented'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, quorum());
      channel.send('queue.delete', { queue, ...flags });
      const text = `NOT_IMPLEMENTED - cannot delete ${Q(queue)}. queue.delete operations with ${told} flag set are not supported by quorum queues`;
      await channel.wire.refused(540, text, 'queue.delete');
      await t.sees(queue, 0);
    },
  );
}

scenario(
  'quorum: consuming under a global prefetch is not implemented',
  { covers: ['queue-type/properties', 'err:not-implemented'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, quorum());
    await channel.call('basic.qos', { prefetchCount: 1, global: true }, {});
    channel.send('basic.consume', { queue });
    const text = `NOT_IMPLEMENTED - ${Q(queue)} does not support global qos`;
    await channel.wire.refused(540, text, 'basic.consume');
    await t.sees(queue, 0);
  },
);

scenario(
  'quorum: the exclusive flag of a consumer is ignored',
  { covers: ['queue-type/properties', 'basic.consume/exclusive'] },
  async t => {
    const [a, b] = [await t.channel(), await t.channel()];
    const queue = await t.queue(a, quorum());
    await a.consume(queue, 'c', { exclusive: true });
    await b.consume(queue, 'c', { exclusive: true });
    await t.publishes('', queue, '1');
    await a.delivered('c', 1, queue, '1');
    await t.publishes('', queue, '2');
    await b.delivered('c', 1, queue, '2');
  },
);

scenario(
  'quorum: get beside a single active consumer is refused',
  { covers: ['single-active-consumer', 'err:single-active-get'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, quorum({ 'x-single-active-consumer': true }));
    channel.send('basic.get', { queue });
    const text = `RESOURCE_LOCKED - cannot obtain access to locked ${Q(queue)}. basic.get operations are not supported by quorum queues with single active consumer`;
    await channel.refused(405, text, 'basic.get');
  },
);

scenario(
  'quorum: an exclusive consumer of a single active queue is taken',
  { covers: ['single-active-consumer'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, quorum({ 'x-single-active-consumer': true }));
    await channel.consume(queue, 'c', { exclusive: true });
    await t.publishes('', queue, 'x');
    await channel.delivered('c', 1, queue, 'x');
  },
);

for (const [type, name] of [
  ['classic', 'x-stream-offset'],
  ['quorum', 'x-stream-offset'],
  ['quorum', 'x-cancel-on-ha-failover'],
] as const) {
  scenario(
    `${type}: a consumer with ${name} is refused`,
    { covers: ['queue-type/arguments', 'err:argument-of-other-type'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, typed(type));
      channel.send('basic.consume', { queue, arguments: { [name]: 'first' } });
      const text = `PRECONDITION_FAILED - invalid arg '${name}' for ${Q(queue)} of queue type rabbit_${type}_queue`;
      await channel.refused(406, text, 'basic.consume');
      await t.sees(queue, 0);
    },
  );
}

scenario('classic: x-cancel-on-ha-failover must be a boolean', { covers: ['err:argument-type'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c', { arguments: { 'x-cancel-on-ha-failover': true } });
  channel.send('basic.consume', { queue, arguments: { 'x-cancel-on-ha-failover': 'yes' } });
  const text = `PRECONDITION_FAILED - invalid arg 'x-cancel-on-ha-failover' for ${Q(queue)}: {unacceptable_type,longstr}`;
  await channel.refused(406, text, 'basic.consume');
});

scenario('unknown arguments of a consumer are taken', { covers: ['basic.consume/ok'] }, async t => {
  const channel = await t.channel();
  for (const type of ['classic', 'quorum']) {
    const queue = await t.queue(channel, typed(type));
    await channel.consume(queue, type, { arguments: { 'x-mine': 'x', 'x-Priority': 'high' } });
  }
});

const counted =
  'adds x-acquired-count, of every return, and x-delivery-count, of failures, to redeliveries, as RabbitMQ 4 does';

/** The headers that say how often a message came back, of these failures among these returns. */
function counts(t: Stage, returns: number, failures: number): Entry[] {
  const result: Entry[] = [];
  if (!t.onRabbitmq) result.push(['x-acquired-count', 'l', BigInt(returns)]);
  result.push(['x-delivery-count', 'l', BigInt(failures)]);
  return result;
}

scenario(
  'quorum: redeliveries are counted',
  {
    covers: ['delivery-limit', 'edge:2'],
    differs: {
      rabbitmq: 'adds x-delivery-count, of every return, to redeliveries',
      leveret: counted,
      reason: 'what was given back untouched is no failure',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, quorum());
    await channel.consume(queue, 'c');
    const headers: Entry[] = [
      ['z', 'I', 1],
      ['A', 'S', 'a'],
    ];
    await t.publishes('', queue, 'x', { headers });
    await channel.delivered('c', 1, queue, 'x', { properties: { headers } });
    for (const count of [1, 2, 3]) {
      channel.send('basic.reject', { deliveryTag: count, requeue: true });
      const all = [headers[1]!, ...counts(t, count, count), headers[0]!];
      await channel.delivered('c', count + 1, queue, 'x', { redelivered: true, properties: { headers: all } });
    }
  },
);

scenario(
  'classic: redeliveries are not counted where there is no limit',
  { covers: ['delivery-limit', 'edge:2'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, typed('classic'));
    await channel.consume(queue, 'c');
    await t.publishes('', queue, 'x');
    await channel.delivered('c', 1, queue, 'x');
    for (const tag of [1, 2, 3]) {
      channel.send('basic.reject', { deliveryTag: tag, requeue: true });
      await channel.delivered('c', tag + 1, queue, 'x', { redelivered: true });
    }
  },
);

/** Rejects the message with requeue until it comes no more, and tells how often it came; a marker behind it ends the wait. */
async function deliveries(channel: Channel, publish: () => Promise<void>, how = 'basic.reject'): Promise<number> {
  for (let count = 0; ; count++) {
    const { fields, body } = await channel.expect('basic.deliver');
    if (body!.toString() === 'marker') return count;
    if (count === 0) await publish();
    channel.send(how, { deliveryTag: fields['deliveryTag'], requeue: true });
  }
}

for (const limit of [0, 1, 3]) {
  scenario(
    `quorum: with a limit of ${limit} a message is delivered once more and dies`,
    { covers: ['delivery-limit', 'dead-letter/delivery_limit'] },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, {
        durable: true,
        ...grave.arguments({ 'x-queue-type': 'quorum', 'x-delivery-limit': limit }),
      });
      await channel.call('basic.qos', { prefetchCount: 1 }, {});
      await channel.consume(queue, 'c');
      await t.publishes('', queue, 'x', { headers: { A: 1 } });
      const came = await deliveries(channel, () => t.publishes('', queue, 'marker'));
      assert.equal(came, limit + 1);
      const headers: Entry[] = [['A', 'I', 1]];
      await grave.receives({ body: 'x', headers, deaths: [{ reason: 'delivery_limit', queue }] });
      await t.sees(queue, 0, 1);
    },
  );
}

scenario('quorum: over the limit without an exchange a message is gone', { covers: ['delivery-limit'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, quorum({ 'x-delivery-limit': 2 }));
  await channel.call('basic.qos', { prefetchCount: 1 }, {});
  await channel.consume(queue, 'c');
  await t.publishes('', queue, 'x');
  assert.equal(await deliveries(channel, () => t.publishes('', queue, 'marker')), 3);
  channel.ack(4);
  await channel.quiet();
  await t.sees(queue, 0, 1);
});

scenario('quorum: without a limit a message may fail as often as it likes', { covers: ['delivery-limit'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, quorum());
  await channel.consume(queue, 'c');
  await t.publishes('', queue, 'x');
  for (let tag = 1; tag <= 30; tag++) {
    await channel.expect('basic.deliver', {
      consumerTag: 'c',
      deliveryTag: tag,
      redelivered: tag > 1,
      exchange: '',
      routingKey: queue,
    });
    channel.send('basic.reject', { deliveryTag: tag, requeue: true });
  }
});

scenario(
  'quorum: a reject without requeue is no matter of the limit',
  { covers: ['delivery-limit', 'dead-letter/rejected'] },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const queue = await t.queue(channel, {
      durable: true,
      ...grave.arguments({ 'x-queue-type': 'quorum', 'x-delivery-limit': 0 }),
    });
    await channel.consume(queue, 'c');
    await t.publishes('', queue, 'x');
    await channel.delivered('c', 1, queue, 'x');
    channel.send('basic.reject', { deliveryTag: 1 });
    await grave.receives({ body: 'x', deaths: [{ reason: 'rejected', queue }] });
  },
);

scenario(
  'quorum: a nack with requeue does not count to the limit',
  {
    covers: ['delivery-limit', 'basic.nack/requeue'],
    differs: {
      rabbitmq: 'counts it',
      leveret: 'counts basic.reject with requeue alone, as RabbitMQ 4 does',
      reason: 'a worker that stops gives back what it has not begun',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, quorum({ 'x-delivery-limit': 1 }));
    await channel.call('basic.qos', { prefetchCount: 1 }, {});
    await channel.consume(queue, 'c');
    await t.publishes('', queue, 'x');
    if (t.onRabbitmq) {
      assert.equal(await deliveries(channel, () => t.publishes('', queue, 'marker'), 'basic.nack'), 2);
      return;
    }
    await channel.delivered('c', 1, queue, 'x');
    for (const tag of [1, 2, 3, 4]) {
      channel.send('basic.nack', { deliveryTag: tag, requeue: true });
      const properties = { headers: counts(t, tag, 0) };
      await channel.delivered('c', tag + 1, queue, 'x', { redelivered: true, properties });
    }
  },
);

scenario(
  'quorum: what a closed channel gives back comes first, in order',
  {
    covers: ['edge:1', 'edge:2'],
    differs: {
      rabbitmq: 'adds x-delivery-count to redeliveries, 0 to the first when it is got',
      leveret: counted,
      reason: 'what was given back untouched is no failure',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b', 'c', 'd'], quorum());
    await channel.call('basic.qos', { prefetchCount: 3 }, {});
    await channel.consume(queue, 'c');
    for (const [index, body] of ['a', 'b', 'c'].entries()) await channel.delivered('c', index + 1, queue, body);
    await channel.close();
    await t.sees(queue, 4);
    const reader = await t.channel();
    for (const [index, body] of ['a', 'b', 'c', 'd'].entries()) {
      reader.send('basic.get', { queue });
      const { fields, properties, body: got } = await reader.expect('basic.get-ok');
      assert.deepStrictEqual([got!.toString(), fields['redelivered']], [body, index < 3]);
      if (t.onRabbitmq) continue;
      const names = ((properties!['headers'] ?? []) as Table).map(([name]) => name);
      assert.equal(names.includes('x-acquired-count'), index < 3);
    }
  },
);

for (const [what, tags, rabbitmq, leveret] of [
  ['one by one', [3, 1, 2], ['d', 'c', 'a', 'b'], ['c', 'a', 'b', 'd']],
  ['together', [], ['d', 'a', 'b', 'c'], ['a', 'b', 'c', 'd']],
] as [string, number[], string[], string[]][]) {
  scenario(
    `quorum: what is given back ${what} comes before what waits`,
    {
      covers: ['edge:1', 'basic.nack/requeue'],
      differs: {
        rabbitmq: 'puts it behind what waits, where there is no delivery limit',
        leveret: 'serves it first, in the order in which it came back, as RabbitMQ 4 does',
        reason: 'a task that was begun should not wait for all that came later',
      },
    },
    async t => {
      const channel = await t.channel();
      const queue = await t.filled(channel, ['a', 'b', 'c', 'd'], quorum());
      for (const body of ['a', 'b', 'c']) {
        channel.send('basic.get', { queue });
        assert.equal((await channel.expect('basic.get-ok')).body!.toString(), body);
      }
      for (const deliveryTag of tags) channel.send('basic.nack', { deliveryTag, requeue: true });
      if (tags.length === 0) channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
      await channel.quiet();
      await t.holds(queue, t.onRabbitmq ? rabbitmq : leveret);
    },
  );
}

scenario(
  'quorum: with a delivery limit what is given back comes first',
  { covers: ['edge:1', 'delivery-limit'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a', 'b', 'c', 'd'], quorum({ 'x-delivery-limit': 9 }));
    for (const body of ['a', 'b', 'c']) {
      channel.send('basic.get', { queue });
      assert.equal((await channel.expect('basic.get-ok')).body!.toString(), body);
    }
    channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
    await channel.quiet();
    await t.holds(queue, ['a', 'b', 'c', 'd']);
  },
);

const limits = 'RabbitMQ 4: the argument of quorum queues, which Leveret takes for classic ones too';

scenario(
  'classic: redeliveries are counted where there is a limit',
  { covers: ['delivery-limit'], source: limits },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, typed('classic', { 'x-delivery-limit': 9 }));
    await channel.consume(queue, 'c');
    await t.publishes('', queue, 'x');
    await channel.delivered('c', 1, queue, 'x');
    channel.send('basic.reject', { deliveryTag: 1, requeue: true });
    await channel.delivered('c', 2, queue, 'x', { redelivered: true, properties: { headers: counts(t, 1, 1) } });
    channel.send('basic.nack', { deliveryTag: 2, requeue: true });
    await channel.delivered('c', 3, queue, 'x', { redelivered: true, properties: { headers: counts(t, 2, 1) } });
  },
);

for (const limit of [0, 2]) {
  scenario(
    `classic: with a limit of ${limit} a message is delivered once more and dies`,
    { covers: ['delivery-limit', 'dead-letter/delivery_limit'], source: limits },
    async t => {
      const grave = await Grave.dig(t);
      const channel = await t.channel();
      const queue = await t.queue(channel, grave.arguments({ 'x-delivery-limit': limit }));
      await channel.call('basic.qos', { prefetchCount: 1 }, {});
      await channel.consume(queue, 'c');
      await t.publishes('', queue, 'x');
      assert.equal(await deliveries(channel, () => t.publishes('', queue, 'marker')), limit + 1);
      await grave.receives({ body: 'x', deaths: [{ reason: 'delivery_limit', queue }] });
    },
  );
}

scenario(
  'classic x-delivery-limit is compared on redeclaration',
  { covers: ['err:inequivalent-queue'], source: limits },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { 'x-delivery-limit': 1 } });
    channel.send('queue.declare', { queue, arguments: { 'x-delivery-limit': 2 } });
    const text = `inequivalent arg 'x-delivery-limit' for ${Q(queue)}: received '2' but current is '1'`;
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
  },
);

const retries = 'RabbitMQ 4.3: delayed retry of quorum queues, which Leveret has for classic ones too';

/** Which ways of giving back wait, by x-delayed-retry-type. */
const waits: [type: string, reject: boolean, nack: boolean][] = [
  ['all', true, true],
  ['failed', true, false],
  ['returned', false, true],
  ['disabled', false, false],
];
for (const queueType of ['classic', 'quorum']) {
  for (const [type, reject, nack] of waits) {
    for (const [name, delayed] of [
      ['basic.reject', reject],
      ['basic.nack', nack],
    ] as const) {
      scenario(
        `${queueType}: retry of ${type}: ${name} ${delayed ? 'waits' : 'does not wait'}`,
        { covers: ['delayed-retry'], source: retries },
        async t => {
          const channel = await t.channel();
          const retry = { 'x-delayed-retry-type': type, 'x-delayed-retry-min': 50, 'x-delayed-retry-max': 1000 };
          const queue = await t.queue(channel, typed(queueType, retry));
          await channel.call('basic.qos', { prefetchCount: 1 }, {});
          await channel.consume(queue, 'c');
          channel.publish('', queue, 'a');
          await channel.expect('basic.deliver');
          channel.publish('', queue, 'b');
          channel.send(name, { deliveryTag: 1, requeue: true });
          const order: string[] = [];
          for (const deliveryTag of [2, 3]) {
            order.push((await channel.expect('basic.deliver')).body!.toString());
            channel.ack(deliveryTag);
          }
          assert.deepStrictEqual(order, delayed ? ['b', 'a'] : ['a', 'b']);
          await t.sees(queue, 0, 1);
        },
      );
    }
  }
}

scenario(
  'the wait before a retry grows with every failure',
  { covers: ['delayed-retry'], source: retries },
  async t => {
    const grave = await Grave.dig(t);
    const channel = await t.channel();
    const retry = { 'x-delayed-retry-type': 'all', 'x-delayed-retry-min': 500, 'x-delayed-retry-max': 100000 };
    const queue = await t.queue(channel, typed('quorum', retry));
    const clock = await t.queue(channel, grave.arguments({ 'x-message-ttl': 550 }));
    await channel.consume(queue, 'c');
    await t.publishes('', queue, 'x');
    for (const tag of [1, 2]) {
      await channel.expect('basic.deliver');
      channel.send('basic.reject', { deliveryTag: tag, requeue: true });
    }
    await t.publishes('', clock, 'tick'); // 550 ms after the second failure, which makes the message wait for 1000
    await grave.receives({ body: 'tick', deaths: [{ reason: 'expired', queue: clock }] });
    await channel.quiet();
    await channel.expect('basic.deliver');
  },
);
