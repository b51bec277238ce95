// The stream of what happens to the broker itself.
import { z } from 'zod';
import { type Route, route } from '../route.ts';

export const eventRoutes: readonly Route[] = [
  route('GET', '/events', {
    need: 'monitoring',
    query: z.object({ key: z.string().max(255).default('#') }),
    answer: 'response',
    summary: 'Events whose key matches the pattern `key`, as server-sent events while they happen',
    run: ({ query, request, address, login, eventStreams }) => {
      const isLoggedIn = (): Promise<boolean> =>
        login.user(request, address).then(
          ({ tags }) => tags.includes('monitoring') || tags.includes('administrator'),
          () => false,
        );
      return new Response(eventStreams.open(query.key, isLoggedIn), {
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      });
    },
  }),
];
