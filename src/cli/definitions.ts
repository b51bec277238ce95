// `leveret export` and `leveret import`: users, virtual hosts, permissions, queues, exchanges and bindings as a JSON file.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, report } from './broker-command.ts';
import { Failure } from './failure.ts';
import { readInput, say } from './terminal.ts';
import { json } from './text.ts';

interface DefinitionsOptions extends BrokerOptions {
  readonly vhost?: string;
}

const FORM = `
The file has the form of RabbitMQ's definitions: what one of the two exports the other imports. Messages are not in it.
`;

/** The command that writes them. */
export function exportCommand(): Command {
  return brokerCommand(
    'export',
    'Writes all definitions, with the hashes of passwords, to a file that only you may read.',
  )
    .argument('[file]', 'where to; without it to the standard output')
    .option('--vhost <name>', 'those of one virtual host, without users')
    .addHelpText('after', FORM)
    .action(exportDefinitions);
}

/** The command that reads them. */
export function importCommand(): Command {
  return brokerCommand('import', 'Takes definitions from a file. It adds and changes, and never deletes.')
    .argument('[file]', 'where from; without it, or with -, from the standard input')
    .option('--vhost <name>', 'into this virtual host, from a file of one')
    .addHelpText('after', FORM)
    .action(importDefinitions);
}

async function exportDefinitions(file: string | undefined, options: DefinitionsOptions): Promise<void> {
  const api = new Api(options.url);
  const { vhost } = options;
  const definitions = (await (vhost === undefined
    ? api.call('GET /definitions')
    : api.call('GET /definitions/:vhost', { names: { vhost }, about: `virtual host '${vhost}'` }))) as object;
  if (file === undefined) {
    say(json(definitions));
    return;
  }
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${json(definitions)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    throw new Failure(`cannot write ${file}: ${(error as Error).message}`);
  }
  report(options, `definitions are in ${file}: ${contents(definitions)}`, { file });
}

async function importDefinitions(file: string | undefined, options: DefinitionsOptions): Promise<void> {
  const api = new Api(options.url);
  const definitions = parse(
    file === undefined || file === '-' ? await readInput() : read(file),
    file ?? 'the standard input',
  );
  const { vhost } = options;
  if (vhost === undefined) await api.call('POST /definitions', { body: definitions });
  else {
    const about = `virtual host '${vhost}'`;
    await api.call('POST /definitions/:vhost', { names: { vhost }, body: definitions, about });
  }
  report(options, `imported: ${contents(definitions)}`, { imported: counts(definitions) });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Failure(`there is no file ${file}`, 5);
    throw new Failure(`cannot read ${file}: ${message}`);
  }
}

function parse(text: string, where: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${where} is not JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Failure(`${where} has no definitions in it: it must be an object with lists such as queues and users`);
}

function counts(definitions: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(definitions).flatMap(([kind, all]) =>
      Array.isArray(all) && all.length > 0 ? [[kind, all.length]] : [],
    ),
  );
}

function contents(definitions: object): string {
  const all = Object.entries(counts(definitions)).map(([kind, count]) => `${kind.replaceAll('_', ' ')}: ${count}`);
  return all.length === 0 ? 'nothing' : all.join(', ');
}
