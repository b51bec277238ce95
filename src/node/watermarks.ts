// Memory and disk held against their watermarks now and then; alarms are set and ended by what is found.
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { Alarms, Resource } from '../session/alarms.ts';
import type { Config } from './config.ts';

/** The limits that are in force, bytes. */
export interface Watermarks {
  /** The process may have so much. */
  readonly memoryBytes: number;
  /** So much of the disk should be free; 0 without a data folder. */
  readonly diskBytes: number;
}

export function watermarksOf(config: Config, memoryBytes: number = availableMemory()): Watermarks {
  const { memoryWatermark, memoryWatermarkBytes, diskFreeLimit, diskFreeLimitBytes, dataDir } = config;
  const disk = diskFreeLimit > 0 ? diskFreeLimit * memoryBytes : diskFreeLimitBytes;
  return {
    memoryBytes: Math.floor(
      Number.isFinite(memoryWatermarkBytes) ? memoryWatermarkBytes : memoryWatermark * memoryBytes,
    ),
    diskBytes: dataDir === undefined ? 0 : Math.floor(disk),
  };
}

/** What the process could have: the machine's memory, or what its container is allowed of it. */
export function availableMemory(read: (file: string) => string = file => readFileSync(file, 'utf8')): number {
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'].map(file => {
    try {
      // `max` where there is no limit.
      return Number.parseInt(read(file), 10);
    } catch {
      return Number.NaN;
    }
  });
  return Math.min(totalmem(), ...limits.filter(limit => limit > 0));
}

/** An alarm ends only when there is this much more room than where it begins, so that it does not flutter. */
const marginPart = 0.05;
const memoryMs = 1000;
/** How soon the free space is looked at again: when it could be used up at this rate, within these bounds. */
const writeBytesPerMs = 250_000;
const diskMsMin = 200;
const diskMsMax = 10_000;

/** Whether there is an alarm: `used` has reached the limit, or has not fallen clearly below it. */
export function isOver(used: number, limit: number, was: boolean): boolean {
  return used > (was ? limit - Math.abs(limit) * marginPart : limit);
}

/** Watches until the function returned is called. The first look at either has been taken when this resolves. */
export async function watchWatermarks(
  { memoryBytes, diskBytes }: Watermarks,
  dataDir: string | undefined,
  alarms: Alarms,
): Promise<() => void> {
  let on: Record<Resource, boolean> = { memory: false, disk: false };
  const tell = (resource: Resource, over: boolean, why: () => string): void => {
    if (over && !on[resource]) alarms.set(resource, 'watermark', why());
    if (!over && on[resource]) alarms.clear(resource, 'watermark');
    on = { ...on, [resource]: over };
  };
  const lookAtMemory = (): void => {
    const used = process.memoryUsage.rss();
    tell('memory', isOver(used, memoryBytes, on.memory), () => {
      return `the process has ${mebibytes(used)} in memory, the watermark is at ${mebibytes(memoryBytes)}`;
    });
  };
  lookAtMemory();
  const memoryTimer = setInterval(lookAtMemory, memoryMs);
  if (dataDir === undefined) return () => clearInterval(memoryTimer);
  let diskTimer: NodeJS.Timeout | undefined;
  let ended = false;
  const lookAtDisk = async (): Promise<void> => {
    let inMs = diskMsMax;
    try {
      const { bavail, bsize } = await statfs(dataDir);
      if (ended) return;
      const free = bavail * bsize;
      tell('disk', isOver(-free, -diskBytes, on.disk), () => {
        return `the disk of ${dataDir} has ${mebibytes(free)} free, the limit is ${mebibytes(diskBytes)}`;
      });
      inMs = Math.min(Math.max(Math.abs(free - diskBytes) / writeBytesPerMs, diskMsMin), diskMsMax);
    } catch (error) {
      // What cannot be read cannot be written either: the journal says so, with the file.
      if (ended) return;
      tell('disk', true, () => `the disk of ${dataDir} cannot be looked at: ${(error as Error).message}`);
    }
    diskTimer = setTimeout(lookAtDisk, inMs);
  };
  await lookAtDisk();
  return () => {
    ended = true;
    clearInterval(memoryTimer);
    clearTimeout(diskTimer);
  };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
