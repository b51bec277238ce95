// `leveret declare ...`: makes queues, exchanges and bindings, as a client would.
import { type Command, Option } from 'commander';
import { type Answer, Api, type BrokerOptions } from './api.ts';
import { addArgument, groupCommand, report, vhostCommand } from './broker-command.ts';

interface DeclareOptions extends BrokerOptions {
  readonly vhost: string;
  readonly durable: boolean;
  readonly autoDelete?: true;
  readonly argument?: Readonly<Record<string, unknown>>;
}

interface ExchangeOptions extends DeclareOptions {
  readonly type: string;
  readonly internal?: true;
}

interface BindingOptions extends BrokerOptions {
  readonly vhost: string;
  readonly key: string;
  readonly toExchange?: true;
  readonly argument?: Readonly<Record<string, unknown>>;
}

/** The command. */
export function declareCommand(): Command {
  return groupCommand('declare', 'Makes a queue, an exchange or a binding. What is there already, as asked, is fine.', [
    declaration('queue', 'Makes a queue.').action(declareQueue),
    declaration('exchange', 'Makes an exchange.')
      .addOption(
        new Option('--type <type>', 'how it chooses')
          .choices(['direct', 'fanout', 'topic', 'headers'])
          .default('direct'),
      )
      .option('--internal', 'only other exchanges may publish to it')
      .action(declareExchange),
    withArguments(vhostCommand('binding', 'Makes an exchange give messages to a queue, or to another exchange.'))
      .argument('<exchange>', 'where messages come from')
      .argument('<destination-queue>', 'the queue that they go to, or with --to-exchange the exchange')
      .option('--key <key>', 'routing key or pattern', '')
      .option('--to-exchange', 'the destination is an exchange')
      .action(declareBinding),
  ]);
}

function declaration(kind: 'queue' | 'exchange', description: string): Command {
  return withArguments(vhostCommand(kind, description))
    .argument(`<new-${kind}>`, 'its name')
    .option('--transient', 'gone after a restart of the broker')
    .option('--auto-delete', 'gone when its last user has left');
}

function withArguments(command: Command): Command {
  return command.option(
    '--argument <name=value>',
    'an argument such as x-max-length=10; may be given more than once',
    addArgument,
  );
}

async function declareQueue(name: string, options: DeclareOptions): Promise<void> {
  const names = { vhost: options.vhost, queue: name };
  const asked = { names, body: common(options), about: `virtual host '${options.vhost}'` };
  made('queue', name, options, await new Api(options.url).ask('PUT /queues/:vhost/:queue', asked));
}

async function declareExchange(name: string, options: ExchangeOptions): Promise<void> {
  const body = { type: options.type, internal: options.internal === true, ...common(options) };
  const names = { vhost: options.vhost, exchange: name };
  const asked = { names, body, about: `virtual host '${options.vhost}'` };
  made('exchange', name, options, await new Api(options.url).ask('PUT /exchanges/:vhost/:exchange', asked));
}

function common(options: DeclareOptions & { readonly transient?: true }): object {
  return { durable: !options.transient, auto_delete: options.autoDelete === true, arguments: options.argument ?? {} };
}

function made(kind: string, name: string, options: BrokerOptions, { status }: Answer): void {
  const created = status === 201;
  report(options, `${kind} '${name}' ${created ? 'was made' : 'was there already'}`, { [kind]: name, created });
}

async function declareBinding(exchange: string, destination: string, options: BindingOptions): Promise<void> {
  const { vhost, key } = options;
  const call = options.toExchange
    ? 'POST /bindings/:vhost/e/:source/e/:destination'
    : 'POST /bindings/:vhost/e/:source/q/:destination';
  await new Api(options.url).call(call, {
    names: { vhost, source: exchange, destination },
    body: { routing_key: key, arguments: options.argument ?? {} },
    about: `exchange '${exchange}' or ${options.toExchange ? 'exchange' : 'queue'} '${destination}' in virtual host '${vhost}'`,
  });
  const sentence = `'${destination}' gets from exchange '${exchange}' what has key '${key}'`;
  report(options, sentence, { source: exchange, destination, routing_key: key });
}
