// The end of a segment: its footer, and the last block of a log whose writer did not close it.

import type { Disk, DiskFile } from './disk.ts';
import { blockHeaderBytes, nextPosition } from './log.ts';
import { decodeHeader, encodeFooter, pageBytes } from './segment-page.ts';
import { offsetOf, readBlocks, readBytes } from './segment-reader.ts';
import type { Segment } from './segment-scan.ts';

const readAtOnce = 1024 * 1024;

/**
 * Finds the segment's end and writes its last block again, the same bytes to the same place. It may be that of a failed write whose
 * pages the system shows but holds for clean, so that no sync would bring them to the disk. Only the last one can be: one
 * block is written at a time and none after a failure.
 */
export async function settleTail(disk: Disk, segment: Segment): Promise<void> {
  const file = await disk.open(segment.path, { durable: true });
  try {
    let last = segment.start;
    let end = segment.start;
    for (let at: number | undefined = segment.start; at !== undefined; ) {
      const { blocks, next } = await readBlocks(file, segment, at, readAtOnce);
      const block = blocks.at(-1);
      if (block !== undefined) {
        last = block.position;
        end = nextPosition(last, blockHeaderBytes + block.payload.length);
      }
      at = next;
    }
    segment.end = end;
    if (end === segment.start) return;
    const offset = offsetOf(segment, last);
    const block = await readBytes(file, offset, end - last);
    const header = last === segment.start ? await readBytes(file, 0, pageBytes) : undefined;
    if (header !== undefined && decodeHeader(header, segment.path)?.number === segment.number) {
      await file.write([header, block], 0);
    } else {
      await file.write([block], offset);
    }
  } finally {
    await file.close();
  }
}

/** Writes the footer that says where the segment, whose end is known, ends. */
export async function sealSegment(file: DiskFile, segment: Segment): Promise<void> {
  const end = segment.end!;
  // The footer is looked for at the very end of the file. One that is to be used again keeps its full size; of another a failed
  // write may have made the file longer than what counts.
  const size = segment.recyclable ? segment.fileBytes : await file.size();
  const at = Math.max(pageAligned(offsetOf(segment, end)), pageAligned(size) - pageBytes);
  await file.write([encodeFooter({ ...segment, end })], at);
  segment.fileBytes = at + pageBytes;
  segment.sealed = true;
}

/** The multiple of a page's size that is not below `bytes`. */
export function pageAligned(bytes: number): number {
  return Math.ceil(bytes / pageBytes) * pageBytes;
}
