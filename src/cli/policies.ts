// `leveret policies ...` and `leveret operator-policies ...`: what holds for all queues and exchanges whose names match.
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { addArgument, type Dangerous, dangerous, groupCommand, report, vhostCommand } from './broker-command.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

interface PolicyOptions extends BrokerOptions {
  readonly vhost: string;
}

interface SetOptions extends PolicyOptions {
  readonly priority: number;
  readonly applyTo: string;
}

/** User policies are for who uses a vhost, operator policies set bounds to them. */
type Kind = 'policies' | 'operator-policies';

const NOTES = {
  policies: `
The pattern is a regular expression, searched for in the names. Of the policies that match one holds: that of the highest priority.

Example:
  leveret policies set tasks '^tasks' max-length=100000 overflow=reject-publish --apply-to queues
`,
  'operator-policies': `
They set bounds: of a number that a policy or an argument says as well, the lower one holds.

Example:
  leveret operator-policies set bounds '' max-length=1000000 --apply-to queues
`,
} as const;

/** The command for policies of this kind. */
export function policiesCommand(kind: Kind): Command {
  const [word, argument] = kind === 'policies' ? ['policy', '<policy>'] : ['operator policy', '<operator-policy>'];
  const below = [
    listKindCommand(kind, 'list'),
    vhostCommand('set', `Sets a ${word}, in place of the one with that name. It holds at once.`)
      .argument(argument, 'the name')
      .argument('<pattern>', 'which names it is for')
      .addArgument(new Argument('<key=value...>', 'what it says, such as max-length=1000').argParser(definition))
      .addOption(new Option('--priority <n>', 'the highest that matches holds').argParser(integer).default(0))
      .addOption(
        new Option('--apply-to <what>', 'what it is for')
          .choices(['all', 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges'])
          .default('all'),
      )
      .addHelpText('after', NOTES[kind])
      .action((name: string, pattern: string, values: object, options: SetOptions) =>
        set(kind, word as string, name, pattern, values, options),
      ),
    dangerous(vhostCommand('delete', `Deletes a ${word}.`))
      .argument(argument, 'the name')
      .action((name: string, options: PolicyOptions & Dangerous) => remove(kind, word as string, name, options)),
  ];
  const plural = kind === 'policies' ? 'policies' : 'operator policies';
  return groupCommand(kind, `Lists, sets and deletes ${plural}.`, below, 'list');
}

async function set(
  kind: Kind,
  word: string,
  name: string,
  pattern: string,
  values: object,
  options: SetOptions,
): Promise<void> {
  const { vhost, priority, applyTo } = options;
  const body = { pattern, definition: values, priority, 'apply-to': applyTo };
  await new Api(options.url).call(`PUT /${kind}/:vhost/:name`, {
    names: { vhost, name },
    body,
    about: `virtual host '${vhost}'`,
  });
  report(options, `${word} '${name}' was set`, { vhost, name, ...body });
}

async function remove(kind: Kind, word: string, name: string, options: PolicyOptions & Dangerous): Promise<void> {
  const { vhost } = options;
  const api = new Api(options.url);
  const about = `${word} '${name}' in virtual host '${vhost}'`;
  await agree(`Delete ${about}?`, options.yes);
  await api.call(`DELETE /${kind}/:vhost/:name`, { names: { vhost, name }, about });
  report(options, `${about} was deleted`, { deleted: { vhost, name } });
}

function definition(given: string, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return addArgument(given, before);
}

function integer(text: string): number {
  if (!/^-?\d{1,9}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}
