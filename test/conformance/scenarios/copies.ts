// Scenarios: the headers CC and BCC, which give a message more routing keys.
import assert from 'node:assert/strict';
import { theme } from '../scenario.ts';
import type { Fields, Tagged } from '../wire-codec.ts';

const scenario = theme('copies');

/** Routing keys as the value of CC or BCC. */
const list = (...keys: string[]): Tagged[] => keys.map(key => ['S', key]);

for (const header of ['CC', 'BCC']) {
  const kept = (headers: Fields): Fields => {
    const rest = Object.fromEntries(Object.entries(headers).filter(([key]) => key !== 'BCC'));
    return { headers: rest };
  };

  scenario(
    `${header} gives more keys to a direct exchange`,
    { covers: [`copies/${header.toLowerCase()}`] },
    async t => {
      const channel = await t.channel();
      const exchange = await t.exchange(channel, 'direct');
      const queues = [await t.queue(channel), await t.queue(channel), await t.queue(channel)];
      for (const [index, queue] of queues.entries()) await t.bind(channel, queue, exchange, `k${index}`);
      const headers = { [header]: list('k1', 'k2'), a: 1 };
      channel.publish(exchange, 'k0', 'x', { properties: { headers } });
      for (const [index, queue] of queues.entries()) {
        const more = { exchange, routingKey: 'k0', properties: kept(headers) };
        await channel.got(queue, index + 1, 0, 'x', more);
      }
    },
  );

  scenario(
    `${header} gives more keys to the default exchange`,
    { covers: [`copies/${header.toLowerCase()}`] },
    async t => {
      const channel = await t.channel();
      const [a, b] = [await t.queue(channel), await t.queue(channel)];
      const headers = { [header]: list(b, t.name('missing')) };
      channel.publish('', a, 'x', { properties: { headers } });
      await channel.got(a, 1, 0, 'x', { properties: kept(headers) });
      await channel.got(b, 2, 0, 'x', { routingKey: a, properties: kept(headers) });
    },
  );

  scenario(`${header} gives more keys to a topic exchange`, { covers: [`copies/${header.toLowerCase()}`] }, async t => {
    const channel = await t.channel();
    const exchange = await t.exchange(channel, 'topic');
    const [a, b] = [await t.queue(channel), await t.queue(channel)];
    await t.bind(channel, a, exchange, 'a.*');
    await t.bind(channel, b, exchange, 'b.#');
    const headers = { [header]: list('b.c.d') };
    channel.publish(exchange, 'a.b', 'x', { properties: { headers } });
    await channel.got(a, 1, 0, 'x', { exchange, routingKey: 'a.b', properties: kept(headers) });
    await channel.got(b, 2, 0, 'x', { exchange, routingKey: 'a.b', properties: kept(headers) });
  });

  scenario(`${header} alone makes a message routable`, { covers: [`copies/${header.toLowerCase()}`] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    const routingKey = t.name('missing');
    channel.publish('', routingKey, 'x', { mandatory: true, properties: { headers: { [header]: list(queue) } } });
    await channel.got(queue, 1, 0, 'x', { routingKey, properties: kept({ [header]: list(queue) }) });
    await channel.quiet();
  });

  scenario(`${header} with the same key twice gives one copy`, { covers: ['copies/once'] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    const headers = { [header]: list(queue, queue) };
    channel.publish('', queue, 'x', { properties: { headers } });
    await channel.got(queue, 1, 0, 'x', { properties: kept(headers) });
    await channel.quiet();
    await t.sees(queue, 0);
  });

  scenario(`two keys of ${header} to one queue give one copy`, { covers: ['copies/once'] }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'direct'), await t.queue(channel)];
    for (const key of ['a', 'b', 'c']) await t.bind(channel, queue, exchange, key);
    const headers = { [header]: list('b', 'c') };
    channel.publish(exchange, 'a', 'x', { properties: { headers } });
    await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'a', properties: kept(headers) });
    await t.sees(queue, 0);
  });

  scenario(`${header} with no keys in it changes nothing`, { covers: [`copies/${header.toLowerCase()}`] }, async t => {
    const channel = await t.channel();
    const queue = await t.queue(channel);
    channel.publish('', queue, 'x', { properties: { headers: { [header]: [] } } });
    await channel.got(queue, 1, 0, 'x', { properties: kept({ [header]: [] }) });
  });

  for (const [value, type] of [
    ['k', 'longstr'],
    [1, 'signedint'],
    [null, 'void'],
    [{ k: 'k' }, 'table'],
    [true, 'bool'],
  ] as const) {
    scenario(`${header} of the type ${type} is refused`, { covers: ['copies/type'] }, async t => {
      const channel = await t.channel();
      const queue = await t.queue(channel);
      channel.publish('', queue, 'x', { properties: { headers: { [header]: value } } });
      const text = `invalid message: {unacceptable_type_in_header,"${header}",${type}}`;
      await channel.refused(406, `PRECONDITION_FAILED - ${text}`, 'basic.publish');
      await t.sees(queue, 0);
    });
  }

  scenario(`elements of ${header} need not be strings`, { covers: ['copies/type'] }, async t => {
    const channel = await t.channel();
    const [a, b] = [await t.queue(channel), await t.queue(channel)];
    const headers = {
      [header]: [
        ['I', 1],
        ['t', true],
        ['S', b],
      ],
    };
    channel.publish('', a, 'x', { properties: { headers } });
    await channel.got(a, 1, 0, 'x', { properties: kept(headers) });
    await channel.got(b, 2, 0, 'x', { routingKey: a, properties: kept(headers) });
  });

  scenario(`a fanout exchange does not look at ${header}`, { covers: ['copies/once'] }, async t => {
    const channel = await t.channel();
    const [exchange, queue] = [await t.exchange(channel, 'fanout'), await t.queue(channel)];
    await t.bind(channel, queue, exchange);
    const headers = { [header]: list('a', 'b') };
    channel.publish(exchange, 'k', 'x', { properties: { headers } });
    await channel.got(queue, 1, 0, 'x', { exchange, routingKey: 'k', properties: kept(headers) });
    await t.sees(queue, 0);
  });
}

scenario('CC and BCC work together', { covers: ['copies/cc', 'copies/bcc'] }, async t => {
  const channel = await t.channel();
  const [a, b, c] = [await t.queue(channel), await t.queue(channel), await t.queue(channel)];
  const properties = { headers: { CC: list(b) } };
  channel.publish('', a, 'x', { properties: { headers: { BCC: list(c), CC: list(b) } } });
  await channel.got(a, 1, 0, 'x', { properties });
  await channel.got(b, 2, 0, 'x', { routingKey: a, properties });
  await channel.got(c, 3, 0, 'x', { routingKey: a, properties });
});

scenario('the names are in capitals', { covers: ['copies/cc', 'copies/bcc'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.queue(channel), await t.queue(channel)];
  const properties = { headers: { cc: list(b), bcc: list(b), Cc: 'k' } };
  channel.publish('', a, 'x', { properties });
  await channel.got(a, 1, 0, 'x', { properties });
  await channel.gotNothing(b);
});

scenario('what is returned has lost its BCC', { covers: ['copies/bcc'] }, async t => {
  const channel = await t.channel();
  const routingKey = t.name('missing');
  const headers = { BCC: list(t.name('missing')), CC: list(t.name('missing')) };
  channel.publish('', routingKey, 'x', { mandatory: true, properties: { headers } });
  const { fields, properties } = await channel.expect('basic.return');
  assert.deepStrictEqual(fields, { replyCode: 312, replyText: 'NO_ROUTE', exchange: '', routingKey });
  assert.deepStrictEqual(properties, { headers: [['CC', 'A', headers.CC]] });
});

scenario('BCC goes out of a table of all types', { covers: ['copies/bcc', 'frame:tables'] }, async t => {
  const channel = await t.channel();
  const queue = await t.queue(channel);
  const headers = [
    ['z', 'I', 1],
    ['BCC', 'A', [['S', 'k']]],
    ['a', 'L', 5n],
    ['Z', 'x', Buffer.from('z')],
    ['a', 'u', 7],
  ] as const;
  channel.publish('', queue, 'x', { properties: { headers } });
  const kept = [
    ['z', 'I', 1],
    ['a', 'l', 5n],
    ['Z', 'x', Buffer.from('z')],
    ['a', 'u', 7],
  ];
  await channel.got(queue, 1, 0, 'x', { properties: { headers: kept } });
});

scenario('keys of CC go on through bound exchanges', { covers: ['copies/cc'] }, async t => {
  const channel = await t.channel();
  const [source, destination] = [await t.exchange(channel, 'topic'), await t.exchange(channel, 'direct')];
  const queue = await t.queue(channel);
  await channel.call('exchange.bind', { source, destination, routingKey: '#' }, {});
  await t.bind(channel, queue, destination, 'copy');
  const properties = { headers: { CC: list('copy') } };
  channel.publish(source, 'k', 'x', { properties });
  await channel.got(queue, 1, 0, 'x', { exchange: source, routingKey: 'k', properties });
});

scenario('a confirm comes once for all copies', { covers: ['copies/cc', 'edge:9'] }, async t => {
  const channel = await t.channel();
  const [a, b] = [await t.queue(channel), await t.queue(channel)];
  await channel.call('confirm.select', {}, {});
  channel.publish('', a, 'x', { properties: { headers: { CC: list(b) } } });
  await channel.expect('basic.ack', { deliveryTag: 1, multiple: false });
  await channel.quiet();
  await t.holds(a, ['x']);
  await t.holds(b, ['x']);
});
