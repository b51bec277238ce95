// `leveret move`: messages from one queue into another; each is never in neither of them.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { report, vhostCommand, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import { several } from './text.ts';

interface MoveOptions extends BrokerOptions {
  readonly vhost: string;
  readonly count?: number;
  readonly sequence?: number;
}

/** The command. */
export function moveCommand(): Command {
  return vhostCommand('move', 'Moves messages that wait in a queue to the end of another one.')
    .argument('<queue>', 'where they are')
    .argument('<destination-queue>', 'where they go')
    .option('--count <n>', 'the oldest so many instead of all', whole(1, Number.MAX_SAFE_INTEGER))
    .option('--sequence <n>', 'this one alone (see `leveret peek`)', whole(0, Number.MAX_SAFE_INTEGER))
    .action(move);
}

async function move(queue: string, destination: string, options: MoveOptions): Promise<void> {
  const { vhost, count, sequence } = options;
  if (count !== undefined && sequence !== undefined) throw new Failure('give --count or --sequence, not both', 2);
  const api = new Api(options.url);
  let moved = 1;
  if (sequence === undefined) {
    const about = `queue '${queue}' or '${destination}' in virtual host '${vhost}'`;
    const body = { queue: destination, count: count ?? null };
    const answer = await api.call('POST /queues/:vhost/:queue/move', { names: { vhost, queue }, body, about });
    ({ moved } = answer as { moved: number });
  } else {
    const about = `message ${sequence} in queue '${queue}' of virtual host '${vhost}' (any more)`;
    await api.call('POST /queues/:vhost/:queue/messages/:sequence/move', {
      names: { vhost, queue, sequence },
      body: { queue: destination },
      about,
    });
  }
  report(options, `moved ${several(moved, 'message')} from '${queue}' to '${destination}'`, { moved });
}
