// The management listener: takes connections at once and loads what answers them when the first request comes.
import { createServer, type Server } from 'node:http';
import type { Management } from './management.ts';

/** A listener of the API. */
export interface ManagementServer {
  readonly host: string;
  readonly port: number;
  /** Stops taking requests and ends open connections. */
  close(): Promise<void>;
}

/** A request's head may take so long to come, ms; and the whole request. */
const headersMsMax = 10_000;
const requestMsMax = 60_000;

/**
 * Listens. `managementAt` gives what the API stands on once it is known where it listens.
 * @throws the system's error where the address is taken or not to be had.
 */
export function serveManagement(
  host: string,
  port: number,
  managementAt: (address: { host: string; port: number }) => Management,
): Promise<ManagementServer> {
  return new Promise((resolve, reject) => {
    const server = createServer({ headersTimeout: headersMsMax, requestTimeout: requestMsMax });
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: listening } = server.address() as { port: number };
      const management = managementAt({ host, port: listening });
      answer(server, management);
      resolve({ host, port: listening, close: () => close(server) });
    });
  });
}

/** The code for answering costs 100 ms and some MB: a broker that nobody manages does without. */
function answer(server: Server, management: Management): void {
  let listener: Promise<ReturnType<typeof import('./app.ts').requestListener>> | undefined;
  server.on('request', (request, response) => {
    listener ??= import('./app.ts').then(({ requestListener }) => requestListener(management));
    listener
      .then(listen => listen(request, response))
      .catch((error: unknown) => {
        management.log.error('a management request failed', { err: error });
        response.destroy();
      });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close(error => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
