// Logging in and out of the page, and who one is.
import { z } from 'zod';
import { checked, readBytes } from '../body.ts';
import { badRequest } from '../errors.ts';
import { type Route, route } from '../route.ts';

const credentials = z.strictObject({ username: z.string().max(255), password: z.string().max(4096) });
const bodyBytesMax = 16_384;

export const loginRoutes: readonly Route[] = [
  route('GET', '/whoami', {
    answer: 'object',
    summary: 'The name and tags of who asks',
    run: ({ viewer }) => ({ name: viewer.name, tags: viewer.tags }),
  }),
  route('POST', '/login', {
    need: 'open',
    answer: 'response',
    summary: 'Begins a session of the page: username and password as JSON or as a form; answers with a cookie',
    run: async ({ request, address, login }) => {
      const text = (await readBytes(request, bodyBytesMax)).toString();
      const isForm = request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded');
      const given = checked(credentials, isForm ? Object.fromEntries(new URLSearchParams(text)) : parse(text));
      const cookie = await login.begin(request, { name: given.username, password: given.password }, address);
      return new Response(null, { status: 204, headers: { 'set-cookie': cookie } });
    },
  }),
  route('DELETE', '/login', {
    need: 'open',
    answer: 'response',
    summary: 'Ends the session that the cookie stands for',
    run: ({ request, login }) => new Response(null, { status: 204, headers: { 'set-cookie': login.end(request) } }),
  }),
];

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('not_json');
  }
}
