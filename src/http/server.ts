// The HTTP listeners: they take connections at once and load what answers them when the first request comes.
import { createServer, type RequestListener } from 'node:http';
import type { Management } from './management.ts';

/** A listener of the API, or of Prometheus. */
export interface ManagementServer {
  readonly host: string;
  readonly port: number;
  /** Stops taking requests and ends open connections. */
  close(): Promise<void>;
}

/** A request's head may take so long to come, ms; and the whole request. */
const headersMsMax = 10_000;
const requestMsMax = 60_000;
/** A connection on which nothing comes or goes for so long is cut, ms: also one whose client does not read its answer. */
const silenceMsMax = 60_000;
/** Connections at a time; one more is cut. */
const connectionsMax = 1024;

type ManagementAt = (address: { host: string; port: number }) => Management;

/**
 * Listens for the API and the page. `managementAt` gives what they stand on once it is known where they listen.
 * @throws the system's error where the address is taken or not to be had.
 */
export function serveManagement(host: string, port: number, managementAt: ManagementAt): Promise<ManagementServer> {
  return serve(host, port, managementAt, async management => (await import('./app.ts')).requestListener(management));
}

/** Listens for Prometheus, without a login. @throws as `serveManagement` does. */
export function serveMetrics(host: string, port: number, managementAt: ManagementAt): Promise<ManagementServer> {
  return serve(host, port, managementAt, async management =>
    (await import('./prometheus/listener.ts')).metricsListener(management),
  );
}

/** `load`: the code for answering costs up to 100 ms and some MB; a broker that nobody manages does without. */
function serve(
  host: string,
  port: number,
  managementAt: ManagementAt,
  load: (management: Management) => Promise<(...request: Parameters<RequestListener>) => unknown>,
): Promise<ManagementServer> {
  return new Promise((resolve, reject) => {
    const server = createServer({ headersTimeout: headersMsMax, requestTimeout: requestMsMax });
    server.setTimeout(silenceMsMax);
    server.maxConnections = connectionsMax;
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: listening } = server.address() as { port: number };
      const management = managementAt({ host, port: listening });
      let listener: ReturnType<typeof load> | undefined;
      server.on('request', (request, response) => {
        listener ??= load(management);
        listener
          .then(listen => listen(request, response))
          .catch((error: unknown) => {
            management.log.error('a management request failed', { err: error });
            response.destroy();
          });
      });
      resolve({ host, port: listening, close: () => close(server) });
    });
  });
}

function close(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close(error => (error ? reject(error) : resolve()));
    server.closeAllConnections();
  });
}
