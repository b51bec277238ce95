// Deadlines, priorities and counts of returns are what they were after a restart, whatever way the records have gone.

import { expect, test } from 'vitest';
import { encodeProperties } from '../../../src/amqp/properties.ts';
import { Table } from '../../../src/amqp/table.ts';
import { Authority } from '../../../src/auth/authority.ts';
import type { Entry } from '../../../src/broker/entry.ts';
import { Marks } from '../../../src/broker/marks.ts';
import { Memory, Source } from '../../../src/broker/memory.ts';
import { encodeAddress, Message } from '../../../src/broker/message.ts';
import { publish } from '../../../src/broker/publish.ts';
import type { Queue } from '../../../src/broker/queue.ts';
import { plainSettings } from '../../../src/broker/queue-settings.ts';
import { type JournaledStores, openJournaledStores } from '../../../src/node/journaled-stores.ts';
import { SegmentFiles } from '../../../src/storage/segment-files.ts';
import { SimulatedDisk, seededRandom } from '../../simulation/simulated-disk.ts';

const disk = () => new SimulatedDisk({ random: seededRandom(1), schedule: setImmediate });

async function open(on: SimulatedDisk): Promise<JournaledStores> {
  const files = (folder: string): SegmentFiles =>
    new SegmentFiles({
      disk: on,
      folder,
      fileBytes: 64 * 1024,
      sync: 'commit',
      lock: async () => ({ release: async () => {} }),
      report: error => {
        throw error;
      },
    });
  return openJournaledStores({
    log: files('/data/segments'),
    openScratch: async () => files('/data/scratch'),
    removeScratch: async () => {},
    clock: { now: 1000 },
    random: { name: () => '', below: () => 0 },
    memory: new Memory(1 << 30),
    authority: new Authority({ now: () => 0 }),
    later: setImmediate,
    atEnd: setImmediate,
    afterMs: (_, run) => void setImmediate(run),
    report: () => {},
    unsettled: () => [],
  });
}

function messageOf(
  stores: JournaledStores,
  text: string,
  properties: { expiration?: string; priority?: number },
): Message {
  const body = Buffer.from(text);
  const header = encodeProperties({ deliveryMode: 2, ...properties }, body.length);
  const source = new Source(stores.broker.services.memory, header.length + body.length);
  const address = encodeAddress('', 'q');
  return new Message(
    address,
    header,
    0,
    header.length,
    body,
    0,
    body.length,
    undefined,
    body.length,
    true,
    source,
    1000,
  );
}

function declare({ broker }: JournaledStores): Queue {
  const vhost = broker.createVhost('/');
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: Table.empty };
  const queue = vhost.createQueue('q', options, undefined);
  queue.configure({ ...plainSettings, maxPriority: 9, deliveryLimit: 5 });
  return queue;
}

const marksIn = (queue: Queue): unknown[] =>
  [...queue.ready].map(({ sequence, marks }) => [
    sequence,
    marks && [marks.deadline, marks.priority, marks.acquired, marks.failed],
  ]);

const queueOf = ({ broker }: JournaledStores): Queue => broker.vhosts.get('/')?.queues.get('q') as Queue;

test('marks survive a restart from blocks, and a further one from indexes and moves', async () => {
  const on = disk();
  let stores = await open(on);
  let queue = declare(stores);
  const { journal } = stores;
  publish([queue], messageOf(stores, 'plain', {}), journal);
  publish([queue], messageOf(stores, 'timed', { expiration: '60000' }), journal);
  publish([queue], messageOf(stores, 'high', { priority: 200 }), journal);
  publish([queue], messageOf(stores, 'both', { expiration: '5000000000000', priority: 3 }), journal);
  const expected = [
    [1, undefined],
    [2, [61_000, 0, 0, 0]],
    [3, [0, 9, 0, 0]],
    [4, [5_000_000_001_000, 3, 0, 0]],
  ];
  expect(marksIn(queue)).toEqual(expected);
  await stores.close();
  stores = await open(on);
  expect(marksIn(queueOf(stores))).toEqual(expected);
  // What fills segments makes compaction move the others.
  queue = queueOf(stores);
  for (let n = 0; n < 400; n++) {
    publish([queue], messageOf(stores, 'x'.repeat(1000), {}), stores.journal);
    queue.remove(n + 5);
    await stores.journal.durable();
  }
  await stores.close();
  stores = await open(on);
  expect(marksIn(queueOf(stores))).toEqual(expected);
  await stores.close();
});

test('a return that counts is kept with its count, and the message is there once', async () => {
  const on = disk();
  let stores = await open(on);
  const queue = declare(stores);
  publish([queue], messageOf(stores, 'poison', {}), stores.journal);
  for (let n = 0; n < 3; n++) queue.giveBack(queue.take(false) as Entry, n > 0);
  await stores.close();
  stores = await open(on);
  expect(marksIn(queueOf(stores))).toEqual([[1, [0, 0, 3, 2]]]);
  await stores.close();
});

test('counts beyond their 12 bits stay at the most that fits', () => {
  expect(new Marks(0, 255, 5000, 4095).bits).toBe(0xffff_ffff);
});
