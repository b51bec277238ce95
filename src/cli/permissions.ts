// `leveret permissions ...`: who may configure, write and read what in a virtual host.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { type Dangerous, dangerous, groupCommand, report, vhostCommand } from './broker-command.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

interface PermissionOptions extends BrokerOptions {
  readonly vhost: string;
}

const NOTES = `
Each right is a regular expression over the names of queues and exchanges; ^$ is none, .* is all.

Example:
  leveret permissions set worker '^$' '^results' '^tasks'
`;

/** The command. */
export function permissionsCommand(): Command {
  const below = [
    listKindCommand('permissions', 'list'),
    vhostCommand('set', "Sets a user's permissions in a virtual host, in place of those there were.")
      .argument('<user>', 'the name')
      .argument('<configure>', 'what they may declare and delete')
      .argument('<write>', 'what they may publish to and bind')
      .argument('<read>', 'what they may consume from, purge and bind')
      .addHelpText('after', NOTES)
      .action(set),
    dangerous(vhostCommand('delete', 'Takes all permissions of a user in a virtual host away.'))
      .argument('<user>', 'the name')
      .action(remove),
  ];
  return groupCommand('permissions', 'Lists, sets and deletes permissions.', below, 'list');
}

async function set(
  user: string,
  configure: string,
  write: string,
  read: string,
  options: PermissionOptions,
): Promise<void> {
  const { vhost } = options;
  const about = `user '${user}' or virtual host '${vhost}'`;
  await new Api(options.url).call('PUT /permissions/:vhost/:user', {
    names: { vhost, user },
    body: { configure, write, read },
    about,
  });
  report(options, `permissions of user '${user}' in virtual host '${vhost}' were set`, {
    user,
    vhost,
    configure,
    write,
    read,
  });
}

async function remove(user: string, options: PermissionOptions & Dangerous): Promise<void> {
  const { vhost } = options;
  const api = new Api(options.url);
  const about = `permissions of user '${user}' in virtual host '${vhost}'`;
  await agree(`Delete the ${about}?`, options.yes);
  await api.call('DELETE /permissions/:vhost/:user', {
    names: { vhost, user },
    about: `such user or virtual host, or no ${about}`,
  });
  report(options, `the ${about} were deleted`, { deleted: { user, vhost } });
}
