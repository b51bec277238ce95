// What tracing tells beyond RabbitMQ: acknowledgements, and what became of messages that were not; and what it never tells.
import { beforeEach, expect, test } from 'vitest';
import { decodeProperties } from '../../../src/amqp/properties.ts';
import { Table, tableToPlain } from '../../../src/amqp/table.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import type { Vhost } from '../../../src/broker/vhost.ts';
import { factsOf } from '../../../src/broker/vhost-facts.ts';
import { publishFrames, SessionBench } from '../session/bench.ts';

let bench: SessionBench;
let vhost: Vhost;
let log: Queue;

beforeEach(async () => {
  bench = await SessionBench.open();
  vhost = bench.broker.vhosts.get('/') as Vhost;
  bench.broker.nodeName = 'leveret@test';
  bench.send(1, 'queue.declare', { queue: 'log' });
  bench.send(1, 'queue.bind', { queue: 'log', exchange: 'amq.rabbitmq.trace', routingKey: '#' });
  log = vhost.queue('log', undefined);
  vhost.trace(true);
});

/** The copies so far: key, body and some of the headers. They are taken out. */
function copies(): [key: string, body: string, headers: Record<string, unknown>][] {
  const found: [string, string, Record<string, unknown>][] = [];
  for (let entry = log.ready.take(); entry !== undefined; entry = log.ready.take()) {
    const { address, header, headerStart, headerEnd, body, bodyStart, bodyEnd } = entry.message;
    const { headers } = decodeProperties(header as Buffer, headerStart, headerEnd);
    const { reason, delivery_tag, consumer_tag, dead_letter_exchange } = tableToPlain(headers ?? Table.empty);
    const some = { reason, delivery_tag, consumer_tag, dead_letter_exchange };
    found.push([
      address.toString('utf8', 2 + (address[0] as number)),
      body.toString('utf8', bodyStart, bodyEnd),
      Object.fromEntries(Object.entries(some).filter(([, value]) => value !== undefined)),
    ]);
  }
  return found;
}

function declare(queue: string, args: Record<string, unknown> = {}): void {
  bench.send(1, 'queue.declare', { queue, arguments: args });
}

function publish(queue: string, text: string): void {
  bench.receive(publishFrames(1, queue, Buffer.from(text), 1));
}

test('acknowledgements are told with their delivery and consumer', () => {
  declare('q');
  bench.send(1, 'basic.consume', { queue: 'q', consumerTag: 'worker' });
  for (const text of ['a', 'b', 'c']) publish('q', text);
  copies();
  bench.send(1, 'basic.ack', { deliveryTag: 1 });
  bench.send(1, 'basic.ack', { deliveryTag: 3, multiple: true });
  const of = (n: number) => ({ delivery_tag: n, consumer_tag: 'worker' });
  expect(copies()).toEqual([
    ['ack.q', 'a', of(1)],
    ['ack.q', 'b', of(2)],
    ['ack.q', 'c', of(3)],
  ]);
});

test('what is not acknowledged is told with what became of it', () => {
  declare('q');
  const get = (): void => bench.send(1, 'basic.get', { queue: 'q' });
  publish('q', 'x');
  get();
  bench.send(1, 'basic.nack', { deliveryTag: 1, requeue: true });
  get();
  bench.send(1, 'basic.reject', { deliveryTag: 2, requeue: true });
  get();
  bench.send(1, 'basic.reject', { deliveryTag: 3, requeue: false });
  expect(copies().map(([key, , { reason }]) => (reason === undefined ? key : `${key} ${reason}`))).toEqual([
    'publish.',
    'deliver.q',
    'nack.q requeued',
    'deliver.q',
    'nack.q failed',
    'deliver.q',
    'nack.q rejected',
  ]);
});

test('deaths are told with their reason, and where the message goes', () => {
  declare('dead');
  declare('short', { 'x-max-length': 1, 'x-dead-letter-exchange': 'amq.fanout' });
  declare('dropping', { 'x-max-length': 1 });
  declare('brief', { 'x-message-ttl': 10, 'x-dead-letter-exchange': 'amq.fanout' });
  bench.send(1, 'queue.bind', { queue: 'dead', exchange: 'amq.fanout' });
  for (const text of ['1', '2']) publish('short', text);
  for (const text of ['3', '4']) publish('dropping', text);
  publish('brief', '5');
  bench.clock.now += 11;
  vhost.queue('brief', undefined).touch();
  bench.broker.services.deadlines.run(bench.clock.now);
  expect(copies().filter(([key]) => !key.startsWith('publish.'))).toEqual([
    ['dead-letter.short', '1', { reason: 'maxlen', dead_letter_exchange: 'amq.fanout' }],
    ['drop.dropping', '3', { reason: 'maxlen' }],
    ['expire.brief', '5', { reason: 'expired' }],
    ['dead-letter.brief', '5', { reason: 'expired', dead_letter_exchange: 'amq.fanout' }],
  ]);
  expect(vhost.queue('dead', undefined).ready.count).toBe(2);
});

test('copies are never told of, not even when they die and are delivered elsewhere', () => {
  declare('ring', { 'x-max-length': 1, 'x-dead-letter-exchange': 'amq.fanout' });
  declare('lost');
  bench.send(1, 'queue.bind', { queue: 'lost', exchange: 'amq.fanout' });
  bench.send(1, 'queue.bind', { queue: 'ring', exchange: 'amq.rabbitmq.trace', routingKey: 'publish.#' });
  declare('q');
  for (const text of ['1', '2', '3']) publish('q', text);
  bench.send(1, 'basic.get', { queue: 'lost', noAck: true });
  expect(bench.names().at(-1)).toBe('1 basic.get-ok');
  expect(copies().map(([key]) => key)).toEqual(['publish.', 'publish.', 'publish.']);
});

test('tracing is a fact: it is recorded, recovered, and over when it is turned off', () => {
  expect([...factsOf(vhost)]).toContainEqual({ type: 'vhost.tracing', vhost: '/', on: true });
  vhost.trace(false);
  declare('q');
  publish('q', 'x');
  expect(copies()).toEqual([]);
  expect([...factsOf(vhost)].map(({ type }) => type)).not.toContain('vhost.tracing');
  bench.broker.apply({ type: 'vhost.tracing', vhost: '/', on: true });
  publish('q', 'x');
  expect(copies()).toHaveLength(1);
});
