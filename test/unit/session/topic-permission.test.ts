// Topic permissions at work: on every publish and every binding of a topic exchange, remembered for as long as they hold.
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeFrame, encodeHeader, encodeMethod, type Fields } from '../../conformance/wire-codec.ts';
import { SessionBench } from './bench.ts';

let bench: SessionBench;
beforeEach(async () => {
  bench = await SessionBench.open();
  allow('^a', '^b');
});

function allow(write: string, read: string): void {
  bench.authority.apply({
    type: 'topic-permission.put',
    user: 'guest',
    vhost: '/',
    exchange: 'amq.topic',
    write,
    read,
  });
}

function publish(exchange: string, routingKey: string, properties: Fields = {}): void {
  const method = encodeMethod('basic.publish', { exchange, routingKey });
  bench.receive(Buffer.concat([encodeFrame(1, 1, method), encodeFrame(2, 1, encodeHeader(0, properties))]));
}

/** The text of the channel's close, which is answered and opened again; undefined where there is none. */
function refusal(): string | undefined {
  const { what, fields } = bench.sent.at(-1) ?? {};
  if (what !== '1 channel.close') return undefined;
  bench.send(1, 'channel.close-ok');
  bench.send(1, 'channel.open');
  return fields?.['replyText'] as string;
}

const refused = (topic: string): string =>
  `ACCESS_REFUSED - access to topic '${topic}' in exchange 'amq.topic' in vhost '/' refused for user 'guest'`;

test('a publish needs its key allowed, on topic exchanges alone', () => {
  publish('amq.topic', 'a.b');
  expect(refusal()).toBeUndefined();
  publish('amq.topic', 'c.d');
  expect(refusal()).toBe(refused('c.d'));
  for (const exchange of ['amq.direct', '']) {
    publish(exchange, 'c.d');
    expect(refusal()).toBeUndefined();
  }
});

test('so do the keys of CC and BCC', () => {
  const list = (name: string, key: string): Fields => ({ headers: [[name, 'A', [['S', key]]]] });
  publish('amq.topic', 'a', list('CC', 'a.c'));
  expect(refusal()).toBeUndefined();
  publish('amq.topic', 'a', list('CC', 'c'));
  expect(refusal()).toBe(refused('c'));
  publish('amq.topic', 'a', list('BCC', 'd'));
  expect(refusal()).toBe(refused('d'));
});

test('is asked once for a key, and again when permissions change', () => {
  const asked = vi.spyOn(bench.authority, 'mayTopic');
  for (let n = 0; n < 3; n++) publish('amq.topic', 'a.b');
  expect(asked).toHaveBeenCalledTimes(1);
  allow('^c', '');
  publish('amq.topic', 'a.b');
  expect(refusal()).toBe(refused('a.b'));
});

describe.each([
  ['queue.bind', { queue: 'q', exchange: 'amq.topic' }],
  ['queue.unbind', { queue: 'q', exchange: 'amq.topic' }],
  ['exchange.bind', { destination: 'amq.direct', source: 'amq.topic' }],
  ['exchange.unbind', { destination: 'amq.direct', source: 'amq.topic' }],
] as const)('%s', (method, fields) => {
  test('needs its key allowed', () => {
    bench.send(1, 'queue.declare', { queue: 'q' });
    bench.send(1, method, { ...fields, routingKey: 'b.#' });
    expect(bench.names().at(-1)).toBe(`1 ${method}-ok`);
    bench.send(1, method, { ...fields, routingKey: 'a.#' });
    expect(refusal()).toBe(refused('a.#'));
  });
});
