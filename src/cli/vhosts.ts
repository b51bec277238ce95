// `leveret vhosts ...`: virtual hosts, each with queues and exchanges of its own.
import type { Command } from 'commander';
import { Api, at, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report } from './broker-command.ts';
import { Failure } from './failure.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

interface VhostOptions extends BrokerOptions {
  readonly description?: string;
  readonly tags?: string;
}

interface Vhost {
  readonly description?: string;
  readonly tags?: readonly string[];
}

/** The command. */
export function vhostsCommand(): Command {
  const below = [
    listKindCommand('vhosts', 'list'),
    described(brokerCommand('add', 'Adds a virtual host.').argument('<new-vhost>', 'the name')).action(add),
    described(brokerCommand('change', 'Changes the description or the tags.').argument('<vhost>', 'the name')).action(
      change,
    ),
    dangerous(brokerCommand('delete', 'Deletes a virtual host with everything in it and closes the connections to it.'))
      .argument('<vhost>', 'the name')
      .action(remove),
  ];
  return groupCommand('vhosts', 'Lists, adds, changes and deletes virtual hosts.', below, 'list');
}

function described(command: Command): Command {
  return command
    .option('--description <text>', 'what it is for')
    .option('--tags <tags>', 'words of your own, with commas between');
}

async function add(name: string, options: VhostOptions): Promise<void> {
  const { status } = await new Api(options.url).ask(at`/vhosts/${name}`, { accept: [404] });
  if (status !== 404) throw new Failure(`there is a virtual host '${name}' already; see \`leveret vhosts change\``);
  await put(name, options, {});
  report(options, `virtual host '${name}' was added`, { added: name });
}

async function change(name: string, options: VhostOptions): Promise<void> {
  if (options.description === undefined && options.tags === undefined) {
    throw new Failure('say what to change: --description or --tags', 2);
  }
  await put(
    name,
    options,
    await new Api(options.url).get<Vhost>(at`/vhosts/${name}`, { about: `virtual host '${name}'` }),
  );
  report(options, `virtual host '${name}' was changed`, { changed: name });
}

async function put(name: string, options: VhostOptions, known: Vhost): Promise<void> {
  const description = options.description ?? known.description ?? '';
  const tags = options.tags ?? (known.tags ?? []).join(',');
  await new Api(options.url).ask(at`/vhosts/${name}`, { method: 'PUT', body: { description, tags } });
}

async function remove(name: string, options: BrokerOptions & Dangerous): Promise<void> {
  const api = new Api(options.url);
  await agree(`Delete virtual host '${name}' with all its queues and messages?`, options.yes);
  await api.ask(at`/vhosts/${name}`, { method: 'DELETE', about: `virtual host '${name}'` });
  report(options, `virtual host '${name}' was deleted`, { deleted: name });
}
