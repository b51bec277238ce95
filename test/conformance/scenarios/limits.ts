// Scenarios: limits of a vhost's connections and queues, and of a user's connections and channels.
import assert from 'node:assert/strict';
import { ask, clearLimit, must, newUser, newVhost, permit, setLimit } from '../operator.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Wire } from '../wire.ts';

const scenario = theme('limits');

/** Waits until the API lists so many of the user's connections or channels: RabbitMQ counts them a moment later. */
async function counts(t: Stage, what: 'connections' | 'channels', user: string, count: number): Promise<void> {
  for (const until = Date.now() + 8_000; ; await new Promise(resolve => setTimeout(resolve, 10))) {
    const path = what === 'connections' ? `/connections/username/${encodeURIComponent(user)}` : '/channels';
    const { status, body } = await ask(t, 'GET', path);
    const all = status === 200 ? (body as { user?: string }[]) : [];
    const seen = all.filter(each => each.user === user).length;
    if (seen === count) return;
    assert.ok(Date.now() < until, `${seen} ${what} of ${user}, not ${count}`);
  }
}

/** A connection that asks for the vhost and is not granted it yet. */
async function asks(t: Stage, user: string, vhost: string): Promise<Wire> {
  const wire = await t.connect();
  await wire.tuned({ user, password: 'secret' });
  wire.send(0, 'connection.open', { virtualHost: vhost });
  return wire;
}

/** The vhost is full: the next connection must be refused. */
async function vhostRefuses(t: Stage, user: string, vhost: string, limit: number): Promise<void> {
  const wire = await asks(t, user, vhost);
  const text = `access to vhost '${vhost}' refused for user '${user}': connection limit (${limit}) is reached`;
  await wire.refused(530, `NOT_ALLOWED - ${text}`, 'connection.open');
}

/** The user has all connections that are granted: the next one must be refused. */
async function userRefuses(t: Stage, user: string, vhost: string, limit: number): Promise<void> {
  const wire = await asks(t, user, vhost);
  const text = `connection refused for user '${user}': user connection limit (${limit}) is reached`;
  await wire.refused(530, `NOT_ALLOWED - ${text}`, 'connection.open');
}

for (const limit of [1, 2]) {
  scenario(`${limit} connections of a vhost`, { covers: ['limit/vhost-connections'] }, async t => {
    const vhost = await newVhost(t);
    const user = await newUser(t, [vhost, '/']);
    await setLimit(t, 'vhost', vhost, 'max-connections', limit);
    const login = { user, password: 'secret', vhost };
    const wires: Wire[] = [];
    while (wires.length < limit) wires.push(await t.login(login));
    await counts(t, 'connections', user, limit);
    await vhostRefuses(t, user, vhost, limit);
    await t.login({ ...login, vhost: '/' });
    await (await wires[0]!.channel()).quiet();
    await wires[0]!.close();
    await counts(t, 'connections', user, limit);
    await t.login(login);
  });
}

scenario('no connection of a vhost', { covers: ['limit/vhost-connections'] }, async t => {
  const vhost = await newVhost(t);
  const user = await newUser(t, [vhost]);
  await setLimit(t, 'vhost', vhost, 'max-connections', 0);
  await vhostRefuses(t, user, vhost, 0);
  await clearLimit(t, 'vhost', vhost, 'max-connections');
  await t.login({ user, password: 'secret', vhost });
});

scenario('a negative limit of connections is none', { covers: ['limit/vhost-connections'] }, async t => {
  const vhost = await newVhost(t);
  const user = await newUser(t, [vhost]);
  await setLimit(t, 'vhost', vhost, 'max-connections', -1);
  const login = { user, password: 'secret', vhost };
  await t.login(login);
  await t.login(login);
});

scenario(
  'a limit set later leaves the connections that are there',
  { covers: ['limit/vhost-connections'] },
  async t => {
    const vhost = await newVhost(t);
    const user = await newUser(t, [vhost]);
    const wire = await t.login({ user, password: 'secret', vhost });
    await counts(t, 'connections', user, 1);
    await setLimit(t, 'vhost', vhost, 'max-connections', 0);
    await (await wire.channel()).quiet();
    await vhostRefuses(t, user, vhost, 0);
  },
);

scenario('an administrator is counted and refused as others', { covers: ['limit/vhost-connections'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-connections', 0);
  const wire = await t.connect();
  await wire.tuned();
  wire.send(0, 'connection.open', { virtualHost: vhost });
  const text = `access to vhost '${vhost}' refused for user 'guest': connection limit (0) is reached`;
  await wire.refused(530, `NOT_ALLOWED - ${text}`, 'connection.open');
});

scenario('the limit of a vhost is told before missing access', { covers: ['limit/vhost-connections'] }, async t => {
  const vhost = await newVhost(t);
  const user = await newUser(t, []);
  await setLimit(t, 'vhost', vhost, 'max-connections', 0);
  await vhostRefuses(t, user, vhost, 0);
  await clearLimit(t, 'vhost', vhost, 'max-connections');
  const wire = await asks(t, user, vhost);
  await wire.refused(530, `NOT_ALLOWED - access to vhost '${vhost}' refused for user '${user}'`, 'connection.open');
});

scenario(
  'the limit of a vhost is told before that of a user',
  { covers: ['limit/vhost-connections', 'limit/user-connections'] },
  async t => {
    const vhost = await newVhost(t);
    const user = await newUser(t, [vhost]);
    await setLimit(t, 'vhost', vhost, 'max-connections', 0);
    await setLimit(t, 'user', user, 'max-connections', 0);
    await vhostRefuses(t, user, vhost, 0);
    await clearLimit(t, 'vhost', vhost, 'max-connections');
    await userRefuses(t, user, vhost, 0);
  },
);

const tooMany = (queue: string, vhost: string, limit: number): string =>
  `PRECONDITION_FAILED - cannot declare queue '${queue}': queue limit in vhost '${vhost}' (${limit}) is reached`;

scenario('queues of a vhost', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', 2);
  const wire = await t.login({ vhost });
  const channel = await wire.channel();
  const [first, second] = [await t.queue(channel), await t.queue(channel, { durable: true })];
  const third = t.name();
  const other = await wire.channel();
  other.send('queue.declare', { queue: third });
  await other.refused(406, tooMany(third, vhost, 2), 'queue.declare');
  await t.queue(channel, {}, first);
  await t.queue(channel, { passive: true }, second);
  await channel.call('queue.delete', { queue: first }, { messageCount: 0 });
  await t.queue(channel, {}, third);
});

scenario('no queue of a vhost, until the limit goes', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', 0);
  const wire = await t.login({ vhost });
  const [channel, queue] = [await wire.channel(), t.name()];
  channel.send('queue.declare', { queue });
  await channel.refused(406, tooMany(queue, vhost, 0), 'queue.declare');
  await clearLimit(t, 'vhost', vhost, 'max-queues');
  await t.queue(await wire.channel(), {}, queue);
});

scenario('a negative limit of queues is none', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', -1);
  const channel = await t.channel({ vhost });
  await t.queue(channel);
  await t.queue(channel);
});

scenario('a limit below the number of queues leaves them', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  const channel = await t.channel({ vhost });
  const [first, second] = [await t.queue(channel), await t.queue(channel)];
  await setLimit(t, 'vhost', vhost, 'max-queues', 1);
  await t.queue(channel, {}, first);
  await channel.call('queue.delete', { queue: second }, { messageCount: 0 });
  channel.send('queue.declare', { queue: second });
  await channel.refused(406, tooMany(second, vhost, 1), 'queue.declare');
});

scenario('exclusive and server-named queues are counted', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', 1);
  const owner = await t.channel({ vhost });
  const { queue } = await owner.call('queue.declare', { queue: '', exclusive: true });
  const wire = await t.login({ vhost });
  const [channel, name] = [await wire.channel(), t.name()];
  channel.send('queue.declare', { queue: name });
  await channel.refused(406, tooMany(name, vhost, 1), 'queue.declare');
  const other = await wire.channel();
  other.send('queue.declare', { queue: '' });
  const { fields } = await other.expect('channel.close');
  assert.match(
    String(fields['replyText']),
    /^PRECONDITION_FAILED - cannot declare queue 'amq\.gen-[\w-]{22}': queue limit/,
  );
  other.send('channel.close-ok');
  await owner.wire.close();
  await t.queue(await wire.channel(), {}, name);
  assert.match(String(queue), /^amq\.gen-/);
});

scenario('exchanges are not counted', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', 0);
  await t.exchange(await t.channel({ vhost }), 'direct');
});

scenario('too many queues with no-wait closes the channel too', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', 0);
  const [channel, queue] = [await t.channel({ vhost }), t.name()];
  channel.send('queue.declare', { queue, noWait: true });
  await channel.refused(406, tooMany(queue, vhost, 0), 'queue.declare');
});

scenario('the limit of queues comes before what is wrong with arguments', { covers: ['limit/queues'] }, async t => {
  const vhost = await newVhost(t);
  await setLimit(t, 'vhost', vhost, 'max-queues', 0);
  const [channel, queue] = [await t.channel({ vhost }), t.name()];
  channel.send('queue.declare', { queue, arguments: { 'x-message-ttl': -1 } });
  await channel.refused(406, tooMany(queue, vhost, 0), 'queue.declare');
});

for (const limit of [1, 2]) {
  scenario(`${limit} connections of a user`, { covers: ['limit/user-connections'] }, async t => {
    const user = await newUser(t, ['/', 'other']);
    await setLimit(t, 'user', user, 'max-connections', limit);
    const wires: Wire[] = [];
    while (wires.length < limit) wires.push(await t.login({ user, password: 'secret' }));
    await counts(t, 'connections', user, limit);
    await userRefuses(t, user, '/', limit);
    await userRefuses(t, user, 'other', limit);
    await t.login();
    await wires[0]!.close();
    await counts(t, 'connections', user, limit - 1);
    await t.login({ user, password: 'secret', vhost: 'other' });
  });
}

scenario('no connection of a user, until the limit goes', { covers: ['limit/user-connections'] }, async t => {
  const user = await newUser(t);
  await setLimit(t, 'user', user, 'max-connections', 0);
  await userRefuses(t, user, '/', 0);
  await clearLimit(t, 'user', user, 'max-connections');
  await t.login({ user, password: 'secret' });
});

scenario('a negative limit of connections of a user is none', { covers: ['limit/user-connections'] }, async t => {
  const user = await newUser(t);
  await setLimit(t, 'user', user, 'max-connections', -1);
  await t.login({ user, password: 'secret' });
  await t.login({ user, password: 'secret' });
});

scenario('a limit set later leaves the connections of a user', { covers: ['limit/user-connections'] }, async t => {
  const user = await newUser(t);
  const wire = await t.login({ user, password: 'secret' });
  await counts(t, 'connections', user, 1);
  await setLimit(t, 'user', user, 'max-connections', 1);
  await (await wire.channel()).quiet();
  await userRefuses(t, user, '/', 1);
});

const channelsText = (user: string, limit: number): string =>
  `NOT_ALLOWED - number of channels opened for user '${user}' has reached the maximum allowed user limit of (${limit})`;

scenario('channels of a user, over all connections', { covers: ['limit/channels'] }, async t => {
  const user = await newUser(t);
  await setLimit(t, 'user', user, 'max-channels', 2);
  const first = await t.login({ user, password: 'secret' });
  const second = await t.login({ user, password: 'secret' });
  const channel = await first.channel();
  await second.channel();
  await counts(t, 'channels', user, 2);
  second.send(2, 'channel.open');
  await second.refused(530, channelsText(user, 2), undefined);
  await channel.quiet();
  await counts(t, 'channels', user, 1);
  await first.channel();
});

scenario('no channel of a user, until the limit goes', { covers: ['limit/channels'] }, async t => {
  const user = await newUser(t);
  await setLimit(t, 'user', user, 'max-channels', 0);
  const wire = await t.login({ user, password: 'secret' });
  wire.send(1, 'channel.open');
  await wire.refused(530, channelsText(user, 0), undefined);
  await clearLimit(t, 'user', user, 'max-channels');
  await t.channel({ user, password: 'secret' });
});

scenario('a negative limit of channels is none', { covers: ['limit/channels'] }, async t => {
  const user = await newUser(t);
  await setLimit(t, 'user', user, 'max-channels', -1);
  const wire = await t.login({ user, password: 'secret' });
  await wire.channel();
  await wire.channel();
});

scenario('limits set, listed and taken away', { covers: ['limit/api'] }, async t => {
  const vhost = await newVhost(t);
  const user = await newUser(t, [vhost]);
  await permit(t, user, vhost);
  for (const [of, subject, names] of [
    ['vhost', vhost, ['max-connections', 'max-queues']],
    ['user', user, ['max-channels', 'max-connections']],
  ] as const) {
    const path = `/${of}-limits/${encodeURIComponent(subject)}`;
    assert.deepEqual(await must(t, 'GET', path), []);
    for (const [index, name] of names.entries()) await setLimit(t, of, subject, name, 5 + index);
    const value = { [names[0]]: 5, [names[1]]: 6 };
    assert.deepEqual(await must(t, 'GET', path), [of === 'vhost' ? { vhost, value } : { user, value }]);
    const all = (await must(t, 'GET', `/${of}-limits`)) as Record<string, unknown>[];
    assert.deepEqual(
      all.filter(each => each[of] === subject).map(each => each['value']),
      [value],
    );
    assert.equal((await ask(t, 'DELETE', `${path}/${names[0]}`)).status, 204);
    assert.deepEqual(await must(t, 'GET', path), [
      of === 'vhost' ? { vhost, value: { [names[1]]: 6 } } : { user, value: { [names[1]]: 6 } },
    ]);
    assert.equal((await ask(t, 'DELETE', `${path}/${names[1]}`)).status, 204);
    assert.deepEqual(await must(t, 'GET', path), []);
  }
});

/** What RabbitMQ says of a vhost's limits has a heading and a line end, what it says of a user's has not. */
for (const [of, limit, value, reason] of [
  ['vhost', 'max-nonsense', 5, 'Validation failed\n\nUnrecognised terms [{<<"max-nonsense">>,5}] in limits\n'],
  ['user', 'max-nonsense', 5, 'Unrecognised terms [{<<"max-nonsense">>,5}] in user-limits'],
  ['vhost', 'max-queues', 'five', 'Validation failed\n\nmax-queues should be a number, actually was <<"five">>\n'],
  ['user', 'max-channels', 'five', 'max-channels should be a number, actually was <<"five">>'],
  ['vhost', 'max-connections', 1.5, 'Validation failed\n\nmax-connections should be a number, actually was 1.5\n'],
] as const) {
  scenario(`${limit} ${value} of a ${of} is refused`, { covers: ['limit/api'] }, async t => {
    const vhost = await newVhost(t);
    const user = await newUser(t, [vhost]);
    const subject = of === 'vhost' ? vhost : user;
    const reply = await ask(t, 'PUT', `/${of}-limits/${encodeURIComponent(subject)}/${limit}`, { value });
    assert.deepEqual(reply, { status: 400, body: { error: 'bad_request', reason } });
    assert.deepEqual(await must(t, 'GET', `/${of}-limits/${encodeURIComponent(subject)}`), []);
  });
}
