// What is known of the terminal, if there is one: its width, whether it shows colours, whether somebody can be asked.
import { createInterface } from 'node:readline/promises';
import { Failure } from './failure.ts';

/** Columns of the terminal that the output goes to; undefined where it goes elsewhere and nothing is cut. */
export function columns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, inverse: 7 } as const;
export type Style = keyof typeof codes;

/** The text in a style, where the output is a terminal that shows it and NO_COLOR is not set. */
export function styled(text: string, style: Style): string {
  if (text === '' || !process.stdout.isTTY || process.env['NO_COLOR'] || process.env['TERM'] === 'dumb') return text;
  return `\x1b[${codes[style]}m${text}\x1b[0m`;
}

/** Writes lines to the output. */
export function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/**
 * Goes on only when the person at the terminal says yes, or has said `--yes`. @throws Failure 1 after a no, 2 where nobody can be asked
 */
export async function agree(question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new Failure(`${question} There is no terminal to ask on; say --yes to do it without being asked`, 2);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = new Promise<string>(resolve => {
    asking.once('close', () => resolve(''));
    void asking.question(`${question} [y/N] `).then(resolve);
  });
  const agreed = /^\s*y(es)?\s*$/i.test(await answer);
  asking.close();
  if (!agreed) throw new Failure('nothing was done');
}

/** A line typed without being shown. @throws Failure after Ctrl-C, or where there is no terminal */
export async function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) {
    throw new Failure('there is no terminal to ask for a password; give it with --password-stdin', 2);
  }
  // Before the question: whoever answers it at once must not see the answer either.
  stdin.setRawMode(true).setEncoding('utf8').resume();
  stderr.write(question);
  let typed = '';
  const line = new Promise<string>((resolve, reject) => {
    stdin.once('end', () => resolve(typed));
    stdin.on('data', (text: string) => {
      for (const char of text) {
        if (char === '\r' || char === '\n' || char === '\x04') resolve(typed);
        else if (char === '\x03') reject(new Failure('nothing was done'));
        else typed = char === '\x7f' || char === '\b' ? [...typed].slice(0, -1).join('') : typed + char;
      }
    });
  });
  try {
    return await line;
  } finally {
    stdin.removeAllListeners('data').setRawMode(false).pause();
    stderr.write('\n');
  }
}

/** All of the standard input. */
export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
