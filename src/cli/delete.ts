// `leveret delete ...`: queues, exchanges, bindings and single messages.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
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
  const names = { vhost: options.vhost, queue: name, exchange: name };
  await api.call(kind === 'queue' ? 'DELETE /queues/:vhost/:queue' : 'DELETE /exchanges/:vhost/:exchange', {
    names,
    query: { 'if-unused': options.ifUnused, 'if-empty': options.ifEmpty },
    about,
  });
  report(options, `${kind} '${name}' was deleted`, { deleted: name });
}

async function deleteBinding(exchange: string, destination: string, options: BindingOptions): Promise<void> {
  const api = new Api(options.url);
  const noun = options.toExchange ? 'exchange' : 'queue';
  const names = { vhost: options.vhost, source: exchange, destination };
  const between = `from exchange '${exchange}' to ${noun} '${destination}' in virtual host '${options.vhost}'`;
  const list = options.toExchange
    ? 'GET /bindings/:vhost/e/:source/e/:destination'
    : 'GET /bindings/:vhost/e/:source/q/:destination';
  const all = (await api.call(list, { names, about: `binding ${between}` })) as Binding[];
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
  const remove = options.toExchange
    ? 'DELETE /bindings/:vhost/e/:source/e/:destination/:props'
    : 'DELETE /bindings/:vhost/e/:source/q/:destination/:props';
  await api.call(remove, {
    names: { ...names, props: binding.properties_key },
    about: `such binding ${between} any more`,
  });
  report(options, `the binding ${between} was deleted`, { deleted: binding });
}

async function deleteMessage(queue: string, sequence: number, options: DeleteOptions): Promise<void> {
  const api = new Api(options.url);
  const about = `message ${sequence} in queue '${queue}' of virtual host '${options.vhost}'`;
  await agree(`Delete ${about}?`, options.yes);
  await api.call('DELETE /queues/:vhost/:queue/messages/:sequence', {
    names: { vhost: options.vhost, queue, sequence },
    about: `${about} (any more)`,
  });
  report(options, `message ${sequence} was deleted from queue '${queue}'`, { deleted: sequence });
}
