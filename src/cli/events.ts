// `leveret events`: what happens to the broker, in the terminal while it happens.
import type { Command } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { brokerCommand, whole } from './broker-command.ts';
import { Failure } from './failure.ts';
import { json, plain } from './text.ts';

interface EventsOptions extends BrokerOptions {
  readonly key: string;
  readonly count?: number;
}

interface BrokerEvent {
  readonly event: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The command. */
export function eventsCommand(): Command {
  return brokerCommand(
    'events',
    'Tells what happens to the broker while it happens: queues, exchanges and bindings, connections, logins, channels and consumers, ' +
      'policies, virtual hosts, users, permissions and alarms. The event exchange need not be on.',
  )
    .option('--key <pattern>', 'only events with such a key: * stands for a word, # for any number of them', '#')
    .option('--count <n>', 'end after so many events', whole(1, 1_000_000_000))
    .addHelpText(
      'after',
      '\nWith --json each line is one event. Ctrl-C ends it.\n\nExamples:\n  leveret events --key "queue.*"\n  leveret events --key "user.authentication.failure" --json',
    )
    .action(events);
}

async function events({ url, json: asJson, key, count }: EventsOptions): Promise<void> {
  const api = new Api(url);
  const response = await api.open('GET /events', { query: { key } });
  process.stderr.write(`watching the events of ${api.where}\n`);
  let seen = 0;
  for await (const event of eventsOf(response)) {
    process.stdout.write(`${asJson ? json(event).replace(/\n */g, '') : line(event)}\n`);
    if (++seen === count) return;
  }
  throw new Failure(`the broker at ${api.where} has ended the stream of events`, 3);
}

/** What server-sent events hold. */
async function* eventsOf(response: Response): AsyncGenerator<BrokerEvent> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      const blocks = (text + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n');
      text = blocks.pop() as string;
      for (const block of blocks) {
        const data = block.split('\n').find(each => each.startsWith('data: '));
        if (data !== undefined) yield JSON.parse(data.slice(6)) as BrokerEvent;
      }
    }
  } catch (error) {
    // The connection broke, which is an end as well.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** The time, the key, and what is not empty of the rest. */
function line({ event, headers }: BrokerEvent): string {
  const { timestamp_in_ms: time, ...rest } = headers;
  const told = Object.entries(rest)
    .filter(([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}=${plain(typeof value === 'string' ? value : JSON.stringify(value))}`);
  return [new Date(Number(time)).toISOString(), event, ...told].join('  ');
}
