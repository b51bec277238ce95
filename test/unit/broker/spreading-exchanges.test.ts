// The exchange types that choose: by a hash, at random; and the one that remembers.
import { describe, expect, test } from 'vitest';
import { encodeProperties, type Properties } from '../../../src/amqp/properties.ts';
import { bool, type FieldValue, longstr, Table } from '../../../src/amqp/table.ts';
import type { ExchangeType } from '../../../src/broker/binding.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { ConsistentHashExchange, checkHashArguments } from '../../../src/broker/exchanges/consistent-hash.ts';
import { ModulusHashExchange } from '../../../src/broker/exchanges/modulus-hash.ts';
import { RandomExchange } from '../../../src/broker/exchanges/random.ts';
import { checkHistoryArguments, RecentHistoryExchange } from '../../../src/broker/exchanges/recent-history.ts';
import { Memory, Source } from '../../../src/broker/memory.ts';
import { encodeAddress, Message } from '../../../src/broker/message.ts';
import { Routed } from '../../../src/broker/routed.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import { Bench } from './shelf.ts';

interface Place {
  readonly kind: 'queue';
  readonly name: string;
}

const place = (name: string): Place => ({ kind: 'queue', name });
const binding = (destination: Place, routingKey: string) => ({ destination, routingKey, arguments: Table.empty });
const int = (value: number): FieldValue => ({ type: 'signedint', value });

function messageOf(key: string, properties: Properties = {}, body = '', memory: Memory = new Memory(1 << 30)): Message {
  const header = encodeProperties(properties, body.length);
  const bytes = Buffer.from(body);
  const source = new Source(memory, 1000);
  const rest = [bytes, 0, bytes.length, undefined, bytes.length, false, source, 0] as const;
  return new Message(encodeAddress('x', key), header, 0, header.length, ...rest);
}

function routed(type: ExchangeType<Place>, key: string, properties: Properties = {}): string {
  const found: string[] = [];
  type.route(new Routed(messageOf(key, properties), [key]), ({ name }) => found.push(name));
  return found.join(' ');
}

const keys = Array.from({ length: 10_000 }, (_, n) => `key-${n}`);

describe('x-consistent-hash', () => {
  const type = (args: Table = Table.empty) => new ConsistentHashExchange<Place>(args);
  const bound = ['a', 'b', 'c', 'd'].map((name, n) => binding(place(name), String(n + 1)));

  test('shares by weight', () => {
    const hash = type();
    for (const one of bound) hash.add(one);
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(routed(hash, key), (counts.get(routed(hash, key)) ?? 0) + 1);
    for (const [n, name] of ['a', 'b', 'c', 'd'].entries())
      expect(Math.abs(counts.get(name)! - (n + 1) * 1000)).toBeLessThan(200);
  });

  test('who comes takes from all, who goes leaves to all, and nothing else moves', () => {
    const hash = type();
    for (const one of bound.slice(0, 3)) hash.add(one);
    const before = keys.map(key => routed(hash, key));
    hash.add(bound[3]!);
    const between = keys.map(key => routed(hash, key));
    expect(between.every((name, n) => name === 'd' || name === before[n])).toBe(true);
    hash.remove(bound[3]!);
    expect(keys.map(key => routed(hash, key))).toEqual(before);
    hash.remove(bound[1]!);
    const after = keys.map(key => routed(hash, key));
    expect(after.every((name, n) => before[n] === 'b' || name === before[n])).toBe(true);
  });

  test('the order of binding does not matter', () => {
    const [one, other] = [type(), type()];
    for (const each of bound) one.add(each);
    for (const each of [...bound].reverse()) other.add(each);
    expect(keys.map(key => routed(one, key))).toEqual(keys.map(key => routed(other, key)));
  });

  test('of two bindings of one destination the first has the weight, until it goes', () => {
    const [heavy, light, other] = [
      binding(bound[0]!.destination, '1000000'),
      binding(bound[0]!.destination, '1'),
      bound[1]!,
    ];
    const hash = type();
    for (const one of [heavy, light, other]) hash.add(one);
    expect(keys.slice(0, 50).every(key => routed(hash, key) === 'a')).toBe(true);
    hash.remove(heavy);
    expect(new Set(keys.map(key => routed(hash, key)))).toEqual(new Set(['a', 'b']));
    hash.remove(light);
    expect(keys.every(key => routed(hash, key) === 'b')).toBe(true);
    hash.remove(other);
    expect(routed(hash, 'k')).toBe('');
  });

  test('by header, by property, and without a value all the same way', () => {
    const byHeader = type(Table.from({ 'hash-header': longstr('h') }));
    const byId = type(Table.from({ 'hash-property': longstr('message_id') }));
    const byTime = type(Table.from({ 'hash-property': longstr('timestamp') }));
    const makers: [ConsistentHashExchange<Place>, (n: number) => Properties][] = [
      [byHeader, n => ({ headers: Table.from({ h: longstr(String(n)) }) })],
      [byHeader, n => ({ headers: Table.from({ h: int(n) }) })],
      [byId, n => ({ messageId: `m${n}` })],
      [byTime, n => ({ timestamp: BigInt(n) })],
    ];
    for (const hash of [byHeader, byId, byTime]) for (const one of bound) hash.add(one);
    for (const [hash, properties] of makers) {
      expect(hash.byKey).toBe(false);
      const ways = Array.from({ length: 100 }, (_, n) => routed(hash, 'k', properties(n)));
      expect(new Set(ways).size).toBe(4);
      expect(Array.from({ length: 100 }, (_, n) => routed(hash, `other ${n}`, properties(n)))).toEqual(ways);
      expect(new Set(keys.slice(0, 100).map(key => routed(hash, key))).size).toBe(1);
    }
    expect(type().byKey).toBe(true);
  });

  test('refuses keys and arguments with the texts of RabbitMQ', () => {
    const refusal = (key: string) => type().validate(key);
    for (const key of ['1', '+5', '007', '9'.repeat(200)]) expect(refusal(key)).toBeUndefined();
    for (const key of ['0', '-1']) expect(refusal(key)).toBe('The binding key must be greater than 0');
    expect(refusal('a')).toBe('The binding key must be an integer: <<"a">>');
    expect(refusal('')).toBe('The binding key must be an integer: <<>>');
    expect(refusal('5 ')).toBe('The binding key must be an integer: <<"5 ">>');
    const args = (entries: Record<string, FieldValue>) => checkHashArguments(Table.from(entries));
    expect(args({ 'hash-header': longstr('h') })).toBeUndefined();
    expect(args({ 'hash-property': longstr('correlation_id') })).toBeUndefined();
    expect(args({ 'hash-property': longstr('toString') })).toBe('Unsupported property: toString');
    expect(args({ 'hash-header': longstr('h'), 'hash-property': longstr('foo') })).toBe(
      'hash-header and hash-property are mutually exclusive',
    );
    expect(args({ 'hash-header': int(5) })).toBe("invalid type 'signedint' for arg 'hash-header'");
  });
});

test('x-modulus-hash: evenly, the same whatever the order of binding', () => {
  const bound = ['a', 'b', 'c'].map(name => binding(place(name), 'ignored'));
  const [one, other] = [new ModulusHashExchange<Place>(), new ModulusHashExchange<Place>()];
  for (const each of bound) one.add(each);
  for (const each of [...bound].reverse()) other.add(each);
  const ways = keys.map(key => routed(one, key));
  expect(keys.map(key => routed(other, key))).toEqual(ways);
  for (const name of ['a', 'b', 'c'])
    expect(Math.abs(ways.filter(way => way === name).length - 3333)).toBeLessThan(250);
  for (const each of bound) one.remove(each);
  expect(routed(one, 'k')).toBe('');
});

test('x-random: the one that is drawn, and a destination bound twice is one', () => {
  const draws: number[] = [];
  const limits: number[] = [];
  const random = new RandomExchange<Place>({
    name: () => '',
    below: limit => {
      limits.push(limit);
      return draws.shift()!;
    },
  });
  expect(routed(random, 'k')).toBe('');
  const [a, again, b] = [binding(place('a'), ''), binding(place('a'), 'k'), binding(place('b'), '')];
  const twice = { ...again, destination: a.destination };
  random.add(a);
  random.add(twice);
  expect(routed(random, 'k')).toBe('a');
  random.add(b);
  draws.push(0, 1, 0);
  expect([1, 2, 3].map(() => routed(random, 'k'))).toEqual(['a', 'b', 'a']);
  expect(limits).toEqual([2, 2, 2]);
  random.remove(a);
  draws.push(0);
  expect(routed(random, 'k')).toBe('a');
  random.remove(twice);
  expect(routed(random, 'k')).toBe('b');
});

describe('x-recent-history', () => {
  const history = (type: RecentHistoryExchange<Place>) =>
    [...type.history()].map(({ body, bodyStart, bodyEnd }) => body.toString('utf8', bodyStart, bodyEnd));
  const publish = (type: RecentHistoryExchange<Place>, message: Message) =>
    type.route(new Routed(message, ['k']), () => {});

  test('keeps the last ones, 20 unless told otherwise, as copies that count as memory', () => {
    const memory = new Memory(1 << 30);
    const type = new RecentHistoryExchange<Place>(Table.empty, memory);
    for (let n = 0; n < 25; n++) publish(type, messageOf('k', {}, `m${n}`, memory));
    expect(history(type)).toEqual(Array.from({ length: 20 }, (_, n) => `m${n + 5}`));
    expect(memory.bytes).toBeGreaterThan(0);
    type.forget();
    expect(history(type)).toEqual([]);
    expect(memory.bytes).toBe(0);
    const two = new RecentHistoryExchange<Place>(Table.from({ 'x-recent-history-length': int(2) }), memory);
    for (const body of ['a', 'b', 'c']) publish(two, messageOf('k', {}, body, memory));
    expect(history(two)).toEqual(['b', 'c']);
  });

  test('keeps no more bytes than it may', () => {
    const type = new RecentHistoryExchange<Place>(Table.empty, new Memory(1 << 30));
    const large = 'x'.repeat(5 << 20);
    for (const first of ['1', '2', '3', '4']) publish(type, messageOf('k', {}, first + large));
    expect(history(type).map(body => body[0])).toEqual(['2', '3', '4']);
    publish(type, messageOf('k', {}, 'y'.repeat(17 << 20)));
    expect(history(type)).toEqual([]);
  });

  test('leaves out what asks for it', () => {
    const type = new RecentHistoryExchange<Place>(Table.empty, new Memory(1 << 30));
    const noStore = (value: FieldValue) => ({ headers: Table.from({ 'x-recent-history-no-store': value }) });
    publish(type, messageOf('k', noStore(bool(true)), 'a'));
    publish(type, messageOf('k', noStore(bool(false)), 'b'));
    publish(type, messageOf('k', noStore(longstr('true')), 'c'));
    expect(history(type)).toEqual(['b', 'c']);
  });

  test('refuses a length that is none', () => {
    const refusal = (value: FieldValue) => checkHistoryArguments(Table.from({ 'x-recent-history-length': value }));
    const text = (shown: string) => `Invalid argument ${shown}, 'x-recent-history-length' must be a positive integer`;
    expect(refusal(int(5))).toBeUndefined();
    expect(refusal(int(0))).toBe(text('0'));
    expect(refusal(longstr('a'))).toBe(text('<<"a">>'));
    expect(refusal({ type: 'unsignedint', value: 5 })).toBe(text('5'));
  });
});

describe('in a vhost', () => {
  const plain = { durable: false, autoDelete: false, internal: false, arguments: Table.empty };
  const queueOptions = { durable: false, exclusive: false, autoDelete: false, arguments: Table.empty };
  const home = (): Vhost => new Broker(new Bench().services).createVhost('/');

  test('a new binding gets the history once, in order, through exchanges too', () => {
    const vhost = home();
    const exchange = vhost.declareExchange('h', { ...plain, type: 'x-recent-history' });
    for (const body of ['a', 'b']) exchange.routing.route(new Routed(messageOf('k', {}, body), ['k']), () => {});
    const queue = vhost.declareQueue('q', queueOptions, undefined);
    vhost.bind(exchange, queue, '', Table.empty);
    vhost.bind(exchange, queue, '', Table.empty);
    expect(queue.ready.count).toBe(2);
    const direct = vhost.declareExchange('d', { ...plain, type: 'direct' });
    const behind = vhost.declareQueue('r', queueOptions, undefined);
    vhost.bind(direct, behind, 'k', Table.empty);
    vhost.bind(exchange, direct, '', Table.empty);
    expect(behind.ready.count).toBe(2);
    vhost.deleteExchange('h', false);
    expect([...(exchange.routing.history?.() ?? [])]).toEqual([]);
  });

  test('x-local-random takes queues alone, bound with an empty key', () => {
    const vhost = home();
    const exchange = vhost.declareExchange('l', { ...plain, type: 'x-local-random' });
    const queue = vhost.declareQueue('q', queueOptions, undefined);
    expect(() => vhost.bind(exchange, queue, 'k', Table.empty)).toThrow("Non empty binding 'k' key not permitted");
    expect(() => vhost.bind(exchange, vhost.exchange('amq.fanout'), '', Table.empty)).toThrow('Destination not found');
    vhost.bind(exchange, queue, '', Table.empty);
  });

  test('bad arguments are refused where the exchange is new', () => {
    const vhost = home();
    const args = Table.from({ 'x-recent-history-length': int(0) });
    const declare = (type: string) => vhost.declareExchange('h', { ...plain, type, arguments: args });
    expect(() => declare('x-recent-history')).toThrow('must be a positive integer');
    declare('direct');
  });
});
