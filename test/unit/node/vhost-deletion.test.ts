// A vhost that was deleted, after a restart: nothing of it is back, whatever is made under its name again.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Table } from '../../../src/amqp/table.ts';
import { Authority } from '../../../src/auth/authority.ts';
import { Memory } from '../../../src/broker/memory.ts';
import { encodeAddress, Message } from '../../../src/broker/message.ts';
import { publish } from '../../../src/broker/publish.ts';
import type { Config } from '../../../src/node/config.ts';
import { openStores, type Stores } from '../../../src/node/stores.ts';
import { closeWithOwners } from '../../../src/session/forced-close.ts';

const declaration = { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty };

async function open(dataDir: string): Promise<Stores & { readonly authority: Authority }> {
  const authority = new Authority({ now: () => 0 });
  const later = (run: () => void): void => void setImmediate(run);
  const stores = await openStores({
    config: { dataDir, segmentBytes: 1 << 20, sync: 'os', syncIntervalMs: 100 } as Config,
    log: { info: () => {}, warning: () => {}, error: () => {} } as never,
    clock: { now: 1 },
    random: { name: () => '', below: () => 0 },
    memory: new Memory(1 << 20),
    authority,
    later,
    atEnd: later,
    unsettled: () => [],
  });
  closeWithOwners(new Set(), stores.broker, authority);
  return Object.assign(stores, { authority });
}

function fill({ broker, authority, journal }: Stores & { authority: Authority }): void {
  const vhost = broker.createVhost('v');
  const fact = { type: 'permission.put', user: 'u', vhost: 'v', configure: '', write: '', read: '' } as const;
  authority.apply(fact);
  journal.record(fact);
  const exchange = vhost.declareExchange('e', { ...declaration, type: 'fanout', internal: false });
  const queue = vhost.declareQueue('q', declaration, undefined);
  vhost.bind(exchange, queue, '', Table.empty);
  const header = Buffer.alloc(14);
  const address = encodeAddress('', 'q');
  publish([queue], new Message(address, header, 0, 14, header, 0, 4, undefined, 4, true, undefined, 1), journal);
}

test('is gone with its queues, messages, bindings and permissions', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'leveret-vhost-'));
  try {
    const first = await open(dataDir);
    const user = { type: 'user.put', name: 'u', passwordHash: '', algorithm: 'scrypt', tags: [] } as const;
    first.authority.apply(user);
    first.journal.record(user);
    fill(first);
    expect(first.broker.deleteVhost('v')).toBe(true);
    await first.close();

    const second = await open(dataDir);
    expect([...second.broker.vhosts.keys(), ...second.broker.queuesById.keys()]).toEqual([]);
    expect([...second.authority.facts()].map(({ type }) => type)).toEqual(['user.put']);
    const again = second.broker.createVhost('v');
    expect([again.queues.size, again.exchanges.has('e'), second.broker.stats.queuesDeleted]).toEqual([0, false, 0]);
    fill(second);
    await second.close();

    const third = await open(dataDir);
    const queue = third.broker.vhosts.get('v')!.queues.get('q')!;
    expect([queue.ready.count, [...third.authority.facts()].length]).toEqual([1, 2]);
    await third.close();
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
