// One broker under test: started afresh in a folder of its own, on a core of its own, and killed for certain at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Link } from './load/link.ts';
import { diskMib, listenerPid, memoryKib } from './machine.ts';
import { rabbitmqEnvironment, rabbitmqScript, stopNameServer } from './rabbitmq.ts';

const startTimeoutMs = 180_000;
const stopTimeoutMs = 60_000;
const probeEveryMs = 2;

/** What to run: `command` is split at blanks and knows {port}, {http} and {dir}; RabbitMQ needs none. */
export interface BrokerSpec {
  name: string;
  command?: string;
}

/** A broker process. Ports: `port` for AMQP and the three after it for what else the broker opens. */
export class Broker {
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  readonly logFile: string;
  /** The process that listens, which is not the one started when a script comes first. */
  pid = 0;
  readonly #command: string | undefined;
  readonly #core: number | undefined;
  #child: ChildProcess | undefined;

  /** `core`: the core it is kept on; undefined for any. */
  constructor(spec: BrokerSpec, port: number, core: number | undefined) {
    this.name = spec.name;
    this.#command = spec.command;
    this.port = port;
    this.#core = core;
    this.folder = mkdtempSync(path.join(os.tmpdir(), `bench-${spec.name}-`));
    this.logFile = `${this.folder}.log`;
  }

  /** Starts it on what its folder holds. Resolves with the milliseconds until a login succeeded. */
  async start(): Promise<number> {
    const other = listenerPid(this.port);
    if (other !== undefined)
      throw new Error(`port ${this.port} is taken by process ${other}: choose others with --port`);
    mkdirSync(this.folder, { recursive: true });
    const pin = this.#core === undefined ? [] : ['taskset', '-c', String(this.#core)];
    const [program, ...args] = [...pin, ...this.#commandLine()];
    const env = this.#command ? process.env : rabbitmqEnvironment(this.port, this.folder);
    const log = openSync(this.logFile, 'a');
    const began = performance.now();
    // A group of its own, so that Ctrl-C reaches the benchmark first and it can clean up.
    this.#child = spawn(program!, args, { env, stdio: ['ignore', log, log], detached: true });
    this.#child.on('error', () => {}); // the login below fails with the log's last words
    closeSync(log);
    await this.#login(began);
    const readyMs = performance.now() - began;
    this.pid = listenerPid(this.port) ?? this.#child.pid!;
    return readyMs;
  }

  /** Ends it, and resolves when it is gone. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const gone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    const ended = gone ? Promise.resolve() : once(child, 'exit');
    kill(this.pid || child.pid!, signal);
    const timer = setTimeout(() => this.#killGroup(child), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
    this.pid = 0;
  }

  /** Starts it again with an empty folder; resolves as `start` does. */
  async fresh(): Promise<number> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    return this.start();
  }

  /** Stops it and removes its files; the log stays when `keepLog` says so. */
  async remove(keepLog: boolean): Promise<void> {
    await this.stop();
    if (!this.#command) stopNameServer(this.port);
    rmSync(this.folder, { recursive: true, force: true });
    if (!keepLog) rmSync(this.logFile, { force: true });
  }

  /** Ends it at once and without waiting: for when the benchmark itself is interrupted. */
  abandon(): void {
    if (this.pid) kill(this.pid, 'SIGKILL');
    if (this.#child) this.#killGroup(this.#child);
    if (!this.#command) stopNameServer(this.port);
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.logFile, { force: true });
  }

  /** Resident memory in MiB, now or at its peak. */
  memoryMib(field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
    return memoryKib(this.pid, field) / 1024;
  }

  /** What its folder takes on the disk. */
  diskMib(): number {
    return diskMib(this.folder);
  }

  #commandLine(): string[] {
    if (!this.#command) return [rabbitmqScript()!];
    const filled = this.#command
      .replaceAll('{port}', String(this.port))
      .replaceAll('{http}', String(this.port + 1))
      .replaceAll('{dir}', this.folder);
    return filled.split(/\s+/).filter(Boolean);
  }

  async #login(began: number): Promise<void> {
    for (;;) {
      try {
        const link = await Link.open(this.port, 16_384);
        link.destroy();
        return;
      } catch (error) {
        const exited = this.#child!.exitCode !== null || this.#child!.pid === undefined;
        if (exited || performance.now() - began > startTimeoutMs) {
          const log = readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
          throw new Error(`${this.name} accepts no login: ${(error as Error).message}\n${log}`);
        }
      }
      await new Promise(resolve => setTimeout(resolve, probeEveryMs));
    }
  }

  #killGroup(child: ChildProcess): void {
    if (child.pid !== undefined) kill(-child.pid, 'SIGKILL');
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
