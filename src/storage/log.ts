// The narrow log under the journal: claim, append, read, trim, durability. Nothing above it knows of files.

/** A byte address in the log. Rises for ever and is never used twice for different bytes; 0 to 2^53 - 1. */
export type Position = number;

/** Every block starts with this many bytes that belong to the log (length, checksum, epoch, position). */
export const blockHeaderBytes = 32;

/** Blocks start at multiples of this many bytes; `nextPosition` gives the address of the block after one. */
export const blockAlignment = 8;

/** The address that follows a block at `position` whose bytes, its header included, are `length`. */
export function nextPosition(position: Position, length: number): Position {
  return position + Math.ceil(length / blockAlignment) * blockAlignment;
}

/** One block to append. */
export interface BlockWrite {
  /** Its address: where the block before it ended, or the same as that of an append that failed. */
  readonly position: Position;
  /** The bytes in order; the first part begins with `blockHeaderBytes` that the log fills in. Not to be changed until settled. */
  readonly parts: readonly Uint8Array[];
  /** Sum of the parts' lengths. */
  readonly length: number;
  /** CRC-32 of the bytes behind the header, when whoever made the block has it already. */
  readonly payloadChecksum?: number;
  /** Given when the block is the first of a new segment. `header` (at most 2,048 bytes) comes back from `claim`. */
  readonly segment?: { readonly header: Uint8Array };
  /** The block is the index that ends the current segment; nothing follows it in that segment. */
  readonly index?: boolean;
  /** With `segment`: may take the room kept back for settlements and moves, so that a full disk can be drained. */
  readonly fromReserve?: boolean;
}

/**
 * How an append ended. `failed`: the bytes may or may not be there, nothing after them is; write the block again at the same
 * position as the first of a new segment. `fenced`: another writer has claimed the log; stop. `unknown`: ask by claiming again.
 */
export type AppendOutcome =
  | { readonly outcome: 'durable' }
  | { readonly outcome: 'failed'; readonly error: Error }
  | { readonly outcome: 'fenced' }
  | { readonly outcome: 'unknown'; readonly error: Error };

/** A segment found by `claim`, oldest first. */
export interface SegmentFound {
  readonly start: Position;
  /** Where its blocks end, or undefined for a last one that was not closed cleanly: its end is found by reading. */
  readonly end: Position | undefined;
  /** Address of the index block when the segment was sealed with one. Reading it tells whether it is intact. */
  readonly index: Position | undefined;
  /** As it was given to `append`; empty when it was damaged. */
  readonly header: Uint8Array;
  /** Bytes that the segment takes in the log, for the bound on disk use. */
  readonly bytes: number;
}

/** A place where stored bytes are not what was written. */
export interface Damage {
  /** The file, or the engine's name for the place. */
  readonly place: string;
  /** Byte offset in that place. */
  readonly offset: number;
  readonly reason: string;
}

/** An intact block; `payload` starts after the block's header and is a view that the reader may keep. */
export interface BlockRead {
  readonly position: Position;
  readonly payload: Buffer;
}

export interface ReadResult {
  /** Consecutive intact blocks, the first one at the position asked for unless damage stands before it. */
  readonly blocks: readonly BlockRead[];
  /** Where to go on in this segment, or undefined at its end. */
  readonly next: Position | undefined;
  /** What was found damaged and passed over. */
  readonly damage: readonly Damage[];
}

/** What a resolved append survives. */
export type Durability = 'power-cut' | 'process-crash' | 'nothing';

export interface Log {
  /** Become the only writer. Rejects with code DATA_DIR_LOCKED when another process has the log. Damaged segment headers are reported. */
  claim(): Promise<{ epoch: number; segments: readonly SegmentFound[]; damage: readonly Damage[] }>;
  /** One at a time, in the order of positions. Never rejects. */
  append(block: BlockWrite): Promise<AppendOutcome>;
  /** Whole verified blocks from the block at `position`, of about `bytes` in all, at least one block, never past its segment's end. */
  read(position: Position, bytes: number): Promise<ReadResult>;
  /** Give back the segment that starts there. Resolves when it cannot come back, not even after a power cut. */
  trim(start: Position): Promise<void>;
  readonly durability: Durability;
  /** The bytes that the log takes now, spare room included. */
  readonly bytes: number;
  /** Bytes that one segment holds. A block that does not fit an empty segment gets a segment of its own size. */
  readonly segmentBytes: number;
  /** Bytes of blocks that the current segment can still take; 0 when the next append must begin one. The index needs some of it. */
  room(): number;
  /** Whether a further segment can be begun without the room that is kept back. Never rejects. */
  hasSpare(): Promise<boolean>;
  /** Writes what waits, gives up the claim. */
  close(): Promise<void>;
}
