// Who has what: the workers of a queue with their tasks, and taking a task back from a stuck one.
import { z } from 'zod';
import { takeBack } from '../../broker/take-back.ts';
import { expectRight } from '../access.ts';
import { notFound } from '../errors.ts';
import { whole } from '../fields.ts';
import { changed, type Route, route } from '../route.ts';
import { channelName } from '../views/channel.ts';
import { workersView } from '../views/worker.ts';
import { queueOf } from './queues.ts';

export const workRoutes: readonly Route[] = [
  route('GET', '/queues/:vhost/:queue/workers', {
    answer: 'array',
    summary: 'The workers of a queue, each with the tasks in hand and its processing times',
    run: ({ vhost, params }) => workersView(queueOf(vhost, params.queue)),
  }),
  route('POST', '/queues/:vhost/:queue/take-back', {
    body: z.strictObject({ channel: z.string().max(1024), delivery_tag: whole(1, Number.MAX_SAFE_INTEGER) }),
    answer: 'nothing',
    summary:
      'Takes a task back from its worker: it goes to the next free one; what the first still says of it means nothing',
    run: ({ management, viewer, vhost, params, body }) => {
      const queue = queueOf(vhost, params.queue);
      expectRight(management, viewer, vhost.name, 'read', queue.name);
      for (const connection of management.connections) {
        if (connection.vhost !== vhost) continue;
        for (const channel of connection.channels.values()) {
          if (channelName(channel) !== body.channel) continue;
          const isOfQueue = channel.unsettled.get(body.delivery_tag)?.queue === queue;
          if (!isOfQueue || !takeBack(channel.unsettled, body.delivery_tag)) throw notFound();
          const user = viewer.name;
          management.log.info(`user '${user}' takes delivery ${body.delivery_tag} back from channel ${body.channel}`);
          return changed;
        }
      }
      throw notFound();
    },
  }),
];
