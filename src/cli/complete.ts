// What can stand at the cursor of a command line: commands, options, their values, and names that the broker knows.
import type { Command, Option } from 'commander';
import { Api } from './api.ts';
import { COMMANDS } from './commands.ts';
import { LIST_KINDS } from './list-columns.ts';
import { programFor } from './program.ts';

/** Something that could be typed, and what it is. */
interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** A Tab waits so long for the broker, ms. */
const namesMs = 1000;

/** Which kind of list has the names of what an argument or an option is called after. */
const NAMES: Readonly<Record<string, string>> = {
  queue: 'queues',
  'destination-queue': 'queues',
  exchange: 'exchanges',
  user: 'users',
  vhost: 'vhosts',
  connection: 'connections',
  policy: 'policies',
  'operator-policy': 'operator-policies',
};

/** Answers `leveret __complete -- WORDS`, which the shells call: a line each, value and meaning with a tab between. */
export async function printCandidates(words: readonly string[]): Promise<void> {
  for (const { value, about } of await complete(words)) process.stdout.write(`${value}\t${about}\n`);
}

/** What can stand in place of the last word, which may be empty. Empty where only the shell knows, as for files. */
async function complete(words: readonly string[]): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const candidates = await candidatesFor(words.slice(0, -1), typed);
  return candidates.filter(({ value }) => value.startsWith(typed) && !/[\p{Cc}]/u.test(value));
}

async function candidatesFor(before: readonly string[], typed: string): Promise<Candidate[]> {
  const [name, ...rest] = before;
  if (name === undefined || (name === 'help' && rest.length === 0)) {
    return Object.entries(COMMANDS).map(([value, { summary }]) => ({ value, about: summary }));
  }
  if (!Object.hasOwn(COMMANDS, name)) return [];
  const command = await COMMANDS[name]!.load();
  programFor({ [name]: command });
  const line = read(command, rest);
  if (line.awaiting) return valuesOf(line.awaiting, line.options);
  if (typed.startsWith('-')) return optionsOf(line.command);
  if (line.command.commands.length > 0 && line.positionals === 0) {
    return line.command.commands.map(below => ({ value: below.name(), about: below.description() }));
  }
  const { registeredArguments: all } = line.command;
  const argument = all[line.positionals] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  if (argument === undefined) return [];
  if (argument.argChoices) return argument.argChoices.map(value => ({ value, about: '' }));
  return namesOf(argument.name(), line.options);
}

/** A line as far as it was typed: the innermost command, how many words of its own it has, and an option that still wants its value. */
interface Line {
  readonly command: Command;
  readonly positionals: number;
  readonly options: ReadonlyMap<string, string>;
  readonly awaiting: Option | undefined;
}

function read(outermost: Command, words: readonly string[]): Line {
  let command = outermost;
  let positionals = 0;
  let awaiting: Option | undefined;
  const options = new Map<string, string>();
  for (const word of words) {
    if (awaiting) {
      options.set(awaiting.attributeName(), word);
      awaiting = undefined;
    } else if (word.startsWith('--') && word.includes('=')) {
      options.set(word.slice(2, word.indexOf('=')), word.slice(word.indexOf('=') + 1));
    } else if (word.startsWith('-')) {
      const option = command.options.find(each => each.long === word || each.short === word);
      if (option?.required) awaiting = option;
    } else {
      const below = positionals === 0 ? command.commands.find(each => each.name() === word) : undefined;
      if (below) command = below;
      else positionals += 1;
    }
  }
  return { command, positionals, options, awaiting };
}

function optionsOf(command: Command): Candidate[] {
  const own = command.options.filter(({ hidden }) => !hidden);
  return [...own, { long: '--help', description: 'all about the command' }].map(({ long, description }) => ({
    value: long as string,
    about: description,
  }));
}

function valuesOf(option: Option, options: Line['options']): Promise<Candidate[]> | Candidate[] {
  if (option.argChoices) return option.argChoices.map(value => ({ value, about: '' }));
  return namesOf(option.attributeName(), options);
}

async function namesOf(noun: string, options: Line['options']): Promise<Candidate[]> {
  const kind = Object.hasOwn(NAMES, noun) ? LIST_KINDS[NAMES[noun] as string] : undefined;
  if (kind === undefined) return [];
  try {
    const asked = { query: { columns: 'name' }, timeoutMs: namesMs };
    const api = new Api(options.get('url'));
    const vhost = options.get('vhost') ?? '/';
    const answer = kind.ofVhost
      ? api.call(kind.ofVhost, { ...asked, names: { vhost, name: vhost } })
      : api.call(kind.all, asked);
    const items = (await answer) as { name: string }[];
    return items
      .map(({ name }) => ({ value: name, about: noun.replace(/^.*-/, '') }))
      .filter(({ value }) => value !== '');
  } catch {
    // Without a broker there are no names; a Tab is no place to say so.
    return [];
  }
}
