// What the benchmark asks of the operating system: cores, memory, sockets, tools. Linux answers most of it; elsewhere it is left out.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where a program is on the path, or undefined. */
export function programPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.map(folder => path.join(folder, name)).find(isExecutable);
}

/** Whether a file can be run. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether brokers and load can have a core each. */
export function canPin(): boolean {
  return os.availableParallelism() > 1 && programPath('taskset') !== undefined;
}

/** Keeps this process, and what it starts without asking for another core, on one core. */
export function pinSelf(core: number): void {
  execFileSync('taskset', ['-a', '-cp', String(core), String(process.pid)], { stdio: 'ignore' });
}

/** The process that listens on a TCP port of this machine; undefined where that cannot be told. */
export function listenerPid(port: number): number | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).flatMap(file => lines(file));
  const listening = sockets
    .map(line => line.trim().split(/\s+/))
    .find(cells => cells[1]?.endsWith(wanted) && cells[3] === '0A');
  if (!listening) return undefined;
  const socket = `socket:[${listening[9]}]`;
  return processIds().find(pid => openFiles(pid).some(({ target }) => target === socket));
}

/** The name of the program a process runs, at most 15 characters. */
export function programName(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

/** The open files of a process: descriptor and what it leads to; none when the process is gone or not ours. */
export function openFiles(pid: number): { fd: string; target: string }[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap(fd => {
      try {
        return [{ fd, target: readlinkSync(`${folder}/${fd}`) }];
      } catch {
        return []; // closed between the listing and the look
      }
    });
  } catch {
    return [];
  }
}

/** A memory figure of a process in KiB: `VmRSS` for now, `VmHWM` for the peak. NaN where it cannot be told. */
export function memoryKib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const file = `/proc/${pid}/status`;
  const line = existsSync(file) ? lines(file).find(text => text.startsWith(`${field}:`)) : undefined;
  return line ? Number.parseInt(line.slice(field.length + 1), 10) : Number.NaN;
}

/** Makes the peak of a process start again at what it uses now. */
export function resetPeak(pid: number): void {
  const file = `/proc/${pid}/clear_refs`;
  if (existsSync(file)) writeFileSync(file, '5');
}

/** Seconds of processor time a process has used; NaN where it cannot be told. */
export function cpuSeconds(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return Number.NaN;
  const text = readFileSync(file, 'latin1');
  const cells = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = 100;
  return (Number(cells[11]) + Number(cells[12])) / ticksPerSecond;
}

/** Bytes on the disk under a folder, in MiB. */
export function diskMib(folder: string): number {
  if (!programPath('du')) return Number.NaN;
  return Number.parseInt(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }), 10) / 1024;
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number);
}

function lines(file: string): string[] {
  return readFileSync(file, 'latin1').split('\n');
}
