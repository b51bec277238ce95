// A broker that stands on a log: recovered from it, and wired to what pages, compacts and closes. Knows no files.
import type { AuthFact, Authority } from '../auth/authority.ts';
import { Broker } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import type { Fact } from '../broker/facts.ts';
import type { Memory } from '../broker/memory.ts';
import type { Random } from '../broker/random.ts';
import type { Unsettled } from '../broker/unsettled.ts';
import { Compaction, type Keeper } from '../storage/compaction.ts';
import { DeferredLog } from '../storage/deferred-log.ts';
import { Journal, type JournalOptions } from '../storage/journal.ts';
import type { Damage, Log } from '../storage/log.ts';
import { type Recovered, recover } from '../storage/recovery.ts';

/** What the stores need from outside; the simulator gives its own. */
export interface JournaledSurroundings {
  readonly log: Log;
  /** Opens an empty log for transient messages that are paged out. */
  readonly openScratch: () => Promise<Log>;
  /** Takes away what such a log, closed or left by a crash, has on the disk. */
  readonly removeScratch: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly authority: Authority;
  readonly later: (run: () => void) => void;
  readonly atEnd: (run: () => void) => void;
  readonly afterMs: (ms: number, run: () => void) => void;
  readonly report: (level: 'info' | 'warning' | 'error', message: string) => void;
  /** What the channels have unsettled. */
  readonly unsettled: () => Iterable<Unsettled>;
  /** Told of the journal's writes. */
  readonly writes?: JournalOptions['writes'];
  /** Which vhost has the exchange of events. */
  readonly eventVhost?: string | undefined;
  /** Makes the journal: another one where its faults are tested. */
  readonly newJournal?: (...parts: ConstructorParameters<typeof Journal>) => Journal;
  /** Shown what was recovered, before anything of it has expired. */
  readonly replayed?: (broker: Broker, recovered: Recovered) => void;
  /** Reads the log: another way where its faults are tested. */
  readonly recover?: typeof recover;
}

/** A broker and the journal that it was recovered from. */
export interface JournaledStores {
  readonly broker: Broker;
  readonly journal: Journal;
  /** Where transient messages are paged out to. */
  readonly scratch: Journal;
  /** Whether the log was empty. */
  readonly isNew: boolean;
  /** Writes what waits and lets go of the logs. */
  close(): Promise<void>;
}

const compactionMs = 20;

export async function openJournaledStores(surroundings: JournaledSurroundings): Promise<JournaledStores> {
  const { log, clock, random, memory, authority, later, atEnd, afterMs, report, unsettled } = surroundings;
  const { openScratch, removeScratch } = surroundings;
  const damaged = ({ place, offset, reason }: Damage): void =>
    report(
      'error',
      `damaged bytes in ${place} at offset ${offset}: ${reason}; what they held is lost, the rest is served`,
    );
  const recovered = await (surroundings.recover ?? recover)(log, damaged);
  await removeScratch();
  const facts = (): Iterable<Fact> => [...broker.facts(), ...authority.facts()];
  const options = { memory, later, atEnd, afterMs, report, facts };
  const newJournal = surroundings.newJournal ?? ((...parts) => new Journal(...parts));
  const journal = newJournal({ ...options, log, volatile: false, writes: surroundings.writes }, recovered.start);
  const scratch = new Journal(
    { ...options, log: new DeferredLog(log.segmentBytes, openScratch, removeScratch), volatile: true },
    { position: 0, nextId: 1, lastQueueId: 0, segments: [], snapshotBytes: 0 },
  );
  const broker: Broker = new Broker(
    {
      journal,
      scratch,
      memory,
      clock,
      random,
      later,
      unsettled,
      damaged: ({ queue }) =>
        report(
          'error',
          `a stored message of queue '${queue.name}' in vhost '${queue.vhost}' is damaged and was dropped`,
        ),
    },
    surroundings.eventVhost,
  );
  replay(recovered, broker, authority);
  surroundings.replayed?.(broker, recovered);
  journal.begin();
  // What has expired meanwhile goes first of all.
  for (const queue of broker.queuesById.values()) queue.tidy();
  broker.afterCleanStop = recovered.clean && !recovered.isNew;
  const keeper = keeperOf(broker, unsettled);
  const compactions = [compact(journal, keeper, afterMs), compact(scratch, keeper, afterMs)];
  for (const store of [journal, scratch]) {
    const durable = store.onDurable;
    store.onDurable = () => {
      durable();
      memory.check();
    };
  }
  return {
    broker,
    journal,
    scratch,
    isNew: recovered.isNew,
    close: async () => {
      for (const compaction of compactions) await compaction.stop();
      journal.closed(deliveredIds(broker, unsettled));
      await journal.close();
      // Nothing in it is missed, and the next start takes it away.
      await scratch
        .close()
        .catch((error: Error) => report('warning', `the scratch files stay for now: ${error.message}`));
    },
  };
}

function replay(recovered: Recovered, broker: Broker, authority: Authority): void {
  broker.lastQueueId = recovered.start.lastQueueId;
  for (const fact of recovered.facts) {
    if (isAuthFact(fact)) authority.apply(fact);
    else broker.apply(fact);
    if (fact.type === 'vhost.deleted') authority.forgetVhost(fact.name);
  }
  const { queuesById } = broker;
  recovered.entries.distribute(
    recovered.segments,
    queue => queuesById.has(queue),
    entry => {
      const queue = queuesById.get(entry.queue);
      if (queue === undefined) return;
      queue.recover({
        // Field by field: spreading a million objects takes seconds.
        sequence: entry.sequence,
        id: entry.id,
        position: entry.position,
        block: entry.block,
        bodyBytes: entry.bodyBytes,
        redelivered: recovered.clean ? recovered.wasDelivered(entry.id) : queue.consumed,
        persistent: true,
        scratch: false,
        marks: entry.marks,
      });
    },
  );
  for (const queue of queuesById.values()) queue.deduplication?.keepOnly(sequence => queue.ready.has(sequence));
}

function isAuthFact(fact: Fact): fact is Fact & AuthFact {
  return /^(user|permission|topic-permission)\./.test(fact.type);
}

function keeperOf(broker: Broker, unsettled: () => Iterable<Unsettled>): Keeper {
  return {
    relocate: (queue, sequence, oldId, to) => broker.queuesById.get(queue)?.relocate(sequence, oldId, to) ?? false,
    relocateUnsettled: (store, places) => {
      for (const each of unsettled()) each.relocate(store, places);
    },
  };
}

/** Looks for segments to give back a little after blocks became durable, so that many blocks cost one look. */
function compact(journal: Journal, keeper: Keeper, afterMs: JournaledSurroundings['afterMs']): Compaction {
  const compaction = new Compaction(journal, keeper);
  let waiting = false;
  journal.onDurable = () => {
    if (waiting) return;
    waiting = true;
    afterMs(compactionMs, () => {
      waiting = false;
      compaction.check();
    });
  };
  return compaction;
}

function deliveredIds(broker: Broker, unsettled: () => Iterable<Unsettled>): number[] {
  const ids: number[] = [];
  for (const queue of broker.queuesById.values()) {
    if (!queue.durable) continue;
    for (const id of queue.redeliveredIds()) if (id !== 0) ids.push(id);
  }
  for (const each of unsettled()) for (const id of each.durableIds()) ids.push(id);
  for (const id of broker.services.deadLetters.deliveredIds()) ids.push(id);
  return ids;
}
