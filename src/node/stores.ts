// The journal and the scratch file on a data folder: opened, recovered into the broker, closed in order.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuthFact, Authority } from '../auth/authority.ts';
import { Broker } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import type { Entry } from '../broker/entry.ts';
import type { Fact } from '../broker/facts.ts';
import { type Journal as JournalPort, NoJournal } from '../broker/journal.ts';
import type { Memory } from '../broker/memory.ts';
import { relocateEntry } from '../broker/ready-list.ts';
import { Compaction, type Keeper } from '../storage/compaction.ts';
import { DeferredLog } from '../storage/deferred-log.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import { Journal } from '../storage/journal.ts';
import type { Damage, Log } from '../storage/log.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import { type Recovered, recover } from '../storage/recovery.ts';
import { SegmentFiles } from '../storage/segment-files.ts';
import type { Config } from './config.ts';
import type { Log as ProcessLog } from './logging.ts';

/** A broker with what it stands on. */
export interface Stores {
  readonly broker: Broker;
  readonly journal: JournalPort;
  /** Whether the data folder was empty, or there is none. */
  readonly isNew: boolean;
  readonly accepting: () => boolean;
  readonly whenAccepting: (run: () => void) => void;
  /** Why the journal cannot be written; undefined while it can. */
  readonly failing: () => boolean;
  /** Writes what waits and closes the files. */
  close(): Promise<void>;
}

interface Surroundings {
  readonly config: Config;
  readonly log: ProcessLog;
  readonly clock: Clock;
  readonly memory: Memory;
  readonly authority: Authority;
  readonly later: (run: () => void) => void;
  /** Entries that are with consumers. */
  readonly unsettled: () => Iterable<Entry>;
}

const compactionMs = 20;

export async function openStores(surroundings: Surroundings): Promise<Stores> {
  const { config } = surroundings;
  return config.dataDir === undefined ? withoutDisk(surroundings) : onDisk(surroundings, config.dataDir);
}

function withoutDisk({ clock, memory, later }: Surroundings): Stores {
  const journal = new NoJournal(later);
  const broker = new Broker({ journal, scratch: undefined, memory, clock, later, damaged: () => {} });
  return {
    broker,
    journal,
    isNew: true,
    accepting: () => true,
    whenAccepting: later,
    failing: () => false,
    close: async () => {},
  };
}

async function onDisk(surroundings: Surroundings, dataDir: string): Promise<Stores> {
  const { config, log, clock, memory, authority, later } = surroundings;
  const damaged = ({ place, offset, reason }: Damage): void =>
    log.error(`damaged bytes in ${place} at offset ${offset}: ${reason}; what they held is lost, the rest is served`);
  const files = segmentFiles(config, log, join(dataDir, 'segments'), () => lockFolder(dataDir));
  const recovered = await recover(files, damaged);
  const timers = new Set<NodeJS.Timeout>();
  const options = {
    memory,
    later,
    report: (level: 'info' | 'warning' | 'error', message: string) => log[level](message),
    afterMs: (ms: number, run: () => void) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
    },
    facts: (): Iterable<Fact> => [...broker.facts(), ...authority.facts()],
  };
  const journal = new Journal({ ...options, log: files, volatile: false }, recovered.start);
  const scratch = openScratch(config, log, join(dataDir, 'scratch'), options);
  const broker = new Broker({
    journal,
    scratch,
    memory,
    clock,
    later,
    damaged: entry =>
      log.error(
        `a stored message of queue '${entry.queue.name}' in vhost '${entry.queue.vhost}' is damaged and was dropped`,
      ),
  });
  replay(recovered, broker, authority);
  journal.begin();
  const keeper = keeperOf(broker, surroundings.unsettled);
  const compactions = [compact(journal, keeper, clock), compact(scratch, keeper, clock)];
  const durable = journal.onDurable;
  journal.onDurable = () => {
    durable();
    memory.check();
  };
  return {
    broker,
    journal,
    isNew: recovered.isNew,
    accepting: () => journal.accepting,
    whenAccepting: run => journal.whenAccepting(run),
    failing: () => journal.failing,
    close: async () => {
      for (const compaction of compactions) await compaction.stop();
      journal.closed(deliveredIds(broker, surroundings.unsettled));
      await journal.close();
      await scratch.close();
      for (const timer of timers) clearTimeout(timer);
      await rm(join(dataDir, 'scratch'), { recursive: true, force: true });
    },
  };
}

function segmentFiles(
  config: Config,
  log: ProcessLog,
  folder: string,
  lock: () => Promise<{ release(): Promise<void> }>,
  sync = config.sync,
): SegmentFiles {
  return new SegmentFiles({
    disk: new NodeDisk(),
    folder,
    fileBytes: config.segmentBytes,
    sync,
    syncIntervalMs: config.syncIntervalMs,
    lock,
    report: error => log.error(`the data folder needs attention: ${error.message}`),
  });
}

function openScratch(
  config: Config,
  log: ProcessLog,
  folder: string,
  options: Omit<ConstructorParameters<typeof Journal>[0], 'log' | 'volatile'>,
): Journal {
  const open = async (): Promise<Log> => {
    await rm(folder, { recursive: true, force: true });
    const files = segmentFiles(config, log, folder, async () => ({ release: async () => {} }), 'os');
    await files.claim();
    return files;
  };
  const deferred = new DeferredLog(config.segmentBytes - 2 * 4096, open);
  return new Journal(
    { ...options, log: deferred, volatile: true },
    { position: 0, nextId: 1, lastQueueId: 0, segments: [] },
  );
}

function replay(recovered: Recovered, broker: Broker, authority: Authority): void {
  broker.lastQueueId = recovered.start.lastQueueId;
  for (const fact of recovered.facts) {
    if (isAuthFact(fact)) authority.apply(fact);
    else broker.apply(fact);
  }
  const { queuesById } = broker;
  recovered.entries.distribute(
    recovered.segments,
    queue => queuesById.has(queue),
    entry => {
      const queue = queuesById.get(entry.queue);
      if (queue === undefined) return;
      // Field by field: spreading a million objects takes seconds.
      queue.ready.pushPlace({
        sequence: entry.sequence,
        id: entry.id,
        position: entry.position,
        block: entry.block,
        bodyBytes: entry.bodyBytes,
        redelivered: recovered.clean ? recovered.wasDelivered(entry.id) : queue.consumed,
        persistent: true,
        scratch: false,
      });
      queue.nextSequence = entry.sequence + 1;
    },
  );
}

function isAuthFact(fact: Fact): fact is Fact & AuthFact {
  return fact.type.startsWith('user.') || fact.type.startsWith('permission.');
}

function keeperOf(broker: Broker, unsettled: () => Iterable<Entry>): Keeper {
  return {
    relocate: (queue, sequence, oldId, to) =>
      broker.queuesById.get(queue)?.ready.relocate(sequence, oldId, to) ?? false,
    unsettled,
    relocateEntry,
  };
}

/** Looks for segments to give back as blocks become durable, a few times in a tenth of a second at most. */
function compact(journal: Journal, keeper: Keeper, clock: Clock): Compaction {
  const compaction = new Compaction(journal, keeper);
  let lookedAt = 0;
  journal.onDurable = () => {
    if (clock.now - lookedAt < compactionMs) return;
    lookedAt = clock.now;
    compaction.check();
  };
  return compaction;
}

function deliveredIds(broker: Broker, unsettled: () => Iterable<Entry>): number[] {
  const ids: number[] = [];
  for (const queue of broker.queuesById.values()) {
    if (!queue.durable) continue;
    for (const id of queue.ready.redeliveredIds()) if (id !== 0) ids.push(id);
  }
  for (const entry of unsettled()) if (entry.id !== 0 && entry.queue.durable) ids.push(entry.id);
  return ids;
}
