// For tests on a log: blocks made of a text, read back as texts, and a log that keeps nothing.

import { type BlockWrite, blockHeaderBytes, type Log, nextPosition, type Position } from '../../../src/storage/log.ts';

/** A block of one part, or of two when the text is long. */
export function textBlock(position: Position, text: string, more: Partial<BlockWrite> = {}): BlockWrite {
  const head = Buffer.concat([Buffer.alloc(blockHeaderBytes), Buffer.from(text.slice(0, 3))]);
  const parts = text.length > 3 ? [head, Buffer.from(text.slice(3))] : [head];
  return { position, parts, length: blockHeaderBytes + Buffer.byteLength(text), ...more };
}

export function after(block: BlockWrite): Position {
  return nextPosition(block.position, block.length);
}

/** A log that takes everything and keeps nothing, but for what a test has it do. */
export function emptyLog(segmentBytes: number, own: Partial<Log> = {}): Log {
  return {
    claim: async () => ({ epoch: 1, segments: [], damage: [] }),
    append: async () => ({ outcome: 'durable' }),
    read: async () => ({ blocks: [], next: undefined, damage: [] }),
    trim: async () => {},
    durability: 'power-cut',
    bytes: 0,
    segmentBytes,
    room: () => segmentBytes,
    seal: async () => {},
    hasSpare: async () => true,
    close: async () => {},
    ...own,
  };
}
