// `leveret delete ...`: queues, exchanges, bindings and single messages.
import type { Command } from 'commander';
import { Api, at, type BrokerOptions } from './api.ts';
import { type Dangerous, dangerous, groupCommand, report, vhostCommand, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import { agree } from './terminal.ts';
import { plain } from './text.ts';

interface DeleteOptions extends BrokerOptions, Dangerous {
  readonly vhost: string;
  readonly ifUnused?: true;
  readonly ifEmpty?: true;
}

interface BindingOptions extends DeleteOptions {
  readonly key?: string;
  readonly propertiesKey?: string;
  readonly toExchange?: true;
}

interface Binding {
  readonly routing_key: string;
  readonly properties_key: string;
}

const sequenceOf = whole(0, Number.MAX_SAFE_INTEGER);

/** The command. */
export function deleteCommand(): Command {
  return groupCommand('delete', 'Deletes a queue, an exchange, a binding or a message.', [
    deletion('queue', 'Deletes a queue with all its messages.')
      .argument('<queue>', 'the queue')
      .option('--if-empty', 'only when no message waits in it')
      .option('--if-unused', 'only when nobody consumes from it')
      .action((name: string, options: DeleteOptions) => deleteNamed('queue', name, options)),
    deletion('exchange', 'Deletes an exchange with its bindings.')
      .argument('<exchange>', 'the exchange')
      .option('--if-unused', 'only when nothing is bound to it')
      .action((name: string, options: DeleteOptions) => deleteNamed('exchange', name, options)),
    deletion('binding', 'Deletes a binding.')
      .argument('<exchange>', 'where messages come from')
      .argument('<destination-queue>', 'the queue that they go to, or with --to-exchange the exchange')
      .option('--key <key>', 'its routing key; not needed where there is only one binding between the two')
      .option('--properties-key <key>', "the API's name for it, where several have the same routing key")
      .option('--to-exchange', 'the destination is an exchange')
      .action(deleteBinding),
    deletion('message', 'Deletes one message from a queue, also one that a worker has in hand.')
      .argument('<queue>', 'the queue')
      .argument('<sequence>', 'its place in the queue, as `leveret peek` shows it', sequenceOf)
      .action(deleteMessage),
  ]);
}

function deletion(kind: string, description: string): Command {
  return dangerous(vhostCommand(kind, description));
}

async function deleteNamed(kind: 'queue' | 'exchange', name: string, options: DeleteOptions): Promise<void> {
  const api = new Api(options.url);
  const about = `${kind} '${name}' in virtual host '${options.vhost}'`;
  const question = `Delete ${about}${kind === 'queue' ? ' with all its messages' : ''}?`;
  await agree(question, options.yes);
  await api.ask(kind === 'queue' ? at`/queues/${options.vhost}/${name}` : at`/exchanges/${options.vhost}/${name}`, {
    method: 'DELETE',
    query: { 'if-unused': options.ifUnused, 'if-empty': options.ifEmpty },
    about,
  });
  report(options, `${kind} '${name}' was deleted`, { deleted: name });
}

async function deleteBinding(exchange: string, destination: string, options: BindingOptions): Promise<void> {
  const api = new Api(options.url);
  const [kind, noun] = options.toExchange ? ['e', 'exchange'] : ['q', 'queue'];
  const path = at`/bindings/${options.vhost}/e/${exchange}/${kind as string}/${destination}`;
  const between = `from exchange '${exchange}' to ${noun} '${destination}' in virtual host '${options.vhost}'`;
  const all = await api.get<Binding[]>(path, { about: `binding ${between}` });
  const found = all.filter(
    ({ routing_key, properties_key }) =>
      (options.key ?? routing_key) === routing_key && (options.propertiesKey ?? properties_key) === properties_key,
  );
  const [binding] = found;
  if (binding === undefined) throw new Failure(`there is no such binding ${between}`, 5);
  if (found.length > 1) {
    const keys = found.map(each => plain(each.properties_key)).join(', ');
    throw new Failure(`there are ${found.length} bindings ${between}; say which with --properties-key: ${keys}`, 2);
  }
  await agree(`Delete the binding with key '${plain(binding.routing_key)}' ${between}?`, options.yes);
  await api.ask(`${path}${at`/${binding.properties_key}`}`, {
    method: 'DELETE',
    about: `such binding ${between} any more`,
  });
  report(options, `the binding ${between} was deleted`, { deleted: binding });
}

async function deleteMessage(queue: string, sequence: number, options: DeleteOptions): Promise<void> {
  const api = new Api(options.url);
  const about = `message ${sequence} in queue '${queue}' of virtual host '${options.vhost}'`;
  await agree(`Delete ${about}?`, options.yes);
  await api.ask(at`/queues/${options.vhost}/${queue}/messages/${sequence}`, {
    method: 'DELETE',
    about: `${about} (any more)`,
  });
  report(options, `message ${sequence} was deleted from queue '${queue}'`, { deleted: sequence });
}
