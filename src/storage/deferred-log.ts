// A log that is there only while it has segments: most brokers never page a transient message out, and few do so all the time.
import type { AppendOutcome, BlockWrite, Damage, Durability, Log, Position, ReadResult, SegmentFound } from './log.ts';

export class DeferredLog implements Log {
  readonly durability: Durability = 'nothing';
  readonly segmentBytes: number;
  readonly #open: () => Promise<Log>;
  readonly #remove: () => Promise<void>;
  #log: Promise<Log> | undefined;
  #opened: Log | undefined;
  /** Where its segments start. */
  readonly #segments = new Set<Position>();
  #closing: Promise<void> = Promise.resolve();

  /** `open` makes an empty log, also again when one was closed; `remove` takes away what a closed one has left on the disk. */
  constructor(segmentBytes: number, open: () => Promise<Log>, remove: () => Promise<void>) {
    this.segmentBytes = segmentBytes;
    this.#open = open;
    this.#remove = remove;
  }

  get bytes(): number {
    return this.#opened?.bytes ?? 0;
  }

  claim(): Promise<{ epoch: number; segments: readonly SegmentFound[]; damage: readonly Damage[] }> {
    return Promise.resolve({ epoch: 1, segments: [], damage: [] });
  }

  async append(block: BlockWrite): Promise<AppendOutcome> {
    // Before anything is waited for: a trim of the segment before must not take the log away from under this one.
    if (block.segment !== undefined) this.#segments.add(block.position);
    try {
      const log = await this.#ready();
      return await log.append(block);
    } catch (error) {
      this.#log = undefined;
      return { outcome: 'failed', error: error as Error };
    }
  }

  async seal(): Promise<void> {
    await this.#opened?.seal();
  }

  async read(position: Position, bytes: number): Promise<ReadResult> {
    // Of a log that has just gone: nobody needs any more what was asked for.
    if (this.#opened === undefined) return { blocks: [], next: undefined, damage: [] };
    return this.#opened.read(position, bytes);
  }

  /** With its last segment the log goes. */
  async trim(start: Position): Promise<void> {
    if (!this.#segments.has(start)) return;
    if (this.#segments.size > 1) await (await this.#ready()).trim(start);
    else await this.close();
    this.#segments.delete(start);
  }

  room(): number {
    return this.#opened?.room() ?? 0;
  }

  async hasSpare(): Promise<boolean> {
    return (await this.#opened?.hasSpare()) ?? true;
  }

  async close(): Promise<void> {
    const log = this.#opened;
    this.#opened = undefined;
    this.#log = undefined;
    this.#closing = (log?.close() ?? Promise.resolve()).then(this.#remove);
    await this.#closing;
  }

  async #ready(): Promise<Log> {
    // What could not be removed is removed before another one is opened.
    await this.#closing.catch(() => {});
    this.#log ??= this.#open();
    this.#opened = await this.#log;
    return this.#opened;
  }
}
