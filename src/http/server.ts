// The management API: for now the overview and the health of the broker.
import { serve } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono, type Next } from 'hono';

/** What the API shows of a broker, and how it lets people in. */
export interface ManagementView {
  /** RabbitMQ's overview, with the fields that mean something here. */
  overview(): object;
  health(): { status: 'ok' } | { status: 'failed'; reason: string };
  /** Whether these are the name and password of a user who may see this, from where the request comes. */
  login(name: string, password: string, fromLoopback: boolean): Promise<boolean>;
  /** Told of errors that nobody foresaw; the client gets a 500 without details. */
  failed(error: Error): void;
}

/** A listener of the API. */
export interface ManagementServer {
  readonly host: string;
  readonly port: number;
  /** Stops taking requests and ends open connections. */
  close(): Promise<void>;
}

const REALM = 'Basic realm="RabbitMQ Management"';
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-cache',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The API as an application that takes requests and gives responses. */
export function createManagementApp(view: ManagementView): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
  });
  app.get('/api/health', context => {
    const health = view.health();
    return context.json(health, health.status === 'ok' ? 200 : 503);
  });
  app.use('/api/*', (context, next) => authenticate(view, context, next));
  app.get('/api/overview', context => context.json(view.overview()));
  app.notFound(context => context.json({ error: 'Object Not Found', reason: 'Not Found' }, 404));
  app.onError((error, context) => {
    view.failed(error);
    return context.json({ error: 'internal_error', reason: 'see the log of the broker' }, 500);
  });
  return app;
}

/** Listens. @throws the system's error where the address is taken or not to be had. */
export function serveManagement(app: Hono, host: string, port: number): Promise<ManagementServer> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, address => {
      server.off('error', reject);
      resolve({
        host,
        port: address.port,
        close: () =>
          new Promise<void>((closed, failed) => {
            server.close(error => (error ? failed(error) : closed()));
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.once('error', reject);
  });
}

/** Reference 1.9: no credentials, an empty 401 that asks for them; wrong ones, a 401 that says so. */
async function authenticate(view: ManagementView, context: Context, next: Next): Promise<Response | undefined> {
  const credentials = basicCredentials(context.req.header('authorization'));
  if (!credentials) return context.body(null, 401, { 'www-authenticate': REALM });
  if (!(await view.login(credentials.name, credentials.password, isFromLoopback(context)))) {
    return context.json({ error: 'not_authorized', reason: 'Login failed' }, 401, { 'www-authenticate': REALM });
  }
  await next();
  return undefined;
}

function basicCredentials(header: string | undefined): { name: string; password: string } | undefined {
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A request that did not come through a socket is from nowhere that is known, hence not from this machine. */
function isFromLoopback(context: Context): boolean {
  if (!(context.env as { incoming?: object } | undefined)?.incoming) return false;
  return /^(127\.|::1$|::ffff:127\.)/.test(getConnInfo(context).remote.address ?? '');
}
