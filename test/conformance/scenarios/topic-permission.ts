// Scenarios: which topics a user may publish to and bind to.
import assert from 'node:assert/strict';
import { ask, must, newUser, newVhost, permit, permitTopics } from '../operator.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Channel, Wire } from '../wire.ts';

const scenario = theme('topic permission');

const refusal = (key: string, exchange: string, user: string, vhost = '/'): string =>
  `ACCESS_REFUSED - access to topic '${key}' in exchange '${exchange}' in vhost '${vhost}' refused for user '${user}'`;

/** A topic exchange, and a user who may write `write` to it and read `read` of it. */
async function set(
  t: Stage,
  write: string,
  read: string,
  type = 'topic',
): Promise<{ owner: Channel; exchange: string; user: string; wire: Wire }> {
  const owner = await t.channel();
  const exchange = await t.exchange(owner, type);
  const user = await newUser(t);
  await permitTopics(t, user, exchange, { write, read });
  return { owner, exchange, user, wire: await t.login({ user, password: 'secret' }) };
}

/** Publishes as the user and says whether that was allowed. */
async function publishes(wire: Wire, exchange: string, key: string, user: string, headers?: object): Promise<boolean> {
  const channel = await wire.channel();
  channel.publish(exchange, key, key, headers ? { properties: { headers } } : {});
  channel.send('exchange.declare', { exchange: 'amq.direct', passive: true });
  const arrival = await channel.next();
  if (arrival.name === 'exchange.declare-ok') return true;
  const replyText = refusal(key, exchange, user);
  assert.deepEqual(arrival.fields, { replyCode: 403, replyText, classId: 60, methodId: 40 });
  channel.send('channel.close-ok');
  return false;
}

scenario('publish is allowed where write matches the key', { covers: ['topic-permission/write'] }, async t => {
  const { owner, exchange, user, wire } = await set(t, '^a\\.', '.*');
  const queue = await t.queue(owner);
  await t.bind(owner, queue, exchange, '#');
  assert.equal(await publishes(wire, exchange, 'a.b', user), true);
  assert.equal(await publishes(wire, exchange, 'b.a', user), false);
  assert.equal(await publishes(wire, exchange, 'a', user), false);
  await t.holds(queue, ['a.b']);
});

scenario('the pattern may match anywhere in the key', { covers: ['topic-permission/write'] }, async t => {
  const { exchange, user, wire } = await set(t, 'b', '.*');
  for (const [key, allowed] of [
    ['b', true],
    ['abc', true],
    ['a.b.c', true],
    ['a.B', false],
    ['', false],
  ] as const) {
    assert.equal(await publishes(wire, exchange, key, user), allowed, key);
  }
});

scenario(
  'the empty pattern allows the empty key alone',
  { covers: ['topic-permission/write', 'topic-permission/read'] },
  async t => {
    const { owner, exchange, user, wire } = await set(t, '', '');
    assert.equal(await publishes(wire, exchange, 'a', user), false);
    assert.equal(await publishes(wire, exchange, '', user), true);
    const queue = await t.queue(owner);
    const channel = await wire.channel();
    channel.send('queue.bind', { queue, exchange, routingKey: 'a' });
    await channel.refused(403, refusal('a', exchange, user), 'queue.bind');
  },
);

scenario('^$ allows the empty key alone', { covers: ['topic-permission/write'] }, async t => {
  const { exchange, user, wire } = await set(t, '^$', '^$');
  assert.equal(await publishes(wire, exchange, '', user), true);
  assert.equal(await publishes(wire, exchange, 'a', user), false);
});

scenario('queue.bind is allowed where read matches the key', { covers: ['topic-permission/read'] }, async t => {
  const { owner, exchange, user, wire } = await set(t, '.*', '^a\\.');
  const queue = await t.queue(owner);
  await t.bind(await wire.channel(), queue, exchange, 'a.*');
  for (const routingKey of ['#', 'b.a', '']) {
    const channel = await wire.channel();
    channel.send('queue.bind', { queue, exchange, routingKey });
    await channel.refused(403, refusal(routingKey, exchange, user), 'queue.bind');
  }
  owner.publish(exchange, 'b.a', 'no');
  owner.publish(exchange, 'a.b', 'yes');
  await owner.sync();
  await t.holds(queue, ['yes']);
});

scenario('queue.unbind asks the same', { covers: ['topic-permission/read'] }, async t => {
  const { owner, exchange, user, wire } = await set(t, '.*', '^a\\.');
  const queue = await t.queue(owner);
  await t.bind(owner, queue, exchange, 'b.a');
  const channel = await wire.channel();
  channel.send('queue.unbind', { queue, exchange, routingKey: 'b.a' });
  await channel.refused(403, refusal('b.a', exchange, user), 'queue.unbind');
  owner.publish(exchange, 'b.a', 'x');
  await owner.sync();
  await t.holds(queue, ['x']);
});

for (const method of ['exchange.bind', 'exchange.unbind']) {
  scenario(`${method} asks for read of the source`, { covers: ['topic-permission/read'] }, async t => {
    const { owner, exchange: source, user, wire } = await set(t, '.*', '^a\\.');
    const destination = await t.exchange(owner, 'fanout');
    await (await wire.channel()).call(method, { source, destination, routingKey: 'a.b' }, {});
    const channel = await wire.channel();
    channel.send(method, { source, destination, routingKey: 'b.a' });
    await channel.refused(403, refusal('b.a', source, user), method);
  });
}

scenario('a topic exchange as destination is not asked about', { covers: ['topic-permission/read'] }, async t => {
  const { owner, exchange: destination, wire } = await set(t, '^a', '^a');
  const source = await t.exchange(owner, 'fanout');
  await (await wire.channel()).call('exchange.bind', { source, destination, routingKey: 'b' }, {});
});

for (const type of ['direct', 'fanout', 'headers']) {
  scenario(`a ${type} exchange is not asked about`, { covers: ['topic-permission/other'] }, async t => {
    const { owner, exchange, user, wire } = await set(t, '^a', '^a', type);
    const queue = await t.queue(owner);
    await t.bind(await wire.channel(), queue, exchange, 'b');
    assert.equal(await publishes(wire, exchange, 'b', user), true);
    await t.holds(queue, ['b']);
  });
}

scenario('another exchange and another user are not concerned', { covers: ['topic-permission/other'] }, async t => {
  const { owner, exchange, user, wire } = await set(t, '^a', '^a');
  const second = await t.exchange(owner, 'topic');
  assert.equal(await publishes(wire, second, 'b', user), true);
  assert.equal(await publishes(owner.wire, exchange, 'b', 'guest'), true);
});

scenario('of amq.topic in one vhost', { covers: ['topic-permission/other'] }, async t => {
  const [vhost, user] = [await newVhost(t), await newUser(t)];
  await permit(t, user, vhost);
  await permitTopics(t, user, 'amq.topic', { write: '^a', read: '^a' }, vhost);
  const here = await t.channel({ user, password: 'secret', vhost });
  here.publish('amq.topic', 'b', 'x');
  await here.refused(403, refusal('b', 'amq.topic', user, vhost), 'basic.publish');
  assert.equal(await publishes(await t.login({ user, password: 'secret' }), 'amq.topic', 'b', user), true);
});

scenario(
  'the permission of the exchange is asked for first',
  { covers: ['topic-permission/other', 'err:permission'] },
  async t => {
    const { exchange, user } = await set(t, '^a', '^a');
    await permit(t, user, '/', { write: '^$' });
    const channel = await t.channel({ user, password: 'secret' });
    channel.publish(exchange, 'b', 'x');
    const text = `ACCESS_REFUSED - access to exchange '${exchange}' in vhost '/' refused for user '${user}'`;
    await channel.refused(403, text, 'basic.publish');
  },
);

scenario('{username} and {vhost} stand for what they say', { covers: ['topic-permission/variables'] }, async t => {
  const vhost = await newVhost(t);
  const user = await newUser(t, [vhost]);
  await permitTopics(t, user, 'amq.topic', { write: '^{username}\\.{vhost}$', read: '^{vhost}-{vhost}$' }, vhost);
  const wire = await t.login({ user, password: 'secret', vhost });
  const channel = await wire.channel();
  const queue = await t.queue(channel);
  await t.bind(channel, queue, 'amq.topic', `${vhost}-${vhost}`);
  channel.publish('amq.topic', `${user}.${vhost}`, 'x');
  await channel.quiet();
  for (const key of [`${user}.x`, '{username}.{vhost}', `${user}.${vhost}.`]) {
    const other = await wire.channel();
    other.publish('amq.topic', key, 'x');
    await other.refused(403, refusal(key, 'amq.topic', user, vhost), 'basic.publish');
  }
});

scenario('an unknown variable stays as it is', { covers: ['topic-permission/variables'] }, async t => {
  const { exchange, user, wire } = await set(t, '^x-[{]none[}]$', '.*');
  assert.equal(await publishes(wire, exchange, 'x-{none}', user), true);
  assert.equal(await publishes(wire, exchange, 'x-none', user), false);
});

for (const header of ['CC', 'BCC']) {
  scenario(
    `keys of ${header} are asked about`,
    {
      covers: ['topic-permission/copies', `copies/${header.toLowerCase()}`],
      differs: {
        rabbitmq: 'only the routing key is asked about',
        leveret: `every key of ${header} is asked about too`,
        reason: 'or a topic permission is no protection; as of RabbitMQ 4',
      },
    },
    async t => {
      const { owner, exchange, user, wire } = await set(t, '^a\\.', '.*');
      const queue = await t.queue(owner);
      await t.bind(owner, queue, exchange, '#');
      assert.equal(await publishes(wire, exchange, 'a.b', user, { [header]: [['S', 'a.c']] }), true);
      await t.holds(queue, ['a.b']);
      const channel = await wire.channel();
      channel.publish(exchange, 'a.d', 'a.d', { properties: { headers: { [header]: [['S', 'b.c']] } } });
      if (!t.onRabbitmq) await channel.refused(403, refusal('b.c', exchange, user), 'basic.publish');
      else await channel.quiet();
      await t.holds(queue, t.onRabbitmq ? ['a.d'] : []);
    },
  );
}

scenario('what goes on to a topic exchange is not asked about', { covers: ['topic-permission/other'] }, async t => {
  const { owner, exchange, user, wire } = await set(t, '^a', '^a');
  const source = await t.exchange(owner, 'fanout');
  await owner.call('exchange.bind', { source, destination: exchange }, {});
  const alternate = await t.exchange(owner, 'direct', { arguments: { 'alternate-exchange': exchange } });
  const queue = await t.queue(owner);
  await t.bind(owner, queue, exchange, 'b');
  assert.equal(await publishes(wire, source, 'b', user), true);
  assert.equal(await publishes(wire, alternate, 'b', user), true);
  await t.holds(queue, ['b', 'b']);
});

scenario('set again it counts for new channels', { covers: ['topic-permission/api'] }, async t => {
  const { exchange, user, wire } = await set(t, '^a', '^a');
  assert.equal(await publishes(wire, exchange, 'b', user), false);
  await permitTopics(t, user, exchange, { write: '^b', read: '^b' });
  assert.equal(await publishes(wire, exchange, 'b', user), true);
  assert.equal(await publishes(wire, exchange, 'a', user), false);
  await must(t, 'DELETE', `/topic-permissions/%2F/${user}`);
  assert.equal(await publishes(wire, exchange, 'a', user), true);
});

scenario('set, listed and taken away for one exchange', { covers: ['topic-permission/api'] }, async t => {
  const user = await newUser(t);
  const path = `/topic-permissions/%2F/${user}`;
  assert.deepEqual(await ask(t, 'PUT', path, { exchange: 'amq.topic', write: 'w', read: 'r' }), {
    status: 201,
    body: '',
  });
  assert.deepEqual(await ask(t, 'PUT', path, { exchange: 'amq.topic', write: 'w', read: 'r' }), {
    status: 204,
    body: '',
  });
  await permitTopics(t, user, 'x', { write: '', read: '' });
  const shown = [
    { user, vhost: '/', exchange: 'amq.topic', write: 'w', read: 'r' },
    { user, vhost: '/', exchange: 'x', write: '', read: '' },
  ];
  const listed = async (where: string): Promise<unknown[]> =>
    ((await must(t, 'GET', where)) as typeof shown)
      .filter(each => each.user === user)
      .sort((one, other) => (one.exchange < other.exchange ? -1 : 1));
  for (const where of [
    path,
    `/users/${user}/topic-permissions`,
    '/vhosts/%2F/topic-permissions',
    '/topic-permissions',
  ]) {
    assert.deepEqual(await listed(where), shown, where);
  }
  assert.deepEqual(await ask(t, 'DELETE', `${path}/x`), { status: 204, body: '' });
  assert.deepEqual(await listed(path), shown.slice(0, 1));
  assert.deepEqual(await ask(t, 'DELETE', path), { status: 204, body: '' });
  const { status } = await ask(t, 'GET', path);
  assert.equal(status, 404);
});

scenario('no exchange is refused', { covers: ['topic-permission/api'] }, async t => {
  const user = await newUser(t);
  const reply = await ask(t, 'PUT', `/topic-permissions/%2F/${user}`, { write: 'w', read: 'r' });
  assert.deepEqual(reply, { status: 400, body: { error: 'bad_request', reason: '[{key_missing,exchange}]' } });
});

scenario('a pattern that is no expression is refused', { covers: ['topic-permission/api'] }, async t => {
  const user = await newUser(t);
  const path = `/topic-permissions/%2F/${user}`;
  const { status, body } = await ask(t, 'PUT', path, { exchange: 'amq.topic', write: '(', read: 'r' });
  assert.equal(status, 400);
  assert.equal((body as { error: string }).error, 'bad_request');
  assert.equal((await ask(t, 'GET', path)).status, 404);
});
