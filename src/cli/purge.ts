// `leveret purge`: throws away what waits in a queue.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { type Dangerous, dangerous, report, vhostCommand } from './broker-command.ts';
import { agree } from './terminal.ts';

/** The command. */
export function purgeCommand(): Command {
  return dangerous(
    vhostCommand('purge', 'Throws away all messages that are ready in a queue. Those in the hands of workers stay.'),
  )
    .argument('<queue>', 'the queue')
    .action(purge);
}

async function purge(queue: string, options: BrokerOptions & Dangerous & { readonly vhost: string }): Promise<void> {
  const { vhost } = options;
  const api = new Api(options.url);
  await agree(`Throw away all ready messages of queue '${queue}' in virtual host '${vhost}'?`, options.yes);
  const about = `queue '${queue}' in virtual host '${vhost}'`;
  await api.call('DELETE /queues/:vhost/:queue/contents', { names: { vhost, queue }, about });
  report(options, `queue '${queue}' was purged`, { purged: queue });
}
