// Blocks for tests of a log: made of a text, read back as texts.

import { type BlockWrite, blockHeaderBytes, nextPosition, type Position } from '../../../src/storage/log.ts';

/** A block of one part, or of two when the text is long. */
export function textBlock(position: Position, text: string, more: Partial<BlockWrite> = {}): BlockWrite {
  const head = Buffer.concat([Buffer.alloc(blockHeaderBytes), Buffer.from(text.slice(0, 3))]);
  const parts = text.length > 3 ? [head, Buffer.from(text.slice(3))] : [head];
  return { position, parts, length: blockHeaderBytes + Buffer.byteLength(text), ...more };
}

export function after(block: BlockWrite): Position {
  return nextPosition(block.position, block.length);
}
