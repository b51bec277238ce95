// `leveret trace on|off`: copies of all that happens to messages, to `amq.rabbitmq.trace`.
import { Argument, type Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { report, vhostCommand } from './broker-command.ts';

/** The command. */
export function traceCommand(): Command {
  return vhostCommand(
    'trace',
    'Has copies of all that happens to the messages of a virtual host sent to its exchange amq.rabbitmq.trace, until it is turned off.\n' +
      'To look at it, bind a queue of your own: `leveret declare queue log`, `leveret declare binding amq.rabbitmq.trace log --key "#"`, `leveret get log`.',
  )
    .addArgument(new Argument('<state>', 'whether copies are sent').choices(['on', 'off']))
    .action(trace);
}

async function trace(state: 'on' | 'off', options: BrokerOptions & { readonly vhost: string }): Promise<void> {
  const { vhost } = options;
  const api = new Api(options.url);
  const about = `virtual host '${vhost}'`;
  // A PUT would make one that is not there.
  await api.call('GET /vhosts/:name', { names: { name: vhost }, about });
  await api.call('PUT /vhosts/:name', { names: { name: vhost }, body: { tracing: state === 'on' }, about });
  report(options, `tracing of ${about} is ${state}`, { vhost, tracing: state === 'on' });
}
