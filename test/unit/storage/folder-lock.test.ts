// One process per data folder, with real processes.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from '../../../src/storage/folder-lock.ts';

const lockModule = new URL('../../../src/storage/folder-lock.ts', import.meta.url);
let dataDir: string;
let script: string;
let children: ChildProcess[];

beforeEach(async () => {
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'lock-'));
  children = [];
  const { transformWithOxc } = await import('vite');
  const { code } = await transformWithOxc(fs.readFileSync(lockModule, 'utf8'), 'folder-lock.ts', {});
  script = path.join(dataDir, 'lock.mjs');
  fs.writeFileSync(
    script,
    `${code}
    process.stdin.once('data', () => lockFolder(process.argv[2]).then(
      () => console.log('locked'),
      error => console.log(error.code, error.message),
    ));`,
  );
});

afterEach(async () => {
  for (const child of children) await kill(child);
  fs.rmSync(dataDir, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A process that tries to lock the folder when told to, and then stays. */
async function locker(): Promise<{ child: ChildProcess; lock: () => Promise<string> }> {
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  await once(child, 'spawn');
  const lock = async (): Promise<string> => {
    child.stdin!.write('go');
    const [answer] = await once(child.stdout!, 'data');
    return String(answer).trim();
  };
  return { child, lock };
}

test('another process is refused and told who has the folder; a killed holder does not stand in the way', async () => {
  const first = await locker();
  expect(await first.lock()).toBe('locked');
  const refused = { code: 'DATA_DIR_LOCKED', message: expect.stringContaining(`process ${first.child.pid}`) };
  await expect(lockFolder(dataDir)).rejects.toMatchObject(refused);
  await expect(lockFolder(dataDir)).rejects.toMatchObject({ message: expect.stringContaining(dataDir) });
  await kill(first.child);
  const lock = await lockFolder(dataDir);
  const second = await locker();
  expect(await second.lock()).toContain('DATA_DIR_LOCKED');
  await lock.release();
  expect(fs.readdirSync(dataDir)).toEqual(['lock.mjs']);
});

test('the same process cannot lock a folder twice, whatever it calls it', async () => {
  const lock = await lockFolder(dataDir);
  const alias = `${dataDir}-alias`;
  fs.symlinkSync(dataDir, alias);
  try {
    await expect(lockFolder(alias)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
  } finally {
    fs.unlinkSync(alias);
    await lock.release();
  }
  await (await lockFolder(dataDir)).release();
});

test.runIf(process.platform === 'linux')(
  'a pid that another process has now, or a boot before, is no holder',
  async () => {
    const file = path.join(dataDir, 'leveret.lock');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    for (const stale of [
      { pid: process.ppid, boot, started: '1' },
      { pid: process.ppid, boot: 'another', started: '1' },
      'cut o',
    ]) {
      fs.writeFileSync(file, JSON.stringify(stale));
      await (await lockFolder(dataDir)).release();
    }
  },
);

test('of many processes that find a stale lock one gets it', async () => {
  fs.writeFileSync(path.join(dataDir, 'leveret.lock'), JSON.stringify({ pid: 1, boot: 'another', started: '1' }));
  const lockers = await Promise.all(Array.from({ length: 6 }, locker));
  const answers = await Promise.all(lockers.map(one => one.lock()));
  expect(answers.filter(answer => answer === 'locked').length).toBe(1);
  expect(answers.filter(answer => answer.startsWith('DATA_DIR_LOCKED')).length).toBe(5);
});
