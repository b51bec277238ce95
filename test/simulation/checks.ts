// What must hold of a broker after its recovery, and of its memory while it lives.

import type { Broker } from '../../src/broker/broker.ts';
import type { Fact } from '../../src/broker/facts.ts';
import type { Marks } from '../../src/broker/marks.ts';
import type { Queue } from '../../src/broker/queue.ts';
import type { JournaledStores } from '../../src/node/journaled-stores.ts';
import type { Flip } from './flip.ts';
import type { History } from './history.ts';
import type { Life } from './life.ts';
import { type Place, State } from './state.ts';

/** Compares what was recovered with what was promised. Returns how many messages there are. */
export function expectRecovered(broker: Broker, others: Iterable<Fact>, history: History): number {
  const found = new State();
  for (const fact of [...broker.facts(), ...others]) found.apply({ kind: 'fact', fact });
  const entries: (Place & { id: number })[] = [];
  for (const queue of broker.queuesById.values()) {
    let last = 0;
    for (const { id, sequence, marks } of queue.ready) {
      expectDeadline(history, queue, sequence, marks);
      if (sequence <= last) throw new Error(`queue ${queue.name} has sequence ${sequence} after ${last}`);
      last = sequence;
      const place = { id, queue: queue.id, sequence };
      entries.push(place);
      found.apply({ kind: 'published', message: 0, entries: [place] });
    }
    if (queue.nextSequence <= last)
      throw new Error(`queue ${queue.name} would give sequence ${queue.nextSequence} again`);
  }
  history.recovered(found, entries);
  return entries.length;
}

/** A deadline is fixed with the enqueue. */
function expectDeadline(history: History, queue: Queue, sequence: number, marks: Marks | undefined): void {
  const expected = history.deadlineOf(queue.id, sequence);
  const deadline = marks?.deadline ?? 0;
  if (deadline !== expected)
    throw new Error(`sequence ${sequence} of queue ${queue.name} expires at ${deadline} instead of ${expected}`);
}

/** Nothing is handed out after its deadline, beyond the turn in which that came. */
export function expectInTime(life: Life): void {
  for (const { queue, sequence, deliveredAt, marks } of life.unsettled())
    if (marks !== undefined && marks.deadline !== 0 && deliveredAt > marks.deadline)
      throw new Error(
        `sequence ${sequence} of queue ${queue.name} was delivered ${deliveredAt - marks.deadline} ms after its deadline`,
      );
}

/** Damage may be told of only where a byte was flipped, or where the first write to a segment was cut short. */
export function expectNoDamage(life: Life, flip: Flip | undefined): void {
  const unexpected = life.damage.find(text => flip === undefined && !/at offset 0:/.test(text));
  if (unexpected !== undefined) throw new Error(`damage where there is none: ${unexpected}`);
}

/** `stops` are what the clean stops had delivered whose last record may be what was found, latest first. */
export function expectMarks(
  life: Life,
  broker: Broker,
  isNew: boolean,
  stops: readonly ReadonlySet<string>[],
  history: History,
): void {
  if (!life.foundClean) {
    const wrong = wrongMark(broker, ({ id }) => history.state.facts.has(`consumed ${id}`));
    if (wrong !== undefined) throw new Error(`after a crash, ${wrong}`);
    return;
  }
  if (!isNew && stops.length === 0) throw new Error('recovery takes a crash for a clean stop');
  const wrongs = stops.map(marks => wrongMark(broker, ({ id }, sequence) => marks.has(`${id} ${sequence}`)));
  if (wrongs.length > 0 && !wrongs.includes(undefined)) throw new Error(`after a clean stop, ${wrongs[0]}`);
}

function wrongMark(broker: Broker, expected: (queue: Queue, sequence: number) => boolean): string | undefined {
  for (const queue of broker.queuesById.values())
    for (const { sequence, redelivered } of queue.ready)
      if (redelivered !== expected(queue, sequence))
        return `sequence ${sequence} of queue ${queue.name} is ${redelivered ? '' : 'not '}marked as redelivered`;
  return undefined;
}

/** What waits and was delivered before. */
export function marksOf(life: Life, history: History): Set<string> {
  const marks = new Set<string>(history.dyingDelivered);
  for (const queue of life.stores?.broker.queuesById.values() ?? [])
    for (const { sequence, redelivered } of queue.ready) if (redelivered) marks.add(`${queue.id} ${sequence}`);
  return marks;
}

/** What the broker holds for durable queues is what it has told the journal. */
export function expectMemoryMatches(life: Life, history: History): void {
  const { state } = history;
  const { broker } = life.stores as JournaledStores;
  const there = new Map<number, Set<number>>();
  for (const queue of broker.queuesById.values()) {
    if (!queue.durable) continue;
    const sequences = new Set<number>();
    there.set(queue.id, sequences);
    for (const { message, sequence } of queue.ready) if (message.persistent) sequences.add(sequence);
  }
  for (const { queue, message, sequence } of life.unsettled())
    if (message.persistent && !queue.deleted) there.get(queue.id)?.add(sequence);
  for (const [id, sequences] of there) {
    const journaled = state.queues.get(id);
    for (const sequence of sequences)
      if (!journaled?.has(sequence)) throw new Error(`queue ${id} has sequence ${sequence}, which is not journaled`);
    for (const [sequence, message] of journaled ?? [])
      if (!sequences.has(sequence) && !history.isDying(id, sequence))
        throw new Error(`message ${message}, sequence ${sequence} of queue ${id}, is journaled but not in the queue`);
  }
  const facts = [...broker.facts(), ...(life.context?.authority.facts() ?? [])];
  const held = new State();
  for (const fact of facts) held.apply({ kind: 'fact', fact });
  for (const [key, fact] of held.facts) if (state.facts.get(key) !== fact) throw new Error(`not journaled: ${fact}`);
  if (held.facts.size !== state.facts.size)
    throw new Error(`${state.facts.size} facts are journaled, ${held.facts.size} hold`);
  const wrong = history.seenMismatch(state, held, false);
  if (wrong !== undefined) throw new Error(wrong);
}
