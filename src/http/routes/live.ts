// The live stream: answers of other routes, sent again whenever they change.
import { z } from 'zod';
import { badRequest } from '../errors.ts';
import { getsMax } from '../live.ts';
import { type Route, route } from '../route.ts';

const path = z
  .string()
  .startsWith('/')
  .max(4096)
  .refine(text => !/^\/(live|login|events)\b/.test(text), 'not one of the paths that can be followed');

export const liveRoutes: readonly Route[] = [
  route('GET', '/live', {
    query: z.object({ get: path }),
    answer: 'response',
    summary: `Answers of up to ${getsMax} GETs, each as \`get=/overview\`, as server-sent events whenever they change`,
    run: ({ viewer, request, address, login, live, get }) => {
      const paths = path.array().max(getsMax).safeParse(new URL(request.url).searchParams.getAll('get'));
      if (!paths.success) throw badRequest(`get: at most ${getsMax} paths, each beginning with /`);
      const gets = paths.data.map(wanted => async () => {
        const response = await get(wanted);
        return { status: response.status, body: await response.text() };
      });
      const isLoggedIn = (): Promise<boolean> =>
        login.user(request, address).then(
          () => true,
          () => false,
        );
      return new Response(live.open(viewer.name, isLoggedIn, gets), {
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      });
    },
  }),
];
