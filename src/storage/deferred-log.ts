// A log that is claimed when the first block is written: most brokers never page a transient message out.
import type { AppendOutcome, BlockWrite, Damage, Durability, Log, Position, ReadResult, SegmentFound } from './log.ts';

export class DeferredLog implements Log {
  readonly durability: Durability = 'nothing';
  readonly segmentBytes: number;
  readonly #open: () => Promise<Log>;
  #log: Promise<Log> | undefined;
  #opened: Log | undefined;

  /** `open` makes an empty log; it is called once. */
  constructor(segmentBytes: number, open: () => Promise<Log>) {
    this.segmentBytes = segmentBytes;
    this.#open = open;
  }

  get bytes(): number {
    return this.#opened?.bytes ?? 0;
  }

  claim(): Promise<{ epoch: number; segments: readonly SegmentFound[]; damage: readonly Damage[] }> {
    return Promise.resolve({ epoch: 1, segments: [], damage: [] });
  }

  async append(block: BlockWrite): Promise<AppendOutcome> {
    try {
      const log = await this.#ready();
      return await log.append(block);
    } catch (error) {
      this.#log = undefined;
      return { outcome: 'failed', error: error as Error };
    }
  }

  async read(position: Position, bytes: number): Promise<ReadResult> {
    return (await this.#ready()).read(position, bytes);
  }

  async trim(start: Position): Promise<void> {
    await (await this.#ready()).trim(start);
  }

  room(): number {
    return this.#opened?.room() ?? 0;
  }

  async hasSpare(): Promise<boolean> {
    return (await this.#opened?.hasSpare()) ?? true;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
  }

  async #ready(): Promise<Log> {
    this.#log ??= this.#open();
    this.#opened = await this.#log;
    return this.#opened;
  }
}
