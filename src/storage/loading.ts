// Reads paged-out contents back: whole verified blocks, and of them what was asked for.
import type { Entry } from '../broker/entry.ts';
import { Source } from '../broker/memory.ts';
import type { Journal } from './journal.ts';
import { type BlockRead, blockHeaderBytes } from './log.ts';
import { Content } from './record.ts';

/** From so many bytes on a piece takes no further block. */
const pieceBytesMax = 2 << 20;
/** For what a block has behind the last message that is asked for, such as settlements. A block that is not whole is read twice. */
const blockRestBytes = 16 << 10;

/** A block that was read, and what its messages pin. */
interface Known {
  readonly read: BlockRead;
  readonly source: Source;
}

export function loadEntries(
  journal: Journal,
  entries: readonly Entry[],
  done: (damaged: readonly Entry[]) => void,
): void {
  load(journal, entries).then(done, error => {
    journal.options.report('error', `stored messages could not be read: ${(error as Error).message}`);
    // Not damaged for all we know: the disk may answer the next time.
    journal.options.afterMs(500, () => done([]));
  });
}

async function load(journal: Journal, entries: readonly Entry[]): Promise<Entry[]> {
  const damaged: Entry[] = [];
  let address: Buffer = Buffer.alloc(0);
  let blocks = new Map<number, Known>();
  let known: Known | undefined;
  const content = new Content();
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    const { message } = entry;
    if (message.loaded || message.entries === 0) continue;
    let from = known?.read.position === message.block ? known : blocks.get(message.block);
    while (from === undefined) {
      // What joined a long queue just now, or what compaction has copied, may still be on its way to the disk.
      if (message.position >= journal.durableEnd) await journal.durable();
      const { block } = message;
      blocks = await readPiece(journal, block, pieceBytes(entries, i));
      from = blocks.get(block);
      // Compaction has moved it meanwhile: look at the new place.
      if (message.block === block) break;
      from = blocks.get(message.block);
    }
    known = from;
    if (from === undefined || !content.read(from.read.payload, message.position - message.block - blockHeaderBytes)) {
      damaged.push(entry);
      continue;
    }
    const { payload } = from.read;
    const { addressStart, addressEnd, headerStart, headerEnd, bodyEnd } = content;
    // Messages of a queue mostly have the same address: a copy of it is shared.
    if (!sameBytes(address, payload, addressStart, addressEnd))
      address = Buffer.from(payload.subarray(addressStart, addressEnd));
    message.publishedAt = content.publishedAt;
    message.load(address, payload, headerStart, headerEnd, bodyEnd, from.source);
  }
  return damaged;
}

function sameBytes(known: Buffer, payload: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== payload[start + i]) return false;
  return true;
}

/** How much to read so that the blocks of the entries that follow in the same stretch come along. */
function pieceBytes(entries: readonly Entry[], from: number): number {
  const start = (entries[from] as Entry).message.block;
  let block = start;
  let end = start;
  for (let i = from; i < entries.length; i++) {
    const { message } = entries[i] as Entry;
    const goesOn = message.block === block || (message.block > block && message.block - start < pieceBytesMax);
    if (!goesOn) break;
    block = message.block;
    end = message.position + message.bodyBytes;
  }
  return end - start + blockRestBytes;
}

async function readPiece(journal: Journal, position: number, bytes: number): Promise<Map<number, Known>> {
  const { log, memory, report } = journal.options;
  const { blocks, damage } = await log.read(position, bytes);
  for (const { place, offset, reason } of damage)
    report('error', `damaged bytes in ${place} at offset ${offset}: ${reason}; what they held cannot be delivered`);
  let total = 0;
  for (const { payload } of blocks) total += payload.length;
  const source = new Source(memory, total);
  return new Map(blocks.map(read => [read.position, { read, source }]));
}
