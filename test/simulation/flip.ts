// One byte turned around in a closed segment, and what it may cost.
import { blockHeaderBytes } from '../../src/storage/log.ts';
import { readIndex } from '../../src/storage/segment-index.ts';
import { decodeFooter, decodeHeader, pageBytes } from '../../src/storage/segment-page.ts';
import type { Chance } from './chance.ts';
import { folder } from './life.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

export interface Flip {
  readonly path: string;
  readonly offset: number;
  /** Entries whose content stands in the damaged block, as `queue sequence`. */
  readonly lost: ReadonlySet<string>;
  /** From where to where in the file the damaged block is; undefined in the header page. */
  readonly block: { readonly from: number; readonly to: number } | undefined;
}

/** Undefined when no segment is closed. */
export function flipSomeByte(disk: SimulatedDisk, chance: Chance, trace: (line: string) => void): Flip | undefined {
  const closed = disk.files().filter(({ path, bytes }) => {
    if (!path.startsWith(`${folder}/`)) return false;
    const content = disk.content(path);
    const footer = decodeFooter(content.subarray(bytes - pageBytes));
    const header = decodeHeader(content.subarray(0, pageBytes), path);
    return (
      footer?.index !== undefined &&
      header?.epoch === footer.epoch &&
      header.number === footer.number &&
      isOf(path, header.number)
    );
  });
  if (closed.length === 0) return undefined;
  const { path, bytes } = chance.pick(closed);
  const content = disk.content(path);
  const { start, end, index } = decodeFooter(content.subarray(bytes - pageBytes)) as {
    start: number;
    end: number;
    index: number;
  };
  const offset = chance.of(0.1) ? chance.below(100) : pageBytes + chance.below(end - start);
  const lost = new Set<string>();
  let block: { from: number; to: number } | undefined;
  if (offset >= pageBytes) {
    for (let from = pageBytes; from <= offset; from = aligned(from + content.readUInt32LE(from + 8)))
      block = { from, to: aligned(from + content.readUInt32LE(from + 8)) };
    const indexAt = pageBytes + index - start + blockHeaderBytes;
    for (const row of readIndex(content.subarray(indexAt))?.entries ?? [])
      if (pageBytes + row.block - start === block?.from) lost.add(`${row.queue} ${row.sequence}`);
  }
  disk.flip(path, offset, 1 << chance.below(8));
  trace(`flipped a bit of ${path} at ${offset}, block ${JSON.stringify(block)}`);
  return { path, offset, lost, block };
}

function isOf(path: string, number: number): boolean {
  return Number(path.slice(folder.length + 1, -4)) === number;
}

function aligned(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
