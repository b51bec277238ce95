// `leveret topic-permissions ...`: which routing keys a user may publish with and bind on topic exchanges.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { type Dangerous, dangerous, groupCommand, report, vhostCommand } from './broker-command.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

interface TopicPermissionOptions extends BrokerOptions {
  readonly vhost: string;
}

const NOTES = `
Both are regular expressions over routing keys, in which {username} and {vhost} stand for the names. A user without topic permissions
for an exchange may use every key on it; the permissions for the exchange itself are needed all the same.

Example:
  leveret topic-permissions set worker events '^{username}\\.' '.*'
`;

/** The command. */
export function topicPermissionsCommand(): Command {
  const below = [
    listKindCommand('topic-permissions', 'list'),
    vhostCommand('set', "Sets a user's topic permissions for an exchange, in place of those there were.")
      .argument('<user>', 'the name')
      .argument('<exchange>', 'a topic exchange')
      .argument('<write>', 'the routing keys that they may publish with')
      .argument('<read>', 'the binding keys that they may bind with')
      .addHelpText('after', NOTES)
      .action(set),
    dangerous(vhostCommand('delete', "Takes a user's topic permissions away: every key may be used again."))
      .argument('<user>', 'the name')
      .argument('[exchange]', 'for this exchange; without it for all in the virtual host')
      .action(remove),
  ];
  return groupCommand('topic-permissions', 'Lists, sets and deletes topic permissions.', below, 'list');
}

async function set(
  user: string,
  exchange: string,
  write: string,
  read: string,
  options: TopicPermissionOptions,
): Promise<void> {
  const { vhost } = options;
  await new Api(options.url).call('PUT /topic-permissions/:vhost/:user', {
    names: { vhost, user },
    body: { exchange, write, read },
    about: `user '${user}' or virtual host '${vhost}'`,
  });
  const done = { user, vhost, exchange, write, read };
  report(options, `topic permissions of user '${user}' for exchange '${exchange}' were set`, done);
}

async function remove(
  user: string,
  exchange: string | undefined,
  options: TopicPermissionOptions & Dangerous,
): Promise<void> {
  const { vhost } = options;
  const api = new Api(options.url);
  const where = exchange === undefined ? `in virtual host '${vhost}'` : `for exchange '${exchange}'`;
  const about = `topic permissions of user '${user}' ${where}`;
  await agree(`Delete the ${about}?`, options.yes);
  const missing = `such user or virtual host, or no ${about}`;
  if (exchange === undefined)
    await api.call('DELETE /topic-permissions/:vhost/:user', { names: { vhost, user }, about: missing });
  else
    await api.call('DELETE /topic-permissions/:vhost/:user/:exchange', {
      names: { vhost, user, exchange },
      about: missing,
    });
  report(options, `the ${about} were deleted`, { deleted: { user, vhost, exchange } });
}
