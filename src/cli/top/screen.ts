// The whole terminal as a screen: only lines that changed are written, and whatever happens it is given back as it was.
import { styled } from '../terminal.ts';
import { widthOf } from '../text.ts';
import type { Line } from './frame.ts';

const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** A key: a sequence of the terminal, or a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const keyPattern = /\x1b[[O][0-9;]*[A-Za-z~]|[\s\S]/g;

/** The screen and its keys. */
export class Screen {
  #shown: string[] = [];
  #entered = false;
  readonly #onKey: (key: string) => void;
  readonly #onResize: () => void;

  constructor(onKey: (key: string) => void, onResize: () => void) {
    this.#onKey = onKey;
    this.#onResize = onResize;
  }

  get width(): number {
    return process.stdout.columns || 80;
  }

  get height(): number {
    return process.stdout.rows || 24;
  }

  /** Takes the terminal. Every way out of the process gives it back. */
  open(): void {
    process.once('exit', () => this.#leave());
    process.stdin.setEncoding('utf8').on('data', this.#read);
    process.stdout.on('resize', this.#resized);
    process.on('SIGCONT', this.#enter);
    this.#enter();
  }

  close(): void {
    process.off('SIGCONT', this.#enter);
    process.stdout.off('resize', this.#resized);
    process.stdin.off('data', this.#read).pause();
    this.#leave();
  }

  /** Shows the lines. While a slow line still carries the last picture, this one is left out; a later one comes. */
  draw(lines: readonly Line[]): void {
    if (!this.#entered || process.stdout.writableNeedDrain) return;
    let output = '';
    for (const [row, { text, style }] of lines.entries()) {
      const line = style === undefined ? text : styled(text, style);
      // Behind a full line the cursor stands on its last character, which erasing would take away.
      const erase = widthOf(text) < this.width ? '\x1b[K' : '';
      if (this.#shown[row] !== line) output += `\x1b[${row + 1};1H${line}${erase}`;
      this.#shown[row] = line;
    }
    if (lines.length < this.#shown.length) output += `\x1b[${lines.length + 1};1H\x1b[J`;
    this.#shown.length = lines.length;
    if (output !== '') process.stdout.write(output);
  }

  /** Ctrl-Z: the shell gets its terminal; `fg` comes back here. */
  suspend(): void {
    this.#leave();
    process.kill(process.pid, 'SIGTSTP');
  }

  readonly #enter = (): void => {
    if (this.#entered) return;
    this.#entered = true;
    process.stdin.setRawMode(true);
    process.stdout.write(enter);
    this.#resized();
  };

  #leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    process.stdin.setRawMode(false);
    process.stdout.write(leave);
  }

  readonly #resized = (): void => {
    this.#shown = [];
    process.stdout.write('\x1b[2J');
    this.#onResize();
  };

  readonly #read = (text: string): void => {
    for (const [key] of text.matchAll(keyPattern)) this.#onKey(key);
  };
}
