// A stand-in for the composition root until the rooms are wired: it listens, knows its users, and answers no AMQP.
import { mkdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Authority } from '../auth/authority.ts';
import type { Address, Config } from './config.ts';
import type { Log } from './logging.ts';
import { peopleFacts } from './people-facts.ts';

/** A broker that runs in this process. */
export interface RunningBroker {
  readonly amqp: Address;
  readonly management: Address | undefined;
  readonly dataDir: string | undefined;
  /** Stops in order. */
  close(reason?: string): Promise<void>;
  /** Resolves when the broker cannot go on. */
  readonly failed: Promise<Error>;
}

/** Starts a broker. */
export async function startBrokerProcess(config: Config, log: Log): Promise<RunningBroker> {
  const unlock = config.dataDir === undefined ? () => {} : lock(config.dataDir);
  try {
    const authority = new Authority({ now: () => performance.now(), loopbackUsers: config.loopbackUsers });
    for (const fact of await peopleFacts(config, authority, true)) authority.apply(fact);
    const sockets = new Set<Socket>();
    const listener = await listen(config.listeners[0]!, sockets);
    let management: Awaited<ReturnType<typeof import('../http/server.ts').serveManagement>> | undefined;
    if (config.management) {
      const { createManagementApp, serveManagement } = await import('../http/server.ts');
      const app = createManagementApp({
        overview: () => ({ product_name: config.product }),
        health: () => ({ status: 'ok' }),
        login: async (name, password, fromLoopback) => (await authority.login(name, password, fromLoopback)).ok,
        failed: error => log.error('A management request failed', { err: error }),
      });
      management = await serveManagement(app, config.management.host, config.management.port);
    }
    return {
      amqp: { host: config.listeners[0]!.host, port: (listener.address() as { port: number }).port },
      management: management && { host: management.host, port: management.port },
      dataDir: config.dataDir,
      failed: new Promise(() => {}),
      close: async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise(resolve => listener.close(resolve));
        await management?.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function listen({ host, port }: Address, sockets: Set<Socket>): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => sockets.add(socket));
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

function lock(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'stub.lock');
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const message = `the data folder ${folder} is in use by another process; stop that one or choose another --data-dir`;
    throw Object.assign(new Error(message), { code: 'DATA_DIR_LOCKED' });
  }
  return () => unlinkSync(file);
}
