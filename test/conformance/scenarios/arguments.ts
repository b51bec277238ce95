// Scenarios: the arguments of queue.declare: what each takes, what it refuses in which words, and what is compared on redeclaration.
import { type Stage, theme } from '../scenario.ts';
import type { Entry, Tagged } from '../wire-codec.ts';

const scenario = theme('arguments');

const Q = (queue: string): string => `queue '${queue}' in vhost '/'`;

/** A value of every type that a table can hold, with RabbitMQ's name for the type. */
const strings: readonly [type: string, value: Tagged][] = [['longstr', ['S', '5']]];
const integers: readonly [type: string, value: Tagged][] = [
  ['byte', ['b', 5]],
  ['unsignedbyte', ['B', 5]],
  ['short', ['s', 5]],
  ['unsignedshort', ['u', 5]],
  ['signedint', ['I', 5]],
  ['unsignedint', ['i', 5]],
  ['long', ['l', 5n]],
  ['long', ['L', 5n]],
];
const booleans: readonly [type: string, value: Tagged][] = [['bool', ['t', true]]];
const others: readonly [type: string, value: Tagged][] = [
  ['timestamp', ['T', 5n]],
  ['double', ['d', 5]],
  ['float', ['f', 5]],
  ['decimal', ['D', [0, 5]]],
  ['void', ['V', null]],
  ['array', ['A', []]],
  ['table', ['F', []]],
  ['binary', ['x', Buffer.from('5')]],
];

type QueueType = 'classic' | 'quorum';

/** The fields of a declaration that asks for this type with these arguments. */
function declaration(type: QueueType, ...args: Entry[]): { durable: boolean; arguments: Entry[] } {
  return { durable: true, arguments: type === 'classic' ? args : [['x-queue-type', 'S', type], ...args] };
}

/** Declaring a queue of this type with these arguments is refused in these words (`%` stands for the queue), and makes none. */
async function refuses(t: Stage, type: QueueType, args: Entry[], text: string): Promise<void> {
  const channel = await t.channel();
  const queue = t.name();
  channel.send('queue.declare', { queue, ...declaration(type, ...args) });
  await channel.refused(406, `PRECONDITION_FAILED - ${text.replace('%', Q(queue))}`, 'queue.declare');
  await t.noQueue(queue);
}

/** What must stand beside an argument so that it means something. */
const beside = (name: string): Entry[] =>
  name === 'x-dead-letter-routing-key' ? [['x-dead-letter-exchange', 'S', 'amq.direct']] : [];

const classicIntegers = [
  'x-message-ttl',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-queue-version',
];
const quorumIntegers = [
  'x-message-ttl',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-in-memory-length',
  'x-max-in-memory-bytes',
  'x-quorum-initial-group-size',
];

for (const [type, names] of [
  ['classic', classicIntegers],
  ['quorum', quorumIntegers],
] as const) {
  for (const name of names) {
    scenario(`${type} ${name} must be an integer`, { covers: ['err:argument-type'] }, async t => {
      for (const [typeName, value] of [...strings, ...booleans, ...others]) {
        await refuses(t, type, [[name, ...value]], `invalid arg '${name}' for %: "expected integer, got ${typeName}"`);
      }
    });

    scenario(`${type} ${name} is no negative number`, { covers: ['err:argument-value'] }, async t => {
      for (const value of [
        ['b', -1],
        ['s', -32768],
        ['I', -1],
        ['l', -9223372036854775808n],
      ] as Tagged[]) {
        await refuses(t, type, [[name, ...value]], `invalid arg '${name}' for %: {value_negative,${value[1]}}`);
      }
    });

    if (name !== 'x-queue-version') {
      scenario(`${type} ${name} is an integer of any size`, { covers: ['queue.declare/ok', 'edge:18'] }, async t => {
        const channel = await t.channel();
        for (const [, value] of integers) await t.queue(channel, declaration(type, [name, ...value]));
      });
    }
  }

  for (const name of ['x-message-ttl', 'x-expires']) {
    scenario(`${type} ${name} is ten years at most`, { covers: ['err:argument-value'] }, async t => {
      const channel = await t.channel();
      await t.queue(channel, declaration(type, [name, 'l', 315360000000n]));
      for (const value of [315360000001n, 9223372036854775807n]) {
        await refuses(t, type, [[name, 'l', value]], `invalid arg '${name}' for %: {value_too_large,${value}}`);
      }
    });
  }

  scenario(`${type} x-expires is not 0`, { covers: ['err:argument-value', 'expires/queue'] }, async t => {
    await refuses(t, type, [['x-expires', 'I', 0]], "invalid arg 'x-expires' for %: {value_zero,0}");
  });

  for (const name of ['x-message-ttl', 'x-max-length', 'x-max-length-bytes']) {
    scenario(`${type} ${name} may be 0`, { covers: ['queue.declare/ok'] }, async t => {
      await t.queue(await t.channel(), declaration(type, [name, 'I', 0]));
    });
  }

  for (const name of ['x-max-length', 'x-max-length-bytes']) {
    scenario(`${type} ${name} may be as large as can be`, { covers: ['queue.declare/ok'] }, async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, declaration(type, [name, 'l', 9223372036854775807n]));
      await t.publishes('', queue, 'x');
      await t.holds(queue, ['x']);
    });
  }

  for (const [name, right] of [
    ['x-dead-letter-routing-key', strings],
    ['x-overflow', strings],
    ['x-single-active-consumer', booleans],
  ] as const) {
    const wanted = right === strings ? 'string' : 'boolean';
    scenario(`${type} ${name} must be a ${wanted}`, { covers: ['err:argument-type'] }, async t => {
      const wrong = [...integers, ...others, ...(wanted === 'string' ? booleans : strings)];
      for (const [typeName, value] of wrong) {
        const args: Entry[] = [...beside(name), [name, ...value]];
        await refuses(t, type, args, `invalid arg '${name}' for %: {unacceptable_type,${typeName}}`);
      }
    });
  }

  scenario(`${type} x-dead-letter-exchange must be a string`, { covers: ['err:argument-type'] }, async t => {
    for (const [typeName, value] of [...integers, ...booleans, ...others]) {
      const text = `invalid type '${typeName}' for arg 'x-dead-letter-exchange' in %`;
      await refuses(t, type, [['x-dead-letter-exchange', ...value]], text);
    }
  });

  for (const name of ['x-dead-letter-exchange', 'x-dead-letter-routing-key']) {
    scenario(`${type} ${name} may be empty`, { covers: ['queue.declare/ok'] }, async t => {
      await t.queue(await t.channel(), declaration(type, ...beside(name), [name, 'S', '']));
    });
  }

  scenario(`${type} x-dead-letter-routing-key needs an exchange`, { covers: ['err:argument-value'] }, async t => {
    const text = "invalid arg 'x-dead-letter-routing-key' for %: routing_key_but_no_dlx_defined";
    await refuses(t, type, [['x-dead-letter-routing-key', 'S', 'k']], text);
  });

  for (const value of ['', 'drop-tail', 'Drop-Head']) {
    scenario(`${type} x-overflow '${value}' is refused`, { covers: ['err:argument-value'] }, async t => {
      await refuses(t, type, [['x-overflow', 'S', value]], "invalid arg 'x-overflow' for %: invalid_overflow");
    });
  }

  for (const value of ['drop-head', 'reject-publish', 'reject-publish-dlx']) {
    scenario(`${type} x-overflow '${value}' is taken`, { covers: ['queue.declare/ok'] }, async t => {
      await t.queue(await t.channel(), declaration(type, ['x-overflow', 'S', value]));
    });
  }

  scenario(`${type} x-single-active-consumer may be false`, { covers: ['queue.declare/ok'] }, async t => {
    await t.queue(await t.channel(), declaration(type, ['x-single-active-consumer', 't', false]));
  });
}

scenario('x-max-priority is 255 at most', { covers: ['err:argument-value', 'priority/message'] }, async t => {
  const channel = await t.channel();
  for (const value of [0, 1, 255]) await t.queue(channel, { arguments: { 'x-max-priority': value } });
  for (const value of [256n, 9223372036854775807n]) {
    const text = `invalid arg 'x-max-priority' for %: {max_value_exceeded,${value}}`;
    await refuses(t, 'classic', [['x-max-priority', 'l', value]], text);
  }
});

scenario('x-queue-version is 1 or 2', { covers: ['err:argument-value'] }, async t => {
  const channel = await t.channel();
  for (const value of [1, 2]) await t.queue(channel, { arguments: { 'x-queue-version': value } });
  for (const value of [0, 3, 256]) {
    const text = `invalid arg 'x-queue-version' for %: "unsupported queue version '${value}'"`;
    await refuses(t, 'classic', [['x-queue-version', 'I', value]], text);
  }
});

scenario('x-queue-mode is default or lazy', { covers: ['err:argument-value'] }, async t => {
  const channel = await t.channel();
  for (const value of ['default', 'lazy']) await t.queue(channel, { arguments: { 'x-queue-mode': value } });
  for (const value of ['', 'Lazy', 'foo']) {
    const text = `invalid arg 'x-queue-mode' for %: "unsupported queue mode '${value}'"`;
    await refuses(t, 'classic', [['x-queue-mode', 'S', value]], text);
  }
});

scenario('x-queue-mode must be a string', { covers: ['err:argument-type'] }, async t => {
  for (const [typeName, value] of [...integers, ...booleans, ...others]) {
    const text = `invalid arg 'x-queue-mode' for %: {unacceptable_type,${typeName}}`;
    await refuses(t, 'classic', [['x-queue-mode', ...value]], text);
  }
});

scenario('x-queue-type must be a string', { covers: ['err:argument-type'] }, async t => {
  for (const [typeName, value] of [...integers, ...booleans, ...others]) {
    const text = `invalid arg 'x-queue-type' for %: {unacceptable_type,${typeName}}`;
    await refuses(t, 'classic', [['x-queue-type', ...value]], text);
  }
});

scenario('an unknown x-queue-type is refused', { covers: ['err:argument-value'] }, async t => {
  for (const value of ['', 'foo', 'Classic', 'rabbit_classic_queue']) {
    const text = `invalid arg 'x-queue-type' for %: "unsupported queue type '${value}'"`;
    await refuses(t, 'classic', [['x-queue-type', 'S', value]], text);
  }
});

for (const [name, right, word] of [
  ['x-dead-letter-strategy', ['at-most-once', 'at-least-once'], 'invalid_dlx_strategy'],
  ['x-queue-leader-locator', ['client-local', 'balanced'], 'invalid_queue_locator_arg'],
] as const) {
  scenario(`quorum ${name} is one of a few words`, { covers: ['err:argument-value', 'err:argument-type'] }, async t => {
    const channel = await t.channel();
    for (const value of right) await t.queue(channel, declaration('quorum', [name, 'S', value]));
    for (const value of ['', 'foo']) {
      await refuses(t, 'quorum', [[name, 'S', value]], `invalid arg '${name}' for %: ${word}`);
    }
    for (const [typeName, value] of [...integers, ...booleans, ...others]) {
      await refuses(t, 'quorum', [[name, ...value]], `invalid arg '${name}' for %: {unacceptable_type,${typeName}}`);
    }
  });
}

scenario('quorum x-quorum-initial-group-size is not 0', { covers: ['err:argument-value'] }, async t => {
  const text = "invalid arg 'x-quorum-initial-group-size' for %: {value_zero,0}";
  await refuses(t, 'quorum', [['x-quorum-initial-group-size', 'I', 0]], text);
});

scenario('the first of several bad arguments is told in a fixed order', { covers: ['err:argument-order'] }, async t => {
  let bad: [name: string, tag: string, value: unknown, text: string][] = [
    ['x-single-active-consumer', 'I', 1, '{unacceptable_type,signedint}'],
    ['x-queue-version', 'I', 7, `"unsupported queue version '7'"`],
    ['x-queue-mode', 'S', 'foo', `"unsupported queue mode 'foo'"`],
    ['x-overflow', 'S', 'foo', 'invalid_overflow'],
    ['x-max-priority', 'I', 256, '{max_value_exceeded,256}'],
    ['x-max-length-bytes', 'I', -2, '{value_negative,-2}'],
    ['x-max-length', 'I', -3, '{value_negative,-3}'],
    ['x-dead-letter-routing-key', 'S', 'k', 'routing_key_but_no_dlx_defined'],
    ['x-message-ttl', 'I', -1, '{value_negative,-1}'],
    ['x-expires', 'I', 0, '{value_zero,0}'],
    ['x-queue-type', 'S', 'foo', `"unsupported queue type 'foo'"`],
  ];
  while (bad.length > 0) {
    const [name, , , text] = bad.at(-1)!;
    const args = bad.map(([key, tag, value]): Entry => [key, tag, value]);
    await refuses(t, 'classic', args, `invalid arg '${name}' for %: ${text}`);
    bad = bad.slice(0, -1);
  }
});

scenario('a bad value is told before an argument of another type', { covers: ['err:argument-order'] }, async t => {
  const text = "invalid arg 'x-overflow' for %: invalid_overflow";
  await refuses(
    t,
    'classic',
    [
      ['x-max-age', 'S', '1h'],
      ['x-overflow', 'S', 'foo'],
    ],
    text,
  );
});

scenario('a dead letter exchange of a wrong type is told first', { covers: ['err:argument-order'] }, async t => {
  const args: Entry[] = [
    ['x-queue-type', 'S', 'foo'],
    ['x-expires', 'I', 0],
    ['x-dead-letter-exchange', 'I', 1],
  ];
  await refuses(t, 'classic', args, "invalid type 'signedint' for arg 'x-dead-letter-exchange' in %");
});

scenario('a refused declaration leaves a queue and its clients alone', { covers: ['err:argument-value'] }, async t => {
  const [owner, channel] = [await t.channel(), await t.channel()];
  const queue = await t.queue(owner);
  await owner.consume(queue, 'c');
  channel.send('queue.declare', { queue: t.name(), arguments: { 'x-message-ttl': -1 } });
  await channel.expect('channel.close');
  channel.send('channel.close-ok');
  const again = await channel.wire.channel(channel.number);
  again.publish('', queue, 'x');
  await owner.delivered('c', 1, queue, 'x');
  await t.sees(queue, 0, 1);
});

scenario(
  'a bad argument is told even with no-wait',
  { covers: ['err:argument-value', 'queue.declare/nowait'] },
  async t => {
    const channel = await t.channel();
    const queue = t.name();
    channel.send('queue.declare', { queue, noWait: true, arguments: { 'x-expires': 0 } });
    const text = `PRECONDITION_FAILED - invalid arg 'x-expires' for ${Q(queue)}: {value_zero,0}`;
    await channel.refused(406, text, 'queue.declare');
    await t.noQueue(queue);
  },
);

scenario('the first of two equal keys counts', { covers: ['queue.declare/equivalent'] }, async t => {
  const channel = await t.channel();
  const twice: Entry[] = [
    ['x-max-length', 'I', 1],
    ['x-max-length', 'I', 2],
  ];
  const queue = await t.queue(channel, { arguments: twice });
  await t.publishes('', queue, 'a');
  await t.publishes('', queue, 'b');
  await t.holds(queue, ['b']);
  await t.queue(channel, { arguments: { 'x-max-length': 1 } }, queue);
  channel.send('queue.declare', { queue, arguments: { 'x-max-length': 2 } });
  const text = `PRECONDITION_FAILED - inequivalent arg 'x-max-length' for ${Q(queue)}: received '2' but current is '1'`;
  await channel.refused(406, text, 'queue.declare');
});

scenario('names of arguments are case-sensitive', { covers: ['queue.declare/unknown-argument'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'X-Max-Length': -1, 'x-max-Length': 'one', 'max-length': 1 } });
  await t.publishes('', queue, 'a');
  await t.publishes('', queue, 'b');
  await t.holds(queue, ['a', 'b']);
});

scenario('unknown arguments may be of any type', { covers: ['queue.declare/unknown-argument'] }, async t => {
  const channel = await t.channel();
  for (const [, value] of [...strings, ...integers, ...booleans, ...others]) {
    const queue = await t.queue(channel, { arguments: [['x-mine', ...value]] });
    await t.queue(channel, {}, queue);
    await t.queue(channel, { arguments: { 'x-mine': 'other', 'x-more': 1 } }, queue);
  }
});

for (const name of ['ha-mode', 'ha-params', 'ha-sync-mode', 'x-ha-policy']) {
  scenario(`${name} is taken and not compared`, { covers: ['queue.declare/unknown-argument'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel, { arguments: { [name]: 'all' } });
    await t.queue(channel, { arguments: { [name]: 1 } }, queue);
    await t.queue(channel, {}, queue);
  });
}

/** Every argument that is compared: two values of it, and how RabbitMQ names the type. */
const compared: readonly [
  type: QueueType,
  name: string,
  tag: string,
  first: unknown,
  second: unknown,
  typeName: string,
][] = [
  ['classic', 'x-message-ttl', 'I', 600000, 600001, 'signedint'],
  ['classic', 'x-expires', 'l', 600000n, 600001n, 'long'],
  ['classic', 'x-max-length', 's', 1, 2, 'short'],
  ['classic', 'x-max-length-bytes', 'u', 1, 2, 'unsignedshort'],
  ['classic', 'x-max-priority', 'B', 1, 2, 'unsignedbyte'],
  ['classic', 'x-overflow', 'S', 'drop-head', 'reject-publish', 'longstr'],
  ['classic', 'x-dead-letter-exchange', 'S', 'amq.direct', '', 'longstr'],
  ['classic', 'x-dead-letter-routing-key', 'S', 'a', '', 'longstr'],
  ['classic', 'x-single-active-consumer', 't', true, false, 'bool'],
  ['classic', 'x-queue-mode', 'S', 'default', 'lazy', 'longstr'],
  ['classic', 'x-queue-version', 'b', 1, 2, 'byte'],
  ['classic', 'x-queue-master-locator', 'S', 'client-local', 'min-masters', 'longstr'],
  ['quorum', 'x-message-ttl', 'I', 600000, 600001, 'signedint'],
  ['quorum', 'x-expires', 'i', 600000, 600001, 'unsignedint'],
  ['quorum', 'x-max-length', 'I', 1, 2, 'signedint'],
  ['quorum', 'x-max-length-bytes', 'I', 1, 2, 'signedint'],
  ['quorum', 'x-max-in-memory-length', 'I', 1, 2, 'signedint'],
  ['quorum', 'x-max-in-memory-bytes', 'I', 1, 2, 'signedint'],
  ['quorum', 'x-overflow', 'S', 'drop-head', 'reject-publish', 'longstr'],
  ['quorum', 'x-dead-letter-exchange', 'S', 'amq.direct', '', 'longstr'],
  ['quorum', 'x-dead-letter-routing-key', 'S', 'a', '', 'longstr'],
  ['quorum', 'x-dead-letter-strategy', 'S', 'at-most-once', 'at-least-once', 'longstr'],
  ['quorum', 'x-delivery-limit', 'I', 1, 2, 'signedint'],
  ['quorum', 'x-single-active-consumer', 't', true, false, 'bool'],
  ['quorum', 'x-quorum-initial-group-size', 'I', 1, 3, 'signedint'],
  ['quorum', 'x-queue-leader-locator', 'S', 'client-local', 'balanced', 'longstr'],
];
for (const [type, name, tag, first, second, typeName] of compared) {
  scenario(
    `${type} ${name} is compared on redeclaration`,
    { covers: ['err:inequivalent-queue', 'queue.declare/equivalent', 'edge:18'] },
    async t => {
      const given = (value: unknown) => declaration(type, ...beside(name), [name, tag, value]);
      const without = declaration(type, ...beside(name));
      const steps: [object, object, string][] = [
        [given(first), given(second), `received '${second}' but current is '${first}'`],
        [given(second), given(first), `received '${first}' but current is '${second}'`],
        [given(first), without, `received none but current is the value '${first}' of type '${typeName}'`],
        [without, given(first), `received the value '${first}' of type '${typeName}' but current is none`],
      ];
      for (const [before, after, text] of steps) {
        const channel = await t.channel();
        const queue = await t.queue(channel, { ...before });
        await t.queue(channel, { ...before }, queue);
        channel.send('queue.declare', { queue, ...after });
        const whole = `PRECONDITION_FAILED - inequivalent arg '${name}' for ${Q(queue)}: ${text}`;
        await channel.refused(406, whole, 'queue.declare');
        await t.sees(queue, 0);
      }
    },
  );
}

scenario('the first of several differences is told in a fixed order', { covers: ['err:argument-order'] }, async t => {
  const channel = await t.channel();
  let all: [name: string, tag: string, first: unknown, second: unknown][] = [
    ['x-single-active-consumer', 't', true, false],
    ['x-queue-version', 'I', 1, 2],
    ['x-queue-mode', 'S', 'lazy', 'default'],
    ['x-overflow', 'S', 'drop-head', 'reject-publish'],
    ['x-max-priority', 'I', 1, 2],
    ['x-max-length-bytes', 'I', 1, 2],
    ['x-max-length', 'I', 1, 2],
    ['x-dead-letter-exchange', 'S', 'a', 'b'],
    ['x-message-ttl', 'I', 600000, 600001],
    ['x-expires', 'I', 600000, 600001],
  ];
  const { wire } = channel;
  for (; all.length > 0; all = all.slice(0, -1)) {
    const working = await wire.channel();
    const queue = await t.queue(working, { arguments: all.map(([key, tag, value]): Entry => [key, tag, value]) });
    working.send('queue.declare', { queue, arguments: all.map(([key, tag, , value]): Entry => [key, tag, value]) });
    const [name, , first, second] = all.at(-1)!;
    const text = `inequivalent arg '${name}' for ${Q(queue)}: received '${second}' but current is '${first}'`;
    await working.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
  }
});

scenario('durable and auto-delete are compared before arguments', { covers: ['err:argument-order'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel, { arguments: { 'x-max-length': 1 } });
  channel.send('queue.declare', { queue, durable: true, autoDelete: true, arguments: { 'x-max-length': 2 } });
  const text = `inequivalent arg 'durable' for ${Q(queue)}: received 'true' but current is 'false'`;
  await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'queue.declare');
});

for (const [what, args, text] of [
  ['a negative value', [['x-max-length', 'I', -1]], "arg 'x-max-length' for %: received '-1' but current is '10'"],
  [
    'an unknown type',
    [
      ['x-max-length', 'I', 10],
      ['x-queue-type', 'S', 'foo'],
    ],
    "arg 'x-queue-type' for %: received the value 'foo' of type 'longstr' but current is none",
  ],
  ['a double', [['x-max-length', 'd', 10]], "arg 'x-max-length' for %: received '10.0' but current is '10'"],
] as [string, Entry[], string][]) {
  scenario(
    `redeclaring with ${what} is a difference, not a bad value`,
    { covers: ['err:inequivalent-queue'] },
    async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel, { arguments: { 'x-max-length': 10 } });
      channel.send('queue.declare', { queue, arguments: args });
      await channel.refused(406, `PRECONDITION_FAILED - inequivalent ${text.replace('%', Q(queue))}`, 'queue.declare');
    },
  );
}

scenario('arguments of other types are not compared', { covers: ['queue.declare/equivalent'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await t.queue(channel, { arguments: { 'x-max-age': 'soon', 'x-quorum-initial-group-size': -1 } }, queue);
});

scenario(
  'quorum x-delivery-limit must be an integer',
  {
    covers: ['err:argument-type', 'delivery-limit'],
    differs: {
      rabbitmq: 'takes a limit of any type, and it limits nothing',
      leveret: `refuses it with 406 \`invalid arg 'x-delivery-limit' for queue ..: "expected integer, got longstr"\``,
      reason: 'a limit that limits nothing is a mistake that should be told',
    },
  },
  async t => {
    const channel = await t.channel();
    for (const [, value] of integers) await t.queue(channel, declaration('quorum', ['x-delivery-limit', ...value]));
    for (const [typeName, value] of [...strings, ...booleans, ...others]) {
      const given: Entry = ['x-delivery-limit', ...value];
      if (t.onRabbitmq) await t.queue(channel, declaration('quorum', given));
      else {
        const text = `invalid arg 'x-delivery-limit' for %: "expected integer, got ${typeName}"`;
        await refuses(t, 'quorum', [given], text);
      }
    }
  },
);

scenario(
  'x-queue-master-locator is one of three words',
  {
    covers: ['err:argument-value'],
    differs: {
      rabbitmq: 'closes the connection with 541 `INTERNAL_ERROR`',
      leveret: "refuses it with 406 `invalid arg 'x-queue-master-locator' for queue ..: invalid_queue_locator_arg`",
      reason: 'one bad argument should not end all channels of a connection',
    },
  },
  async t => {
    const channel = await t.channel();
    for (const value of ['client-local', 'min-masters', 'random']) {
      await t.queue(channel, { arguments: { 'x-queue-master-locator': value } });
    }
    const text = "invalid arg 'x-queue-master-locator' for %: invalid_queue_locator_arg";
    if (!t.onRabbitmq) return refuses(t, 'classic', [['x-queue-master-locator', 'S', 'foo']], text);
    channel.send('queue.declare', { queue: t.name(), arguments: { 'x-queue-master-locator': 'foo' } });
    await channel.wire.refused(541, 'INTERNAL_ERROR', undefined);
  },
);

const newer = 'RabbitMQ 4: the argument, whose values are checked in the words of all others';
for (const name of ['x-consumer-timeout', 'x-delayed-retry-min', 'x-delayed-retry-max']) {
  for (const type of ['classic', 'quorum'] as const) {
    scenario(
      `${type} ${name} must be an integer that is not negative`,
      { covers: ['err:argument-type'], source: newer },
      async t => {
        for (const [typeName, value] of [...strings, ...booleans, ...others]) {
          await refuses(
            t,
            type,
            [[name, ...value]],
            `invalid arg '${name}' for %: "expected integer, got ${typeName}"`,
          );
        }
        await refuses(t, type, [[name, 'I', -1]], `invalid arg '${name}' for %: {value_negative,-1}`);
      },
    );
  }
}

for (const name of ['x-consumer-timeout', 'x-delayed-retry-min']) {
  scenario(`quorum ${name} of a valid value is taken`, { covers: ['queue.declare/ok'] }, async t => {
    await t.queue(await t.channel(), declaration('quorum', [name, 'I', 60000]));
  });
}

/** x-priority is the one argument of basic.consume. */
scenario(
  'x-priority of a consumer must be an integer',
  { covers: ['err:argument-type', 'priority/consumer'] },
  async t => {
    const queue = await t.queue(await t.channel());
    for (const [typeName, value] of [...strings, ...booleans, ...others]) {
      const channel = await t.channel();
      channel.send('basic.consume', { queue, arguments: [['x-priority', ...value]] });
      const text = `PRECONDITION_FAILED - invalid arg 'x-priority' for ${Q(queue)}: "expected integer, got ${typeName}"`;
      await channel.refused(406, text, 'basic.consume');
    }
    const channel = await t.channel();
    for (const [typeName, value] of [...integers, ['long', ['l', -9223372036854775808n]] as const]) {
      const consumerTag = `${typeName} ${value[0]} ${value[1]}`;
      await channel.consume(queue, consumerTag, { arguments: [['x-priority', ...value]] });
    }
    await t.sees(queue, 0, integers.length + 1);
  },
);
