// One process per data folder: a lock file that says who has it, and is taken over when that process is gone.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A lock that is held. */
export interface FolderLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** Linux's id of the running kernel and the process's start tick, so that a reused pid is not taken for the holder. */
  readonly boot: string;
  readonly started: string;
}

const name = 'leveret.lock';
const heldHere = new Set<string>();
const attemptsMax = 20;
const retryAfterMs = 5;

/**
 * Locks the data folder, which must exist. Rejects with code DATA_DIR_LOCKED when a running process, this one too, has it.
 */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  const folder = await fs.promises.realpath(dataDir);
  if (heldHere.has(folder)) throw lockedError(folder, process.pid);
  heldHere.add(folder);
  const file = path.join(folder, name);
  const mine = JSON.stringify(describe(process.pid));
  try {
    await take(folder, file, mine);
  } catch (error) {
    heldHere.delete(folder);
    throw error;
  }
  return {
    release: async () => {
      if ((await readIfThere(file)) === mine) await fs.promises.unlink(file);
      heldHere.delete(folder);
    },
  };
}

async function take(folder: string, file: string, mine: string): Promise<void> {
  // The file appears with its content (link of a finished file), so that nobody ever reads half of it.
  const draft = `${file}.${process.pid}`;
  await fs.promises.writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (await linkIfFree(draft, file)) return;
      const content = await readIfThere(file);
      if (content === undefined) continue;
      const holder = parse(content);
      if (holder !== undefined && isRunning(holder)) throw lockedError(folder, holder.pid);
      if (await replaceStale(draft, file, content, mine)) return;
      await setTimeout(retryAfterMs);
    }
  } finally {
    await fs.promises.unlink(draft);
  }
  throw lockedError(folder, undefined);
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await fs.promises.link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Two processes may both find the same stale lock. Only the one that has the takeover file may replace it, and that only while
 * the stale content still stands; renaming the takeover file puts the new lock in its place in one step.
 */
async function replaceStale(draft: string, file: string, stale: string, mine: string): Promise<boolean> {
  const takeover = `${file}.takeover`;
  if (!(await linkIfFree(draft, takeover))) {
    const other = parse((await readIfThere(takeover)) ?? '');
    if (other === undefined || !isRunning(other)) await fs.promises.rm(takeover, { force: true });
    return false;
  }
  if ((await readIfThere(file)) !== stale) {
    await fs.promises.unlink(takeover);
    return false;
  }
  await fs.promises.rename(takeover, file);
  return (await readIfThere(file)) === mine;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await fs.promises.readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(content: string): Holder | undefined {
  try {
    const holder = JSON.parse(content) as Partial<Holder> | null;
    if (holder === null || typeof holder.pid !== 'number') return undefined;
    return { pid: holder.pid, boot: String(holder.boot ?? ''), started: String(holder.started ?? '') };
  } catch {
    // Not ours or cut off by a power cut: nobody who runs holds it.
    return undefined;
  }
}

function describe(pid: number): Holder {
  return { pid, boot: readProc('/proc/sys/kernel/random/boot_id').trim(), started: startTick(pid) };
}

function isRunning(holder: Holder): boolean {
  if (holder.boot !== '') {
    const now = describe(holder.pid);
    return now.boot === holder.boot && now.started !== '' && now.started === holder.started;
  }
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Field 22 of /proc/<pid>/stat; the process's name in field 2 may hold blanks and brackets. Empty where there is none, and for a
 * dead process that its parent has not asked about yet (a zombie): it holds nothing any more.
 */
function startTick(pid: number): string {
  const stat = readProc(`/proc/${pid}/stat`);
  const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? '' : (fields[18] ?? '');
}

function readProc(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    // No such process, or a system without /proc.
    return '';
  }
}

function lockedError(folder: string, pid: number | undefined): Error {
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return Object.assign(
    new Error(`The data folder ${folder} is in use by ${holder}. Stop it, or start with another --data-dir.`),
    { code: 'DATA_DIR_LOCKED' },
  );
}
