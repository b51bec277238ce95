// A program under test as a child process: its output line by line, its end, and a bound on every wait.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a program ended: its exit code, or the signal that killed it. */
export type Ending = { code: number | null; signal: NodeJS.Signals | null };

export class Program {
  /** Everything it printed so far, standard output and standard error in the order of arrival. */
  readonly lines: string[] = [];
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #watchers: Set<() => void> = new Set();
  #ending: Ending | undefined;

  /** Starts it in a process group of its own, so that `kill` reaches its children too. */
  constructor(command: string, parameters: string[] = [], env: Record<string, string> = {}, input?: string) {
    this.#name = [command, ...parameters].join(' ');
    this.#process = spawn(command, parameters, {
      env: { ...process.env, PYTHONUNBUFFERED: '1', ...env },
      detached: true,
    });
    running.add(this);
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      createInterface({ input: stream }).on('line', line => {
        this.lines.push(line);
        this.#changed();
      });
    }
    this.#process.stdin!.on('error', () => {});
    this.#process.stdin!.end(input);
    this.ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, signal) => {
        running.delete(this);
        this.#ending = { code, signal };
        resolve(this.#ending);
        this.#changed();
      });
    });
    this.ended.catch(() => {});
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The lines that match, so far. */
  matching(pattern: RegExp): string[] {
    return this.lines.filter(line => pattern.test(line));
  }

  /** Resolves with the `count` first lines that match `pattern`; fails when the program ends, or the time is up, before. */
  async waitFor(pattern: RegExp, count = 1, timeoutMs = 20_000): Promise<string[]> {
    await this.until(() => this.matching(pattern).length >= count, `${count} of ${pattern}`, timeoutMs);
    return this.matching(pattern).slice(0, count);
  }

  /** Resolves when `condition` holds; it is asked after every line of output and at the end. */
  async until(condition: () => boolean, what: string, timeoutMs = 20_000): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const stop = (error?: Error) => {
        clearTimeout(timer);
        this.#watchers.delete(watch);
        error ? reject(error) : resolve();
      };
      const watch = () => {
        if (condition()) stop();
        else if (this.#ending) stop(this.#complaint(`ended (${JSON.stringify(this.#ending)}) before ${what}`));
      };
      const timer = setTimeout(() => stop(this.#complaint(`no ${what} within ${timeoutMs} ms`)), timeoutMs);
      this.#watchers.add(watch);
      watch();
    });
  }

  /** Sends a signal to it and to its children. */
  kill(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Sends a signal and resolves with how the program ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', timeoutMs = 20_000): Promise<Ending> {
    this.kill(signal);
    return this.end(timeoutMs);
  }

  /** Resolves with how the program ended; fails when it has not by then. */
  async end(timeoutMs = 20_000): Promise<Ending> {
    const { promise, cancel } = timeout(timeoutMs, () => this.#complaint(`has not ended within ${timeoutMs} ms`));
    try {
      return await Promise.race([this.ended, promise]);
    } finally {
      cancel();
    }
  }

  #changed(): void {
    for (const watch of [...this.#watchers]) watch();
  }

  #complaint(what: string): Error {
    return new Error(`${this.#name}: ${what}; it printed:\n${this.lines.slice(-30).join('\n')}`);
  }
}

const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.kill('SIGKILL');
});

function timeout(ms: number, error: () => Error): { promise: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error()), ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
