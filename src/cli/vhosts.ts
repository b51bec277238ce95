// `leveret vhosts ...`: virtual hosts, each with queues and exchanges of its own.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report } from './broker-command.ts';
import { Failure } from './failure.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

/** The command. */
export function vhostsCommand(): Command {
  const below = [
    listKindCommand('vhosts', 'list'),
    brokerCommand('add', 'Adds a virtual host.').argument('<new-vhost>', 'the name').action(add),
    dangerous(brokerCommand('delete', 'Deletes a virtual host with everything in it and closes the connections to it.'))
      .argument('<vhost>', 'the name')
      .action(remove),
  ];
  return groupCommand('vhosts', 'Lists, adds and deletes virtual hosts.', below, 'list');
}

async function add(name: string, options: BrokerOptions): Promise<void> {
  const { status } = await new Api(options.url).ask('PUT /vhosts/:name', { names: { name }, body: {} });
  if (status !== 201) throw new Failure(`there is a virtual host '${name}' already`);
  report(options, `virtual host '${name}' was added`, { added: name });
}

async function remove(name: string, options: BrokerOptions & Dangerous): Promise<void> {
  const api = new Api(options.url);
  await agree(`Delete virtual host '${name}' with all its queues and messages?`, options.yes);
  await api.call('DELETE /vhosts/:name', { names: { name }, about: `virtual host '${name}'` });
  report(options, `virtual host '${name}' was deleted`, { deleted: name });
}
