// Deduplication: which values count as the same, how long they are remembered, and what of them survives.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeProperties } from '../../../src/amqp/properties.ts';
import { bool, type FieldValue, longstr, Table } from '../../../src/amqp/table.ts';
import { Authority } from '../../../src/auth/authority.ts';
import { Broker } from '../../../src/broker/broker.ts';
import { ExchangeDeduplication, QueueDeduplication } from '../../../src/broker/deduplication.ts';
import { Memory, Source } from '../../../src/broker/memory.ts';
import { encodeAddress, Message } from '../../../src/broker/message.ts';
import { publish, publishVia } from '../../../src/broker/publish.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import type { Config } from '../../../src/node/config.ts';
import { openStores, type Stores } from '../../../src/node/stores.ts';
import type { Journal } from '../../../src/storage/journal.ts';
import { Bench } from './shelf.ts';

const int = (value: number): FieldValue => ({ type: 'signedint', value });
const on = { 'x-message-deduplication': bool(true) };

function messageOf(
  value: FieldValue | undefined,
  publishedAt = 0,
  { headers = {}, name = 'x-deduplication-header', persistent = true, memory = new Memory(1 << 30) } = {},
): Message {
  const all = value === undefined ? headers : { [name]: value, ...headers };
  const header = encodeProperties({ headers: Table.from(all as Record<string, FieldValue>) }, 1);
  const body = Buffer.from('b');
  const parts = [header, 0, header.length, body, 0, 1, undefined, 1, persistent] as const;
  return new Message(encodeAddress('x', 'k'), ...parts, new Source(memory, 100), publishedAt);
}

const text = (value: string, publishedAt = 0): Message => messageOf(longstr(value), publishedAt);

describe('of an exchange', () => {
  const of = (args: Record<string, FieldValue> = {}): ExchangeDeduplication =>
    ExchangeDeduplication.of(Table.from({ ...on, ...args })) as ExchangeDeduplication;

  test('is there where it is asked for', () => {
    expect(ExchangeDeduplication.of(Table.empty)).toBeUndefined();
    expect(ExchangeDeduplication.of(Table.from({ 'x-message-deduplication': bool(false) }))).toBeUndefined();
    expect(ExchangeDeduplication.of(Table.from({ 'x-message-deduplication': longstr('true') }))).toBeUndefined();
  });

  test('a value that was seen is a duplicate; a message without one never is', () => {
    const seen = of();
    for (const message of [text('a'), messageOf(undefined), messageOf({ type: 'void', value: null })]) {
      expect(seen.isDuplicate(message)).toBe(false);
      seen.remember(message, true);
    }
    expect(seen.isDuplicate(text('a'))).toBe(true);
    expect(seen.isDuplicate(text('b'))).toBe(false);
    expect(seen.isDuplicate(messageOf(undefined))).toBe(false);
    expect(seen.isDuplicate(messageOf({ type: 'void', value: null }))).toBe(false);
  });

  test('numbers are the same whatever their type, and no texts', () => {
    const seen = of();
    seen.remember(messageOf(int(1)), true);
    expect(seen.isDuplicate(messageOf({ type: 'long', value: 1n, tag: 'l' }))).toBe(true);
    expect(seen.isDuplicate(messageOf({ type: 'double', value: 1 }))).toBe(true);
    expect(seen.isDuplicate(text('1'))).toBe(false);
    const nested: FieldValue = { type: 'array', value: [longstr('a'), int(1)] };
    seen.remember(messageOf(nested), true);
    expect(seen.isDuplicate(messageOf(nested))).toBe(true);
    expect(seen.isDuplicate(messageOf({ type: 'array', value: [int(1), longstr('a')] }))).toBe(false);
  });

  test('a value longer than 1,024 bytes is none', () => {
    const seen = of();
    for (const length of [1023, 1024]) seen.remember(text('x'.repeat(length)), true);
    expect(seen.isDuplicate(text('x'.repeat(1023)))).toBe(true);
    expect(seen.isDuplicate(text('x'.repeat(1024)))).toBe(false);
  });

  test('the header is the one that is named', () => {
    const seen = of({ 'x-deduplication-header': longstr('id') });
    seen.remember(messageOf(longstr('a'), 0, { name: 'id' }), true);
    expect(seen.isDuplicate(messageOf(longstr('a'), 0, { name: 'id' }))).toBe(true);
    expect(seen.isDuplicate(text('a'))).toBe(false);
  });

  test('the oldest goes when there are too many, 128 unless told otherwise; seen again is new', () => {
    for (const [size, args] of [[128, {}] as const, [3, { 'x-cache-size': int(3) }] as const]) {
      const seen = of(args);
      for (let n = 0; n < size; n++) seen.remember(text(`v${n}`), true);
      seen.remember(text('v0'), true);
      seen.remember(text('new'), true);
      expect([seen.isDuplicate(text('v0')), seen.isDuplicate(text('v1')), seen.isDuplicate(text('v2'))]).toEqual([
        true,
        false,
        true,
      ]);
    }
  });

  test('it is forgotten after its time, its own before that of the arguments', () => {
    const seen = of({ 'x-cache-ttl': int(100) });
    const own = (ms: number) => messageOf(longstr('b'), 0, { headers: { 'x-cache-ttl': int(ms) } });
    seen.remember(text('a'), true);
    seen.remember(own(1000), true);
    expect([99, 100].map(at => seen.isDuplicate(text('a', at)))).toEqual([true, false]);
    expect([999, 1000].map(at => seen.isDuplicate(text('b', at)))).toEqual([true, false]);
    seen.remember(own(-5), true);
    expect([99, 100].map(at => seen.isDuplicate(text('b', at)))).toEqual([true, false]);
  });
});

describe('of a queue', () => {
  const of = (args: Record<string, FieldValue> = {}): QueueDeduplication =>
    QueueDeduplication.of(Table.from({ ...on, ...args })) as QueueDeduplication;

  test('a value is remembered until its message is settled', () => {
    const seen = of();
    seen.remember(text('a'), 1);
    seen.remember(messageOf(undefined), 2);
    expect(seen.isDuplicate(text('a'))).toBe(true);
    seen.settled(2);
    expect(seen.isDuplicate(text('a'))).toBe(true);
    seen.settled(1);
    expect(seen.isDuplicate(text('a'))).toBe(false);
  });

  test('after its time a second one may come; the first one, settled, does not take its place away', () => {
    const seen = of({ 'x-cache-ttl': int(100) });
    seen.remember(text('a'), 1);
    expect(seen.isDuplicate(text('a', 100))).toBe(false);
    seen.remember(text('a', 100), 2);
    seen.settled(1);
    expect(seen.isDuplicate(text('a', 199))).toBe(true);
  });

  test('no more than so many, though all are in the queue', () => {
    const seen = of({ 'x-cache-size': int(2) });
    for (const [n, value] of ['a', 'b', 'c'].entries()) seen.remember(text(value), n + 1);
    expect(['a', 'b', 'c'].map(value => seen.isDuplicate(text(value)))).toEqual([false, true, true]);
  });
});

test('a queue that deduplicates takes a value once while it has it, whatever becomes of the message', () => {
  const bench = new Bench();
  const args = Table.from({ ...on, 'x-max-length': int(2) });
  const home = new Broker(bench.services).createVhost('/');
  const queue = home.declareQueue(
    'q',
    { durable: true, exclusive: false, autoDelete: false, arguments: args },
    undefined,
  );
  const other = home.declareQueue(
    'r',
    { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty },
    undefined,
  );
  const send = (value: string, queues: readonly Queue[] = [queue]) =>
    publish(queues, messageOf(longstr(value), 0, { memory: bench.memory }), bench.journal);
  expect([send('a'), send('a'), send('b')]).toEqual(['kept', 'known', 'kept']);
  expect(send('a', [queue, other])).toBe('kept');
  expect([queue.ready.count, other.ready.count]).toEqual([2, 1]);
  expect(queue.stats.deduplicated).toBe(2);
  // Acknowledged.
  const entry = queue.take(false);
  if (typeof entry !== 'object') throw new Error('nothing to take');
  expect(send('a')).toBe('known');
  queue.ack(entry, 0);
  expect(send('a')).toBe('kept');
  // Dropped for its length: b was the head.
  expect([send('c'), send('b')]).toEqual(['kept', 'kept']);
  // Purged.
  queue.purge();
  expect([send('b'), send('c')]).toEqual(['kept', 'kept']);
});

describe('after a restart', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'deduplication-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const open = (): Promise<Stores> => {
    const later = (run: () => void): void => void setImmediate(run);
    return openStores({
      config: { dataDir: folder, segmentBytes: 1 << 20, sync: 'os', syncIntervalMs: 100 } as Config,
      log: { info: () => {}, warning: () => {}, error: () => {} } as never,
      clock: { now: 1 },
      random: { name: () => '', below: () => 0 },
      memory: new Memory(1 << 20),
      authority: new Authority({ now: () => 0 }),
      later,
      atEnd: later,
      unsettled: () => [],
    } as Parameters<typeof openStores>[0]);
  };

  test('what was seen and what is in the queue is remembered, and nothing else', async () => {
    const durable = { durable: true, exclusive: false, autoDelete: false, arguments: Table.from(on) };
    let stores = await open();
    let vhost = stores.broker.createVhost('v');
    const exchange = vhost.declareExchange('e', { ...durable, type: 'fanout', internal: false });
    const gone = vhost.declareExchange('g', { ...durable, type: 'fanout', internal: false });
    const queue = vhost.declareQueue('q', durable, undefined);
    const plain = vhost.declareQueue('p', { ...durable, arguments: Table.empty }, undefined);
    for (const [from, message] of [
      [exchange, text('kept')],
      [exchange, messageOf(longstr('transient'), 0, { persistent: false })],
      [gone, text('kept')],
    ] as const)
      publishVia(from, [plain], message, stores.journal);
    for (const value of ['stays', 'goes']) publish([queue], text(value), stores.journal);
    queue.remove(2);
    vhost.deleteExchange('g', false);
    vhost.declareExchange('g', { ...durable, type: 'fanout', internal: false });
    for (let n = 0; n < 2; n++) {
      await stores.close();
      stores = await open();
      vhost = stores.broker.vhosts.get('v')!;
      const seen = (name: string, value: string) => vhost.exchange(name).deduplication?.isDuplicate(text(value));
      expect([seen('e', 'kept'), seen('e', 'transient'), seen('g', 'kept')]).toEqual([true, false, false]);
      const waits = (value: string) => vhost.queue('q', undefined).deduplication?.isDuplicate(text(value));
      expect([waits('stays'), waits('goes')]).toEqual([true, false]);
    }
    const facts = [...stores.broker.facts()].filter(({ type }) => type.endsWith('.seen'));
    expect(facts).toMatchObject([{ values: [['Skept', null]] }, { values: [[1, 'Sstays', null]] }]);
    await stores.close();
  });

  const declare = (stores: Stores, name: string, args: Record<string, FieldValue>): Queue => {
    const vhost = stores.broker.createVhost(name);
    const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.from(args) };
    return vhost.declareQueue('q', declaration, undefined);
  };

  test('a message in the place of one that is gone does not bring its value back', async () => {
    let stores = await open();
    let queue = declare(stores, 'places', on);
    publish([queue], text('gone'), stores.journal);
    queue.remove(1);
    for (let n = 0; n < 2; n++) {
      await stores.close();
      stores = await open();
      queue = stores.broker.vhosts.get('places')!.queue('q', undefined);
      expect(queue.deduplication?.isDuplicate(text('gone'))).toBe(false);
      publish([queue], messageOf(undefined), stores.journal);
    }
    await stores.close();
  });

  test('values whose messages are gone take no room from those that wait', async () => {
    let stores = await open();
    let queue = declare(stores, 'room', { ...on, 'x-cache-size': int(3) });
    for (const [n, value] of ['stays', 'b', 'c', 'd'].entries()) {
      publish([queue], text(value), stores.journal);
      if (n > 0) queue.remove(n + 1);
    }
    expect(queue.deduplication?.isDuplicate(text('stays'))).toBe(true);
    await stores.close();
    stores = await open();
    queue = stores.broker.vhosts.get('room')!.queue('q', undefined);
    expect(queue.deduplication?.isDuplicate(text('stays'))).toBe(true);
    await stores.close();
  });

  test('a snapshot of the facts has no value of a message that is not kept', async () => {
    let stores = await open();
    const vhost = stores.broker.createVhost('snapshot');
    const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.from(on) };
    const exchange = vhost.declareExchange('e', { ...declaration, type: 'fanout', internal: false });
    const queue = vhost.declareQueue('q', declaration, undefined);
    for (const persistent of [true, false])
      publishVia(exchange, [queue], messageOf(longstr(String(persistent)), 0, { persistent }), stores.journal);
    (stores.journal as Journal).snapshot();
    await stores.close();
    stores = await open();
    const { deduplication } = stores.broker.vhosts.get('snapshot')!.exchange('e');
    expect([true, false].map(persistent => deduplication?.isDuplicate(text(String(persistent))))).toEqual([
      true,
      false,
    ]);
    await stores.close();
  });

  test('what is committed behind the end of its exchange says nothing to another one of that name', async () => {
    let stores = await open();
    const vhost = stores.broker.createVhost('ended');
    const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.from(on) };
    const ended = vhost.declareExchange('e', { ...declaration, type: 'fanout', internal: false });
    const queue = vhost.declareQueue('q', { ...declaration, arguments: Table.empty }, undefined);
    vhost.deleteExchange('e', false);
    vhost.declareExchange('e', { ...declaration, type: 'fanout', internal: false });
    expect(publishVia(ended, [queue], text('a'), stores.journal)).toBe('kept');
    await stores.close();
    stores = await open();
    expect(stores.broker.vhosts.get('ended')!.exchange('e').deduplication?.isDuplicate(text('a'))).toBe(false);
    await stores.close();
  });
});
