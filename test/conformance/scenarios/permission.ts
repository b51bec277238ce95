// Scenarios: what a user may configure, write and read, and what a refusal says.
import { type Stage, theme } from '../scenario.ts';
import type { Channel } from '../wire.ts';
import type { Fields } from '../wire-codec.ts';

const scenario = theme('permission');
const covers = ['err:permission'];

/** Refusal of a resource of the default vhost. */
const refusal = (kind: 'queue' | 'exchange', name: string, user = 'limited'): string =>
  `ACCESS_REFUSED - access to ${kind} '${name}' in vhost '/' refused for user '${user}'`;

const limited = (t: Stage): Promise<Channel> => t.channel({ user: 'limited', password: 'secret' });

/** Names end in what `limited` may do with them: `-conf`, `-write`, `-read`, or any of these together. */
const all = 'all-conf-write-read';

scenario('everything that is granted works', { covers: ['err:permission', 'queue.declare/ok'] }, async t => {
  const channel = await limited(t);
  const [queue, exchange] = [t.name(all), t.name(all)];
  await t.queue(channel, {}, queue);
  await t.exchange(channel, 'direct', {}, exchange);
  await t.bind(channel, queue, exchange, 'k');
  channel.publish(exchange, 'k', 'x');
  await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k' });
  await channel.consume(queue, 'c');
  await channel.call('queue.purge', { queue }, { messageCount: 0 });
  await channel.call('queue.unbind', { queue, exchange, routingKey: 'k' }, {});
  await channel.call('exchange.delete', { exchange }, {});
  await channel.call('queue.delete', { queue }, { messageCount: 0 });
});

/** A method, the name it uses, what it is told about, and the fields it is sent with. */
const refused: [method: string, suffix: string, kind: 'queue' | 'exchange', fields: (name: string) => Fields][] = [
  ['queue.declare', '-write-read', 'queue', queue => ({ queue })],
  ['queue.delete', '-write-read', 'queue', queue => ({ queue })],
  ['queue.purge', '-conf-write', 'queue', queue => ({ queue })],
  ['basic.get', '-conf-write', 'queue', queue => ({ queue })],
  ['basic.consume', '-conf-write', 'queue', queue => ({ queue })],
  ['exchange.declare', '-write-read', 'exchange', exchange => ({ exchange, type: 'direct' })],
  ['exchange.delete', '-write-read', 'exchange', exchange => ({ exchange })],
];
for (const [method, suffix, kind, fields] of refused) {
  for (const there of [true, false]) {
    scenario(
      `${method} without its permission, the ${kind} ${there ? 'there' : 'missing'}`,
      { covers: [...covers, `${method}/permission`] },
      async t => {
        const channel = await limited(t);
        const name = t.name(suffix);
        const owner = await t.observer();
        if (there) await (kind === 'queue' ? t.queue(owner, {}, name) : t.exchange(owner, 'direct', {}, name));
        channel.send(method, fields(name));
        await channel.refused(403, refusal(kind, name), method);
        if (!there) await (kind === 'queue' ? t.noQueue(name) : t.noExchange(name));
        else await (kind === 'queue' ? t.sees(name, 0) : t.seesExchange(name));
      },
    );
  }
}

scenario('publish without write on the exchange', { covers: [...covers, 'basic.publish/permission'] }, async t => {
  const channel = await limited(t);
  const exchange = await t.exchange(await t.observer(), 'direct', {}, t.name('-conf-read'));
  channel.publish(exchange, 'k', 'x');
  await channel.refused(403, refusal('exchange', exchange), 'basic.publish');
});

scenario(
  'publish to the default exchange asks for amq.default',
  { covers: [...covers, 'basic.publish/permission'] },
  async t => {
    const channel = await limited(t);
    const queue = await t.queue(channel, {}, t.name(all));
    channel.publish('', queue, 'x');
    await channel.refused(403, refusal('exchange', 'amq.default'), 'basic.publish');
    await t.sees(queue, 0);
  },
);

for (const method of ['queue.bind', 'queue.unbind']) {
  scenario(`${method} without write on the queue`, { covers: [...covers, `${method}/permission`] }, async t => {
    const channel = await limited(t);
    const owner = await t.observer();
    const queue = await t.queue(owner, {}, t.name('-conf-read'));
    const exchange = await t.exchange(owner, 'direct', {}, t.name(all));
    await t.bind(owner, queue, exchange);
    channel.send(method, { queue, exchange });
    await channel.refused(403, refusal('queue', queue), method);
  });

  scenario(`${method} without read on the exchange`, { covers: [...covers, `${method}/permission`] }, async t => {
    const channel = await limited(t);
    const owner = await t.observer();
    const queue = await t.queue(owner, {}, t.name(all));
    const exchange = await t.exchange(owner, 'direct', {}, t.name('-conf-write'));
    channel.send(method, { queue, exchange });
    await channel.refused(403, refusal('exchange', exchange), method);
  });
}

for (const method of ['exchange.bind', 'exchange.unbind']) {
  scenario(
    `${method} without write on the destination or read on the source`,
    { covers: [...covers, `${method}/permission`] },
    async t => {
      const owner = await t.observer();
      const whole = await t.exchange(owner, 'direct', {}, t.name(all));
      const noWrite = await t.exchange(owner, 'direct', {}, t.name('-conf-read'));
      const noRead = await t.exchange(owner, 'direct', {}, t.name('-conf-write'));
      const first = await limited(t);
      first.send(method, { source: whole, destination: noWrite });
      await first.refused(403, refusal('exchange', noWrite), method);
      const second = await limited(t);
      second.send(method, { source: noRead, destination: whole });
      await second.refused(403, refusal('exchange', noRead), method);
    },
  );
}

scenario(
  'passive declare asks for nothing',
  { covers: ['queue.declare/passive', 'exchange.declare/passive', 'err:permission'] },
  async t => {
    const owner = await t.observer();
    const [queue, exchange] = [await t.queue(owner), await t.exchange(owner, 'fanout')];
    const channel = await t.channel({ user: 'locked', password: 'secret' });
    await channel.call('queue.declare', { queue, passive: true }, { queue, messageCount: 0, consumerCount: 0 });
    await channel.call('exchange.declare', { exchange, passive: true }, {});
  },
);

scenario('the permission ^$ matches no name', { covers }, async t => {
  const channel = await t.channel({ user: 'locked', password: 'secret' });
  const queue = t.name();
  channel.send('queue.declare', { queue });
  await channel.refused(403, refusal('queue', queue, 'locked'), 'queue.declare');
});

scenario(
  'a server-named queue needs configure on its name',
  { covers: [...covers, 'queue.declare/server-named'] },
  async t => {
    const channel = await limited(t);
    channel.send('queue.declare', { queue: '' });
    const { fields } = await channel.expect('channel.close');
    const text = String(fields['replyText']);
    if (
      !/^ACCESS_REFUSED - access to queue 'amq\.gen-[\w-]{22}' in vhost '\/' refused for user 'limited'$/.test(text)
    ) {
      throw new Error(`the refusal says: ${text}`);
    }
    if (fields['replyCode'] !== 403 || fields['classId'] !== 50 || fields['methodId'] !== 10)
      throw new Error('its ids');
  },
);

scenario('a refusal closes one channel only', { covers: [...covers, 'channel.close/error'] }, async t => {
  const channel = await limited(t);
  const queue = t.name('-write-read');
  channel.send('queue.declare', { queue });
  await channel.refused(403, refusal('queue', queue), 'queue.declare');
  await t.queue(await channel.wire.channel(1), {}, t.name(all));
});
