// What queues, consumers and exchanges may be declared with, as RabbitMQ 3.10.8 refuses it.
import { describe, expect, test } from 'vitest';
import { argumentTable } from '../../../src/broker/argument-table.ts';
import { checkConsumerArguments, checkServerNamed } from '../../../src/broker/arguments.ts';
import { accessRefused } from '../../../src/broker/errors.ts';
import { type Args, House, table } from './house.ts';

const binary = { type: 'binary', value: Buffer.from('x') } as const;
const toQuorum: Args = { 'x-queue-type': 'quorum' };

describe('an argument of a classic queue', () => {
  const refused: [string, Args, string][] = [
    ['x-expires', { 'x-expires': 0 }, '{value_zero,0}'],
    ['x-expires', { 'x-expires': -5 }, '{value_negative,-5}'],
    ['x-expires', { 'x-expires': 315_360_000_001 }, '{value_too_large,315360000001}'],
    ['x-expires', { 'x-expires': 'a' }, '"expected integer, got longstr"'],
    ['x-expires', { 'x-expires': 1.5 }, '"expected integer, got double"'],
    ['x-expires', { 'x-expires': { type: 'timestamp', value: 5n } }, '"expected integer, got timestamp"'],
    ['x-expires', { 'x-expires': { type: 'void', value: null } }, '"expected integer, got void"'],
    ['x-message-ttl', { 'x-message-ttl': -1 }, '{value_negative,-1}'],
    ['x-message-ttl', { 'x-message-ttl': true }, '"expected integer, got bool"'],
    ['x-dead-letter-routing-key', { 'x-dead-letter-routing-key': 'k' }, 'routing_key_but_no_dlx_defined'],
    ['x-dead-letter-routing-key', { 'x-dead-letter-routing-key': 1 }, '{unacceptable_type,signedint}'],
    ['x-max-length', { 'x-max-length': -1 }, '{value_negative,-1}'],
    ['x-max-length-bytes', { 'x-max-length-bytes': 'b' }, '"expected integer, got longstr"'],
    ['x-max-priority', { 'x-max-priority': 256 }, '{max_value_exceeded,256}'],
    ['x-max-priority', { 'x-max-priority': -1 }, '{value_negative,-1}'],
    ['x-overflow', { 'x-overflow': 'zz' }, 'invalid_overflow'],
    ['x-overflow', { 'x-overflow': 1 }, '{unacceptable_type,signedint}'],
    ['x-queue-mode', { 'x-queue-mode': "a$'b" }, "\"unsupported queue mode 'a$'b'\""],
    ['x-queue-version', { 'x-queue-version': 3 }, '"unsupported queue version \'3\'"'],
    ['x-queue-version', { 'x-queue-version': -1 }, '{value_negative,-1}'],
    ['x-single-active-consumer', { 'x-single-active-consumer': 'true' }, '{unacceptable_type,longstr}'],
    ['x-queue-type', { 'x-queue-type': 'foo' }, '"unsupported queue type \'foo\'"'],
    ['x-queue-type', { 'x-queue-type': 'stream' }, '"unsupported queue type \'stream\'"'],
    ['x-queue-type', { 'x-queue-type': binary }, '{unacceptable_type,binary}'],
    ['x-delivery-limit', { 'x-delivery-limit': 'abc' }, '"expected integer, got longstr"'],
    ['x-consumer-timeout', { 'x-consumer-timeout': 0 }, '{value_zero,0}'],
    ['x-message-deduplication', { 'x-message-deduplication': 1 }, '{unacceptable_type,signedint}'],
  ];
  test.each(refused)('%s, case %#', (argument, args, reason) => {
    const house = new House();
    expect(house.refusal(() => house.declare('q', args))).toBe(
      `PRECONDITION_FAILED - invalid arg '${argument}' for queue 'q' in vhost '/': ${reason}`,
    );
  });

  test('is accepted at the edge of its range, and as any type of integer', () => {
    const house = new House();
    for (const [n, args] of (
      [
        { 'x-expires': 315_360_000_000, 'x-message-ttl': 0, 'x-max-length': 0, 'x-max-priority': 255 },
        { 'x-max-priority': 0, 'x-max-length': 2 ** 60, 'x-delivery-limit': -1, 'x-queue-mode': 'lazy' },
        { 'x-expires': { type: 'byte', value: 5 }, 'x-message-ttl': { type: 'unsignedshort', value: 1 } },
        { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'k', 'x-queue-version': 1 },
        { 'x-foo': 'bar', 'x-priority': 'a', 'alternate-exchange': 5, 'x-stream-offset': 1 },
      ] satisfies Args[]
    ).entries())
      expect(house.declare(`q${n}`, args).arguments.equals(table(args))).toBe(true);
  });
});

describe('of several mistakes RabbitMQ names the first of', () => {
  const cases: [string, Args, object, string][] = [
    ['the type', { 'x-message-ttl': -1, 'x-queue-type': 'foo' }, {}, "invalid arg 'x-queue-type'"],
    ['wrong values before arguments of other types', { 'x-max-age': 1, 'x-expires': 0 }, {}, "invalid arg 'x-expires'"],
    [
      'these as they were given',
      { 'x-max-age': 1, 'x-initial-cluster-size': 1 },
      {},
      "invalid arg 'x-max-age' for queue 'q' in vhost '/' of queue type rabbit_classic_queue",
    ],
    [
      'the dead letter exchange’s type',
      { 'x-message-ttl': -1, 'x-dead-letter-exchange': 5 },
      {},
      "invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'q' in vhost '/'",
    ],
    ['arguments before flags', { ...toQuorum, 'x-message-ttl': -1 }, { durable: false }, "invalid arg 'x-message-ttl'"],
    [
      'auto-delete',
      toQuorum,
      { durable: false, exclusive: true, autoDelete: true },
      "invalid property 'auto-delete' for queue 'q' in vhost '/'",
    ],
    [
      'exclusive',
      toQuorum,
      { durable: false, exclusive: true },
      "invalid property 'exclusive-owner' for queue 'q' in vhost '/'",
    ],
    ['durable', toQuorum, { durable: false }, "invalid property 'non-durable' for queue 'q' in vhost '/'"],
    [
      'what quorum queues do not know',
      { ...toQuorum, 'x-max-priority': 5 },
      {},
      "invalid arg 'x-max-priority' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue",
    ],
  ];
  test.each(cases)('%s', (_, args, flags, text) => {
    const house = new House();
    expect(house.refusal(() => house.declare('q', args, flags))).toContain(`PRECONDITION_FAILED - ${text}`);
  });

  test('whether messages may be sent on is asked after the type of the name and before all else', () => {
    const house = new House();
    const asked: string[] = [];
    const maySendOn = (exchange: string): void => {
      asked.push(exchange);
      throw accessRefused('no');
    };
    const declare = (args: Args) => house.refusal(() => house.declare('q', args, {}, maySendOn));
    expect(declare({ 'x-dead-letter-exchange': 5 })).toContain('invalid type');
    expect(asked).toEqual([]);
    expect(declare({ 'x-dead-letter-exchange': 'd', 'x-queue-type': 'foo' })).toBe('ACCESS_REFUSED - no');
    expect(asked).toEqual(['d']);
    house.declare('q', { 'x-dead-letter-exchange': 'd' });
    house.declare('q', { 'x-dead-letter-exchange': 'd' }, {}, maySendOn);
    expect(asked, 'of a queue that is there nothing is asked').toEqual(['d']);
    const refused = house.refusal(() => house.declareExchange('x', { 'alternate-exchange': 'a' }, maySendOn));
    expect([refused, asked]).toEqual(['ACCESS_REFUSED - no', ['d', 'a']]);
  });
});

describe('a queue that is there', () => {
  const cases: [string, Args, Args, string][] = [
    [
      'a value for none',
      {},
      { 'x-message-ttl': 'abc' },
      "received the value 'abc' of type 'longstr' but current is none",
    ],
    ['none for a value', { 'x-message-ttl': 5 }, {}, "received none but current is the value '5' of type 'signedint'"],
    ['another value', { 'x-message-ttl': 5 }, { 'x-message-ttl': 6 }, "received '6' but current is '5'"],
    ['another type of queue', toQuorum, { 'x-queue-type': 'foo' }, "received 'foo' but current is 'quorum'"],
    [
      'a delivery limit',
      {},
      { 'x-delivery-limit': 1 },
      "received the value '1' of type 'signedint' but current is none",
    ],
  ];
  test.each(cases)('is not declared with %s', (_, first, second, text) => {
    const house = new House();
    house.declare('q', first);
    expect(house.refusal(() => house.declare('q', second))).toContain(text);
  });

  test('is declared with the same, with other types of integers and whatever means nothing', () => {
    const house = new House();
    const queue = house.declare('q', { 'x-message-ttl': 5, 'x-foo': 1, 'x-queue-type': 'classic' });
    const same: Args = { 'x-message-ttl': { type: 'long', value: 5n, tag: 'l' }, 'x-foo': 2, 'x-cache-size': 'a' };
    expect(house.declare('q', same)).toBe(queue);
  });
});

test('no name is made up for a quorum queue or a stream', () => {
  for (const type of ['quorum', 'stream'])
    expect(() => checkServerNamed(table({ 'x-queue-type': type }))).toThrow(
      `PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_${type}_queue`,
    );
  checkServerNamed(table({ 'x-queue-type': 'classic' }));
  checkServerNamed(table({}));
});

test('arguments of consumers', () => {
  const check = (type: 'classic' | 'quorum', args: Args): void => checkConsumerArguments('Q', type, table(args));
  expect(() => check('quorum', { 'x-priority': 'a' })).toThrow(
    `invalid arg 'x-priority' for Q: "expected integer, got longstr"`,
  );
  expect(() => check('classic', { 'x-cancel-on-ha-failover': 5 })).toThrow('{unacceptable_type,signedint}');
  expect(() => check('quorum', { 'x-cancel-on-ha-failover': true })).toThrow('of queue type rabbit_quorum_queue');
  expect(() => check('classic', { 'x-stream-offset': 'first' })).toThrow('of queue type rabbit_classic_queue');
  check('classic', { 'x-priority': -5, 'x-foo': 1, 'x-message-ttl': 'a', 'x-consumer-timeout': 5 });
});

test('limits on what is declared hold for new things alone', () => {
  const house = new House();
  house.declare('a');
  house.vhost.setRule({ type: 'limit.put', vhost: '/', name: 'max-queues', value: 1 });
  expect(house.refusal(() => house.declare('b', { 'x-dead-letter-exchange': 5 }))).toBe(
    "PRECONDITION_FAILED - cannot declare queue 'b': queue limit in vhost '/' (1) is reached",
  );
  house.declare('a');
  house.vhost.setRule({ type: 'limit.put', vhost: '/', name: 'max-queues', value: -1 });
  house.declare('b');
  house.broker.limits = { queuesMax: 2, exchangesMax: 7, vhostsMax: 1 };
  expect(house.refusal(() => house.declare('c'))).toContain("'c': queue limit in cluster (2) is reached");
  expect(house.refusal(() => house.declareExchange('x'))).toBe(
    "PRECONDITION_FAILED - cannot declare exchange 'x' in vhost '/': exchange limit of 7 is reached",
  );
  house.declareExchange('amq.direct');
  expect(house.refusal(() => house.broker.createVhost('v'))).toContain(
    "cannot create vhost 'v': vhost limit of 1 is reached",
  );
  expect(house.broker.createVhost('/')).toBe(house.vhost);
});

test('every row of the table says what it is', () => {
  for (const row of argumentTable) {
    expect(row.meaning, row.argument ?? row.key).toMatch(/\.$/);
    expect(row.key === undefined || row.refusal !== undefined, row.key).toBe(true);
    if (row.on.includes('queue') && row.argument !== undefined) expect(row.types, row.argument).not.toBe(undefined);
  }
  const names = argumentTable.flatMap(({ argument, key }) => [argument, key].filter(name => name !== undefined));
  expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual(['alternate-exchange']);
});
