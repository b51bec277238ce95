// The API as an application: a request finds its route, is let in, checked, run and answered.
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { LinearRouter } from 'hono/router/linear-router';
import type { User } from '../auth/authority.ts';
import type { Vhost } from '../broker/vhost.ts';
import { expectTag, expectVhost } from './access.ts';
import { checked, readBody } from './body.ts';
import { HttpError, notFound } from './errors.ts';
import { EventStreams } from './event-streams.ts';
import { answerList, answerObject } from './list-query.ts';
import { LiveStreams } from './live.ts';
import { Login } from './login.ts';
import type { Management } from './management.ts';
import { Page } from './page-files.ts';
import { MetricsPages } from './prometheus/pages.ts';
import { contentType } from './prometheus/text.ts';
import type { Ask, Done, Listing, Route } from './route.ts';
import { routes } from './routes/table.ts';
import { Rates } from './views/rates.ts';

const headers: Readonly<Record<string, string>> = {
  'cache-control': 'no-cache',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Answers another GET with the login of a request. */
type Get = (path: string, context: Context) => Promise<Response>;

/** What requests share. */
interface Application {
  readonly management: Management;
  readonly login: Login;
  readonly live: LiveStreams;
  readonly eventStreams: EventStreams;
  readonly get: Get;
}

const nobody: User = { name: '', tags: [] };

/** The application as Node's servers take it. */
export function requestListener(management: Management): ReturnType<typeof getRequestListener> {
  const app = createApp(management);
  return getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false });
}

/** The API as an application that takes requests and gives responses. */
export function createApp(management: Management): Hono {
  const login = new Login(management);
  const page = new Page(management.pageFolder);
  const app = new Hono({ router: new LinearRouter(), getPath: pathOf });
  app.use(async (context, next) => {
    await next();
    const { headers: given } = context.res;
    for (const [name, value] of Object.entries(headers)) if (!given.has(name)) given.set(name, value);
  });
  const get: Get = async (path, { req, env }) =>
    app.fetch(new Request(new URL(`/api${path}`, req.url), { headers: req.raw.headers }), env);
  const live = new LiveStreams(management.sampler, { now: () => performance.now(), pause });
  const eventStreams = new EventStreams(management.broker.events, management.sampler);
  for (const [path, methods] of byPath(routes)) {
    app.all(`/api${path}`, context => dispatch({ management, login, live, eventStreams, get }, methods, context));
  }
  const pages = new MetricsPages(management);
  app.get('/metrics/:page?', async context => {
    const request = context.req.raw;
    expectTag(await login.user(request, addressOf(context)), 'monitoring');
    const { pathname, searchParams } = new URL(request.url);
    const page = pages.page(pathname.slice('/metrics'.length), searchParams);
    if (page === undefined) throw notFound();
    if (page === 'busy') throw new HttpError(503, 'busy', 'too many requests for metrics at a time');
    return context.body(ReadableStream.from(encoded(page)), 200, { 'content-type': contentType });
  });
  app.get('*', context => page.answer(pathOf(context.req.raw)) ?? refuse(context, notFound()));
  app.notFound(context => refuse(context, notFound()));
  app.onError((error, context) => {
    if (error instanceof HttpError) return refuse(context, error);
    management.log.error('a management request failed', { err: error, path: pathOf(context.req.raw) });
    return context.json({ error: 'internal_error', reason: 'see the log of the broker' }, 500);
  });
  return app;
}

/** The path as it came; an empty name in it is the default exchange. */
function pathOf(request: Request): string {
  const { pathname } = new URL(request.url);
  return pathname.replace(/(?<=^\/api\/.*)\/(?=\/)/g, '/amq.default').replace(/(?<=^\/api\/.+)\/$/, '');
}

/** What is said by word comes before what is named: `/users/bulk-delete` before `/users/:user`. */
function byPath(all: readonly Route[]): [path: string, methods: ReadonlyMap<string, Route>][] {
  const paths = new Map<string, Map<string, Route>>();
  for (const route of all) {
    const methods = paths.get(route.path) ?? new Map<string, Route>();
    paths.set(route.path, methods.set(route.method, route));
  }
  const rank = (path: string): string => path.replaceAll(':', '\x7f');
  return [...paths].sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
}

async function dispatch(
  { management, login, live, eventStreams, get }: Application,
  methods: ReadonlyMap<string, Route>,
  context: Context,
): Promise<Response> {
  const method = context.req.method;
  const route = methods.get(method);
  const allow = [...(methods.has('GET') ? ['HEAD'] : []), ...methods.keys(), 'OPTIONS'].join(', ');
  if (method === 'OPTIONS') return context.body(null, 200, { allow });
  if (route === undefined) {
    throw new HttpError(405, 'method_not_allowed', `${method} is not one of ${allow}`, { allow });
  }
  const request = context.req.raw;
  let viewer = nobody;
  if (route.need !== 'open') {
    viewer = await login.user(request, addressOf(context));
    expectTag(viewer, route.need);
  }
  const search = new URL(request.url).searchParams;
  const params = context.req.param() as Record<string, string>;
  const vhost = vhostOf(management, route, viewer, params['vhost']);
  const ask: Ask<unknown, unknown, unknown> = {
    management,
    params,
    query: route.query && checked(route.query, Object.fromEntries(search)),
    body: route.body && (await readBody(request, route.body, route.bodyBytesMax)),
    viewer,
    get vhost() {
      if (vhost === undefined) throw noVhost(route);
      return vhost;
    },
    rates: new Rates(management.sampler, search),
    request,
    address: addressOf(context),
    get: path => get(path, context),
    login,
    live,
    eventStreams,
  };
  const result = management.broker.events.by(viewer.name, () => route.run(ask));
  return answer(context, route, await result, search);
}

function noVhost({ method }: Route): HttpError {
  return method === 'PUT' ? new HttpError(404, 'not_found', 'vhost_not_found') : notFound();
}

/** Told apart as RabbitMQ does: a vhost that is not there, and one that the user may not see. */
function vhostOf(
  { broker, ...management }: Management,
  route: Route,
  viewer: User,
  name: string | undefined,
): Vhost | undefined {
  if (name === undefined) return undefined;
  const vhost = broker.vhosts.get(name);
  if (route.anyVhost) return vhost;
  if (vhost === undefined) throw noVhost(route);
  expectVhost({ broker, ...management }, viewer, name);
  return vhost;
}

async function answer(context: Context, route: Route, result: unknown, search: URLSearchParams): Promise<Response> {
  switch (route.answer) {
    case 'list':
      return context.body(await answerList(result as Listing<unknown>, search), 200, {
        'content-type': 'application/json',
      });
    case 'object':
      return context.json(answerObject(result as object, search));
    case 'array':
      return context.json(result as object);
    case 'nothing': {
      const { status, location } = result as Done;
      return context.body(null, status, location === undefined ? {} : { location });
    }
    case 'response':
      return result as Response;
  }
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

function refuse(context: Context, { status, error, reason, headers: more }: HttpError): Response {
  return error === '' ? context.body(null, status, more) : context.json({ error, reason }, status, more);
}

/** Where the request comes from; empty where it came through no socket. */
function addressOf(context: Context): string {
  const env = context.env as { incoming?: IncomingMessage } | undefined;
  return env?.incoming?.socket.remoteAddress ?? '';
}
