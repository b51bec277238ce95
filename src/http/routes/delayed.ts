// What delayed exchanges keep back: looked at, cancelled, given another time, sent on at once.
import { z } from 'zod';
import { delayMsMax } from '../../broker/delay-line.ts';
import type { Queue } from '../../broker/queue.ts';
import { type RescheduleOutcome, release, reschedule } from '../../broker/reschedule.ts';
import { expectRight } from '../access.ts';
import { badRequest, notFound } from '../errors.ts';
import { whole } from '../fields.ts';
import { type Ask, type Route, route } from '../route.ts';
import { delayedView } from '../views/browsed.ts';
import { matcher } from '../views/search.ts';
import { lookFields, looking, scanMax, searchFields, sequenceOf, whenDurable } from './browse.ts';
import { exchangeOf } from './exchanges.ts';
import { untilAccepting } from './messages.ts';

/** Where the exchange of the path keeps messages back. Whoever looks needs the right to read, whoever changes also that to write. */
function lineOf(ask: Ask<{ readonly exchange: string }, unknown, unknown>, right?: 'write'): Queue {
  const { management, viewer, vhost, params } = ask;
  const { name, delayLine } = exchangeOf(vhost, params.exchange);
  expectRight(management, viewer, vhost.name, 'read', name === '' ? 'amq.default' : name);
  if (right !== undefined) expectRight(management, viewer, vhost.name, right, name);
  if (delayLine === undefined)
    throw badRequest(`exchange '${name}' delays nothing: it is not of type x-delayed-message`);
  return delayLine;
}

export const delayedRoutes: readonly Route[] = [
  route('GET', '/exchanges/:vhost/:exchange/delayed', {
    query: z.object({ ...lookFields, key: searchFields.key, header: searchFields.header, text: searchFields.text }),
    answer: 'object',
    summary: 'The messages that an exchange keeps back, in the order in which they came, and when each is due',
    run: ask => {
      const { after, limit, truncate } = ask.query;
      const { now } = ask.management.session.clock;
      const matches = matcher(ask.query, now);
      const options = { state: 'ready', after, limit, scanMax, ...(matches === undefined ? {} : { matches }) } as const;
      return looking(lineOf(ask), options, (items, next) => ({
        items: items.map(item => delayedView(item, now, truncate)),
        next: next ?? null,
      }));
    },
  }),
  route('DELETE', '/exchanges/:vhost/:exchange/delayed/:sequence', {
    answer: 'nothing',
    summary: 'Cancels a message that is kept back: it is dropped',
    run: ask => {
      const sequence = sequenceOf(ask.params);
      if (!lineOf(ask, 'write').remove(sequence)) throw notFound();
      return whenDurable(ask.management);
    },
  }),
  route('PUT', '/exchanges/:vhost/:exchange/delayed/:sequence', {
    body: z.strictObject({ delay_ms: whole(1, delayMsMax) }),
    answer: 'object',
    summary: 'Keeps a message back for delay_ms from now on; answers its new sequence',
    run: async ask => {
      const sequence = sequenceOf(ask.params);
      const line = lineOf(ask, 'write');
      await untilAccepting(ask.management);
      const [outcome, next] = await new Promise<readonly [RescheduleOutcome, number]>(resolve =>
        reschedule(line, sequence, ask.body.delay_ms, (how, at) => resolve([how, at])),
      );
      if (outcome === 'gone') throw notFound();
      if (outcome === 'unreadable') throw badRequest('its bytes on the disk are damaged: it cannot be written again');
      return { sequence: next };
    },
  }),
  route('POST', '/exchanges/:vhost/:exchange/delayed/:sequence/release', {
    answer: 'nothing',
    summary: 'Sends a message on now that is kept back',
    run: ask => {
      const sequence = sequenceOf(ask.params);
      if (!release(lineOf(ask, 'write'), sequence)) throw notFound();
      return whenDurable(ask.management);
    },
  }),
];
