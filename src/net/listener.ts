// Listens for TCP connections and gives each one to a session.
import { createServer, type Server, type Socket } from 'node:net';
import { Connection } from '../session/connection.ts';
import type { SessionContext } from '../session/context.ts';
import { socketTransport } from './socket.ts';
import type { Turn } from './turn.ts';

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Takes no more connections; those there are stay. */
  close(): void;
  /** Cuts all connections that are still there. */
  cut(): void;
}

/** Listens; rejects with the system's error (EADDRINUSE, EACCES, ...). `port` 0 takes a free one. */
export function listen(context: SessionContext, turn: Turn, host: string, port: number): Promise<Listener> {
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return new Promise((resolve, reject) => {
    const server: Server = createServer({ noDelay: true, pauseOnConnect: false }, socket => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      accept(context, turn, socket);
    });
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject);
      server.on('error', error => context.log.error(`the AMQP listener failed: ${error.message}`));
      const address = server.address() as { address: string; port: number };
      resolve({ host: address.address, port: address.port, close: () => server.close(), cut });
    });
  });
}

function accept(context: SessionContext, turn: Turn, socket: Socket): void {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined) {
    // It was gone before it was accepted.
    socket.destroy();
    return;
  }
  const { transport, attach } = socketTransport(socket, turn);
  const host = withoutMapping(remoteAddress);
  const connection = new Connection(context, transport, {
    host,
    port: remotePort ?? 0,
    localHost: withoutMapping(localAddress ?? ''),
    localPort: localPort ?? 0,
    loopback: host === '::1' || host.startsWith('127.'),
  });
  attach(connection);
}

/** An IPv4 address that came in over IPv6 reads as IPv4. */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
