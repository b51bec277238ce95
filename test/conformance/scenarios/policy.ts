// Scenarios: policies and operator policies: which one a queue or exchange gets, what it does, and when.
import assert from 'node:assert/strict';
import { ask, askPolicy, clearPolicy, must, newVhost, only, type Policy, setPolicy } from '../operator.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('policy');

/** What RabbitMQ shows of a policy; Leveret shows more. */
function rabbitmqs(t: Stage, policy: object): object {
  if (t.onRabbitmq) return policy;
  const keys = ['vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority'];
  return Object.fromEntries(Object.entries(policy).filter(([key]) => keys.includes(key)));
}

/** Publishes these to the queue one after the other; how each was confirmed: `ack` or `nack`. */
async function confirmed(
  channel: Channel,
  queue: string,
  bodies: readonly string[],
  properties: Fields = {},
): Promise<string[]> {
  const publisher = await channel.wire.channel();
  await publisher.call('confirm.select', {}, {});
  const answers: string[] = [];
  for (const [index, body] of bodies.entries()) {
    publisher.publish('', queue, body, { properties });
    const { name, fields } = await publisher.next();
    assert.equal(fields['deliveryTag'], index + 1);
    answers.push(name.replace('basic.', ''));
  }
  await publisher.close();
  return answers;
}

/** The queue must come to be gone; looking at it over the API does not use it. */
async function goes(t: Stage, queue: string, vhost = '/'): Promise<void> {
  const path = `/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}`;
  for (const until = Date.now() + 5_000; ; await new Promise(resolve => setTimeout(resolve, 10))) {
    const { status } = await ask(t, 'GET', path);
    if (status === 404) return;
    assert.ok(Date.now() < until, `${queue} is still there, GET gives ${status}`);
  }
}

/** Only what is said of policies, not of operator policies, has its angle brackets escaped. */
const escaped = (text: string): string => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const abc = ['a', 'b', 'c'];

/** The queue must keep so many messages at most, the last ones. */
async function keeps(t: Stage, channel: Channel, queue: string, count: number): Promise<void> {
  assert.deepEqual(await confirmed(channel, queue, abc), ['ack', 'ack', 'ack']);
  await t.holds(queue, count === 0 ? [] : abc.slice(-count));
}

scenario('of a queue declared before', { covers: ['policy/live', 'policy/max-length'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 2 }, applyTo: 'queues' });
  await keeps(t, channel, queue, 2);
});

scenario('of a queue declared later', { covers: ['policy/max-length'] }, async t => {
  const channel = await t.channel();
  const queue = t.name();
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 }, applyTo: 'queues' });
  await t.queue(channel, {}, queue);
  await keeps(t, channel, queue, 1);
});

scenario('a length drops what is already too much', { covers: ['policy/live', 'policy/max-length'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, abc);
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 } });
  await t.holds(queue, ['c']);
});

scenario('a length in bytes', { covers: ['policy/max-length-bytes'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['aaaa', 'bbbb', 'cccc']);
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length-bytes': 10 } });
  await t.holds(queue, ['bbbb', 'cccc']);
});

scenario('taken away it has no effect any more', { covers: ['policy/removed'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const policy = await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 } });
  await keeps(t, channel, queue, 1);
  await clearPolicy(t, policy);
  await keeps(t, channel, queue, 3);
});

scenario('set again it has its new effect', { covers: ['policy/live'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const name = await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 } });
  await keeps(t, channel, queue, 1);
  await setPolicy(t, { name, pattern: only(queue), definition: { 'max-length': 2 } });
  await keeps(t, channel, queue, 2);
  await setPolicy(t, { name, pattern: only(t.name()), definition: { 'max-length': 2 } });
  await keeps(t, channel, queue, 3);
});

scenario('overflow reject-publish', { covers: ['policy/overflow'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const definition = { 'max-length': 1, overflow: 'reject-publish' };
  const policy = await setPolicy(t, { pattern: only(queue), definition });
  assert.deepEqual(await confirmed(channel, queue, abc), ['ack', 'nack', 'nack']);
  await clearPolicy(t, policy);
  assert.deepEqual(await confirmed(channel, queue, ['d']), ['ack']);
  await t.holds(queue, ['a', 'd']);
});

scenario('overflow reject-publish-dlx', { covers: ['policy/overflow', 'policy/dead-letter-exchange'] }, async t => {
  const channel = await t.channel();
  const [queue, dead] = [await t.queue(channel), await t.queue(channel)];
  const definition = {
    'max-length': 1,
    overflow: 'reject-publish-dlx',
    'dead-letter-exchange': '',
    'dead-letter-routing-key': dead,
  };
  await setPolicy(t, { pattern: only(queue), definition });
  assert.deepEqual(await confirmed(channel, queue, ['a', 'b']), ['ack', 'nack']);
  await t.holds(queue, ['a']);
  await t.holds(dead, ['b']);
});

scenario('a dead letter exchange and key', { covers: ['policy/dead-letter-exchange'] }, async t => {
  const channel = await t.channel();
  const [queue, dead] = [await t.filled(channel, ['a', 'b']), await t.queue(channel)];
  const definition = { 'dead-letter-exchange': '', 'dead-letter-routing-key': dead };
  const policy = await setPolicy(t, { pattern: only(queue), definition });
  await channel.got(queue, 1, 1, 'a');
  channel.send('basic.reject', { deliveryTag: 1, requeue: false });
  await channel.sync();
  await t.holds(dead, ['a']);
  await clearPolicy(t, policy);
  await channel.got(queue, 2, 0, 'b');
  channel.send('basic.reject', { deliveryTag: 2, requeue: false });
  await channel.sync();
  await t.sees(dead, 0);
});

scenario('a dead letter exchange with no key keeps the keys', { covers: ['policy/dead-letter-exchange'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'direct');
  const [queue, dead] = [await t.filled(channel, ['a']), await t.queue(channel)];
  await t.bind(channel, dead, exchange, queue);
  await setPolicy(t, { pattern: only(queue), definition: { 'dead-letter-exchange': exchange } });
  await channel.got(queue, 1, 0, 'a');
  channel.send('basic.nack', { deliveryTag: 1, requeue: false });
  await channel.sync();
  await t.holds(dead, ['a']);
});

scenario('a time to live of 0', { covers: ['policy/message-ttl'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const policy = await setPolicy(t, { pattern: only(queue), definition: { 'message-ttl': 0 } });
  await keeps(t, channel, queue, 0);
  await clearPolicy(t, policy);
  await keeps(t, channel, queue, 3);
});

scenario(
  'a time to live is none of the messages already there',
  { covers: ['policy/message-ttl', 'policy/live'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a']);
    await setPolicy(t, { pattern: only(queue), definition: { 'message-ttl': 0 } });
    assert.deepEqual(await confirmed(channel, queue, ['b']), ['ack']);
    await t.holds(queue, ['a']);
  },
);

scenario('an expiry takes an unused queue away', { covers: ['policy/expires', 'policy/live'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, ['a']);
  await setPolicy(t, { pattern: only(queue), definition: { expires: 1 }, applyTo: 'queues' });
  await goes(t, queue);
  await t.noQueue(queue);
});

scenario('an expiry waits for the last consumer', { covers: ['policy/expires'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.consume(queue, 'c');
  await setPolicy(t, { pattern: only(queue), definition: { expires: 1 } });
  await t.sees(queue, 0, 1);
  await channel.call('basic.cancel', { consumerTag: 'c' }, { consumerTag: 'c' });
  await goes(t, queue);
});

scenario('a delivery limit of a quorum queue', { covers: ['policy/delivery-limit'] }, async t => {
  const channel = await t.channel();
  const [queue, dead] = [t.name(), await t.queue(channel)];
  const definition = { 'delivery-limit': 1, 'dead-letter-exchange': '', 'dead-letter-routing-key': dead };
  await setPolicy(t, { pattern: only(queue), definition });
  await t.queue(channel, { durable: true, arguments: { 'x-queue-type': 'quorum' } }, queue);
  assert.deepEqual(await confirmed(channel, queue, ['a']), ['ack']);
  await channel.consume(queue, 'c');
  for (const deliveryTag of [1, 2]) {
    const { fields } = await channel.expect('basic.deliver');
    assert.equal(fields['redelivered'], deliveryTag === 2);
    channel.send('basic.reject', { deliveryTag, requeue: true });
  }
  await t.holds(dead, ['a']);
});

for (const [key, value] of [
  ['queue-mode', 'lazy'],
  ['queue-version', 2],
  ['max-age', '1D'],
  ['stream-max-segment-size-bytes', 1000],
  ['queue-leader-locator', 'balanced'],
  ['initial-cluster-size', 1],
  ['dead-letter-strategy', 'at-least-once'],
  ['max-in-memory-length', 1],
  ['max-in-memory-bytes', 1],
  ['ha-mode', 'all'],
] as const) {
  scenario(`${key} is accepted and does no harm`, { covers: [`policy/${key}`] }, async t => {
    const channel = await t.channel();
    const queue = await t.filled(channel, ['a']);
    const policy = await setPolicy(t, { pattern: only(queue), definition: { [key]: value } });
    assert.deepEqual(await confirmed(channel, queue, ['b']), ['ack']);
    await t.holds(queue, ['a', 'b']);
    await clearPolicy(t, policy);
    await keeps(t, channel, queue, 3);
  });
}

/** Keys that a type of queue knows or not; one that it does not know makes the whole policy none of its. */
const foreign: [type: 'classic' | 'quorum', key: string, value: unknown, known: boolean][] = [
  ['classic', 'max-age', '1D', false],
  ['classic', 'stream-max-segment-size-bytes', 1000, false],
  ['classic', 'queue-leader-locator', 'balanced', false],
  ['classic', 'initial-cluster-size', 1, false],
  ['classic', 'dead-letter-strategy', 'at-most-once', false],
  ['classic', 'max-in-memory-length', 3, true],
  ['classic', 'queue-mode', 'lazy', true],
  ['classic', 'queue-version', 2, true],
  ['quorum', 'queue-mode', 'lazy', false],
  ['quorum', 'max-age', '1D', false],
  ['quorum', 'initial-cluster-size', 1, false],
  ['quorum', 'delivery-limit', 3, true],
  ['quorum', 'max-in-memory-length', 3, true],
];
for (const [type, key, value, known] of foreign) {
  scenario(
    `a policy with ${key} is ${known ? 'one' : 'none'} of ${type} queues`,
    { covers: ['policy/type'] },
    async t => {
      const [channel, queue] = [await t.channel(), t.name()];
      await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1, [key]: value }, priority: 2 });
      await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 2 }, priority: 1 });
      await t.queue(channel, { durable: true, arguments: { 'x-queue-type': type } }, queue);
      await keeps(t, channel, queue, known ? 1 : 2);
    },
  );
}

scenario(
  'keys of exchanges do not keep a queue from the others',
  { covers: ['policy/type', 'policy/exchanges'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1, 'alternate-exchange': 'x' } });
    await keeps(t, channel, queue, 1);
  },
);

/** What queue argument, policy and operator policy say of a length, and how many are kept. */
const lengths: [
  argument: number | undefined,
  policy: number | undefined,
  operator: number | undefined,
  kept: number,
][] = [
  [2, 1, undefined, 1],
  [1, 2, undefined, 1],
  [undefined, 1, 2, 1],
  [undefined, 2, 1, 1],
  [undefined, undefined, 1, 1],
  [2, undefined, 1, 1],
  [1, undefined, 2, 1],
  [3, 2, 1, 1],
  [1, 2, 3, 1],
  [undefined, 0, 2, 0],
  [2, undefined, undefined, 2],
];
for (const [argument, policy, operator, kept] of lengths) {
  const said = `argument ${argument ?? '-'}, policy ${policy ?? '-'}, operator ${operator ?? '-'}`;
  scenario(`the least length counts: ${said}`, { covers: ['policy/merge'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, argument === undefined ? {} : { arguments: { 'x-max-length': argument } });
    const pattern = only(queue);
    if (policy !== undefined) await setPolicy(t, { pattern, definition: { 'max-length': policy } });
    if (operator !== undefined) await setPolicy(t, { pattern, operator: true, definition: { 'max-length': operator } });
    await keeps(t, channel, queue, kept);
  });
}

scenario('the least length in bytes counts', { covers: ['policy/merge', 'policy/max-length-bytes'] }, async t => {
  const channel = await t.channel();
  for (const [argument, policy, operator] of [
    [1, 2, 2],
    [2, 1, 2],
    [2, 2, 1],
  ] as const) {
    const queue = await t.queue(channel, { arguments: { 'x-max-length-bytes': argument } });
    await setPolicy(t, { pattern: only(queue), definition: { 'max-length-bytes': policy } });
    await setPolicy(t, { pattern: only(queue), operator: true, definition: { 'max-length-bytes': operator } });
    await keeps(t, channel, queue, 1);
  }
});

for (const [what, argument, policy, operator] of [
  ['argument', 0, 100_000, 100_000],
  ['policy', 100_000, 0, 100_000],
  ['operator policy', 100_000, 100_000, 0],
] as const) {
  scenario(
    `the least time to live counts: that of the ${what}`,
    { covers: ['policy/merge', 'policy/message-ttl'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-message-ttl': argument } });
      await setPolicy(t, { pattern: only(queue), definition: { 'message-ttl': policy } });
      await setPolicy(t, { pattern: only(queue), operator: true, definition: { 'message-ttl': operator } });
      await keeps(t, channel, queue, 0);
    },
  );

  scenario(`the least expiry counts: that of the ${what}`, { covers: ['policy/merge', 'policy/expires'] }, async t => {
    const channel = await t.channel();
    const queue = t.name();
    await setPolicy(t, { pattern: only(queue), definition: { expires: policy || 1 } });
    await setPolicy(t, { pattern: only(queue), operator: true, definition: { expires: operator || 1 } });
    await t.queue(channel, { arguments: { 'x-expires': argument || 1 } }, queue);
    await goes(t, queue);
  });
}

scenario(
  'a dead letter exchange by argument wins',
  { covers: ['policy/argument', 'policy/dead-letter-exchange'] },
  async t => {
    const channel = await t.channel();
    const [dead, other] = [await t.queue(channel), await t.queue(channel)];
    const queue = await t.filled(channel, ['a'], {
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead },
    });
    const definition = { 'dead-letter-exchange': '', 'dead-letter-routing-key': other };
    await setPolicy(t, { pattern: only(queue), definition });
    await channel.got(queue, 1, 0, 'a');
    channel.send('basic.reject', { deliveryTag: 1, requeue: false });
    await channel.sync();
    await t.holds(dead, ['a']);
    await t.sees(other, 0);
  },
);

scenario(
  'exchange by argument and key by policy go together',
  { covers: ['policy/argument', 'policy/dead-letter-exchange'] },
  async t => {
    const channel = await t.channel();
    const dead = await t.queue(channel);
    const queue = await t.filled(channel, ['a'], { arguments: { 'x-dead-letter-exchange': '' } });
    await setPolicy(t, { pattern: only(queue), definition: { 'dead-letter-routing-key': dead } });
    await channel.got(queue, 1, 0, 'a');
    channel.send('basic.reject', { deliveryTag: 1, requeue: false });
    await channel.sync();
    await t.holds(dead, ['a']);
  },
);

for (const [argument, policy, answers, kept] of [
  ['drop-head', 'reject-publish', ['ack', 'ack', 'ack'], ['c']],
  ['reject-publish', 'drop-head', ['ack', 'nack', 'nack'], ['a']],
] as const) {
  scenario(
    `overflow by argument wins: ${argument} over ${policy}`,
    { covers: ['policy/argument', 'policy/overflow'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-overflow': argument } });
      await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1, overflow: policy } });
      assert.deepEqual(await confirmed(channel, queue, abc), answers);
      await t.holds(queue, kept);
    },
  );
}

scenario(
  'overflow by argument and length by policy go together',
  { covers: ['policy/argument', 'policy/overflow'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { 'x-overflow': 'reject-publish' } });
    await setPolicy(t, { pattern: only(queue), operator: true, definition: { 'max-length': 1 } });
    assert.deepEqual(await confirmed(channel, queue, abc), ['ack', 'nack', 'nack']);
  },
);

scenario('policy and operator policy of other keys go together', { covers: ['policy/merge'] }, async t => {
  const channel = await t.channel();
  const [queue, dead] = [await t.queue(channel), await t.queue(channel)];
  const definition = { 'dead-letter-exchange': '', 'dead-letter-routing-key': dead };
  await setPolicy(t, { pattern: only(queue), definition });
  await setPolicy(t, { pattern: only(queue), operator: true, definition: { 'max-length': 1 } });
  await keeps(t, channel, queue, 1);
  await t.holds(dead, ['a', 'b']);
});

scenario(
  'an operator policy taken away leaves the policy',
  { covers: ['policy/operator', 'policy/removed'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 2 } });
    const name = await setPolicy(t, { pattern: only(queue), operator: true, definition: { 'max-length': 1 } });
    await keeps(t, channel, queue, 1);
    await clearPolicy(t, name, { operator: true });
    await keeps(t, channel, queue, 2);
  },
);

scenario('policy and operator policy may have one name', { covers: ['policy/operator'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const name = await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 2 } });
  await setPolicy(t, { name, pattern: only(queue), operator: true, definition: { 'max-length': 1 } });
  await keeps(t, channel, queue, 1);
  await clearPolicy(t, name);
  await keeps(t, channel, queue, 1);
  await clearPolicy(t, name, { operator: true });
  await keeps(t, channel, queue, 3);
});

scenario('the highest priority alone counts', { covers: ['policy/priority'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const pattern = only(queue);
  await setPolicy(t, { pattern, definition: { 'max-length': 1 }, priority: 1 });
  const higher = await setPolicy(t, { pattern, definition: { 'max-length-bytes': 1_000_000 }, priority: 2 });
  await keeps(t, channel, queue, 3);
  await clearPolicy(t, higher);
  await keeps(t, channel, queue, 1);
});

scenario('a priority may be below 0', { covers: ['policy/priority'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 }, priority: -5 });
  await keeps(t, channel, queue, 1);
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 2 } });
  await keeps(t, channel, queue, 2);
});

scenario(
  'the highest priority alone counts among operator policies',
  { covers: ['policy/priority', 'policy/operator'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    const pattern = only(queue);
    await setPolicy(t, { pattern, operator: true, definition: { 'max-length': 1 }, priority: 1 });
    await setPolicy(t, { pattern, operator: true, definition: { 'max-length': 2 }, priority: 2 });
    await keeps(t, channel, queue, 2);
  },
);

scenario(
  'priorities do not count between policy and operator policy',
  { covers: ['policy/priority', 'policy/merge'] },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    const pattern = only(queue);
    await setPolicy(t, { pattern, definition: { 'max-length': 2 }, priority: 100 });
    await setPolicy(t, { pattern, operator: true, definition: { 'max-length': 1 }, priority: 0 });
    await keeps(t, channel, queue, 1);
  },
);

for (const [applyTo, ofQueue, ofExchange] of [
  ['queues', true, false],
  ['exchanges', false, true],
  ['all', true, true],
] as const) {
  scenario(`apply-to ${applyTo}`, { covers: ['policy/apply-to'] }, async t => {
    const channel = await t.channel();
    const name = await t.queue(channel);
    await t.exchange(channel, 'direct', {}, name);
    const [alternate, caught] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
    await t.bind(channel, caught, alternate);
    await setPolicy(t, {
      pattern: only(name),
      definition: { 'max-length': 1, 'alternate-exchange': alternate },
      applyTo,
    });
    await keeps(t, channel, name, ofQueue ? 1 : 3);
    channel.publish(name, 'k', 'x');
    await channel.sync();
    await t.holds(caught, ofExchange ? ['x'] : []);
  });
}

for (const [applyTo, args, caught] of [
  ['classic_queues', {}, true],
  ['quorum_queues', {}, false],
  ['streams', {}, false],
  ['quorum_queues', { 'x-queue-type': 'quorum' }, true],
] as const) {
  scenario(
    `apply-to ${applyTo} and a ${'x-queue-type' in args ? 'quorum' : 'classic'} queue`,
    {
      covers: ['policy/apply-to'],
      differs: {
        rabbitmq: `400 apply-to '${applyTo}' unrecognised`,
        leveret: 'applies to queues of this type',
        reason: 'policies for one type of queue, as of RabbitMQ 3.12',
      },
    },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { durable: true, arguments: args });
      const policy: Policy = {
        pattern: only(queue),
        definition: { 'max-length': 1, overflow: 'reject-publish' },
        applyTo,
      };
      const reply = await askPolicy(t, policy);
      if (t.onRabbitmq) {
        const text = `apply-to '${applyTo}' unrecognised; should be 'queues', 'exchanges' or 'all'`;
        assert.deepEqual(reply, {
          status: 400,
          body: { error: 'bad_request', reason: `Validation failed\n\n${text}\n` },
        });
        return;
      }
      assert.equal(reply.status, 201);
      const answers = await confirmed(channel, queue, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      assert.equal(answers.includes('nack'), caught);
    },
  );
}

scenario(
  'overflow of an operator policy wins',
  {
    covers: ['policy/operator', 'policy/overflow'],
    differs: {
      rabbitmq: '400 not recognised policy settings',
      leveret: 'overflow may be set by operators and wins',
      reason: 'as of RabbitMQ 3.13',
    },
  },
  async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1, overflow: 'drop-head' } });
    const reply = await askPolicy(t, {
      pattern: only(queue),
      operator: true,
      definition: { overflow: 'reject-publish' },
    });
    assert.equal(reply.status, t.onRabbitmq ? 400 : 201);
    const answers = await confirmed(channel, queue, abc);
    assert.deepEqual(answers, t.onRabbitmq ? ['ack', 'ack', 'ack'] : ['ack', 'nack', 'nack']);
  },
);

scenario('the pattern may match anywhere in the name', { covers: ['policy/pattern'] }, async t => {
  const channel = await t.channel();
  const middle = t.name('middle');
  const queue = await t.queue(channel, {}, t.track(`before-${middle}-after`));
  await setPolicy(t, { pattern: middle, definition: { 'max-length': 1 } });
  await keeps(t, channel, queue, 1);
});

scenario('the pattern tells cases apart', { covers: ['policy/pattern'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, {}, t.name('Upper'));
  await setPolicy(t, { pattern: only(queue).toLowerCase(), definition: { 'max-length': 1 } });
  await keeps(t, channel, queue, 3);
});

scenario('the pattern may use classes, counts, groups and look ahead', { covers: ['policy/pattern'] }, async t => {
  const channel = await t.channel();
  const base = t.name('p');
  const [yes, no] = [
    await t.queue(channel, {}, t.track(`${base}.task-12`)),
    await t.queue(channel, {}, t.track(`${base}.task-x`)),
  ];
  await setPolicy(t, { pattern: `^${base}\\.(?!none)(task|job)-\\d{2,}$`, definition: { 'max-length': 1 } });
  await keeps(t, channel, yes, 1);
  await keeps(t, channel, no, 3);
});

scenario(
  'the empty pattern matches all of its vhost and no other',
  { covers: ['policy/pattern', 'policy/vhost'] },
  async t => {
    const vhost = await newVhost(t);
    const name = await setPolicy(t, { pattern: '', definition: { 'max-length': 1 }, vhost });
    const channel = await t.channel({ vhost });
    const { queue } = await channel.call('queue.declare', { queue: '', exclusive: true });
    assert.deepEqual(await confirmed(channel, String(queue), abc), ['ack', 'ack', 'ack']);
    await channel.got(String(queue), 1, 0, 'c');
    const elsewhere = await t.channel();
    await keeps(t, elsewhere, await t.queue(elsewhere), 3);
    const listed = (await must(t, 'GET', `/policies/${encodeURIComponent(vhost)}`)) as object[];
    assert.deepEqual(
      listed.map(policy => rabbitmqs(t, policy)),
      [{ vhost, name, pattern: '', 'apply-to': 'all', definition: { 'max-length': 1 }, priority: 0 }],
    );
  },
);

scenario('a transient, exclusive queue has one as others', { covers: ['policy/live'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { exclusive: true });
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 } });
  await confirmed(channel, queue, abc);
  await channel.got(queue, 1, 0, 'c');
});

scenario('is not compared when a queue is declared again', { covers: ['policy/argument'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 } });
  await t.queue(channel, {}, queue);
  channel.send('queue.declare', { queue, arguments: { 'x-max-length': 1 } });
  const text = `inequivalent arg 'x-max-length' for queue '${queue}' in vhost '/'`;
  await channel.refused(
    406,
    `PRECONDITION_FAILED - ${text}: received the value '1' of type 'signedint' but current is none`,
    'queue.declare',
  );
});

scenario('counts what is ready only', { covers: ['policy/max-length', 'policy/live'] }, async t => {
  const channel = await t.channel();
  const queue = await t.filled(channel, abc);
  await channel.got(queue, 1, 2, 'a');
  await channel.got(queue, 2, 1, 'b');
  await setPolicy(t, { pattern: only(queue), definition: { 'max-length': 1 } });
  await t.sees(queue, 1);
  channel.send('basic.nack', { deliveryTag: 0, multiple: true, requeue: true });
  await channel.sync();
  await t.holds(queue, ['c']);
});

scenario('set, read, listed and taken away', { covers: ['policy/live', 'policy/removed'] }, async t => {
  for (const operator of [false, true]) {
    const kind = operator ? 'operator-policies' : 'policies';
    const [name, pattern] = [t.name('policy'), only(t.name())];
    const policy: Policy = { name, pattern, definition: { 'max-length': 3 }, priority: 7, applyTo: 'queues', operator };
    const shown = { vhost: '/', name, pattern, 'apply-to': 'queues', definition: { 'max-length': 3 }, priority: 7 };
    assert.deepEqual(await askPolicy(t, policy), { status: 201, body: '' });
    assert.deepEqual(await askPolicy(t, policy), { status: 204, body: '' });
    assert.deepEqual(rabbitmqs(t, (await must(t, 'GET', `/${kind}/%2F/${name}`)) as object), shown);
    const all = (await must(t, 'GET', `/${kind}/%2F`)) as { name: string }[];
    const one = all.find(other => other.name === name);
    assert.deepEqual(one && rabbitmqs(t, one), shown);
    assert.deepEqual(await ask(t, 'DELETE', `/${kind}/%2F/${name}`), { status: 204, body: '' });
    const missing = { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } };
    assert.deepEqual(await ask(t, 'GET', `/${kind}/%2F/${name}`), missing);
    assert.deepEqual(await ask(t, 'DELETE', `/${kind}/%2F/${name}`), missing);
  }
});

/** Definitions that are refused, and what is said. */
const invalid: [definition: unknown, text: string][] = [
  [{ 'max-length': -1 }, '-1 is not a valid maximum length'],
  [{ 'max-length': '5' }, '<<"5">> is not a valid maximum length'],
  [{ 'max-length': 1.5 }, '1.5 is not a valid maximum length'],
  [{ 'max-length-bytes': true }, 'true is not a valid maximum length in bytes'],
  [{ 'message-ttl': -1 }, '-1 is not a valid message TTL'],
  [{ expires: 0 }, '0 is not a valid queue expiry'],
  [{ 'dead-letter-exchange': 1 }, '1 is not a valid dead letter exchange name'],
  [{ 'dead-letter-routing-key': [] }, '[] is not a valid dead letter routing key'],
  [{ 'dead-letter-strategy': 'x' }, '<<"x">> is not a valid dead letter strategy'],
  [{ 'alternate-exchange': null }, 'null is not a valid alternate exchange name'],
  [{ overflow: 'reject' }, '<<"reject">> is not a valid overflow value'],
  [{ 'queue-mode': 'eager' }, '<<"eager">> is not a valid queue-mode value'],
  [{ 'queue-version': 3 }, '3 is not a valid queue-version value'],
  [{ 'delivery-limit': 'x' }, '<<"x">> is not a valid delivery limit'],
  [{ 'max-age': '1x' }, '<<"1x">> is not a valid max age'],
  [{ 'stream-max-segment-size-bytes': 3_000_000_001 }, '3000000001 is not a valid segment size'],
  [{ 'queue-leader-locator': 'x' }, '<<"x">> is not a valid queue leader locator value'],
  [{ nonsense: 1 }, '[{<<"nonsense">>,1}] are not recognised policy settings'],
  [{}, 'no policy provided'],
];
for (const [definition, text] of invalid) {
  scenario(`${JSON.stringify(definition)} is refused`, { covers: ['policy/invalid'] }, async t => {
    const name = t.name('policy');
    const reply = await askPolicy(t, { name, pattern: '^none$', definition: definition as Policy['definition'] });
    assert.deepEqual(reply, {
      status: 400,
      body: { error: 'bad_request', reason: escaped(`Validation failed\n\n${text}\n`) },
    });
    assert.equal((await ask(t, 'GET', `/policies/%2F/${name}`)).status, 404);
  });
}

for (const [definition, text] of [
  [{ 'dead-letter-exchange': 'x' }, '[{<<"dead-letter-exchange">>,<<"x">>}] are not recognised policy settings'],
  [{ 'max-length': -1 }, '-1 is not a valid maximum length'],
  [{ 'alternate-exchange': 'x' }, '[{<<"alternate-exchange">>,<<"x">>}] are not recognised policy settings'],
] as const) {
  scenario(
    `${JSON.stringify(definition)} is refused as an operator policy`,
    { covers: ['policy/invalid', 'policy/operator'] },
    async t => {
      const reply = await askPolicy(t, { operator: true, pattern: '^none$', definition });
      assert.deepEqual(reply, {
        status: 400,
        body: { error: 'bad_request', reason: `Validation failed\n\n${text}\n` },
      });
    },
  );
}

/** Bodies that are no policy, and what is said. */
const bodies: [what: string, body: object, text: string][] = [
  ['no pattern', { definition: { 'max-length': 1 } }, '[{key_missing,pattern}]'],
  ['no definition', { pattern: 'x' }, '[{key_missing,definition}]'],
  [
    'a pattern that is no expression',
    { pattern: '(', definition: { 'max-length': 1 } },
    'Validation failed\n\npattern should be regular expression but is invalid: {"missing )",1}\n',
  ],
  [
    'a pattern that is no text',
    { pattern: 5, definition: { 'max-length': 1 } },
    'Validation failed\n\npattern should be a binary but was 5\n',
  ],
  [
    'a priority that is no number',
    { pattern: 'x', definition: { 'max-length': 1 }, priority: 'high' },
    'Validation failed\n\npriority should be a number, actually was <<"high">>\n',
  ],
];
for (const [what, body, text] of bodies) {
  scenario(`${what} is refused`, { covers: ['policy/invalid'] }, async t => {
    const name = t.name('policy');
    const reply = await ask(t, 'PUT', `/policies/%2F/${name}`, body);
    assert.deepEqual(reply, { status: 400, body: { error: 'bad_request', reason: escaped(text) } });
    assert.equal((await ask(t, 'GET', `/policies/%2F/${name}`)).status, 404);
  });
}

scenario(
  'an unknown apply-to is refused',
  {
    covers: ['policy/invalid', 'policy/apply-to'],
    differs: {
      rabbitmq: "`should be 'queues', 'exchanges' or 'all'`",
      leveret: "names 'classic_queues', 'quorum_queues' and 'streams' too",
      reason: 'policies for one type of queue, as of RabbitMQ 3.12',
    },
  },
  async t => {
    const definition = { 'max-length': 1 };
    const { status, body } = await askPolicy(t, { pattern: '^none$', definition, applyTo: 'vhosts' });
    const known = t.onRabbitmq
      ? "'queues', 'exchanges' or 'all'"
      : "one of: 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges', or 'all'";
    const reason = `Validation failed\n\napply-to 'vhosts' unrecognised; should be ${known}\n`;
    assert.deepEqual({ status, body }, { status: 400, body: { error: 'bad_request', reason } });
  },
);
