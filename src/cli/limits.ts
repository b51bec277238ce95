// `leveret limits ...`: how many connections, queues and channels virtual hosts and users may have.
import { Argument, type Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import { printTable } from './table.ts';
import { agree, say } from './terminal.ts';
import { json, plain } from './text.ts';

interface LimitOptions extends BrokerOptions {
  readonly vhost?: string;
  readonly user?: string;
}

/** Whose limit it is, and in words. */
type Owner = ({ readonly vhost: string } | { readonly user: string }) & { readonly about: string };

interface Limits {
  readonly vhost?: string;
  readonly user?: string;
  readonly value: Readonly<Record<string, number>>;
}

const NOTES = `
A virtual host has max-connections and max-queues, a user max-connections and max-channels.

Example:
  leveret limits set max-queues 1000 --vhost jobs
  leveret limits set max-connections 5 --user worker
`;

/** The command. */
export function limitsCommand(): Command {
  const limit = (): Argument =>
    new Argument('<limit>', 'which one').choices(['max-connections', 'max-queues', 'max-channels']);
  const below = [
    brokerCommand('list', 'Lists the limits that are set.').action(list),
    owned(brokerCommand('set', 'Sets a limit. Connections and queues that there are stay.'))
      .addArgument(limit())
      .addArgument(new Argument('<n>', 'how many at most').argParser(whole(0, 1_000_000_000)))
      .addHelpText('after', NOTES)
      .action(set),
    dangerous(owned(brokerCommand('delete', 'Lifts a limit.')))
      .addArgument(limit())
      .action(remove),
  ];
  return groupCommand('limits', 'Lists, sets and lifts limits of virtual hosts and users.', below, 'list');
}

function owned(command: Command): Command {
  return command
    .option('--vhost <name>', 'of this virtual host; / without --user')
    .option('--user <name>', 'of this user');
}

function ownerOf({ vhost, user }: LimitOptions): Owner {
  if (vhost !== undefined && user !== undefined) throw new Failure('say --vhost or --user, not both', 2);
  if (user !== undefined) return { user, about: `user '${user}'` };
  return { vhost: vhost ?? '/', about: `virtual host '${vhost ?? '/'}'` };
}

async function list(options: BrokerOptions): Promise<void> {
  const api = new Api(options.url);
  const found = (await Promise.all([api.call('GET /vhost-limits'), api.call('GET /user-limits')])) as Limits[][];
  const all = found.flat();
  if (options.json) {
    say(json(all));
    return;
  }
  const rows = all.flatMap(({ vhost, user, value }) =>
    Object.entries(value).map(([name, most]) => [
      user === undefined ? 'virtual host' : 'user',
      plain(user ?? vhost ?? ''),
      plain(name),
      String(most),
    ]),
  );
  const titles = ['of', 'name', 'limit', 'value'];
  printTable(titles.map((title, at) => ({ title, cells: rows.map(row => row[at] as string), right: at === 3 })));
}

async function set(limit: string, value: number, options: LimitOptions): Promise<void> {
  const owner = ownerOf(options);
  const asked = { body: { value }, about: owner.about };
  const api = new Api(options.url);
  if ('user' in owner)
    await api.call('PUT /user-limits/:user/:name', { ...asked, names: { user: owner.user, name: limit } });
  else await api.call('PUT /vhost-limits/:vhost/:name', { ...asked, names: { vhost: owner.vhost, name: limit } });
  report(options, `${limit} of ${owner.about} was set to ${value}`, { ...named(owner), limit, value });
}

async function remove(limit: string, options: LimitOptions & Dangerous): Promise<void> {
  const owner = ownerOf(options);
  const api = new Api(options.url);
  await agree(`Lift ${limit} of ${owner.about}?`, options.yes);
  const { about } = owner;
  if ('user' in owner)
    await api.call('DELETE /user-limits/:user/:name', { names: { user: owner.user, name: limit }, about });
  else await api.call('DELETE /vhost-limits/:vhost/:name', { names: { vhost: owner.vhost, name: limit }, about });
  report(options, `${limit} of ${about} was lifted`, { deleted: { ...named(owner), limit } });
}

function named({ about: _, ...owner }: Owner): object {
  return owner;
}
