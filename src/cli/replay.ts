// `leveret replay`: dead letters back to where they came from.
import { setTimeout as pause } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { Api, type BrokerOptions } from './api.ts';
import { timeSpan, vhostCommand, whole } from './broker-command.ts';
import { say } from './terminal.ts';
import { json, plain, several } from './text.ts';

interface ReplayOptions extends BrokerOptions {
  readonly vhost: string;
  readonly reason?: string;
  readonly from?: string;
  readonly header?: string;
  readonly olderThan?: number;
  readonly youngerThan?: number;
  readonly limit?: number;
  readonly rate?: number;
  readonly dryRun?: true;
  readonly keepCounters?: true;
  readonly firstDeath?: true;
}

/** A replay as the API shows it. */
interface Replayed {
  readonly id: number;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly matched: number;
  readonly sent: number;
  readonly unroutable: number;
  readonly skipped: number;
  readonly origins: readonly { readonly exchange: string; readonly routing_key: string; readonly count: number }[];
}

/** How often it is asked how far a replay is, ms. */
const askingMs = 200;

const NOTES = `
Each message goes to the exchange and with the routing key that its newest death names, and leaves the queue once it is there.
What no queue would get stays where it is. Interrupted, the replay goes on in the broker.

Examples:
  leveret replay dead --dry-run                        how many would go where
  leveret replay dead --reason rejected --from work --rate 100
  leveret replay dead --header customer=7 --older-than 5m
`;

/** The command. */
export function replayCommand(): Command {
  return vhostCommand('replay', 'Sends dead letters back to where they came from.')
    .argument('<queue>', 'where they are')
    .addOption(
      new Option('--reason <reason>', 'those that died of this').choices([
        'rejected',
        'expired',
        'maxlen',
        'delivery_limit',
      ]),
    )
    .option('--from <queue>', 'those that died in this queue')
    .option('--header <name=value>', 'those with this header')
    .option('--older-than <time>', 'those that died longer ago, such as 5m', timeSpan)
    .option('--younger-than <time>', 'those that died since, such as 5m', timeSpan)
    .option('--limit <n>', 'at most so many', whole(1, Number.MAX_SAFE_INTEGER))
    .option('--rate <n>', 'at most so many per second', whole(1, 1_000_000))
    .option('--first-death', 'to where they died first instead of last')
    .option('--keep-counters', 'leave x-death and its neighbours in the headers')
    .option('--dry-run', 'only count how many would go where')
    .addHelpText('after', NOTES)
    .action(replay);
}

async function replay(queue: string, options: ReplayOptions): Promise<void> {
  const { vhost, dryRun = false } = options;
  const api = new Api(options.url);
  const body = {
    death_reason: options.reason,
    death_queue: options.from,
    header: options.header,
    older_than_ms: options.olderThan,
    younger_than_ms: options.youngerThan,
    limit: options.limit,
    rate: options.rate,
    dry_run: dryRun,
    reset_counters: !options.keepCounters,
    origin: options.firstDeath ? 'first' : 'newest',
  };
  const about = `queue '${queue}' in virtual host '${vhost}'`;
  let now = (await api.call('POST /queues/:vhost/:queue/replay', { names: { vhost, queue }, body, about })) as Replayed;
  while (now.state === 'running') {
    await pause(askingMs);
    const { id } = now;
    now = (await api.call('GET /replays/:id', { names: { id }, about: `replay ${id} (any more)` })) as Replayed;
  }
  if (options.json) say(json(now));
  else say(...lines(now, dryRun));
}

function lines({ state, matched, sent, unroutable, skipped, origins }: Replayed, dryRun: boolean): string[] {
  const ways = origins.map(({ exchange, routing_key, count }) => {
    const to = exchange === '' ? '(default)' : plain(exchange);
    return `  ${several(count, 'message')} ${dryRun ? 'would go' : 'for'} to exchange ${to} with key '${plain(routing_key)}'`;
  });
  const stay = `${unroutable} that no queue would get and ${skipped} others stay`;
  if (dryRun) return [`${several(matched, 'message')} found; ${stay}`, ...ways];
  return [
    `sent ${sent} of ${several(matched, 'message')}; ${stay}${state === 'cancelled' ? '; it was cancelled' : ''}`,
  ];
}
