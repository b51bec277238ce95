// A command in a pseudo terminal, made by `script` of util-linux: what it shows, and keys typed into it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const limitMs = 20_000;
const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** A run of `leveret` in a terminal of a size. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  /** All that was written to the terminal. */
  output = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, columns = 80, rows = 24) {
    const words = [process.execPath, main, ...args].map(word => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const command = `stty cols ${columns} rows ${rows}; exec ${words}`;
    const plain = Object.entries(process.env).filter(([name]) => !/^(LEVERET_|NO_COLOR$|FORCE_COLOR$)/.test(name));
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...Object.fromEntries(plain), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    });
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    this.#child.stdout?.setEncoding('utf8').on('data', text => {
      this.output += text;
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      clearTimeout(limit);
      return code;
    });
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Resolves when the pattern is in what was written after `from`; rejects when the command ends before. */
  async sees(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    let over = false;
    const ended = this.#ended.then(() => {
      over = true;
    });
    for (;;) {
      const match = pattern.exec(this.output.slice(from));
      if (match) return match;
      if (over) throw new Error(`the command ended without ${pattern}: ${JSON.stringify(this.output)}`);
      await Promise.race([once(this.#child.stdout!, 'data'), ended]);
    }
  }

  /** Resolves with the exit code. */
  end(): Promise<number | null> {
    return this.#ended;
  }
}

/** Whether this machine has what it needs. */
export function hasTerminals(): boolean {
  return process.platform === 'linux';
}
