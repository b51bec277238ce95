// Scenarios: events of the broker itself go to `amq.rabbitmq.event`, as RabbitMQ's plugin of that name has them.
import assert from 'node:assert/strict';
import { ask, clearPolicy, must, newVhost, setPolicy } from '../operator.ts';
import { type Stage, theme } from '../scenario.ts';
import { type Channel, Wire } from '../wire.ts';
import type { Entry } from '../wire-codec.ts';

const scenario = theme('events');

const actor = 'user_who_performed_action S';
const login =
  'ssl t, auth_mechanism S, protocol S, peer_port l, peer_host S, connection_name S, host S, name S, connection_type S';

/** An event: its headers as they are, their names with their types, and values for those that are to be looked at. */
type Seen = { readonly types: string; readonly headers: Map<string, unknown> };

/** Reads events with these keys, passing over those of others. */
class Events {
  readonly #channel: Channel;
  readonly #log: string;

  private constructor(channel: Channel, log: string) {
    this.#channel = channel;
    this.#log = log;
  }

  static async open(t: Stage, ...keys: string[]): Promise<Events> {
    const channel = await t.channel();
    const log = await t.queue(channel, {}, t.name('events'));
    for (const key of keys) await t.bind(channel, log, 'amq.rabbitmq.event', key);
    return new Events(channel, log);
  }

  /** The next event with this key in which these headers have these values. */
  async next(key: string, wanted: Readonly<Record<string, unknown>>): Promise<Seen> {
    for (const until = Date.now() + 5_000; Date.now() < until; ) {
      this.#channel.send('basic.get', { queue: this.#log, noAck: true });
      const arrival = await this.#channel.next();
      if (arrival.name === 'basic.get-empty') continue;
      const { headers: list, ...properties } = arrival.properties!;
      const headers = new Map((list as Entry[]).map(([name, , value]) => [name, value]));
      const isIt = Object.entries(wanted).every(([name, value]) => headers.get(name) === value);
      if (arrival.fields['routingKey'] !== key || !isIt) continue;
      assert.equal(arrival.fields['exchange'], 'amq.rabbitmq.event');
      assert.equal(arrival.body!.length, 0);
      assert.deepEqual(Object.keys(properties).sort(), ['deliveryMode', 'timestamp']);
      assert.equal(properties['deliveryMode'], 2);
      const at = Number(headers.get('timestamp_in_ms'));
      assert.ok(Math.abs(at - Date.now()) < 60_000);
      assert.equal(Number(properties['timestamp']), Math.floor(at / 1000));
      return { headers, types: (list as Entry[]).map(([name, type]) => `${name} ${type}`).join(', ') };
    }
    throw new Error(`no event ${key} with ${JSON.stringify(wanted)}`);
  }

  /** As `next`, and these must be all headers in this order, but for the time at their end. */
  async expect(key: string, wanted: Readonly<Record<string, unknown>>, types: string): Promise<Seen['headers']> {
    const seen = await this.next(key, wanted);
    assert.equal(seen.types, `${types}, timestamp_in_ms l`);
    return seen.headers;
  }
}

scenario('of a queue', { covers: ['events/objects'] }, async t => {
  const events = await Events.open(t, 'queue.*');
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  await channel.call('queue.declare', { queue: 'q', durable: true, arguments: [['x-max-length', 'I', 5]] });
  const types = `${actor}, exclusive t, owner_pid S, arguments A, auto_delete t, durable t, name S, vhost S`;
  const created = await events.expect('queue.created', { vhost, name: 'q' }, types);
  assert.deepEqual(created.get('arguments'), [['S', '{<<"x-max-length">>,signedint,5}']]);
  assert.equal(created.get('user_who_performed_action'), 'guest');
  assert.equal(created.get('durable'), true);
  assert.equal(created.get('owner_pid'), '');
  await channel.call('queue.delete', { queue: 'q' });
  const deleted = await events.expect('queue.deleted', { vhost, name: 'q' }, `${actor}, name S, vhost S`);
  assert.equal(deleted.get('user_who_performed_action'), 'guest');
});

scenario('of an exclusive queue, which goes with its connection', { covers: ['events/objects'] }, async t => {
  const events = await Events.open(t, 'queue.*');
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  await channel.call('queue.declare', { queue: 'q', exclusive: true });
  const { headers } = await events.next('queue.created', { vhost, name: 'q' });
  assert.equal(headers.get('exclusive'), true);
  assert.notEqual(headers.get('owner_pid'), '');
  await channel.wire.close();
  const deleted = await events.next('queue.deleted', { vhost, name: 'q' });
  assert.equal(deleted.headers.get('user_who_performed_action'), 'rmq-internal');
});

scenario('of an exchange and its bindings', { covers: ['events/objects'] }, async t => {
  const events = await Events.open(t, 'exchange.*', 'binding.*');
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  await channel.call('exchange.declare', { exchange: 'x', type: 'topic', durable: true });
  const types = `${actor}, policy S, arguments A, internal t, auto_delete t, durable t, type S, name S, vhost S`;
  const created = await events.expect('exchange.created', { vhost, name: 'x' }, types);
  assert.equal(created.get('type'), 'topic');
  await channel.call('queue.declare', { queue: 'q' });
  await channel.call('queue.bind', { queue: 'q', exchange: 'x', routingKey: 'k.#', arguments: [['a', 'I', 1]] });
  const binding = `${actor}, vhost S, arguments A, routing_key S, destination_kind S, destination_name S, source_kind S, source_name S`;
  const bound = await events.expect('binding.created', { vhost, source_name: 'x', routing_key: 'k.#' }, binding);
  assert.deepEqual(bound.get('arguments'), [['S', '{<<"a">>,signedint,1}']]);
  assert.equal(bound.get('destination_kind'), 'queue');
  await channel.call('queue.unbind', { queue: 'q', exchange: 'x', routingKey: 'k.#', arguments: [['a', 'I', 1]] });
  await events.expect('binding.deleted', { vhost, source_name: 'x', routing_key: 'k.#' }, binding);
  await channel.call('queue.bind', { queue: 'q', exchange: 'x', routingKey: 'z' });
  await channel.call('exchange.delete', { exchange: 'x' });
  await events.expect('exchange.deleted', { vhost, name: 'x' }, `${actor}, name S, vhost S`);
  await events.expect('binding.deleted', { vhost, source_name: 'x', routing_key: 'z' }, binding);
});

scenario('a queue that is deleted loses its bindings first', { covers: ['events/objects'] }, async t => {
  const events = await Events.open(t, 'binding.deleted', 'queue.deleted');
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  await channel.call('queue.declare', { queue: 'q' });
  await channel.call('queue.bind', { queue: 'q', exchange: 'amq.direct', routingKey: 'k' });
  await channel.call('queue.delete', { queue: 'q' });
  await events.next('binding.deleted', { vhost, routing_key: 'k' });
  await events.next('queue.deleted', { vhost, name: 'q' });
});

scenario('what was there already is no event', { covers: ['events/objects'] }, async t => {
  const events = await Events.open(t, 'queue.*');
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  for (const queue of ['q', 'q', 'r']) await channel.call('queue.declare', { queue });
  await events.next('queue.created', { vhost, name: 'q' });
  const { headers } = await events.next('queue.created', { vhost });
  assert.equal(headers.get('name'), 'r');
});

for (const operator of [false, true]) {
  scenario(`of ${operator ? 'an operator' : 'a'} policy`, { covers: ['events/objects'] }, async t => {
    const events = await Events.open(t, '#.cleared', 'policy.*');
    const vhost = await newVhost(t);
    const where = { operator, vhost };
    const definition = { 'max-length': 3 };
    const name = await setPolicy(t, { ...where, pattern: '^x', definition, priority: 2, applyTo: 'queues' });
    const types = `apply-to S, priority l, definition F, pattern S, ${actor}, vhost S, name S`;
    const set = await events.expect('policy.set', { vhost, name }, types);
    assert.equal(set.get('apply-to'), 'queues');
    assert.equal(set.get('pattern'), '^x');
    await clearPolicy(t, name, where);
    const key = operator ? 'operator.policy.cleared' : 'policy.cleared';
    await events.expect(key, { vhost, name }, `${actor}, vhost S, name S`);
  });
}

scenario('of a connection and its channels', { covers: ['events/clients'] }, async t => {
  const events = await Events.open(t, 'connection.*', 'channel.*', 'user.authentication.*');
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  const created = await events.expect(
    'connection.created',
    { vhost },
    `${actor}, node S, connected_at l, client_properties A, channel_max l, frame_max l, timeout l, vhost S, user S, protocol S, ` +
      'ssl_hash S, ssl_cipher S, ssl_key_exchange S, ssl_protocol S, auth_mechanism S, peer_cert_validity S, peer_cert_issuer S, ' +
      'peer_cert_subject S, ssl t, peer_host S, host S, peer_port l, port l, name S, pid S, type S',
  );
  assert.equal(created.get('peer_host'), '{127,0,0,1}');
  assert.equal(created.get('protocol'), '{0,9,1}');
  assert.equal(created.get('auth_mechanism'), 'PLAIN');
  assert.match(String(created.get('name')), /^127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+$/);
  const opened = await events.expect(
    'channel.created',
    { vhost },
    `${actor}, vhost S, user S, number l, connection S, name S, pid S`,
  );
  assert.equal(opened.get('name'), `${created.get('name')} (1)`);
  assert.equal(opened.get('connection'), created.get('pid'));
  await channel.close();
  await events.expect('channel.closed', { pid: opened.get('pid') }, `${actor}, pid S`);
  await channel.wire.close();
  await events.expect('connection.closed', { pid: created.get('pid') }, 'client_properties A, node S, pid S, name S');
});

scenario('of a login', { covers: ['events/clients'] }, async t => {
  const events = await Events.open(t, 'user.authentication.*');
  await t.login({ user: 'locked', password: 'secret' });
  const headers = await events.expect('user.authentication.success', { name: 'locked' }, login);
  assert.equal(headers.get('connection_type'), 'network');
});

scenario('of a login that is refused', { covers: ['events/clients'] }, async t => {
  const events = await Events.open(t, 'user.authentication.failure');
  await assert.rejects(Wire.login(t.port, { user: 'locked', password: 'wrong' }));
  const headers = await events.expect('user.authentication.failure', { name: 'locked' }, `error A, ${login}`);
  const codes = (headers.get('error') as [string, unknown][]).map(([type, code]) => {
    assert.equal(type, 'l');
    return Number(code);
  });
  assert.equal(String.fromCharCode(...codes), "user 'locked' - invalid credentials");
});

scenario('of a consumer', { covers: ['events/clients'] }, async t => {
  const events = await Events.open(t, 'consumer.*');
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.call('basic.consume', { queue, consumerTag: 'ct', arguments: [['x-priority', 'I', 2]] });
  const types = `${actor}, arguments A, prefetch_count l, queue S, vhost S, channel S, ack_required t, exclusive t, consumer_tag S`;
  const created = await events.expect('consumer.created', { queue }, types);
  assert.deepEqual(created.get('arguments'), [['S', '{<<"x-priority">>,signedint,2}']]);
  assert.equal(created.get('ack_required'), true);
  await channel.call('basic.cancel', { consumerTag: 'ct' });
  const deleted = await events.expect(
    'consumer.deleted',
    { queue },
    `${actor}, queue S, vhost S, channel S, consumer_tag S`,
  );
  assert.equal(deleted.get('user_who_performed_action'), 'guest');
});

scenario('of a consumer that goes with its channel', { covers: ['events/clients'] }, async t => {
  const events = await Events.open(t, 'consumer.*');
  const channel = await t.channel();
  const queue = await t.queue(channel);
  await channel.call('basic.consume', { queue, consumerTag: 'ct' });
  await channel.close();
  const { headers } = await events.next('consumer.deleted', { queue });
  assert.equal(headers.get('consumer_tag'), 'ct');
});

scenario('of a vhost', { covers: ['events/people'] }, async t => {
  const events = await Events.open(t, 'vhost.*', 'exchange.*', 'permission.*');
  const vhost = t.name('vhost');
  t.afterwards(async () => void (await ask(t, 'DELETE', `/vhosts/${vhost}`)));
  await must(t, 'PUT', `/vhosts/${vhost}`, { description: 'd', tags: 't' });
  await events.next('exchange.created', { vhost, name: '' });
  const types = `tags A, description S, ${actor}, cluster_state F, tracing t, metadata S, default_queue_type S, name S`;
  const created = await events.next('vhost.created', { name: vhost });
  // RabbitMQ says tags and description twice.
  assert.equal([...new Set(created.types.split(', '))].join(', '), `${types}, timestamp_in_ms l`);
  assert.equal(created.headers.get('tracing'), false);
  await events.next('permission.created', { vhost, user: 'guest' });
  await must(t, 'DELETE', `/vhosts/${vhost}`);
  await events.expect('vhost.deleted', { name: vhost }, `${actor}, name S`);
});

scenario('of a user', { covers: ['events/people'] }, async t => {
  const events = await Events.open(t, 'user.#', '*.permission.*', 'permission.*');
  const vhost = await newVhost(t);
  const name = t.name('user');
  await must(t, 'PUT', `/users/${name}`, { password: 'p', tags: 'management' });
  await events.expect('user.created', { name }, `${actor}, name S`);
  const set = await events.expect('user.tags.set', { name }, `${actor}, tags A, name S`);
  assert.deepEqual(set.get('tags'), [['S', 'management']]);
  assert.equal(set.get('user_who_performed_action'), 'guest');
  await must(t, 'PUT', `/users/${name}`, { password: 'p2', tags: '' });
  await events.expect('user.password.changed', { name }, `${actor}, name S`);
  await must(t, 'PUT', `/permissions/${vhost}/${name}`, { configure: '.*', write: 'a', read: 'b' });
  const may = await events.expect(
    'permission.created',
    { user: name },
    `${actor}, read S, write S, configure S, vhost S, user S`,
  );
  assert.equal(may.get('read'), 'b');
  await must(t, 'PUT', `/topic-permissions/${vhost}/${name}`, { exchange: 'amq.topic', write: 'a', read: 'b' });
  const topic = `${actor}, read S, write S, exchange S, vhost S, user S`;
  await events.expect('topic.permission.created', { user: name }, topic);
  await must(t, 'DELETE', `/topic-permissions/${vhost}/${name}`);
  await events.expect('topic.permission.deleted', { user: name }, `${actor}, vhost S, user S`);
  await must(t, 'DELETE', `/permissions/${vhost}/${name}`);
  await events.expect('permission.deleted', { user: name }, `${actor}, vhost S, user S`);
  await must(t, 'DELETE', `/users/${name}`);
  await events.expect('user.deleted', { name }, `${actor}, name S`);
});

scenario('of an alarm', { covers: ['events/node'], alone: true }, async t => {
  const events = await Events.open(t, 'alarm.*');
  t.afterwards(() => t.broker.alarm('disk', false));
  await t.broker.alarm('disk', true);
  await events.next('alarm.set', { source: 'disk' });
  await t.broker.alarm('disk', false);
  await events.next('alarm.cleared', { source: 'disk' });
});

scenario('the exchange is there, and no client publishes to it', { covers: ['events/exchange'] }, async t => {
  const channel = await t.channel();
  const exchange = 'amq.rabbitmq.event';
  await channel.call('exchange.declare', { exchange, type: 'topic', durable: true, internal: true }, {});
  channel.publish(exchange, 'queue.created', 'x');
  await channel.refused(
    403,
    `ACCESS_REFUSED - cannot publish to internal exchange '${exchange}' in vhost '/'`,
    'basic.publish',
  );
});
