// `leveret users ...`: who there is, and what they are.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report } from './broker-command.ts';
import { Failure } from './failure.ts';
import { listKindCommand } from './list.ts';
import { askPassword, givenPassword, type PasswordOptions, withPassword } from './new-password.ts';
import { agree } from './terminal.ts';

interface UserOptions extends BrokerOptions, PasswordOptions {
  readonly tags?: string;
}

interface User {
  readonly password_hash: string;
  readonly hashing_algorithm?: string;
  readonly tags: string | readonly string[];
}

const TAGS = 'administrator, monitoring, policymaker or management, with commas between; none: AMQP only';

/** The command. */
export function usersCommand(): Command {
  const below = [
    listKindCommand('users', 'list'),
    withPassword(brokerCommand('add', 'Adds a user. Asks for a password on a terminal.'))
      .argument('<new-user>', 'the name')
      .option('--tags <tags>', TAGS)
      .action(add),
    withPassword(brokerCommand('change', "Changes a user's password or tags."))
      .argument('<user>', 'the name')
      .option('--tags <tags>', TAGS)
      .option('--ask-password', 'ask for a new password on the terminal')
      .action(change),
    dangerous(brokerCommand('delete', 'Deletes a user and closes their connections.'))
      .argument('<user>', 'the name')
      .action(remove),
  ];
  return groupCommand('users', 'Lists, adds, changes and deletes users.', below, 'list');
}

async function add(name: string, options: UserOptions): Promise<void> {
  const api = new Api(options.url);
  const { status } = await api.ask('GET /users/:user', { names: { user: name }, accept: [404] });
  if (status !== 404) throw new Failure(`there is a user '${name}' already; see \`leveret users change\``);
  const password = (await givenPassword(options)) ?? (await askPassword(name));
  await api.call('PUT /users/:user', { names: { user: name }, body: { ...password, tags: options.tags ?? '' } });
  const next = `give permissions with: leveret permissions set '${name}' '.*' '.*' '.*'`;
  report(options, `user '${name}' was added; ${next}`, { added: name });
}

async function change(name: string, options: UserOptions & { readonly askPassword?: true }): Promise<void> {
  const api = new Api(options.url);
  const about = `user '${name}'`;
  const names = { user: name };
  const user = (await api.call('GET /users/:user', { names, about })) as User;
  const password = (await givenPassword(options)) ?? (options.askPassword ? await askPassword(name) : undefined);
  if (password === undefined && options.tags === undefined) {
    throw new Failure(
      'say what to change: --tags, --ask-password, --password-stdin, --password-hash or --no-password',
      2,
    );
  }
  // A PUT says all there is of a user: what is not to change is said again.
  const { password_hash, hashing_algorithm } = user;
  const same = hashing_algorithm === undefined ? { password_hash } : { password_hash, hashing_algorithm };
  const tags = options.tags ?? [user.tags].flat().join(',');
  await api.call('PUT /users/:user', { names, body: { ...(password ?? same), tags }, about });
  report(options, `user '${name}' was changed`, { changed: name });
}

async function remove(name: string, options: BrokerOptions & Dangerous): Promise<void> {
  const api = new Api(options.url);
  await agree(`Delete user '${name}' and close their connections?`, options.yes);
  await api.call('DELETE /users/:user', { names: { user: name }, about: `user '${name}'` });
  report(options, `user '${name}' was deleted`, { deleted: name });
}
