// The doctor on the disk of the data folder: what kind it is, how much room it has, how fast a synced write is.
import { constants, promises as fs } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bytes } from '../text.ts';
import { bad, type Finding, good, unknown, warning } from './finding.ts';

/** Linux's numbers of file systems that are not for a broker's data: what each is, and whether data can be lost on it. */
const UNFIT: Readonly<Record<number, readonly [name: string, verdict: 'bad' | 'warning', advice: string]>> = {
  16914836: ['tmpfs, which is memory', 'bad', 'all is gone when the machine restarts; put data_dir on a disk'],
  2035054128: ['the layer of a container', 'warning', 'it is gone with the container; mount a volume at data_dir'],
  26985: ['NFS', 'bad', 'the lock of the folder knows this machine only, and a sync may lie; use a local disk'],
  4283649346: ['CIFS', 'bad', 'the lock of the folder knows this machine only; use a local disk'],
  4266872130: ['SMB', 'bad', 'the lock of the folder knows this machine only; use a local disk'],
  16914839: ['9p, a folder of another machine', 'warning', 'a sync there may not reach a disk; use a local disk'],
  1702057286: ['FUSE', 'warning', 'make sure that its sync reaches a disk'],
};

const writeBytes = 4096;
const [writesMax, writingMs] = [200, 1000];
/** A median above this makes every confirm slow, ms. */
const syncedWriteMsMax = 10;

/** All that is to be said of the disk. */
export async function examineDisk(dataDir: string | undefined, segmentBytes: number, sync: string): Promise<Finding[]> {
  if (dataDir === undefined)
    return [
      warning('disk', 'everything is in memory', 'all is gone when the broker stops; leave --memory out to keep it'),
    ];
  const folder = await existing(resolve(dataDir));
  return [
    await access(folder, dataDir),
    await kind(folder),
    await room(folder, segmentBytes),
    await speed(folder, sync),
  ];
}

/** The folder itself, or the nearest one above it that is there. */
async function existing(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      if ((await fs.stat(at)).isDirectory() || at === dirname(at)) return at;
    } catch {
      // Not there: the next one up.
    }
  }
}

async function access(folder: string, dataDir: string): Promise<Finding> {
  try {
    await fs.access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return good('data folder', folder === resolve(dataDir) ? folder : `${dataDir} will be made in ${folder}`);
  } catch {
    return bad(
      'data folder',
      `this user may not write in ${folder}`,
      'run the doctor as the user of the broker, or change the owner of the folder',
    );
  }
}

async function kind(folder: string): Promise<Finding> {
  const { type } = await fs.statfs(folder);
  const unfit = process.platform === 'linux' ? UNFIT[type] : undefined;
  if (unfit === undefined) return good('file system', 'fit for data');
  const [name, verdict, advice] = unfit;
  return { subject: 'file system', verdict, found: `${folder} is on ${name}`, advice };
}

/** ARCHITECTURE.md: disk use stays near twice what lives and two segments. */
async function room(folder: string, segmentBytes: number): Promise<Finding> {
  const { bavail, blocks, bsize } = await fs.statfs(folder);
  const [free, all] = [bavail * bsize, blocks * bsize];
  const found = `${bytes(free)} of ${bytes(all)} free`;
  const advice = 'make room, or give the volume more; without it publishers are stopped';
  if (free < 2 * segmentBytes)
    return bad('disk space', `${found}; two segments take ${bytes(2 * segmentBytes)}`, advice);
  return free < 10 * segmentBytes || free < all / 20 ? warning('disk space', found, advice) : good('disk space', found);
}

async function speed(folder: string, sync: string): Promise<Finding> {
  const subject = 'synced write';
  let times: number[];
  try {
    times = await measure(join(folder, `.leveret-doctor-${process.pid}`));
  } catch (error) {
    return unknown(subject, `not measured: ${(error as Error).message}`);
  }
  const [median, p99] = [0.5, 0.99].map(part => times[Math.floor(times.length * part)] as number) as [number, number];
  const found = `${writeBytes / 1024} KiB take ${median.toFixed(2)} ms, at the slowest ${p99.toFixed(2)} ms`;
  if (median <= syncedWriteMsMax) return good(subject, found);
  const slow = sync === 'commit' ? 'every confirm waits that long' : `with sync = ${sync} confirms do not wait for it`;
  return warning(
    subject,
    `${found}; ${slow}`,
    'use a disk with a protected write cache or an SSD, or see `sync` in docs/operations.md',
  );
}

/** Times of synced writes as the journal makes them, into a file that has its size; sorted, ms. */
async function measure(file: string): Promise<number[]> {
  const handle = await fs.open(
    file,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_DSYNC ?? 0),
    0o600,
  );
  try {
    await handle.write(Buffer.alloc(writeBytes * writesMax));
    await handle.sync();
    const block = Buffer.alloc(writeBytes, 1);
    const times: number[] = [];
    const end = performance.now() + writingMs;
    while (times.length < writesMax && performance.now() < end) {
      const startedAt = performance.now();
      await handle.write(block, 0, writeBytes, times.length * writeBytes);
      if (constants.O_DSYNC === undefined) await handle.datasync();
      times.push(performance.now() - startedAt);
    }
    return times.sort((a, b) => a - b);
  } finally {
    await handle.close();
    await fs.unlink(file);
  }
}
