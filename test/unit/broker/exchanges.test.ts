import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeProperties } from '../../../src/amqp/properties.ts';
import { bool, type FieldValue, longstr, Table } from '../../../src/amqp/table.ts';
import type { Binding, ExchangeType } from '../../../src/broker/binding.ts';
import { DirectExchange } from '../../../src/broker/exchanges/direct.ts';
import { FanoutExchange } from '../../../src/broker/exchanges/fanout.ts';
import { HeadersExchange } from '../../../src/broker/exchanges/headers.ts';
import { TopicExchange } from '../../../src/broker/exchanges/topic.ts';
import { encodeAddress, Message } from '../../../src/broker/message.ts';
import { Routed } from '../../../src/broker/routed.ts';

const binding = (destination: number, routingKey: string, args = Table.empty): Binding<number> => ({
  destination,
  routingKey,
  arguments: args,
});

const queue = { kind: 'queue' } as const;

const types = {
  direct: DirectExchange<number>,
  fanout: FanoutExchange<number>,
  topic: TopicExchange<number>,
  headers: HeadersExchange<number>,
};

function messageOf(key: string, headers?: Table): Message {
  const header = encodeProperties(headers === undefined ? {} : { headers }, 0);
  const address = encodeAddress('x', key);
  return new Message(address, header, 0, header.length, header, 0, 0, undefined, 0, false, undefined, 0);
}

function create(name: keyof typeof types): ExchangeType<number> {
  const type = new types[name]();
  expect(type.name).toBe(name);
  return type;
}

function routed(type: ExchangeType<number>, key: string, headers?: Table): number[] {
  const found: number[] = [];
  type.route(new Routed(messageOf(key, headers), [key]), destination => found.push(destination));
  return found.sort((a, b) => a - b);
}

/** The words of the specification, one at a time: slow and obvious. */
function topicMatches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return words.some((_, n) => topicMatches(rest, words.slice(n))) || topicMatches(rest, []);
  if (words.length === 0) return false;
  return (first === '*' || first === words[0]) && topicMatches(rest, words.slice(1));
}

const naive: Record<'direct' | 'fanout' | 'topic', (key: string, routingKey: string) => boolean> = {
  direct: (key, routingKey) => key === routingKey,
  fanout: () => true,
  topic: (key, routingKey) =>
    topicMatches(key === '' ? [] : key.split('.'), routingKey === '' ? [] : routingKey.split('.')),
};

const words = (...all: string[]) => fc.array(fc.constantFrom(...all), { maxLength: 5 }).map(list => list.join('.'));
const patterns = words('a', 'b', '', '*', '#');
/** A change: bind that key, or unbind the binding with that number. */
const changes = fc.array(fc.oneof({ weight: 3, arbitrary: patterns }, { weight: 1, arbitrary: fc.nat() }), {
  maxLength: 30,
});

describe.each(['direct', 'fanout', 'topic'] as const)('%s', name => {
  test('finds what a naive matcher finds, whatever was bound and unbound before', () => {
    fc.assert(
      fc.property(changes, fc.array(words('a', 'b', 'c', '', '*', '#'), { minLength: 1 }), (steps, keys) => {
        const type = create(name);
        const bound: Binding<number>[] = [];
        for (const [number, step] of steps.entries()) {
          if (typeof step === 'string') {
            bound.push(binding(number % 7, step));
            type.add(bound[bound.length - 1]!);
          } else if (bound.length > 0) {
            type.remove(bound.splice(step % bound.length, 1)[0]!);
          }
          for (const key of keys) {
            const expected = bound.filter(each => naive[name](each.routingKey, key)).map(each => each.destination);
            expect(routed(type, key)).toEqual(expected.sort((a, b) => a - b));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('ignores the removal of what was never added', () => {
    const type = create(name);
    type.add(binding(1, 'a.b'));
    type.remove(binding(1, 'a.b'));
    type.remove(binding(1, 'a.b.c'));
    type.remove(binding(1, 'x'));
    expect(routed(type, 'a.b')).toEqual([1]);
  });
});

describe('topic', () => {
  const cases: [pattern: string, key: string, matches: boolean][] = [
    ['#', '', true],
    ['*', '', false],
    ['', '', true],
    ['', 'a', false],
    ['a.*.b', 'a..b', true],
    ['a.#.b', 'a.b', true],
    ['a.#.b', 'a.x.y.b', true],
    ['#.#', '', true],
    ['*.#', '', false],
    ['*.#', 'a', true],
    ['*.*', '.', true],
    ['a.', 'a', false],
    ['\xff.*', '\xff.\xfe', true],
  ];
  test.each(cases)('%j on %j: %j', (pattern, key, matches) => {
    const type = create('topic');
    type.add(binding(1, pattern));
    expect(routed(type, key)).toEqual(matches ? [1] : []);
  });

  test('a pattern of many # meets a long key without exploding', () => {
    const type = create('topic');
    type.add(binding(1, `${'#.'.repeat(40)}end`));
    expect(routed(type, `${'a.'.repeat(100)}other`)).toEqual([]);
    expect(routed(type, `${'a.'.repeat(100)}end`)).toEqual([1]);
  });

  test('may be asked to route again from within a route', () => {
    const type = create('topic');
    for (const key of ['#', '*.b', 'a.*', 'a.b']) type.add(binding(1, key));
    let inner = 0;
    const [outer, other] = ['a.b', 'a.c'].map(key => new Routed(messageOf(key), [key])) as [Routed, Routed];
    type.route(outer, () => type.route(other, () => (inner += 1)));
    expect(inner).toBe(8);
  });
});

describe('headers', () => {
  const int = (value: number): FieldValue => ({ type: 'signedint', value });
  const nothing: FieldValue = { type: 'void', value: null };
  const matches = (args: [string, FieldValue][], headers?: [string, FieldValue][]): boolean => {
    const type = create('headers');
    const bound = binding(1, 'ignored', Table.from(args));
    type.add(bound);
    const found = routed(type, 'key', headers && Table.from(headers)).length === 1;
    type.remove(bound);
    expect(routed(type, 'key', headers && Table.from(headers))).toEqual([]);
    return found;
  };
  const match = (kind: string): [string, FieldValue] => ['x-match', longstr(kind)];

  test('all is the default and needs every argument', () => {
    for (const start of [[], [match('all')]] as [string, FieldValue][][]) {
      expect(
        matches(
          [...start, ['a', int(1)], ['b', int(2)]],
          [
            ['b', int(2)],
            ['c', int(3)],
            ['a', int(1)],
          ],
        ),
      ).toBe(true);
      expect(matches([...start, ['a', int(1)], ['b', int(2)]], [['a', int(1)]])).toBe(false);
      expect(matches([...start, ['a', int(1)]], [['a', int(2)]])).toBe(false);
      expect(matches(start)).toBe(true);
      expect(matches(start, [['a', int(1)]])).toBe(true);
    }
  });

  test('any needs one, and with no arguments finds nothing', () => {
    expect(matches([match('any'), ['a', int(1)], ['b', int(2)]], [['b', int(2)]])).toBe(true);
    expect(matches([match('any'), ['a', int(1)]], [['a', int(2)]])).toBe(false);
    expect(matches([match('any')])).toBe(false);
    expect(matches([match('any')], [['a', int(1)]])).toBe(false);
  });

  test('keys that start with x- count only with -with-x, and x-match never', () => {
    const x: [string, FieldValue] = ['x-a', int(1)];
    expect(matches([match('all'), x], [])).toBe(true);
    expect(matches([match('all-with-x'), x], [])).toBe(false);
    expect(matches([match('all-with-x'), x], [x])).toBe(true);
    expect(matches([match('any'), x], [x])).toBe(false);
    expect(matches([match('any-with-x'), x], [x])).toBe(true);
    expect(matches([match('any-with-x')], [match('any-with-x')])).toBe(false);
  });

  test('void asks for presence, and a void header equals only that', () => {
    expect(matches([['a', nothing]], [['a', longstr('anything')]])).toBe(true);
    expect(matches([['a', nothing]], [['b', nothing]])).toBe(false);
    expect(matches([['a', int(0)]], [['a', nothing]])).toBe(false);
  });

  test('numbers are equal by value whatever their types', () => {
    const ones: FieldValue[] = [
      int(1),
      { type: 'byte', value: 1 },
      { type: 'unsignedshort', value: 1 },
      { type: 'long', value: 1n, tag: 'L' },
      { type: 'float', value: 1 },
      { type: 'double', value: 1 },
      { type: 'timestamp', value: 1n },
    ];
    for (const one of ones) for (const other of ones) expect(matches([['a', one]], [['a', other]])).toBe(true);
    expect(matches([['a', int(1)]], [['a', longstr('1')]])).toBe(false);
    expect(matches([['a', int(1)]], [['a', bool(true)]])).toBe(false);
    const large = 2n ** 53n + 1n;
    const long: FieldValue = { type: 'long', value: large, tag: 'l' };
    expect(matches([['a', long]], [['a', { type: 'double', value: Number(large) }]])).toBe(false);
  });

  test('duplicate keys pair in order', () => {
    const twice: [string, FieldValue][] = [
      ['a', int(1)],
      ['a', int(2)],
    ];
    expect(matches(twice, twice)).toBe(true);
    expect(matches([['a', int(2)]], twice)).toBe(false);
    expect(matches(twice, [['a', int(1)]])).toBe(false);
  });

  test('refuses an unknown x-match with the text of RabbitMQ', () => {
    const refusal = (value: FieldValue) => create('headers').validate?.('', Table.from({ 'x-match': value }), queue);
    for (const kind of ['all', 'any', 'all-with-x', 'any-with-x']) expect(refusal(longstr(kind))).toBeUndefined();
    expect(create('headers').validate?.('', Table.empty, queue)).toBeUndefined();
    expect(refusal(longstr('foo'))).toBe(
      'Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x',
    );
    expect(refusal(int(5))).toBe('Invalid x-match field type signedint (value 5); expected longstr');
  });
});
