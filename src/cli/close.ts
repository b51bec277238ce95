// `leveret close connection`: ends one connection, or all of a user.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report } from './broker-command.ts';
import { Failure } from './failure.ts';
import { agree } from './terminal.ts';

interface CloseOptions extends BrokerOptions, Dangerous {
  readonly user?: string;
  readonly reason: string;
}

/** The command. */
export function closeCommand(): Command {
  const connection = dangerous(
    brokerCommand(
      'connection',
      'Closes a connection, or all of a user. What its channels have in hand goes back to the queues.',
    ),
  )
    .argument('[connection]', 'its name, as `leveret list connections` shows it')
    .option('--user <name>', 'all connections of this user')
    .option('--reason <text>', 'what the client and the log are told', 'Closed by leveret close')
    .action(close);
  return groupCommand('close', 'Closes a connection.', [connection]);
}

async function close(name: string | undefined, options: CloseOptions): Promise<void> {
  const { user } = options;
  if ((name === undefined) === (user === undefined)) throw new Failure('say which connection, or whose with --user', 2);
  const api = new Api(options.url);
  const what = name === undefined ? `all connections of user '${user}'` : `connection '${name}'`;
  await agree(`Close ${what}?`, options.yes);
  const call = name === undefined ? 'DELETE /connections/username/:user' : 'DELETE /connections/:connection';
  await api.call(call, {
    names: { connection: name ?? '', user: user ?? '' },
    headers: { 'x-reason': options.reason },
    about: name === undefined ? `user '${user}'` : what,
  });
  report(options, `closed ${what}`, { closed: name ?? { user } });
}
