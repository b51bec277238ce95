// `leveret parameters ...`: parameters that tools keep in the broker, of a virtual host or of all of it.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, type Dangerous, dangerous, groupCommand, report, vhostCommand } from './broker-command.ts';
import { Failure } from './failure.ts';
import { listKindCommand } from './list.ts';
import { agree } from './terminal.ts';

interface ParameterOptions extends BrokerOptions {
  readonly vhost: string;
}

const NOTES = `
Parameters are kept, shown and exported; nothing in the broker acts on them. Policies and limits have commands of their own.

Example:
  leveret parameters set my-tool settings '{"colour":"blue"}'
`;

/** The command. */
export function parametersCommand(): Command {
  const below = [
    listKindCommand('parameters', 'list'),
    vhostCommand('set', 'Sets a parameter of a virtual host.')
      .argument('<component>', 'what it belongs to')
      .argument('<name>', 'the name')
      .argument('<json>', 'the value, in JSON')
      .addHelpText('after', NOTES)
      .action(set),
    dangerous(vhostCommand('delete', 'Deletes a parameter of a virtual host.'))
      .argument('<component>', 'what it belongs to')
      .argument('<name>', 'the name')
      .action(remove),
    listKindCommand('global-parameters', 'list-global'),
    brokerCommand('set-global', 'Sets a parameter of the whole broker.')
      .argument('<name>', 'the name')
      .argument('<json>', 'the value, in JSON')
      .addHelpText('after', NOTES)
      .action(setGlobal),
    dangerous(brokerCommand('delete-global', 'Deletes a parameter of the whole broker.'))
      .argument('<name>', 'the name')
      .action(removeGlobal),
  ];
  return groupCommand('parameters', 'Lists, sets and deletes parameters.', below, 'list');
}

async function set(component: string, name: string, text: string, options: ParameterOptions): Promise<void> {
  const { vhost } = options;
  const value = parse(text);
  await new Api(options.url).call('PUT /parameters/:component/:vhost/:name', {
    names: { component, vhost, name },
    body: { value },
    about: `virtual host '${vhost}'`,
  });
  report(options, `parameter '${name}' of '${component}' was set`, { vhost, component, name, value });
}

async function remove(component: string, name: string, options: ParameterOptions & Dangerous): Promise<void> {
  const { vhost } = options;
  const api = new Api(options.url);
  const about = `parameter '${name}' of '${component}' in virtual host '${vhost}'`;
  await agree(`Delete ${about}?`, options.yes);
  await api.call('DELETE /parameters/:component/:vhost/:name', { names: { component, vhost, name }, about });
  report(options, `${about} was deleted`, { deleted: { vhost, component, name } });
}

async function setGlobal(name: string, text: string, options: BrokerOptions): Promise<void> {
  const value = parse(text);
  await new Api(options.url).call('PUT /global-parameters/:name', { names: { name }, body: { value } });
  report(options, `global parameter '${name}' was set`, { name, value });
}

async function removeGlobal(name: string, options: BrokerOptions & Dangerous): Promise<void> {
  const api = new Api(options.url);
  const about = `global parameter '${name}'`;
  await agree(`Delete ${about}?`, options.yes);
  await api.call('DELETE /global-parameters/:name', { names: { name }, about });
  report(options, `${about} was deleted`, { deleted: name });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`the value is not JSON: text needs quotes, as in '"text"'`, 2);
  }
}
