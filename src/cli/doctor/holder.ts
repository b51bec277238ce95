// Which process has the data folder, as its lock file says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The process id of the broker that has the folder; undefined where none runs, or the folder may not be read. */
export function holderOf(dataDir: string | undefined): number | undefined {
  if (dataDir === undefined) return undefined;
  try {
    const { pid } = JSON.parse(readFileSync(join(dataDir, 'leveret.lock'), 'utf8')) as { pid: number };
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // It runs, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'EPERM') return pidIn(dataDir);
    return undefined;
  }
}

function pidIn(dataDir: string): number {
  return (JSON.parse(readFileSync(join(dataDir, 'leveret.lock'), 'utf8')) as { pid: number }).pid;
}
