// Alarms: which are on and why, and a drill that sets one by hand.
import { z } from 'zod';
import type { Resource } from '../../session/alarms.ts';
import { notFound } from '../errors.ts';
import { truth } from '../fields.ts';
import type { Management } from '../management.ts';
import { changed, plainList, type Route, route } from '../route.ts';

const drill = z.strictObject({ set: truth });

function resourceNamed(name: string): Resource {
  if (name !== 'memory' && name !== 'disk') throw notFound();
  return name;
}

function setByHand({ session, log }: Management, resource: Resource, on: boolean, who: string): void {
  log.warning(`user '${who}' ${on ? 'sets' : 'ends'} a ${resource} alarm by hand`);
  if (on) session.alarms.set(resource, 'operator', `user '${who}' has set the ${resource} alarm by hand`);
  else session.alarms.clear(resource, 'operator');
}

export const alarmRoutes: readonly Route[] = [
  route('GET', '/alarms', {
    answer: 'list',
    summary: 'The alarms that are on: of which resource, who has set them and why',
    run: ({ management: { node, session } }) =>
      plainList(
        [...session.alarms].map(({ resource, setBy, why }) => ({ node, resource, set_by: setBy, reason: why })),
        ({ resource }) => resource,
      ),
  }),
  route('PUT', '/alarms/:resource', {
    need: 'administrator',
    body: drill,
    answer: 'nothing',
    summary: 'A drill: sets the alarm of memory or disk by hand, to see how clients take it, or ends it again',
    run: ({ management, viewer, params, body }) => {
      setByHand(management, resourceNamed(params.resource), body.set, viewer.name);
      return changed;
    },
  }),
  route('DELETE', '/alarms/:resource', {
    need: 'administrator',
    answer: 'nothing',
    summary: 'Ends an alarm that was set by hand',
    run: ({ management, viewer, params }) => {
      setByHand(management, resourceNamed(params.resource), false, viewer.name);
      return changed;
    },
  }),
];
