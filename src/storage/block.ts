// A block's 32-byte header: how it is stamped before it is written and checked after it was read.
//
//  0 u32 magic   4 u32 crc32 of what follows the header, then of bytes 8 to 32   8 u32 length, header included
// 12 u32 epoch  16 f64 position   24 u32 number of the segment   28 u32 zero
//
// A block is intact only at its own position, in the segment whose number and epoch it carries. So neither zeros nor what
// a recycled file held before is ever taken for data.

import { crc32 } from 'node:zlib';
import { type BlockWrite, blockAlignment, blockHeaderBytes, type Position } from './log.ts';

const magic = 0x4b_4c_42_4c;
const magicBytes = Buffer.from([0x4c, 0x42, 0x4c, 0x4b]);
const checkedFrom = 8;

/** What the blocks of one segment have in common. */
export interface BlockOwner {
  readonly number: number;
  readonly epoch: number;
}

/** Fills in the block's header, checksum included. */
export function stampBlock(block: BlockWrite, owner: BlockOwner): void {
  const first = block.parts[0];
  if (first === undefined || first.length < blockHeaderBytes)
    throw new Error('A block begins with room for its header');
  const head = Buffer.isBuffer(first) ? first : Buffer.from(first.buffer, first.byteOffset, first.byteLength);
  head.writeUInt32LE(magic, 0);
  head.writeUInt32LE(block.length, 8);
  head.writeUInt32LE(owner.epoch, 12);
  head.writeDoubleLE(block.position, 16);
  head.writeUInt32LE(owner.number, 24);
  head.writeUInt32LE(0, 28);
  const payload = block.payloadChecksum ?? checksum(block.parts);
  head.writeUInt32LE(crc32(head.subarray(checkedFrom, blockHeaderBytes), payload), 4);
}

/** The checksum of a block's bytes behind its header. */
function checksum(parts: readonly Uint8Array[]): number {
  let crc = crc32(parts[0]!.subarray(blockHeaderBytes));
  for (let i = 1; i < parts.length; i += 1) crc = crc32(parts[i]!, crc);
  return crc;
}

/** The length that a block's header at `at` gives, or 0 when there is no header of that position and owner. */
export function blockLength(bytes: Buffer, at: number, position: Position, owner: BlockOwner): number {
  if (at + blockHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== magic) return 0;
  if (bytes.readDoubleLE(at + 16) !== position || bytes.readUInt32LE(at + 24) !== owner.number) return 0;
  if (bytes.readUInt32LE(at + 12) !== owner.epoch) return 0;
  const length = bytes.readUInt32LE(at + 8);
  return length < blockHeaderBytes ? 0 : length;
}

/** Whether the `length` bytes at `at`, all of them there, are what was stamped. */
export function blockIntact(bytes: Buffer, at: number, length: number): boolean {
  const payload = crc32(bytes.subarray(at + blockHeaderBytes, at + length));
  return crc32(bytes.subarray(at + checkedFrom, at + blockHeaderBytes), payload) === bytes.readUInt32LE(at + 4);
}

/** Position and epoch that a block's header claims, for a segment whose own header is lost. */
export function claimedBlock(bytes: Buffer, at: number): { position: Position; epoch: number } {
  return { position: bytes.readDoubleLE(at + 16), epoch: bytes.readUInt32LE(at + 12) };
}

/** Where from `at` on the next aligned block header may stand, or -1. */
export function nextCandidate(bytes: Buffer, at: number): number {
  let found = bytes.indexOf(magicBytes, at);
  while (found !== -1 && found % blockAlignment !== 0) found = bytes.indexOf(magicBytes, found + 1);
  return found;
}
