// Why a message arrives: the explanation agrees with the route, and says what is the matter.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeProperties } from '../../../src/amqp/properties.ts';
import { type FieldValue, longstr, Table } from '../../../src/amqp/table.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { explainRoute } from '../../../src/broker/explain-route.ts';
import { encodeAddress, Message } from '../../../src/broker/message.ts';
import { route } from '../../../src/broker/route.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import { Bench } from './shelf.ts';

const plain = { durable: false, autoDelete: false, internal: false, arguments: Table.empty };
const queueOptions = { durable: false, exclusive: false, autoDelete: false, arguments: Table.empty };

function vhost(): Vhost {
  return new Broker(new Bench().services).createVhost('/');
}

const headers = (...pairs: [string, string][]): Table => Table.from(pairs.map(([key, value]) => [key, longstr(value)]));

test('it leads where the route leads, whatever is bound to what', () => {
  const names = ['e0', 'e1', 'e2', 'e3', 'q0', 'q1', 'q2'];
  const words = fc.array(fc.constantFrom('a', 'b', '*', '#'), { maxLength: 3 }).map(list => list.join('.'));
  const pairs = fc.array(fc.tuple(fc.constantFrom('x', 'y', 'x-match'), fc.constantFrom('1', '2', 'any', 'all')), {
    maxLength: 3,
  });
  const binding = fc.record({
    source: fc.nat(3),
    destination: fc.constantFrom(...names),
    key: words,
    args: pairs.filter(list => list.every(([key, value]) => (key === 'x-match') === /a/.test(value))),
  });
  fc.assert(
    fc.property(
      fc.array(binding, { maxLength: 12 }),
      fc.array(fc.option(fc.constantFrom('e0', 'e1', 'gone')), { minLength: 4, maxLength: 4 }),
      fc.constantFrom('', 'e0', 'e1', 'e2', 'e3'),
      fc.oneof(words, fc.constantFrom('q0', 'q7')),
      pairs,
      (bindings, alternates, from, key, data) => {
        const home = vhost();
        for (const [n, type] of ['direct', 'fanout', 'topic', 'headers'].entries()) {
          const alternate = alternates[n] ?? undefined;
          const args = alternate === undefined ? Table.empty : headers(['alternate-exchange', alternate]);
          home.declareExchange(`e${n}`, { ...plain, type, arguments: args });
        }
        for (const name of ['q0', 'q1', 'q2']) home.declareQueue(name, queueOptions, undefined);
        for (const { source, destination, key: bound, args } of bindings) {
          const to = home.queues.get(destination) ?? home.exchange(destination);
          home.bind(home.exchange(`e${source}`), to, bound, headers(...args));
        }
        const exchange = home.exchange(from);
        const header = encodeProperties({ headers: headers(...data) }, 0);
        const address = encodeAddress(from, key);
        const parts = [header, 0, header.length, header, 0, 0, undefined, 0, false, undefined, 0] as const;
        const real = route(home, exchange, new Message(address, ...parts), [key]);
        const explained = explainRoute(home, exchange, key, headers(...data));
        expect(new Set(explained.queues)).toEqual(new Set(real.queues));
        expect(explained.outcome).toBe(real.queues.length > 0 ? 'routed' : 'dropped');
        expect(explained.bindings.every(({ why }) => why.length > 0)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

describe('the reason', () => {
  const cases: [
    type: string,
    key: string,
    args: Table,
    routingKey: string,
    data: Table,
    matched: boolean,
    why: RegExp,
  ][] = [
    ['direct', 'a', Table.empty, 'a', Table.empty, true, /is 'a'/],
    ['direct', 'a', Table.empty, 'A', Table.empty, false, /'A' is not 'a'/],
    ['direct', Buffer.from('ü').toString('latin1'), Table.empty, 'u', Table.empty, false, /is not 'ü'/],
    ['fanout', '', Table.empty, 'x', Table.empty, true, /everything/],
    ['topic', 'a.*', Table.empty, 'a.b', Table.empty, true, /matches the pattern 'a.\*'/],
    ['topic', 'a.*', Table.empty, 'a', Table.empty, false, /it has 1 word, the pattern 2 words/],
    ['topic', 'a.*.c', Table.empty, 'a.b.d', Table.empty, false, /word 3 is 'd' instead of 'c'/],
    ['topic', 'a.#', Table.empty, 'b', Table.empty, false, /does not match the pattern 'a.#'$/],
    ['headers', '', headers(['k', 'v']), '', Table.empty, false, /'k' is missing/],
    [
      'headers',
      '',
      headers(['k', 'v']),
      '',
      headers(['k', 'w']),
      false,
      /'k' is "w" \(longstr\), the binding wants "v"/,
    ],
    ['headers', '', headers(['k', 'v'], ['l', 'v']), '', headers(['k', 'v'], ['l', 'v']), true, /all headers/],
    ['headers', '', headers(['x-match', 'any'], ['k', 'v'], ['l', 'v']), '', headers(['l', 'v']), true, /'l' is as/],
    ['headers', '', headers(['x-match', 'any'], ['k', 'v']), '', headers(), false, /none .*'k' is missing/],
    ['headers', '', headers(['x-k', 'v']), '', headers(), true, /asks for no header/],
  ];
  test.each(cases)('of %s %j %j for %j %j', (type, key, args, routingKey, data, matched, why) => {
    const home = vhost();
    const exchange = home.declareExchange('e', { ...plain, type });
    home.bind(exchange, home.declareQueue('q', queueOptions, undefined), key, args);
    const { bindings } = explainRoute(home, exchange, routingKey, data);
    expect(bindings).toHaveLength(1);
    expect(bindings[0]).toMatchObject({ via: 'binding', matched });
    expect(bindings[0]!.why).toMatch(why);
  });

  test('of types that choose one destination: the one that is chosen matches', () => {
    for (const type of ['x-consistent-hash', 'x-modulus-hash', 'x-random', 'x-local-random']) {
      const home = vhost();
      const exchange = home.declareExchange('e', { ...plain, type });
      const key = type === 'x-consistent-hash' ? '1' : '';
      for (const name of ['q', 'r', 's'])
        home.bind(exchange, home.declareQueue(name, queueOptions, undefined), key, Table.empty);
      const { bindings, queues } = explainRoute(home, exchange, 'k', undefined);
      expect(queues).toHaveLength(1);
      const matched = bindings.filter(binding => binding.matched);
      expect(matched.map(({ destination }) => destination)).toEqual(queues);
      expect(new Set(bindings.map(({ why }) => why)).size).toBe(2);
    }
  });

  test('of a message with CC and BCC: each key counts', () => {
    const home = vhost();
    const exchange = home.declareExchange('e', { ...plain, type: 'direct' });
    for (const name of ['a', 'b', 'c'])
      home.bind(exchange, home.declareQueue(name, queueOptions, undefined), name, Table.empty);
    const list = (key: string): FieldValue => ({ type: 'array', value: [longstr(key)] });
    const copies = Table.from({ CC: list('b'), BCC: list('c') });
    expect(explainRoute(home, exchange, 'a', copies).queues.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(explainRoute(home, home.exchange(''), 'a', copies).queues.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('of nothing there, of a mandatory one, and of an alternate exchange', () => {
    const home = vhost();
    const exchange = home.declareExchange('e', {
      ...plain,
      type: 'direct',
      arguments: headers(['alternate-exchange', 'left']),
    });
    expect(explainRoute(home, exchange, 'k', undefined).why).toMatch(
      /nothing is bound.*'left' does not exist.*dropped/,
    );
    expect(explainRoute(home, exchange, 'k', undefined, true)).toMatchObject({
      outcome: 'returned',
      why: expect.stringMatching(/312 NO_ROUTE/),
    });
    const left = home.declareExchange('left', { ...plain, type: 'fanout' });
    home.bind(left, home.declareQueue('q', queueOptions, undefined), '', Table.empty);
    const found = explainRoute(home, exchange, 'k', undefined);
    expect(found.bindings.map(({ via, matched }) => [via, matched])).toEqual([
      ['alternate', true],
      ['binding', true],
    ]);
    home.bind(exchange, home.exchange('amq.fanout'), 'k', Table.empty);
    expect(explainRoute(home, exchange, 'k', undefined).bindings.map(({ matched }) => matched)).toEqual([true, false]);
    expect(explainRoute(home, home.exchange(''), 'q', undefined).bindings).toMatchObject([{ via: 'default' }]);
    expect(explainRoute(home, home.exchange(''), 'p', undefined).why).toMatch(/there is no queue 'p'/);
    expect(explainRoute(home, home.exchange('amq.rabbitmq.trace'), '', undefined).why).toMatch(/internal/);
  });
});
