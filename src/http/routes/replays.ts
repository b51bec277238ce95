// Replays: dead letters sent back to where they came from.
import { z } from 'zod';
import type { Exchange } from '../../broker/exchange.ts';
import type { Replay } from '../../broker/replay.ts';
import { isMonitor } from '../access.ts';
import { badRequest, HttpError, notFound } from '../errors.ts';
import { name, truth, whole } from '../fields.ts';
import { type Ask, changed, plainList, type Route, route } from '../route.ts';
import { matcher } from '../views/search.ts';
import { readable, searchFields } from './browse.ts';
import { exchangeName } from './exchanges.ts';
import { untilAccepting } from './messages.ts';

/** Messages per second that can be asked for. */
const rateMax = 1_000_000;

const replaying = z.strictObject({
  ...searchFields,
  limit: whole(1, Number.MAX_SAFE_INTEGER).nullish(),
  rate: whole(1, rateMax).nullish(),
  dry_run: truth.default(false),
  reset_counters: truth.default(true),
  origin: z.enum(['newest', 'first'], 'neither newest nor first').default('newest'),
  to: z.strictObject({ exchange: name, routing_key: name.optional() }).nullish(),
});

/** Whether who asks may publish there, as basic.publish asks for it. Each exchange and each topic is asked for once. */
function mayPublish({ management, viewer, vhost }: Ask<unknown, unknown, unknown>) {
  const known = new Map<string, boolean>();
  const { authority } = management;
  return ({ name: exchange, type, internal }: Exchange, routingKey: string): boolean => {
    const topic = type === 'topic' ? Buffer.from(routingKey, 'latin1').toString() : '';
    const key = `${exchange}\0${topic}`;
    let may = known.get(key);
    if (may === undefined) {
      may =
        !internal &&
        authority.may(viewer, vhost.name, 'write', exchange === '' ? 'amq.default' : exchange) &&
        (type !== 'topic' || authority.mayTopic(viewer, vhost.name, exchange, 'write', topic));
      if (known.size < 1000) known.set(key, may);
    }
    return may;
  };
}

function view(id: number, replay: Replay): object {
  const { queue, options, state, startedAt, matched, sent, unroutable, skipped, remaining, origins } = replay;
  return {
    id,
    vhost: queue.vhost,
    queue: queue.name,
    state,
    dry_run: options.dryRun,
    started_at: startedAt,
    limit: Number.isFinite(options.limit) ? options.limit : null,
    rate: Number.isFinite(options.rate) ? options.rate : null,
    matched,
    sent,
    unroutable,
    skipped,
    remaining,
    origins: [...origins.values()].map(({ exchange, routingKey, count }) => ({
      exchange,
      routing_key: Buffer.from(routingKey, 'latin1').toString(),
      count,
    })),
  };
}

/** Replays are seen by those who have permissions in their vhosts. */
function maySee({ management, viewer }: Ask<unknown, unknown, unknown>, { queue }: Replay): boolean {
  return isMonitor(viewer) || management.authority.mayAccessVhost(viewer, queue.vhost);
}

function replayOf(ask: Ask<{ readonly id: string }, unknown, unknown>): { id: number; replay: Replay } {
  const id = Number(ask.params.id);
  const replay = ask.management.broker.replays.get(id);
  if (replay === undefined || !maySee(ask, replay)) throw notFound();
  return { id, replay };
}

export const replayRoutes: readonly Route[] = [
  route('POST', '/queues/:vhost/:queue/replay', {
    body: replaying,
    answer: 'object',
    summary: 'Begins to send dead letters back to where they came from; answers the replay, which goes on by itself',
    run: async ask => {
      const queue = readable(ask);
      const { limit, rate, dry_run: dryRun, reset_counters: resetCounters, origin, to } = ask.body;
      if (!dryRun) await untilAccepting(ask.management);
      const { broker, session } = ask.management;
      const key = to?.routing_key;
      if (to && !ask.vhost.exchanges.has(exchangeName(to.exchange))) throw badRequest('to: there is no such exchange');
      const id = broker.replays.start(ask.vhost, queue, {
        matches: matcher(ask.body, session.clock.now) ?? (() => true),
        limit: limit ?? Number.POSITIVE_INFINITY,
        rate: rate ?? Number.POSITIVE_INFINITY,
        dryRun,
        resetCounters,
        origin,
        to: to
          ? {
              exchange: exchangeName(to.exchange),
              routingKey: key === undefined ? undefined : Buffer.from(key).toString('latin1'),
            }
          : undefined,
        mayPublish: mayPublish(ask),
      });
      if (id === undefined) throw new HttpError(503, 'busy', 'too many replays run: wait for one, or cancel one');
      return view(id, broker.replays.get(id) as Replay);
    },
  }),
  route('GET', '/replays', {
    answer: 'list',
    summary: 'The replays that run, and the last ones that have ended',
    run: ask =>
      plainList(
        [...ask.management.broker.replays]
          .filter(([, replay]) => maySee(ask, replay))
          .map(([id, replay]) => view(id, replay)),
      ),
  }),
  route('GET', '/replays/:id', {
    answer: 'object',
    summary: 'One replay: how many it has matched, sent, found no queue for, skipped, and has still to look at',
    run: ask => {
      const { id, replay } = replayOf(ask);
      return view(id, replay);
    },
  }),
  route('DELETE', '/replays/:id', {
    answer: 'nothing',
    summary: 'Cancels a replay, what was sent stays sent; one that has ended is forgotten',
    run: ask => {
      const { id, replay } = replayOf(ask);
      if (!ask.management.authority.may(ask.viewer, replay.queue.vhost, 'read', replay.queue.name)) throw notFound();
      ask.management.broker.replays.remove(id);
      return changed;
    },
  }),
];
