// The log as a folder of segment files: synced writes into files made ready beforehand, each block checked when it is read.
//
// Rules that this file keeps:
// - A segment is used only when its file's name is durable; its header page goes out in one write with its first block.
// - Nothing is appended to a segment after a failed write or sync, nor to one of an earlier claim: the next block begins a new
//   segment, and where that starts, the one before it ends.

import { stampBlock } from './block.ts';
import type { Disk, DiskFile } from './disk.ts';
import {
  type AppendOutcome,
  type BlockWrite,
  type Damage,
  type Durability,
  type Log,
  nextPosition,
  type Position,
  type ReadResult,
  type SegmentFound,
} from './log.ts';
import { OpenFiles } from './open-files.ts';
import { SegmentList } from './segment-list.ts';
import { encodeHeader, pageBytes } from './segment-page.ts';
import { offsetOf, readBlocks } from './segment-reader.ts';
import { type Segment, scanFolder } from './segment-scan.ts';
import { type PreparedFile, SegmentSpares, segmentPath } from './segment-spares.ts';
import { pageAligned, sealSegment, settleTail } from './segment-tail.ts';
import { SegmentTrim } from './segment-trim.ts';

/** When a written block is synced: before its append resolves, at intervals, or when the system likes to. */
export type SyncMode = 'commit' | 'interval' | 'os';

export interface SegmentFilesOptions {
  readonly disk: Disk;
  /** The folder of the segments; made if it is not there. */
  readonly folder: string;
  /** Size of a segment's file; a multiple of 4096. 64 MiB by default. */
  readonly fileBytes?: number;
  readonly sync: SyncMode;
  /** With sync `interval`: the time between two syncs. 200 ms by default. */
  readonly syncIntervalMs?: number;
  /** Locks the data folder; rejects with code DATA_DIR_LOCKED. */
  readonly lock: () => Promise<{ release(): Promise<void> }>;
  /** Told what went wrong in the background, where no caller waits. */
  readonly report: (error: Error) => void;
}

/** The segment that is being written. */
interface Current extends Segment {
  readonly file: DiskFile;
  readonly prepared: PreparedFile;
  end: Position;
  /** How many parts of it were full when a next file was last asked for. */
  partsFull: number;
}

const durable: AppendOutcome = { outcome: 'durable' };
/**
 * A next file is made when so many parts of a segment, of this many, are full, and asked for again with each further one: until then one that
 * is given back mostly takes that place.
 */
const parts = 8;
/** In a segment made for one large block: room for the index that ends it. */
const indexRoomBytes = 64 * 1024;

export class SegmentFiles implements Log {
  readonly segmentBytes: number;
  readonly durability: Durability;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #fileBytes: number;
  readonly #sync: SyncMode;
  readonly #syncIntervalMs: number;
  readonly #takeLock: SegmentFilesOptions['lock'];
  readonly #report: (error: Error) => void;
  readonly #spares: SegmentSpares;
  readonly #open: OpenFiles;
  /** The current segment is the last one. */
  readonly #list: SegmentList = new SegmentList();
  readonly #trims: SegmentTrim;
  #lock: { release(): Promise<void> } | undefined;
  #epoch = 0;
  #current: Current | undefined;
  /** With sync `interval`: files with writes that are not synced. */
  readonly #unsynced: Set<DiskFile> = new Set();
  #syncTimer: NodeJS.Timeout | undefined;

  constructor(options: SegmentFilesOptions) {
    this.#disk = options.disk;
    this.#folder = options.folder;
    this.#fileBytes = options.fileBytes ?? 64 * 1024 * 1024;
    this.#sync = options.sync;
    this.#syncIntervalMs = options.syncIntervalMs ?? 200;
    this.#takeLock = options.lock;
    this.#report = options.report;
    this.segmentBytes = this.#fileBytes - 2 * pageBytes;
    this.durability = options.sync === 'commit' ? 'power-cut' : 'process-crash';
    this.#spares = new SegmentSpares(this.#disk, this.#folder, this.#fileBytes, this.#sync === 'commit');
    this.#open = new OpenFiles(this.#disk);
    this.#trims = new SegmentTrim(this.#disk, this.#folder, this.#list, this.#spares, this.#open);
  }

  get bytes(): number {
    return this.#list.bytes + this.#spares.bytes;
  }

  async claim(): Promise<{ epoch: number; segments: readonly SegmentFound[]; damage: readonly Damage[] }> {
    await this.#disk.makeFolder(this.#folder);
    this.#lock = await this.#takeLock();
    try {
      return await this.#claimed();
    } catch (error) {
      await this.#lock.release();
      throw error;
    }
  }

  async #claimed(): Promise<{ epoch: number; segments: readonly SegmentFound[]; damage: readonly Damage[] }> {
    const found = await scanFolder(this.#disk, this.#folder, this.#fileBytes);
    this.#epoch = found.highestEpoch + 1;
    this.#spares.nextNumber = found.highestNumber + 1;
    this.#spares.lastUsed = found.highestUsed;
    this.#list.fill(found.segments);
    // What a killed process wrote may be in the system's memory only; from here on it counts.
    if (this.#sync !== 'os') await this.#syncAll();
    for (const number of found.overwritten) await this.#disk.unlink(segmentPath(this.#folder, number));
    const kept: number[] = [];
    for (const { number, bytes } of found.empty) {
      if (bytes === this.#fileBytes && kept.length === 0) kept.push(number);
      else await this.#disk.unlink(segmentPath(this.#folder, number));
    }
    await this.#disk.syncFolder(this.#folder);
    for (const number of kept) await this.#spares.add(number);
    this.#spares.prepare();
    if (this.#sync === 'interval') this.#startSyncing();
    const segments = this.#list.all.map(({ start, end, index, header, fileBytes }) => {
      return { start, end, index, header, bytes: fileBytes };
    });
    return { epoch: this.#epoch, segments, damage: found.damage };
  }

  async #syncAll(): Promise<void> {
    for (const { path } of this.#list.all) {
      const file = await this.#disk.open(path, {});
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
    const { last } = this.#list;
    if (last !== undefined && last.end === undefined) await settleTail(this.#disk, last);
  }

  room(): number {
    const current = this.#current;
    if (current === undefined) return 0;
    return Math.max(0, current.fileBytes - pageBytes - offsetOf(current, current.end));
  }

  hasSpare(): Promise<boolean> {
    return this.#spares.hasSpare();
  }

  append(block: BlockWrite): Promise<AppendOutcome> {
    if (block.segment !== undefined) return this.#begin(block, block.segment.header);
    const current = this.#current;
    if (current === undefined) {
      const error = new Error(`The block at ${block.position} must begin a segment`);
      return Promise.resolve({ outcome: 'failed', error });
    }
    if (block.position !== current.end) throw new Error(`The block at ${block.position} must be at ${current.end}`);
    if (block.length > this.room()) throw new Error(`The block at ${block.position} does not fit its segment`);
    stampBlock(block, current);
    const offset = offsetOf(current, block.position);
    const way = current.prepared.makeWay(offset + block.length);
    const written =
      way === undefined
        ? current.file.write(block.parts, offset)
        : way.then(() => current.file.write(block.parts, offset));
    return written.then(
      () => this.#written(current, block),
      error => this.#failed(current, error),
    );
  }

  #written(current: Current, block: BlockWrite): AppendOutcome | Promise<AppendOutcome> {
    current.end = nextPosition(block.position, block.length);
    if (this.#sync === 'interval') this.#unsynced.add(current.file);
    this.#prepareNext(current);
    if (block.index !== true) return durable;
    current.index = block.position;
    return this.#finish(current).then(() => durable);
  }

  #prepareNext(current: Current): void {
    const full = Math.floor((offsetOf(current, current.end) * parts) / current.fileBytes);
    if (full <= current.partsFull) return;
    current.partsFull = full;
    this.#spares.prepare();
  }

  /** Nothing more is written to that file; what was durable in it stays readable. */
  #failed(current: Current, error: Error): AppendOutcome {
    this.#abandon(current);
    // The system knows these pages as bad: they are not to be trusted with other blocks.
    if ((error as NodeJS.ErrnoException).code === 'EIO') current.recyclable = false;
    return { outcome: 'failed', error };
  }

  async seal(): Promise<void> {
    if (this.#current !== undefined) await this.#finish(this.#current);
  }

  /** The index is in; its footer makes it known. A footer that fails costs only the short way of reading the segment. */
  async #finish(current: Current): Promise<void> {
    try {
      await current.prepared.stopZeros();
      await sealSegment(current.file, current);
    } catch (error) {
      this.#report(error as Error);
    }
    this.#abandon(current);
  }

  #abandon(current: Current): void {
    if (this.#current === current) this.#current = undefined;
    current.released = this.#release(current);
  }

  /** A file that was left before it was full stays as small as it is, and is not used again. One that was sealed gets its last zeros. */
  async #stopZeros(current: Current): Promise<void> {
    const { prepared } = current;
    await prepared.stopZeros();
    if (prepared.complete || !current.recyclable) return;
    if (current.sealed) {
      const plain = await this.#disk.open(current.path, {});
      await prepared.zeroBehind(pageAligned(offsetOf(current, current.end)), plain).catch(() => {
        current.recyclable = false;
      });
      return;
    }
    current.recyclable = false;
    current.fileBytes = Math.max(current.prepared.zeroed, offsetOf(current, current.end));
  }

  async #release(current: Current): Promise<void> {
    try {
      await this.#stopZeros(current);
      if (this.#unsynced.delete(current.file)) await current.file.sync();
      await current.file.close();
    } catch (error) {
      this.#report(error as Error);
    }
  }

  async #begin(block: BlockWrite, header: Uint8Array): Promise<AppendOutcome> {
    if (this.#current !== undefined) this.#abandon(this.#current);
    const { last } = this.#list;
    let prepared: PreparedFile;
    try {
      // Where an index was left out, this segment does not begin at the end of the one before: only a footer says that nothing is missing.
      if (last?.end !== undefined && last.end < block.position) await this.#trims.seal(last);
      prepared = await this.#spares.take(block.fromReserve === true);
    } catch (error) {
      return { outcome: 'failed', error: error as Error };
    }
    const current = this.#newSegment(prepared, block, header);
    const overwritten = this.#list.add(current);
    if (overwritten.length > 0) this.#trims.removeOverwritten(overwritten).catch(this.#report);
    this.#current = current;
    try {
      stampBlock(block, current);
      await prepared.makeWay(pageBytes + block.length);
      await current.file.write([encodeHeader(current), ...block.parts], 0);
      // The header matters to all that follows: it does not wait for the interval.
      if (this.#sync === 'interval') await current.file.sync();
    } catch (error) {
      return this.#failed(current, error as Error);
    }
    return this.#written(current, block);
  }

  #newSegment(prepared: PreparedFile, block: BlockWrite, header: Uint8Array): Current {
    const large = block.length > this.segmentBytes;
    const start = block.position;
    return {
      number: prepared.number,
      path: prepared.path,
      epoch: this.#epoch,
      start,
      header,
      fileBytes: large ? pageAligned(block.length) + indexRoomBytes + 2 * pageBytes : this.#fileBytes,
      end: start,
      partsFull: 0,
      index: undefined,
      sealed: false,
      recyclable: !large,
      released: undefined,
      file: prepared.file,
      prepared,
    };
  }

  async read(position: Position, bytes: number): Promise<ReadResult> {
    const segment = this.#list.at(position);
    if (segment === undefined) return { blocks: [], next: undefined, damage: [] };
    return this.#open.with(segment.path, file => readBlocks(file, segment, position, bytes));
  }

  async trim(start: Position): Promise<void> {
    const segment = this.#list.startingAt(start);
    if (segment === undefined) return;
    if (segment === this.#current) throw new Error(`The segment at ${start} is being written`);
    await this.#trims.trim(segment);
  }

  #startSyncing(): void {
    this.#syncTimer = setTimeout(() => {
      this.#syncUnsynced().finally(() => {
        if (this.#syncTimer !== undefined) this.#startSyncing();
      });
    }, this.#syncIntervalMs);
    this.#syncTimer.unref();
  }

  async #syncUnsynced(): Promise<void> {
    for (const file of [...this.#unsynced]) {
      this.#unsynced.delete(file);
      try {
        await file.sync();
      } catch (error) {
        // What a failed sync left behind is not to be built on: the next block begins a new segment.
        if (this.#current?.file === file) this.#abandon(this.#current);
        this.#report(error as Error);
      }
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    await this.#trims.idle();
    const current = this.#current;
    this.#current = undefined;
    if (current !== undefined) {
      try {
        await this.#stopZeros(current);
        // With its end known, the next start need not look for it.
        await sealSegment(current.file, current);
        if (this.#sync !== 'commit') await current.file.sync();
      } catch (error) {
        this.#report(error as Error);
      }
      await this.#release(current);
    }
    for (const { released } of this.#list.all) await released;
    await this.#spares.close();
    await this.#open.close();
    await this.#lock?.release();
    this.#lock = undefined;
  }
}
