// The built command line as a real process: its output, its exit code, and what to wait for, all bounded in time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that is still there after this, in milliseconds, hangs. */
const LIMIT_MS = 20_000;

/** How to run it. */
export interface ProgramOptions {
  /** The whole standard input; when left out it stays open. */
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly limitMs?: number;
}

/** A run of `leveret`. */
export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const main = new URL('../../../dist/cli/main.js', import.meta.url).pathname;
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(LEVERET|RABBITMQ|AMQP)_/.test(name)),
    );
    this.child = spawn(process.execPath, [main, ...args], {
      env: { ...env, ...options.env },
      stdio: 'pipe',
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    const limit = setTimeout(() => this.child.kill('SIGKILL'), options.limitMs ?? LIMIT_MS);
    this.child.stdout!.setEncoding('utf8').on('data', text => {
      this.stdout += text;
    });
    this.child.stderr!.setEncoding('utf8').on('data', text => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      clearTimeout(limit);
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
    if (options.input !== undefined) this.child.stdin!.end(options.input);
  }

  /** Resolves when the pattern is in the output; rejects when the process ends before. */
  async sees(pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    let over = false;
    const ended = this.ended.then(() => {
      over = true;
    });
    for (;;) {
      const match = pattern.exec(this[where]);
      if (match) return match;
      if (over) throw new Error(`the process ended without ${pattern}: ${this.stdout}${this.stderr}`);
      await Promise.race([once(this.child[where]!, 'data'), ended]);
    }
  }
}

/** Runs `leveret` to its end. */
export function run(args: readonly string[], options?: ProgramOptions): Promise<Ending> {
  return new Program(args, options).ended;
}
