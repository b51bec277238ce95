// Events: who is told, of what, and that nothing is said while nobody listens.
import { beforeEach, expect, it } from 'vitest';
import { Table, tableToPlain } from '../../../src/amqp/table.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { eventTable } from '../../../src/broker/event-table.ts';
import { erlangAddress, eventExchange } from '../../../src/broker/events.ts';
import { NoJournal } from '../../../src/broker/journal.ts';
import { Memory } from '../../../src/broker/memory.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';

let broker: Broker;
let home: Vhost;
let later: (() => void)[];

const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty };

beforeEach(() => {
  later = [];
  broker = new Broker(
    {
      journal: new NoJournal(run => run()),
      scratch: undefined,
      memory: new Memory(1 << 20),
      clock: { now: 1_700_000_000_123 },
      random: { name: () => 'random', below: limit => limit - 1 },
      later: run => void later.push(run),
      damaged: () => {},
      unsettled: () => [],
    },
    'home',
  );
  home = broker.createVhost('home');
});

function turnEnds(): void {
  for (const run of later.splice(0)) run();
}

function log(key = '#'): ReturnType<Vhost['declareQueue']> {
  const queue = home.declareQueue('log', declaration, undefined);
  home.bind(home.exchange(eventExchange), queue, key, Table.empty);
  turnEnds();
  queue.purge();
  return queue;
}

it('is an exchange that only its vhost has', () => {
  expect(home.exchanges.has(eventExchange)).toBe(true);
  expect(broker.createVhost('other').exchanges.has(eventExchange)).toBe(false);
  expect([...broker.facts()].filter(fact => fact.type === 'exchange.declared')).toEqual([]);
});

it('sends nothing before it has begun, and nothing while nobody listens', () => {
  const queue = log();
  home.declareQueue('a', declaration, undefined);
  turnEnds();
  expect(queue.ready.count).toBe(0);
  broker.events.begin();
  home.deleteQueue(queue);
  later = [];
  home.declareQueue('b', declaration, undefined);
  expect(later).toEqual([]);
});

it('sends at the end of the turn, by key, in order', () => {
  broker.events.begin();
  const queue = log('queue.#');
  home.declareQueue('a', declaration, undefined);
  home.deleteQueue(home.queue('a', undefined));
  expect(queue.ready.count).toBe(0);
  turnEnds();
  expect(queue.ready.count).toBe(2);
  turnEnds();
  expect(queue.ready.count).toBe(2);
});

it('ends with its vhost', () => {
  broker.events.begin();
  log();
  broker.deleteVhost('home');
  turnEnds();
  expect(broker.events.home).toBeUndefined();
});

it('tells watchers with all headers, by whom, and stops when they go', () => {
  broker.events.begin();
  const seen: [string, unknown][] = [];
  const stop = broker.events.watch((key, headers) => seen.push([key, tableToPlain(headers)]));
  broker.events.by('alice', () => home.declareQueue('a', declaration, undefined));
  home.deleteQueue(home.queue('a', undefined));
  stop();
  home.declareQueue('b', declaration, undefined);
  const told = { name: 'a', vhost: 'home', timestamp_in_ms: 1_700_000_000_123 };
  expect(seen).toEqual([
    [
      'queue.created',
      {
        ...told,
        user_who_performed_action: 'alice',
        exclusive: false,
        owner_pid: '',
        arguments: [],
        auto_delete: false,
        durable: true,
      },
    ],
    ['queue.deleted', { ...told, user_who_performed_action: 'rmq-internal' }],
  ]);
});

it('names no header that could hold a secret', () => {
  const headers = new Set(Object.values(eventTable).flatMap(each => Object.keys(each)));
  expect([...headers].filter(name => /pass|secret|hash$/.test(name))).toEqual(['ssl_hash']);
});

it('prints addresses as Erlang does', () => {
  expect(erlangAddress('127.0.0.1')).toBe('{127,0,0,1}');
  expect(erlangAddress('::ffff:10.0.0.7')).toBe('{10,0,0,7}');
  expect(erlangAddress('::1')).toBe('::1');
});
