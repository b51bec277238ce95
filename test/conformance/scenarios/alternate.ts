// Scenarios: where a message goes that its exchange routes nowhere.
import { clearPolicy, only, setPolicy } from '../operator.ts';
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('alternate');
const X = (exchange: string): string => `exchange '${exchange}' in vhost '/'`;
const to = (alternate: string): Fields => ({ arguments: { 'alternate-exchange': alternate } });

/** A fanout exchange that a queue is bound to; messages come here when all else fails. */
async function asylum(t: Stage, channel: Channel): Promise<{ exchange: string; queue: string }> {
  const [exchange, queue] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
  await t.bind(channel, queue, exchange);
  return { exchange, queue };
}

/** The next arrival must be the return of this message. */
const returned = (channel: Channel, exchange: string, routingKey: string, body = 'x'): Promise<void> =>
  channel.content('basic.return', {
    fields: { replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey },
    body,
  });

scenario('takes what is not routed, under its own exchange and key', { covers: ['alternate/argument'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  channel.publish(exchange, 'k', 'x', { properties: { headers: { a: 1 }, priority: 2 } });
  await channel.got(queue, 1, 0, 'x', {
    exchange,
    routingKey: 'k',
    properties: { headers: { a: 1 }, priority: 2 },
  });
});

scenario('takes nothing that is routed', { covers: ['alternate/argument'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  const bound = await t.queue(channel);
  await t.bind(channel, bound, exchange, 'k');
  channel.publish(exchange, 'k', 'routed');
  channel.publish(exchange, 'other', 'not routed');
  await channel.got(bound, 1, 0, 'routed', { exchange, routingKey: 'k' });
  await t.holds(queue, ['not routed']);
});

for (const type of ['fanout', 'topic', 'headers']) {
  scenario(`of a ${type} exchange`, { covers: ['alternate/argument'] }, async t => {
    const channel = await t.channel();
    const { exchange: alternate, queue } = await asylum(t, channel);
    const exchange = await t.exchange(channel, type, to(alternate));
    channel.publish(exchange, 'a.b', 'x');
    await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'a.b' });
  });
}

scenario('routes by its own rules', { covers: ['alternate/argument'] }, async t => {
  const channel = await t.channel();
  const alternate = await t.exchange(channel, 'topic');
  const queue = await t.queue(channel);
  await t.bind(channel, queue, alternate, 'a.#');
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  channel.publish(exchange, 'b.a', 'no', { mandatory: true });
  channel.publish(exchange, 'a.b', 'yes', { mandatory: true });
  await returned(channel, exchange, 'b.a', 'no');
  await channel.got(queue, 1, 0, 'yes', { exchange, routingKey: 'a.b' });
});

scenario('what it takes is not returned, and is confirmed', { covers: ['alternate/return'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  await channel.call('confirm.select', {}, {});
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await channel.quiet();
  await t.holds(queue, ['x']);
});

scenario('what it does not take is returned once', { covers: ['alternate/return'] }, async t => {
  const channel = await t.channel();
  const alternate = await t.exchange(channel, 'fanout');
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  await channel.call('confirm.select', {}, {});
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await returned(channel, exchange, 'k');
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await channel.quiet();
});

scenario('a missing one takes nothing until it is there', { covers: ['alternate/missing'] }, async t => {
  const channel = await t.channel();
  const alternate = t.name('x');
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  channel.publish(exchange, 'k', 'lost');
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await returned(channel, exchange, 'k');
  await channel.quiet();
  await t.exchange(channel, 'fanout', {}, alternate);
  const queue = await t.queue(channel);
  await t.bind(channel, queue, alternate);
  channel.publish(exchange, 'k', 'y', { mandatory: true });
  await channel.got(queue, 1, 0, 'y', { exchange, routingKey: 'k' });
});

scenario('a deleted one takes nothing', { covers: ['alternate/missing'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  await channel.call('exchange.delete', { exchange: alternate, ifUnused: false }, {});
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await returned(channel, exchange, 'k');
  await channel.gotNothing(queue);
});

scenario('is no binding: delete if-unused does not see it', { covers: ['alternate/argument'] }, async t => {
  const channel = await t.channel();
  const alternate = await t.exchange(channel, 'fanout');
  await t.exchange(channel, 'direct', to(alternate));
  await channel.call('exchange.delete', { exchange: alternate, ifUnused: true }, {});
  await t.noExchange(alternate);
});

scenario('may be internal', { covers: ['alternate/argument'] }, async t => {
  const channel = await t.channel();
  const alternate = await t.exchange(channel, 'fanout', { internal: true });
  const queue = await t.queue(channel);
  await t.bind(channel, queue, alternate);
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  channel.publish(exchange, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k' });
});

scenario('the default exchange takes nothing as one', { covers: ['alternate/missing'] }, async t => {
  const channel = await t.channel();
  const exchange = await t.exchange(channel, 'topic', to(''));
  const queue = await t.queue(channel);
  channel.publish(exchange, queue, 'x', { mandatory: true });
  await returned(channel, exchange, queue);
  await channel.gotNothing(queue);
});

scenario('a chain is gone through to its end', { covers: ['alternate/chain'] }, async t => {
  const channel = await t.channel();
  const { exchange: third, queue } = await asylum(t, channel);
  const second = await t.exchange(channel, 'topic', to(third));
  const first = await t.exchange(channel, 'direct', to(second));
  channel.publish(first, 'k', 'x', { mandatory: true });
  await channel.got(queue, 1, 0, 'x', { exchange: first, routingKey: 'k' });
  await channel.quiet();
});

scenario('a chain ends where a message is routed', { covers: ['alternate/chain'] }, async t => {
  const channel = await t.channel();
  const { exchange: third, queue: last } = await asylum(t, channel);
  const second = await t.exchange(channel, 'direct', to(third));
  const first = await t.exchange(channel, 'direct', to(second));
  const queue = await t.queue(channel);
  await t.bind(channel, queue, second, 'k');
  channel.publish(first, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange: first, routingKey: 'k' });
  await t.sees(last, 0);
});

scenario('a cycle is gone through once', { covers: ['alternate/cycle'] }, async t => {
  const channel = await t.channel();
  const names = [t.name('x'), t.name('x'), t.name('x')] as const;
  await t.exchange(channel, 'direct', to(names[1]), names[0]);
  await t.exchange(channel, 'direct', to(names[2]), names[1]);
  await t.exchange(channel, 'direct', to(names[0]), names[2]);
  channel.publish(names[0], 'k', 'x', { mandatory: true });
  await returned(channel, names[0], 'k');
  const queue = await t.queue(channel);
  await t.bind(channel, queue, names[0], 'k');
  channel.publish(names[1], 'k', 'y', { mandatory: true });
  await channel.got(queue, 1, 0, 'y', { exchange: names[1], routingKey: 'k' });
  await channel.quiet();
});

scenario('an exchange may be its own', { covers: ['alternate/cycle'] }, async t => {
  const channel = await t.channel();
  const name = t.name('x');
  const exchange = await t.exchange(channel, 'direct', to(name), name);
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await returned(channel, exchange, 'k');
  await channel.quiet();
});

scenario('an exchange that routes to an exchange has routed', { covers: ['alternate/argument'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  const destination = await t.exchange(channel, 'fanout');
  await channel.call('exchange.bind', { source: exchange, destination, routingKey: 'k' }, {});
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await returned(channel, exchange, 'k');
  await channel.gotNothing(queue);
});

scenario('that of a bound exchange is used too', { covers: ['alternate/chain'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'fanout');
  const bound = await t.queue(channel);
  await t.bind(channel, bound, exchange);
  const destination = await t.exchange(channel, 'direct', to(alternate));
  await channel.call('exchange.bind', { source: exchange, destination }, {});
  channel.publish(exchange, 'k', 'x');
  await channel.got(bound, 1, 0, 'x', { exchange, routingKey: 'k' });
  await t.holds(queue, ['x']);
});

scenario(
  'is asked only when no key of CC is routed either',
  { covers: ['alternate/argument', 'copies/cc'] },
  async t => {
    const channel = await t.channel();
    const { exchange: alternate, queue } = await asylum(t, channel);
    const exchange = await t.exchange(channel, 'direct', to(alternate));
    const bound = await t.queue(channel);
    await t.bind(channel, bound, exchange, 'copy');
    const properties = { headers: { CC: [['S', 'copy']] } };
    channel.publish(exchange, 'k', 'x', { properties });
    await channel.got(bound, 1, 0, 'x', { exchange, routingKey: 'k', properties });
    await channel.gotNothing(queue);
  },
);

scenario('is given the keys of CC too', { covers: ['alternate/argument', 'copies/cc'] }, async t => {
  const channel = await t.channel();
  const alternate = await t.exchange(channel, 'direct');
  const queue = await t.queue(channel);
  await t.bind(channel, queue, alternate, 'copy');
  const exchange = await t.exchange(channel, 'direct', to(alternate));
  const properties = { headers: { CC: [['S', 'copy']] } };
  channel.publish(exchange, 'k', 'x', { properties });
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k', properties });
});

scenario(
  'redeclared otherwise is refused',
  { covers: ['alternate/equivalent', 'err:inequivalent-exchange'] },
  async t => {
    const wire = await t.login();
    const alternate = t.name('x');
    const exchange = await t.exchange(await wire.channel(), 'direct', to(alternate));
    const without = await t.exchange(await wire.channel(), 'direct');
    await t.exchange(await wire.channel(), 'direct', to(alternate), exchange);
    for (const [name, options, text] of [
      [exchange, {}, `received none but current is the value '${alternate}' of type 'longstr'`],
      [exchange, to('other'), `received 'other' but current is '${alternate}'`],
      [without, to('other'), "received the value 'other' of type 'longstr' but current is none"],
    ] as const) {
      const channel = await wire.channel();
      channel.send('exchange.declare', { exchange: name, type: 'direct', ...options });
      const reason = `inequivalent arg 'alternate-exchange' for ${X(name)}: ${text}`;
      await channel.refused(406, `PRECONDITION_FAILED - ${reason}`, 'exchange.declare');
    }
  },
);

for (const [value, type] of [
  [5, 'signedint'],
  [true, 'bool'],
  [null, 'void'],
  [[['S', 'a']], 'array'],
] as const) {
  scenario(`of the type ${type} is refused`, { covers: ['alternate/type'] }, async t => {
    const channel = await t.channel();
    const exchange = t.name('x');
    channel.send('exchange.declare', { exchange, type: 'direct', arguments: { 'alternate-exchange': value } });
    const text = `invalid type '${type}' for arg 'alternate-exchange' in ${X(exchange)}`;
    await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'exchange.declare');
    await t.noExchange(exchange);
  });
}

scenario('needs read on the exchange and write on the alternate', { covers: ['alternate/permission'] }, async t => {
  const wire = await t.login({ user: 'limited', password: 'secret' });
  const refusal = (name: string): string => `ACCESS_REFUSED - access to ${X(name)} refused for user 'limited'`;
  const [noRead, noWrite] = [t.name('-conf-write'), t.name('-conf-read')];
  const [whole, writable] = [t.name('-conf-write-read'), t.name('-write')];
  const first = await wire.channel();
  first.send('exchange.declare', { exchange: noRead, type: 'direct', ...to(writable) });
  await first.refused(403, refusal(noRead), 'exchange.declare');
  const second = await wire.channel();
  second.send('exchange.declare', { exchange: whole, type: 'direct', ...to(noWrite) });
  await second.refused(403, refusal(noWrite), 'exchange.declare');
  await t.noExchange(whole);
  await t.exchange(await wire.channel(), 'direct', to(writable), whole);
});

scenario('needs no permission of who publishes', { covers: ['alternate/permission'] }, async t => {
  const owner = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, owner);
  const exchange = await t.exchange(owner, 'direct', to(alternate), t.name('-write'));
  const channel = await t.channel({ user: 'limited', password: 'secret' });
  channel.publish(exchange, 'k', 'x');
  await channel.sync();
  await t.holds(queue, ['x']);
});

scenario('by policy, live and until the policy goes', { covers: ['alternate/policy', 'policy/exchanges'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct');
  channel.publish(exchange, 'k', 'before', { mandatory: true });
  await returned(channel, exchange, 'k', 'before');
  const definition = { 'alternate-exchange': alternate };
  const policy = await setPolicy(t, { pattern: only(exchange), definition, applyTo: 'exchanges' });
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k' });
  await clearPolicy(t, policy);
  channel.publish(exchange, 'k', 'after', { mandatory: true });
  await returned(channel, exchange, 'k', 'after');
});

scenario('by policy, for an exchange declared later', { covers: ['alternate/policy'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate, queue } = await asylum(t, channel);
  const exchange = t.name('x');
  await setPolicy(t, { pattern: only(exchange), definition: { 'alternate-exchange': alternate } });
  await t.exchange(channel, 'topic', {}, exchange);
  channel.publish(exchange, 'k', 'x', { mandatory: true });
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k' });
});

scenario('by argument goes before that by policy', { covers: ['alternate/policy', 'policy/argument'] }, async t => {
  const channel = await t.channel();
  const byArgument = await asylum(t, channel);
  const byPolicy = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct', to(byArgument.exchange));
  await setPolicy(t, { pattern: only(exchange), definition: { 'alternate-exchange': byPolicy.exchange } });
  channel.publish(exchange, 'k', 'x');
  await channel.got(byArgument.queue, 1, 0, 'x', { exchange, routingKey: 'k' });
  await channel.gotNothing(byPolicy.queue);
});

scenario('by policy is not compared on redeclare', { covers: ['alternate/policy'] }, async t => {
  const channel = await t.channel();
  const { exchange: alternate } = await asylum(t, channel);
  const exchange = await t.exchange(channel, 'direct');
  await setPolicy(t, { pattern: only(exchange), definition: { 'alternate-exchange': alternate } });
  await t.exchange(channel, 'direct', {}, exchange);
});

scenario('by policy, in a cycle', { covers: ['alternate/policy', 'alternate/cycle'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.exchange(channel, 'direct'), await t.exchange(channel, 'direct')];
  await setPolicy(t, { pattern: only(a), definition: { 'alternate-exchange': b } });
  await setPolicy(t, { pattern: only(b), definition: { 'alternate-exchange': a } });
  channel.publish(a, 'k', 'x', { mandatory: true });
  await returned(channel, a, 'k');
  await channel.quiet();
});
