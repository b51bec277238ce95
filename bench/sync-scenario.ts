// The row that looks under the broker: does a confirm mean that the message was synced to the disk?
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import type { Broker } from './broker.ts';
import { job } from './load/job.ts';
import { durableLoad } from './load-scenarios.ts';
import { openFiles, programPath } from './machine.ts';
import { type Scenario, scaled } from './scenario.ts';
import { type SyncCount, SyncTrace } from './sync-count.ts';

const traced = 'openat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync';
const attachTimeoutMs = 20_000;
const bodyBytes = 100;

/** Fails a broker that synced fewer bytes than the bodies it confirmed. Tracing slows it down: no rate is shown. */
export const syncCounts: Scenario = {
  name: 'syncs',
  title: 'B100 with its system calls counted',
  figures: [
    { key: 'perSync', label: 'messages per synced write', better: 'more' },
    { key: 'bytes', label: 'bytes synced per message', better: 'less' },
  ],
  async run(bench) {
    if (!programPath('strace')) {
      console.log('  left out: strace is not installed (apt-get install strace)');
      return;
    }
    const count = scaled(20_000, bench.scale);
    await bench.each(async broker => {
      const parts = { port: broker.port, queue: 'syncs', count, bodyBytes, remove: true };
      await bench.load(broker, job({ ...durableLoad, ...parts })); // files made on first use are not to be counted
      const { syncs, bytes } = await traceWhile(broker, async () => {
        await bench.load(broker, job({ ...durableLoad, ...parts }));
      });
      if (bytes < count * bodyBytes) bench.fail(broker, `confirmed ${count * bodyBytes} bytes, synced ${bytes}`);
      bench.note(broker, { perSync: count / syncs, bytes: bytes / count });
    });
  },
};

async function traceWhile(broker: Broker, work: () => Promise<void>): Promise<SyncCount> {
  const file = `${broker.folder}.trace`;
  const synced = new SyncTrace(syncedDescriptors(broker.pid));
  const args = ['-f', '-s', '0', '-e', `trace=${traced}`, '-o', file, '-p', String(broker.pid)];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(strace, 'exit');
  try {
    await attached(strace.stderr);
    await work();
    strace.kill('SIGINT');
    await ended;
    return synced.count(readFileSync(file, 'latin1'));
  } finally {
    strace.kill('SIGINT');
    await ended;
    rmSync(file, { force: true });
  }
}

/** Resolves when strace says that it is attached; goes on reading, since it writes more when it ends. */
function attached(stderr: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const refuse = () => reject(new Error(`strace cannot attach: ${text.trim() || 'no answer'}`));
    const timer = setTimeout(refuse, attachTimeoutMs);
    stderr.on('data', chunk => {
      text += chunk;
      if (/attached/.test(text)) {
        clearTimeout(timer);
        resolve();
      }
    });
    stderr.on('end', () => {
      clearTimeout(timer);
      refuse();
    });
  });
}

/** Descriptors whose every write is a synced one. */
function syncedDescriptors(pid: number): number[] {
  const dsync = 0o10000;
  return openFiles(pid)
    .filter(({ target }) => target.startsWith('/'))
    .filter(({ fd }) => {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
      return flags !== null && (Number.parseInt(flags[1]!, 8) & dsync) !== 0;
    })
    .map(({ fd }) => Number(fd));
}
