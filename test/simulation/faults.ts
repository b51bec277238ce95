// The eleven deliberate faults: each breaks one rule of the journal, under it, in it or above it, and must be noticed.
import { crc32 } from 'node:zlib';
import { Broker } from '../../src/broker/broker.ts';
import { NoJournal } from '../../src/broker/journal.ts';
import { Memory } from '../../src/broker/memory.ts';
import type { Disk, DiskFile } from '../../src/storage/disk.ts';
import type { AppendOutcome, BlockWrite, Log } from '../../src/storage/log.ts';
import { type Recovered, recover } from '../../src/storage/recovery.ts';

export const faults = [
  'no sync',
  'no folder sync',
  'confirm before sync',
  'no checksum',
  'reused id',
  'settlement not carried',
  'lost order',
  'double copy',
  'settled before the dead letter',
  'delay forgotten',
  'duplicate forgotten',
] as const;
export type Fault = (typeof faults)[number];

/** The disk as the segment files see it under that fault. */
export function faultyDisk(disk: Disk, fault: Fault | undefined): Disk {
  if (fault === 'no folder sync') return withDisk(disk, { syncFolder: async () => {} });
  if (fault === 'no sync') {
    return withDisk(disk, {
      open: async (path, how) => withFile(await disk.open(path, { ...how, durable: false }), { sync: async () => {} }),
    });
  }
  if (fault === 'no checksum') {
    return withDisk(disk, {
      open: async (path, how) => {
        const file = await disk.open(path, how);
        return withFile(file, {
          read: async (into, position) => {
            const bytes = await file.read(into, position);
            forgive(Buffer.from(into.buffer, into.byteOffset, bytes));
            return bytes;
          },
        });
      },
    });
  }
  return disk;
}

function withDisk(disk: Disk, instead: Partial<Disk>): Disk {
  return {
    open: (path, how) => disk.open(path, how),
    list: folder => disk.list(folder),
    rename: (from, to) => disk.rename(from, to),
    unlink: path => disk.unlink(path),
    makeFolder: path => disk.makeFolder(path),
    syncFolder: path => disk.syncFolder(path),
    free: path => disk.free(path),
    ...instead,
  };
}

function withFile(file: DiskFile, instead: Partial<DiskFile>): DiskFile {
  return {
    read: (into, position) => file.read(into, position),
    write: (parts, position) => file.write(parts, position),
    sync: () => file.sync(),
    truncate: bytes => file.truncate(bytes),
    size: () => file.size(),
    close: () => file.close(),
    ...instead,
  };
}

/** Gives every block in these bytes the checksum that it has. */
function forgive(bytes: Buffer): void {
  for (let at = bytes.indexOf('LBLK'); at !== -1; at = bytes.indexOf('LBLK', at + 8)) {
    if (at % 8 !== 0 || at + 32 > bytes.length) continue;
    const end = at + bytes.readUInt32LE(at + 8);
    if (end < at + 32 || end > bytes.length) continue;
    const payload = crc32(bytes.subarray(at + 32, end));
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 8, at + 32), payload), at + 4);
  }
}

/** The log as the journal sees it under that fault. */
export function faultyLog(log: Log, fault: Fault | undefined): Log {
  return fault === 'confirm before sync' ? new HastyLog(log) : log;
}

/** Says that a block is durable before it is. */
class HastyLog implements Log {
  readonly #log: Log;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log;
  }

  get durability(): Log['durability'] {
    return this.#log.durability;
  }
  get bytes(): number {
    return this.#log.bytes;
  }
  get segmentBytes(): number {
    return this.#log.segmentBytes;
  }
  claim(): ReturnType<Log['claim']> {
    return this.#log.claim();
  }
  hasSpare(): Promise<boolean> {
    return this.#log.hasSpare();
  }

  read(position: number, bytes: number): ReturnType<Log['read']> {
    return this.#turn.then(() => this.#log.read(position, bytes));
  }
  trim(start: number): Promise<void> {
    return this.#turn.then(() => this.#log.trim(start));
  }
  seal(): Promise<void> {
    return this.#turn.then(() => this.#log.seal());
  }
  room(): number {
    return this.#log.room();
  }
  close(): Promise<void> {
    return this.#turn.then(() => this.#log.close());
  }
  append(block: BlockWrite): Promise<AppendOutcome> {
    const copy = { ...block, parts: block.parts.map(part => Buffer.from(part)) };
    this.#turn = this.#turn.then(() => this.#log.append(copy)).catch(() => {});
    return Promise.resolve({ outcome: 'durable' });
  }
}

/** What recovery finds under that fault. */
export function faultyRecovery(fault: Fault | undefined): typeof recover {
  if (fault !== 'reused id') return recover;
  return async (log, damaged) => forgetIds(await recover(log, damaged));
}

/** As if ids were counted from what is there, not from what ever was. */
function forgetIds(recovered: Recovered): Recovered {
  const broker = new Broker({
    journal: new NoJournal(() => {}),
    scratch: undefined,
    memory: new Memory(0),
    clock: { now: 0 },
    random: { name: () => '', below: () => 0 },
    later: () => {},
    damaged: () => {},
    unsettled: () => [],
  });
  const others = recovered.facts.filter(({ type }) => /^(user|permission|topic-permission)\./.test(type));
  for (const fact of recovered.facts) if (!others.includes(fact)) broker.apply(fact);
  const lastQueueId = Math.max(0, ...broker.queuesById.keys());
  return { ...recovered, facts: [...broker.facts(), ...others], start: { ...recovered.start, lastQueueId } };
}
