// What the commands that ask the management API have in common: their options, their help, and how they say what they did.
import { Command, InvalidArgumentError } from 'commander';
import { EXIT_CODES_HELP } from './exit-code.ts';
import { json } from './text.ts';

/** A command with `--url`, `--json` and the exit codes in its help. */
export function brokerCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--url <url>', 'where the management API is (LEVERET_URL, or http://guest:guest@127.0.0.1:15672)')
    .option('--json', 'print JSON')
    .addHelpText('after', EXIT_CODES_HELP);
}

/** The same for what is in one vhost. */
export function vhostCommand(name: string, description: string): Command {
  return brokerCommand(name, description).option('--vhost <name>', 'virtual host', '/');
}

/** A command that is only there for those below it; the one named `fallback` is run where none is given. */
export function groupCommand(name: string, description: string, below: readonly Command[], fallback?: string): Command {
  const group = new Command(name).description(description).addHelpText('after', EXIT_CODES_HELP);
  for (const command of below) group.addCommand(command, { isDefault: command.name() === fallback });
  return group;
}

/** Options of a command that destroys something. */
export interface Dangerous {
  readonly yes?: true;
}

/** Adds `--yes`. */
export function dangerous(command: Command): Command {
  return command.option('--yes', 'do it without asking; needed where there is no terminal');
}

/** Prints what was done: the sentence, or with `--json` the object. */
export function report(options: { readonly json?: true }, sentence: string, object: object): void {
  process.stdout.write(`${options.json ? json(object) : sentence}\n`);
}

/** Reads a whole number in a range. */
export function whole(min: number, max: number): (text: string) => number {
  return text => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It takes a whole number from ${min} to ${max}.`);
  };
}

/** Reads a time span such as `90`, `90s`, `5m`, `2h`, in seconds without a unit; gives ms. */
export function timeSpan(text: string): number {
  const [, amount, unit = 's'] = /^(\d{1,9}(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const ms = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (amount === undefined || ms === undefined)
    throw new InvalidArgumentError('It takes a time such as 30s, 5m or 2h.');
  return Number(amount) * ms;
}

/** Collects `name=value` options; a value that is JSON counts as what it says, anything else as text. */
export function addArgument(given: string, known: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(given) ?? [];
  if (name === undefined) throw new InvalidArgumentError('It takes name=value.');
  return { ...known, [name]: jsonOr(value as string) };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
