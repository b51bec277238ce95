// Segment files made ready before they are needed: filled with zeros, synced, their names durable.

import type { Disk, DiskFile } from './disk.ts';
import { pageBytes } from './segment-page.ts';

const piecesPerFile = 64;
const piecesPerSync = 4;
const zeros = Buffer.alloc(256 * 1024);

/** The path of the segment file with that number. */
export function segmentPath(folder: string, number: number): string {
  return `${folder}/${String(number).padStart(8, '0')}.log`;
}

/**
 * A file that is ready for use, its first piece at least; the rest of its zeros may still be on their way. Zeros are never
 * written where the user of the file has written or is writing: they stay ahead or stop.
 */
export class PreparedFile {
  readonly number: number;
  readonly path: string;
  readonly file: DiskFile;
  readonly bytes: number;
  #zeroed: number;
  #taken = 0;
  #stopped = false;
  #piece: Promise<void> | undefined;
  #rest: Promise<void> | undefined;

  constructor(number: number, path: string, file: DiskFile, bytes: number, zeroed: number) {
    this.number = number;
    this.path = path;
    this.file = file;
    this.bytes = bytes;
    this.#zeroed = zeroed;
  }

  /** How far the file is filled. */
  get zeroed(): number {
    return this.#zeroed;
  }

  get complete(): boolean {
    return this.#zeroed >= this.bytes;
  }

  /** Tells that the bytes up to `end` are about to be written. Wait for the promise first if there is one. */
  makeWay(end: number): Promise<void> | undefined {
    if (end > this.#taken) this.#taken = end;
    if (end <= this.#zeroed || this.#rest === undefined) return undefined;
    this.#stopped = true;
    return this.#piece;
  }

  /** Writes no more zeros; resolves when none is in flight. */
  async stopZeros(): Promise<void> {
    this.#stopped = true;
    await this.#rest;
  }

  /**
   * The file was written up to `end` and has its footer: writes the zeros that are missing between, so that it can be used again.
   * Closes `plain`. Rejects with the disk's error.
   */
  async zeroBehind(end: number, plain: DiskFile): Promise<void> {
    try {
      const footer = this.bytes - pageBytes;
      for (this.#zeroed = Math.max(this.#zeroed, end); this.#zeroed < footer; ) await this.#zeroPiece(plain, footer);
      await plain.sync();
      this.#zeroed = this.bytes;
    } finally {
      await plain.close();
    }
  }

  /** Writes the zeros that are missing through `plain`, which is not durable by itself, and closes it. Rejects with the disk's error. */
  zero(plain: DiskFile): Promise<void> {
    const all = this.#zero(plain);
    const settled = (): void => {
      this.#rest = undefined;
    };
    this.#rest = all.then(settled, settled);
    return all;
  }

  async #zero(plain: DiskFile): Promise<void> {
    try {
      while (!this.#stopped && this.#zeroed < this.bytes && this.#zeroed >= this.#taken) {
        await this.#zeroPiece(plain, this.bytes);
        if (this.complete || this.#zeroed % (piecesPerSync * pieceOf(this.bytes)) === 0) await plain.sync();
      }
    } finally {
      await plain.close();
    }
  }

  async #zeroPiece(plain: DiskFile, end: number): Promise<void> {
    const length = Math.min(pieceOf(this.bytes), end - this.#zeroed);
    const written = writeZeros(plain, this.#zeroed, length);
    const settled = (): void => {
      this.#piece = undefined;
    };
    this.#piece = written.then(settled, settled);
    await written;
    this.#zeroed += length;
  }
}

/** The files that wait for their use, in the order of their numbers. */
export class SegmentSpares {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #fileBytes: number;
  readonly #durable: boolean;
  readonly #waiting: PreparedFile[] = [];
  #preparing: Promise<void> = Promise.resolve();
  #underWay: { ready: Promise<PreparedFile>; file?: PreparedFile } | undefined;
  #filling: PreparedFile | undefined;
  /** The highest number in use. Files are used in the order of their numbers: that tells which segment overwrites which. */
  lastUsed = 0;
  /** The number that the next file made or recycled gets. */
  nextNumber = 1;

  constructor(disk: Disk, folder: string, fileBytes: number, durable: boolean) {
    this.#disk = disk;
    this.#folder = folder;
    this.#fileBytes = fileBytes;
    this.#durable = durable;
  }

  /** Bytes of the files that wait. */
  get bytes(): number {
    return (this.#waiting.length + (this.#underWay === undefined ? 0 : 1)) * this.#fileBytes;
  }

  /** Whether a file that is no longer needed is to be the next one. */
  get wanted(): boolean {
    return this.#waiting.length === 0 && this.#underWay === undefined;
  }

  /** Takes a file that is there already, of the right size and with a durable name, as a spare; or removes it when it comes too late. */
  async add(number: number): Promise<void> {
    const path = segmentPath(this.#folder, number);
    const file = await this.#disk.open(path, { durable: this.#durable });
    if (number < this.lastUsed) {
      await file.close();
      return this.#disk.unlink(path);
    }
    this.#waiting.push(new PreparedFile(number, path, file, this.#fileBytes, this.#fileBytes));
    this.#waiting.sort(byNumber);
  }

  /** Begins to make one in the background if none is there. What goes wrong comes up again at `take`. */
  prepare(): void {
    if (this.#waiting.length > 0 || this.#underWay !== undefined) return;
    const before = this.#preparing;
    const underWay: { ready: Promise<PreparedFile>; file?: PreparedFile } = {
      ready: before.then(() => this.#create()),
    };
    this.#underWay = underWay;
    this.#preparing = this.#finish(underWay);
  }

  /**
   * The next file. Unless `fromReserve`, it is refused with ENOSPC when it is the last and the disk has no room for another one:
   * then it is kept back for what makes room.
   */
  async take(fromReserve: boolean): Promise<PreparedFile> {
    if (!fromReserve) await this.#requireRoom();
    for (;;) {
      const file = this.#waiting.shift() ?? (await this.#takeUnfinished());
      if (file.number > this.lastUsed) {
        this.lastUsed = file.number;
        return file;
      }
      // One that was recycled later was ready earlier.
      await file.stopZeros();
      await this.#discard(file);
    }
  }

  async #takeUnfinished(): Promise<PreparedFile> {
    this.prepare();
    const underWay = this.#underWay!;
    // Not begun yet: the file before it is still being filled, which can be done without.
    if (underWay.file === undefined) void this.#filling?.stopZeros();
    const file = await underWay.ready;
    // It may have been completed, and joined the waiting ones, in the meantime.
    const at = this.#waiting.indexOf(file);
    if (at !== -1) this.#waiting.splice(at, 1);
    if (this.#underWay === underWay) this.#underWay = undefined;
    return file;
  }

  /** Whether `take` would give a file that is not the one kept back. Begins to make what is missing. */
  async hasSpare(): Promise<boolean> {
    try {
      await this.#requireRoom();
    } catch {
      return false;
    }
    this.prepare();
    return true;
  }

  /** Stops what is under way and closes all files. */
  async close(): Promise<void> {
    const file = await this.#underWay?.ready.catch(() => undefined);
    await file?.stopZeros();
    await this.#preparing;
    for (const waiting of this.#waiting.splice(0)) await waiting.file.close();
  }

  async #requireRoom(): Promise<void> {
    const missing = this.#waiting.length > 0 ? 0 : this.#fileBytes - (this.#underWay?.file?.zeroed ?? 0);
    const free = await this.#disk.free(this.#folder);
    if (free >= missing + this.#fileBytes) return;
    const message = `The disk of ${this.#folder} has ${free} bytes free, fewer than a segment needs. Free some space.`;
    throw Object.assign(new Error(message), { code: 'ENOSPC' });
  }

  /** A new file whose first piece is there. */
  async #create(): Promise<PreparedFile> {
    const number = this.nextNumber;
    this.nextNumber += 1;
    const path = segmentPath(this.#folder, number);
    const plain = await this.#disk.open(path, { create: true });
    const length = pieceOf(this.#fileBytes);
    try {
      await writeZeros(plain, 0, length);
      await plain.sync();
      await this.#disk.syncFolder(this.#folder);
    } catch (error) {
      // What is left of it is removed by the next claim of the folder when even this fails.
      await this.#disk.unlink(path).catch(() => {});
      throw error;
    } finally {
      await plain.close();
    }
    const file = await this.#disk.open(path, { durable: this.#durable });
    return new PreparedFile(number, path, file, this.#fileBytes, length);
  }

  async #finish(underWay: { ready: Promise<PreparedFile>; file?: PreparedFile }): Promise<void> {
    let file: PreparedFile | undefined;
    try {
      file = await underWay.ready;
      underWay.file = file;
      this.#filling = file;
      await file.zero(await this.#disk.open(file.path, {}));
    } catch {
      // A file in use goes on without zeros, only slower; one that waits is not complete and is thrown away below.
    }
    if (this.#underWay !== underWay) return;
    this.#underWay = undefined;
    if (file === undefined) return;
    if (!file.complete) return this.#discard(file);
    this.#waiting.push(file);
    this.#waiting.sort(byNumber);
  }

  async #discard(file: PreparedFile): Promise<void> {
    try {
      await file.file.close();
      await this.#disk.unlink(file.path);
    } catch {
      // It is empty, and the next claim of the folder removes it.
    }
  }
}

function byNumber(a: PreparedFile, b: PreparedFile): number {
  return a.number - b.number;
}

/** Bytes of zeros that are written at once to a file of that size: few enough not to hold up what is appended meanwhile. */
function pieceOf(fileBytes: number): number {
  return Math.min(1 << 20, Math.ceil(fileBytes / piecesPerFile / pageBytes) * pageBytes);
}

async function writeZeros(file: DiskFile, from: number, length: number): Promise<void> {
  for (let at = 0; at < length; at += zeros.length)
    await file.write([zeros.subarray(0, Math.min(zeros.length, length - at))], from + at);
}
