// `leveret vhosts ...`: virtual hosts, each with queues and exchanges of its own.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report } from './broker-command.ts';
import { Failure } from './failure.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

interface Described {
  readonly description?: string;
  readonly tags?: string;
  readonly defaultQueueType?: string;
}

/** The command. */
export function vhostsCommand(): Command {
  const below = [
    listKindCommand('vhosts', 'list'),
    described(brokerCommand('add', 'Adds a virtual host.')).argument('<new-vhost>', 'the name').action(add),
    described(brokerCommand('change', 'Changes what is said of a virtual host; what is not named stays.'))
      .argument('<vhost>', 'the name')
      .action(change),
    dangerous(brokerCommand('delete', 'Deletes a virtual host with everything in it and closes the connections to it.'))
      .argument('<vhost>', 'the name')
      .action(remove),
  ];
  return groupCommand('vhosts', 'Lists, adds, changes and deletes virtual hosts.', below, 'list');
}

function described(command: Command): Command {
  return command
    .option('--description <text>', "what it is for; '' is nothing")
    .option('--tags <tags>', "words, with commas between; '' is none")
    .option('--default-queue-type <type>', "kept for RabbitMQ's definitions, of no effect here; '' is none");
}

function wordsOf({ description, tags, defaultQueueType }: Described): Record<string, string> {
  return {
    ...(description === undefined ? {} : { description }),
    ...(tags === undefined ? {} : { tags }),
    ...(defaultQueueType === undefined ? {} : { default_queue_type: defaultQueueType }),
  };
}

async function add(name: string, options: BrokerOptions & Described): Promise<void> {
  const api = new Api(options.url);
  // A PUT to one that is there would say all anew of it.
  const { status } = await api.ask('GET /vhosts/:name', { names: { name }, accept: [404] });
  if (status !== 404) throw new Failure(`there is a virtual host '${name}' already; see \`leveret vhosts change\``);
  await api.call('PUT /vhosts/:name', { names: { name }, body: wordsOf(options) });
  report(options, `virtual host '${name}' was added`, { added: name });
}

async function change(name: string, options: BrokerOptions & Described): Promise<void> {
  const words = wordsOf(options);
  if (Object.keys(words).length === 0)
    throw new Failure('say what to change: --description, --tags or --default-queue-type', 2);
  const api = new Api(options.url);
  const call = { names: { name }, about: `virtual host '${name}'` };
  const { metadata } = (await api.call('GET /vhosts/:name', call)) as { metadata: object };
  await api.call('PUT /vhosts/:name', { ...call, body: { ...metadata, ...words } });
  report(options, `virtual host '${name}' was changed`, { changed: name });
}

async function remove(name: string, options: BrokerOptions & Dangerous): Promise<void> {
  const api = new Api(options.url);
  await agree(`Delete virtual host '${name}' with all its queues and messages?`, options.yes);
  await api.call('DELETE /vhosts/:name', { names: { name }, about: `virtual host '${name}'` });
  report(options, `virtual host '${name}' was deleted`, { deleted: name });
}
