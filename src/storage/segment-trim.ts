// Takes segments away so that they cannot come back, not even after a power cut; their files become spares where one is wanted.
//
// A segment's end stands in its own footer or, without one, in the start of the segment after it. So before a segment goes, the
// one before it gets its footer: else blocks that were written again, and are settled by now, would be back.

import type { Disk } from './disk.ts';
import type { OpenFiles } from './open-files.ts';
import type { SegmentList } from './segment-list.ts';
import type { Segment } from './segment-scan.ts';
import { type SegmentSpares, segmentPath } from './segment-spares.ts';
import { sealSegment } from './segment-tail.ts';

export class SegmentTrim {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #list: SegmentList;
  readonly #spares: SegmentSpares;
  readonly #open: OpenFiles;
  /** One after the other; never rejected. */
  #turns: Promise<unknown> = Promise.resolve();
  /** Segments whose blocks all stand again in a later one, and whose files are still there. */
  readonly #overwritten: Set<Segment> = new Set();

  constructor(disk: Disk, folder: string, list: SegmentList, spares: SegmentSpares, open: OpenFiles) {
    this.#disk = disk;
    this.#folder = folder;
    this.#list = list;
    this.#spares = spares;
    this.#open = open;
  }

  /** Takes the segment away. Rejects with the disk's error; another try goes on from there. */
  trim(segment: Segment): Promise<void> {
    return this.#inTurn(() => this.#trim(segment));
  }

  /** Removes files whose blocks all stand again in a later segment. What fails is tried again before the next trim. */
  removeOverwritten(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) this.#overwritten.add(segment);
    return this.#inTurn(() => this.#removeOverwritten());
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#turns;
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    const result = this.#turns.then(run);
    this.#turns = result.catch(() => {});
    return result;
  }

  async #trim(segment: Segment): Promise<void> {
    await this.#removeOverwritten();
    if (!this.#list.includes(segment)) return;
    await segment.released;
    await this.#sealBefore(segment);
    await this.#open.forget(segment.path);
    const number = await this.#removeFile(segment);
    await this.#disk.syncFolder(this.#folder);
    this.#list.remove(segment);
    if (number !== undefined) await this.#spares.add(number);
  }

  async #sealBefore(segment: Segment): Promise<void> {
    const before = this.#list.before(segment);
    if (before !== undefined) await this.seal(before);
  }

  /** Writes the footer of a segment that nothing is written to any more, where it has none. Rejects with the disk's error. */
  async seal(segment: Segment): Promise<void> {
    if (segment.sealed) return;
    await segment.released;
    const file = await this.#disk.open(segment.path, { durable: true });
    try {
      await sealSegment(file, segment);
    } finally {
      await file.close();
    }
  }

  /** Unlinks the file, or makes a spare of it and gives its number. Its old header makes it empty under its new number. */
  async #removeFile(segment: Segment): Promise<number | undefined> {
    if (!segment.recyclable || !this.#spares.wanted) {
      await this.#unlink(segment.path);
      return undefined;
    }
    const number = this.#spares.nextNumber;
    this.#spares.nextNumber += 1;
    const path = segmentPath(this.#folder, number);
    await this.#disk.rename(segment.path, path);
    // If the folder cannot be synced now, the next try finds it under its new name.
    segment.path = path;
    return number;
  }

  async #removeOverwritten(): Promise<void> {
    for (const segment of [...this.#overwritten]) {
      await segment.released;
      await this.#open.forget(segment.path);
      await this.#unlink(segment.path);
      await this.#disk.syncFolder(this.#folder);
      this.#overwritten.delete(segment);
    }
  }

  async #unlink(path: string): Promise<void> {
    try {
      await this.#disk.unlink(path);
    } catch (error) {
      // Removed by an earlier try whose folder sync failed.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}
