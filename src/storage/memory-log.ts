// A log that keeps nothing, for a broker that is to forget everything when it stops.

import type { AppendOutcome, BlockWrite, Durability, Log, Position, ReadResult, SegmentFound } from './log.ts';

const durable: AppendOutcome = { outcome: 'durable' };

export class MemoryLog implements Log {
  readonly durability: Durability = 'nothing';
  readonly bytes = 0;
  readonly segmentBytes: number = Number.MAX_SAFE_INTEGER;

  async claim(): Promise<{ epoch: number; segments: readonly SegmentFound[]; damage: readonly [] }> {
    return { epoch: 1, segments: [], damage: [] };
  }

  append(_block: BlockWrite): Promise<AppendOutcome> {
    return Promise.resolve(durable);
  }

  /** Never answers: who keeps nothing has nothing to read. */
  async read(position: Position): Promise<ReadResult> {
    throw new Error(`There is nothing to read at ${position}: this log keeps nothing`);
  }

  async trim(): Promise<void> {}

  room(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  async close(): Promise<void> {}
}
