// The journal and the scratch file on a data folder: opened, recovered into the broker, closed in order.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority } from '../auth/authority.ts';
import { Broker } from '../broker/broker.ts';
import type { Clock } from '../broker/clock.ts';
import { type Journal as JournalPort, NoJournal } from '../broker/journal.ts';
import type { Memory } from '../broker/memory.ts';
import type { Random } from '../broker/random.ts';
import type { Unsettled } from '../broker/unsettled.ts';
import type { JournalFigures } from '../http/management.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import { NodeDisk } from '../storage/node-disk.ts';
import { SegmentFiles } from '../storage/segment-files.ts';
import type { Config } from './config.ts';
import { openJournaledStores } from './journaled-stores.ts';
import type { Log as ProcessLog } from './logging.ts';
import { WriteTimes } from './write-times.ts';

/** A broker with what it stands on. */
export interface Stores {
  readonly broker: Broker;
  readonly journal: JournalPort;
  /** Whether the data folder was empty, or there is none. */
  readonly isNew: boolean;
  /** Why publishers are stopped; undefined while the stores can be written. */
  readonly trouble: () => string | undefined;
  /** How the journal does; undefined without a disk. */
  readonly figures: JournalFigures | undefined;
  /** Writes what waits and closes the files. */
  close(): Promise<void>;
}

interface Surroundings {
  readonly config: Config;
  readonly log: ProcessLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly memory: Memory;
  readonly authority: Authority;
  readonly later: (run: () => void) => void;
  readonly atEnd: (run: () => void) => void;
  /** What the channels have unsettled. */
  readonly unsettled: () => Iterable<Unsettled>;
}

export async function openStores(surroundings: Surroundings): Promise<Stores> {
  const { config } = surroundings;
  return config.dataDir === undefined ? withoutDisk(surroundings) : onDisk(surroundings, config.dataDir);
}

function withoutDisk({ config, clock, random, memory, later, unsettled }: Surroundings): Stores {
  const journal = new NoJournal(later);
  const surroundings = { journal, scratch: undefined, memory, clock, random, later, unsettled, damaged: () => {} };
  const broker = new Broker(surroundings, config.eventVhost);
  return {
    broker,
    journal,
    isNew: true,
    trouble: () => undefined,
    figures: undefined,
    close: async () => {},
  };
}

async function onDisk(surroundings: Surroundings, dataDir: string): Promise<Stores> {
  const { config, log, clock, random, memory, authority, later, atEnd, unsettled } = surroundings;
  const scratchFolder = join(dataDir, 'scratch');
  const removeScratch = (): Promise<void> => rm(scratchFolder, { recursive: true, force: true });
  const timers = new Set<NodeJS.Timeout>();
  const writes = new WriteTimes(() => performance.now());
  const stores = await openJournaledStores({
    log: segmentFiles(config, log, join(dataDir, 'segments'), () => lockFolder(dataDir)),
    openScratch: async () => {
      await removeScratch();
      const files = segmentFiles(config, log, scratchFolder, async () => ({ release: async () => {} }), 'os');
      await files.claim();
      return files;
    },
    removeScratch,
    clock,
    random,
    memory,
    authority,
    later,
    atEnd,
    afterMs: (ms, run) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
    },
    report: (level, message) => log[level](message),
    unsettled,
    writes,
    eventVhost: config.eventVhost,
  });
  const { broker, journal, scratch } = stores;
  return {
    broker,
    journal,
    isNew: stores.isNew,
    trouble: () => {
      if (journal.failing) return 'the journal cannot be written: persistent publishes are stopped';
      if (scratch.failing) return 'transient messages cannot be paged out: their publishers are stopped';
      return undefined;
    },
    figures: {
      writes,
      get pendingBytes() {
        return journal.pendingBytes;
      },
      get failing() {
        return journal.failing;
      },
    },
    close: async () => {
      await stores.close();
      for (const timer of timers) clearTimeout(timer);
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
