// `leveret get`: messages out of a queue as basic.get gives them, given back unless told otherwise.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { vhostCommand, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import { bodyOf, messageLines, type ShownMessage } from './message-text.ts';
import { say } from './terminal.ts';
import { json, several } from './text.ts';

interface GetOptions extends BrokerOptions {
  readonly vhost: string;
  readonly count: number;
  readonly ack?: true;
  readonly reject?: true;
  readonly body?: true;
}

interface GotMessage extends ShownMessage {
  readonly payload_bytes: number;
  readonly message_count: number;
}

const NOTES = `
Without --ack the messages go back to the queue and are marked redelivered; \`leveret peek\` looks without a mark.

Examples:
  leveret get task_queue --count 5
  leveret get task_queue --ack --body > task.bin
`;

/** The command. */
export function getCommand(): Command {
  return vhostCommand('get', 'Gets messages from a queue and prints them.')
    .argument('<queue>', 'the queue')
    .option('--count <n>', 'at most so many', whole(1, 10_000), 1)
    .option('--ack', 'take them out of the queue')
    .option('--reject', 'reject them: they go to the dead letter exchange, or are dropped where there is none')
    .option('--body', 'print the bodies alone, byte for byte')
    .addHelpText('after', NOTES)
    .action(get);
}

async function get(queue: string, options: GetOptions): Promise<void> {
  if (options.ack && options.reject) throw new Failure('give --ack or --reject, not both', 2);
  const messages = (await new Api(options.url).call('POST /queues/:vhost/:queue/get', {
    names: { vhost: options.vhost, queue },
    body: {
      count: options.count,
      ackmode: options.ack ? 'ack_requeue_false' : options.reject ? 'reject_requeue_false' : 'ack_requeue_true',
      encoding: 'auto',
    },
    about: `queue '${queue}' in virtual host '${options.vhost}'`,
  })) as GotMessage[];
  if (options.json) say(json(messages));
  else if (options.body) for (const message of messages) process.stdout.write(bodyOf(message));
  else if (messages.length === 0) say('no message is ready');
  else for (const [i, message] of messages.entries()) say(...messageLines(title(i, message), message));
}

function title(i: number, { payload_bytes: size, message_count: left }: GotMessage): string {
  return `message ${i + 1}: ${several(size, 'byte')}, ${left} left in the queue`;
}
