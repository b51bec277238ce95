// What the web page draws of a flow, and what it says needs attention.
import { describe, expect, test } from 'vitest';
import { allIsWell, type Looked, troubles } from '../../../ui/attention.ts';
import { around, layOut } from '../../../ui/flow.ts';
import type { Flow, FlowNode, Queue } from '../../../ui/types.ts';

const node = (kind: FlowNode['kind'], name: string): FlowNode => ({ id: `${kind} ${name}`, kind, name, vhost: '/' });
const edge = (from: FlowNode, to: FlowNode, rate: number) => ({ from: from.id, to: to.id, rate });

describe('a flow', () => {
  const [shop, orders, mail, mailer] = [
    node('producer', 'shop'),
    node('exchange', 'orders'),
    node('queue', 'mail'),
    node('worker', 'mailer'),
  ] as const;
  const [other, lonely] = [node('queue', 'other'), node('queue', 'lonely')];
  const flow: Flow = {
    nodes: [shop, orders, mail, mailer, other, lonely],
    edges: [edge(shop, orders, 5), edge(orders, mail, 5), edge(mail, mailer, 5), edge(orders, other, 0)],
  };

  test('around a worker is what leads to it, and nothing beside', () => {
    const { nodes, edges } = around(flow, ({ name }) => name === 'mailer');
    expect(nodes).toEqual([shop, orders, mail, mailer]);
    expect(edges).toHaveLength(3);
  });

  test('is drawn in columns from left to right, without what stands alone', () => {
    const { nodes, alone, left } = layOut(flow, 40);
    const x = (name: string) => nodes.find(placed => placed.node.name === name)?.x ?? Number.NaN;
    expect(x('shop')).toBeLessThan(x('orders'));
    expect(x('orders')).toBeLessThan(x('mail'));
    expect(x('mail')).toBeLessThan(x('mailer'));
    expect(x('lonely')).toBeNaN();
    expect([alone.queue, left.queue]).toEqual([1, 0]);
  });

  test('keeps the busiest where there are too many', () => {
    const { nodes, edges, left } = layOut(flow, 1);
    expect(nodes.map(placed => placed.node.name)).toEqual(['shop', 'orders', 'mail', 'mailer']);
    expect(edges).toHaveLength(3);
    expect(left.queue).toBe(1);
  });

  test('that goes in a circle comes to an end', () => {
    const round: Flow = { nodes: [orders, mail], edges: [edge(orders, mail, 1), edge(mail, orders, 1)] };
    expect(around(round, () => true).nodes).toHaveLength(2);
  });
});

describe('attention', () => {
  const looked = (...queues: Partial<Queue>[]): Looked => ({
    overview: {
      object_totals: { channels: 1, connections: 1, consumers: 1, exchanges: 7, queues: queues.length },
      message_stats: { publish_details: { rate: 1204 }, deliver_get_details: { rate: 0 } },
    },
    queues: queues.map(queue => ({ name: 'tasks', vhost: '/', consumers: 1, ...queue })),
    connections: [],
    alarms: [],
  });
  const texts = (what: Looked): string[] => troubles(what).map(({ text }) => text);

  test('is not asked for where all is well', () => {
    const well = looked({ messages: 3, oldest_message_age_ms: 3000 });
    expect(texts(well)).toEqual([]);
    expect(allIsWell(well)).toBe('1 queue, 1,204/s in, nothing out, oldest message 3 s');
  });

  test('goes to queues that nobody works on, that grow and that are old; the worst first', () => {
    const ill = looked(
      { name: 'grows', messages: 200, messages_details: { rate: 12 } },
      { name: 'old', messages: 1, oldest_message_age_ms: 400_000 },
      { name: 'left', messages: 5, consumers: 0 },
    );
    expect(texts(ill)).toEqual([
      'left: 5 messages and no consumer',
      'grows: grows by 12/s, 200 waiting',
      'old: the oldest message waits 6 m 40 s',
    ]);
  });

  test('goes to alarms and blocked connections before all', () => {
    const ill: Looked = {
      ...looked({ messages: 5, consumers: 0 }),
      connections: [{ name: 'a', vhost: '/', state: 'blocked' }],
      alarms: [{ node: 'n', resource: 'disk', set_by: 'watermark', reason: '1 GiB are free' }],
    };
    expect(texts(ill)).toEqual([
      'Disk alarm, publishers are blocked: 1 GiB are free',
      '1 connection is blocked',
      'tasks: 5 messages and no consumer',
    ]);
  });
});
