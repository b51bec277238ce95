// The end of a simulation: the disk in use is looked at, every queue is emptied over the wire, and it is looked at again.
import { Table } from '../../src/amqp/table.ts';
import type { JournaledStores } from '../../src/node/journaled-stores.ts';
import { pageBytes } from '../../src/storage/segment-page.ts';
import { expectMemoryMatches, expectNoDamage } from './checks.ts';
import { Client } from './client.ts';
import type { ClientChannel } from './client-channel.ts';
import { delayedExchange, letterQueues } from './features.ts';
import { folder, type Life } from './life.ts';
import type { Simulation } from './simulation.ts';

const stepsMax = 50_000;
/** So many steps with nothing under way on the disk: what else is under way comes out in them. */
const restSteps = 60;

export async function drain(simulation: Simulation, life: Life): Promise<void> {
  const { observer, flip } = simulation;
  const { broker } = life.stores as JournaledStores;
  const client = new Client('drainer', 131_072, observer, simulation.trace);
  client.connect(life.connect(client));
  await expectDone(simulation, life, () => client.state === 'open', 'the last client does not get in');
  const channel = client.openChannel(1, 'confirm');
  await passOn(simulation, life);
  await quiesce(simulation, life, client, channel);
  expectDiskBound(simulation, liveBytes(simulation));
  const expected = new Map<string, number[]>();
  const got = new Map<string, number[]>();
  /** What may expire before its turn comes: behind others it is found then. */
  const mayExpire = new Set<string>();
  for (const [id, messages] of observer.history.state.queues) {
    const name = observer.history.state.queueNames.get(id) as string;
    if (name === delayedExchange) continue;
    const priority = (sequence: number): number => observer.history.priorityOf(id, sequence);
    const inOrder = [...messages].sort(([a], [b]) => priority(b) - priority(a) || a - b);
    for (const [sequence, message] of messages)
      if (observer.history.deadlineOf(id, sequence) > 0) mayExpire.add(`${message}@${name}`);
    expected.set(
      name,
      inOrder.filter(([sequence]) => !flip?.lost.has(`${id} ${sequence}`)).map(([, message]) => message),
    );
    got.set(name, []);
  }
  const maybe = new Set<number>();
  for (const [id, messages] of observer.history.state.queues)
    for (const [sequence, message] of messages) if (flip?.lost.has(`${id} ${sequence}`)) maybe.add(message);
  // A message that stands elsewhere by now is there though its old place is damaged.
  const missing = new Set(maybe);
  observer.onDelivered = (queue, { number }) => {
    missing.delete(number);
    if (!maybe.has(number)) got.get(queue)?.push(number);
  };
  for (const queue of got.keys()) {
    client.send(1, 'basic.consume', {
      queue,
      consumerTag: `drain/${queue}`,
      noLocal: false,
      noAck: false,
      exclusive: false,
      noWait: false,
      arguments: Table.empty,
    });
    channel.await('basic.consume-ok');
  }
  let rested = 0;
  const empty = (): boolean => {
    const tags = [...channel.unsettled.keys()];
    if (tags.length > 0) {
      client.send(1, 'basic.ack', { deliveryTag: Math.max(...tags), multiple: true });
      channel.settled(tags, false);
    }
    const queues = [...broker.queuesById.values()];
    const rests =
      simulation.isIdle && !channel.waits && queues.every(({ ready, unsettled }) => ready.count + unsettled === 0);
    rested = rests ? rested + 1 : 0;
    // Dead letters may be under way to queues that are empty.
    return rested > restSteps;
  };
  await expectDone(simulation, life, empty, 'queues are not drained');
  const expired = (number: number, queue: string): boolean =>
    mayExpire.has(`${number}@${queue}`) && got.get(queue)?.includes(number) !== true;
  /** The letters of what has expired while the queues were emptied come after all others. */
  const late = new Set([...expected].flatMap(([queue, numbers]) => numbers.filter(number => expired(number, queue))));
  const withoutLate = (queue: string, numbers: readonly number[]): number[] => {
    const all = got.get(queue) ?? [];
    if (!letterQueues.some(name => name === queue)) return all;
    const known = numbers.filter(number => !maybe.has(number)).length;
    return all.filter((number, i) => i < known || !late.has(number));
  };
  for (const [queue, numbers] of expected)
    expectSame(
      queue,
      numbers.filter(number => !maybe.has(number) && !expired(number, queue)),
      withoutLate(queue, numbers),
    );
  expectNoDamage(life, flip);
  // What has expired is let go of without being read.
  for (const key of mayExpire) missing.delete(Number.parseInt(key, 10));
  if (missing.size > 0) expectReported(life, simulation);
  await quiesce(simulation, life, client, channel);
  expectMemoryMatches(life, observer.history);
  if (flip === undefined) expectDiskBound(simulation, 0);
}

/** Waits until all that is kept back is due. What does not come on then was damaged. */
async function passOn(simulation: Simulation, life: Life): Promise<void> {
  const { history } = simulation.observer;
  const { broker } = life.stores as JournaledStores;
  const line = history.state.lineId(delayedExchange) ?? 0;
  const waiting = (): number => history.state.queues.get(line)?.size ?? 0;
  const delayed = (): number => broker.queuesById.get(line)?.ready.count ?? 0;
  await expectDone(simulation, life, () => waiting() + delayed() === 0, 'what was kept back does not come on');
  const lost = [...history.lost];
  const place = lost.find(each => simulation.flip?.lost.has(each) !== true);
  if (place !== undefined) throw new Error(`what stood at ${place} was dropped as damaged, which it was not`);
  if (lost.length > 0) expectReported(life, simulation);
}

/** Small publishes, acknowledged at once, give compaction its turns. */
async function quiesce(simulation: Simulation, life: Life, client: Client, channel: ClientChannel): Promise<void> {
  const { observer } = simulation;
  const queue = 'dpoke';
  client.send(1, 'queue.declare', {
    queue,
    passive: false,
    durable: true,
    exclusive: false,
    autoDelete: false,
    noWait: false,
    arguments: Table.empty,
  });
  channel.awaitFact('queue.declare-ok', 'queue.declared', `queue ${queue}`);
  for (let i = 0; i < 4; i++) {
    client.publish(
      channel,
      observer.messages.add({
        persistent: true,
        life: observer.life,
        sentAt: observer.now,
        exchange: '',
        routingKey: queue,
        bodyBytes: 10,
      }),
    );
    await expectDone(simulation, life, () => !channel.waits, 'the last client is not answered');
    let waited = 0;
    // Nothing under way, and no turn of compaction that is still to come.
    await expectDone(
      simulation,
      life,
      () => simulation.isIdle && ++waited > restSteps,
      'the disk does not come to rest',
    );
  }
  client.send(1, 'queue.delete', { queue, ifUnused: false, ifEmpty: false, noWait: false });
  channel.awaitFact('queue.delete-ok', 'queue.deleted', `queue ${queue}`);
  await expectDone(simulation, life, () => !channel.waits, 'the last client is not answered');
}

async function expectDone(simulation: Simulation, life: Life, done: () => boolean, failure: string): Promise<void> {
  if (!(await simulation.until(life, done, stepsMax))) throw new Error(failure);
}

function expectSame(queue: string, expected: readonly number[], got: readonly number[]): void {
  const at = expected.findIndex((number, i) => number !== got[i]);
  if (at === -1 && expected.length === got.length) return;
  const from = at === -1 ? expected.length : at;
  throw new Error(
    `queue ${queue}, message ${from + 1} of ${expected.length}: [${got.slice(from, from + 10)}] came where [${expected.slice(from, from + 10)}] was to come`,
  );
}

function expectReported(life: Life, { flip }: Simulation): void {
  if (flip?.block === undefined) return;
  const { path, block } = flip;
  const told = life.damage.some(text => {
    const match = /in (\S+) at offset (\d+)/.exec(text);
    return match?.[1] === path && Number(match[2]) >= block.from && Number(match[2]) < block.to;
  });
  if (!told) throw new Error(`nobody was told of the damage in ${path} at ${flip.offset}; told was [${life.damage}]`);
}

/** Bytes of whole records that live, and for long messages those of their own segment's spare room. */
function liveBytes({ observer, fileBytes }: Simulation): number {
  const { state } = observer.history;
  const numbers = new Set<string>();
  let bytes = 0;
  // A dead letter is a record of its own, with a longer header; a message that has died in two queues has two. So has one that a crash
  // has made a delayed exchange pass on again.
  for (const [id, messages] of state.queues) {
    const letters = new Map<number, number>();
    const isLetters = letterQueues.some(name => name === state.queueNames.get(id));
    for (const number of messages.values()) {
      const nth = (letters.get(number) ?? 0) + 1;
      letters.set(number, nth);
      numbers.add(`${number} ${nth}${isLetters ? ' letter' : ''}`);
    }
  }
  for (const key of numbers) {
    const { bodyBytes } = observer.messages.get(Number.parseInt(key, 10));
    bytes += bodyBytes + (key.endsWith('letter') ? 700 : 200) + (bodyBytes > fileBytes / 4 ? fileBytes : 0);
  }
  // Facts stand in a snapshot and in the index of its segment.
  for (const fact of state.facts.values()) bytes += fact.length * 2;
  return bytes;
}

/** The bound that is promised, twice what lives and two segments, with two more for what such small files leave empty. */
function expectDiskBound({ diskFiles, fileBytes, flip }: Simulation, live: number): void {
  let used = 0;
  for (const { path, bytes } of diskFiles) if (path.startsWith(`${folder}/`)) used += bytes;
  // A segment with a damaged message stays until that is asked for.
  const segments = flip === undefined ? 4 : 5;
  // Room is taken by whole files, of each of which two pages are its own.
  const bound = Math.ceil((2 * live) / (fileBytes - 2 * pageBytes) + segments) * fileBytes;
  if (used > bound) throw new Error(`the disk in use is ${used} bytes, more than ${bound}, with ${live} bytes alive`);
}
