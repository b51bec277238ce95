// What the process takes of the machine, read when it is asked for.
import { readdir, readFile, statfs } from 'node:fs/promises';
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';

export interface ProcessFigures {
  readonly memory: NodeJS.MemoryUsage;
  readonly openFiles: number;
  readonly openFilesMax: number;
  /** 0 without a data folder. */
  readonly diskFreeBytes: number;
  readonly uptimeS: number;
  readonly cpuS: number;
  readonly eventLoop: EventLoopFigures;
}

interface EventLoopFigures {
  /** How late timers were: half of them not later than this, 99 of 100, all. */
  readonly p50S: number;
  readonly p99S: number;
  readonly maxS: number;
  /** Since the start. */
  readonly busyS: number;
}

/** How often the delay of the event loop is measured, ms. */
const resolutionMs = 20;
/** Several readers within this time get the same figures, ms. */
const freshMs = 10_000;

/** Reads the figures. Delays of the event loop are measured from when this is made. */
export class ProcessReader {
  readonly #dataDir: string | undefined;
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  #delays = { p50S: 0, p99S: 0, maxS: 0 };
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(dataDir: string | undefined) {
    this.#dataDir = dataDir;
    this.#delay.enable();
  }

  async read(): Promise<ProcessFigures> {
    const { user, system } = process.cpuUsage();
    const [openFiles, openFilesMax, diskFreeBytes] = await Promise.all([
      orZero(async () => (await readdir('/proc/self/fd')).length),
      orZero(async () => Number(/^Max open files\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1])),
      orZero(() => freeBytes(this.#dataDir)),
    ]);
    const { active }: EventLoopUtilization = performance.eventLoopUtilization();
    return {
      memory: process.memoryUsage(),
      openFiles,
      openFilesMax,
      diskFreeBytes,
      uptimeS: process.uptime(),
      cpuS: (user + system) / 1e6,
      eventLoop: { ...this.#readDelays(), busyS: active / 1000 },
    };
  }

  #readDelays(): Omit<EventLoopFigures, 'busyS'> {
    const now = performance.now();
    if (now - this.#readAt < freshMs || this.#delay.count === 0) return this.#delays;
    const late = (ns: number): number => Math.max(0, ns / 1e9 - resolutionMs / 1000);
    this.#delays = {
      p50S: late(this.#delay.percentile(50)),
      p99S: late(this.#delay.percentile(99)),
      maxS: late(this.#delay.max),
    };
    this.#delay.reset();
    this.#readAt = now;
    return this.#delays;
  }
}

/** Figures of Linux's /proc are not to be had elsewhere. */
async function orZero(read: () => Promise<number>): Promise<number> {
  try {
    return await read();
  } catch {
    return 0;
  }
}

async function freeBytes(folder: string | undefined): Promise<number> {
  if (folder === undefined) return 0;
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
