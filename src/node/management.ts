// The management listener over a running broker.
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Unsettled } from '../broker/unsettled.ts';
import { sampledOf } from '../http/counters.ts';
import type { JournalFigures, Management } from '../http/management.ts';
import { BrokerSampler } from '../http/sampler.ts';
import { type ManagementServer, serveManagement, serveMetrics } from '../http/server.ts';
import type { SessionContext } from '../session/context.ts';
import type { Address, Config } from './config.ts';
import type { Log } from './logging.ts';
import { VERSION } from './version.ts';
import type { Watermarks } from './watermarks.ts';

/** What the management listener needs of the broker. */
export interface ManagementSubject {
  readonly config: Config;
  readonly session: SessionContext;
  /** What operators have taken and not settled. */
  readonly held: Unsettled;
  /** Where AMQP is listened for. */
  readonly listeners: readonly Address[];
  readonly log: Log;
  readonly journal: JournalFigures | undefined;
  /** Why the broker does not do all it should, when it does not. */
  readonly trouble: () => string | undefined;
  readonly watermarks: Watermarks;
}

/** The name of this node, as RabbitMQ would call it. */
export const nodeName: string = `leveret@${hostname()}`;

/** How often the sampler is asked whether it is time, ms. */
const samplingMs = 1000;

/** What of the management listens. */
export interface Managing {
  readonly management: Address | undefined;
  readonly prometheus: Address | undefined;
  /** Stops taking requests and sampling. */
  close(): Promise<void>;
}

/**
 * Listens for the API and for Prometheus, where they are to be had; without either nothing is sampled.
 * @throws the system's error where an address is taken or not to be had.
 */
export async function startManagement(subject: ManagementSubject): Promise<Managing> {
  const { config, session, log } = subject;
  if (config.management === undefined && config.prometheus === undefined)
    return { management: undefined, prometheus: undefined, close: async () => {} };
  const sampler = new BrokerSampler(
    sampledOf(session.broker, session.connections),
    session.clock,
    run => void setImmediate(run),
  );
  const sampling = setInterval(() => sampler.tick(), samplingMs);
  const servers: ManagementServer[] = [];
  const close = async (): Promise<void> => {
    clearInterval(sampling);
    await Promise.all(servers.map(server => server.close()));
  };
  const serve = async (
    listening: typeof serveManagement,
    address: Address | undefined,
  ): Promise<ManagementServer | undefined> => {
    if (address === undefined) return undefined;
    const server = await listening(address.host, address.port, http => managementOf(subject, sampler, http));
    servers.push(server);
    return server;
  };
  try {
    const management = await serve(serveManagement, config.management);
    const prometheus = await serve(serveMetrics, config.prometheus).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' || config.prometheusIsAskedFor) throw error;
      log.warning(`port ${config.prometheus?.port} is taken: metrics for Prometheus are on the management port only`);
      return undefined;
    });
    if (prometheus !== undefined)
      log.info(`metrics for Prometheus on http://${prometheus.host}:${prometheus.port}/metrics`);
    return { management, prometheus, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function managementOf(subject: ManagementSubject, sampler: BrokerSampler, http: Address): Management {
  const { config, session, held, listeners, journal, log, trouble, watermarks } = subject;
  const { broker, authority, connections } = session;
  return {
    broker,
    authority,
    connections,
    session,
    held,
    sampler,
    journal,
    log,
    node: nodeName,
    clusterName: config.clusterName ?? nodeName,
    product: config.product,
    productVersion: config.productVersion,
    version: VERSION,
    listeners,
    http,
    dataDir: config.dataDir,
    passwordAlgorithm: config.passwordHashing,
    memoryBudgetBytes: config.memoryBudgetBytes,
    startedAt: Date.now(),
    pageFolder: fileURLToPath(new URL('../ui', import.meta.url)),
    trouble,
    watermarks,
  };
}
