// The management listener over a running broker.
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { noSampler } from '../http/sampling.ts';
import { type ManagementServer, serveManagement } from '../http/server.ts';
import type { SessionContext } from '../session/context.ts';
import type { Address, Config } from './config.ts';
import type { Log } from './logging.ts';
import { VERSION } from './version.ts';

/** What the management listener needs of the broker. */
export interface ManagementSubject {
  readonly config: Config;
  readonly session: SessionContext;
  /** Where AMQP is listened for. */
  readonly listeners: readonly Address[];
  readonly log: Log;
  /** Why the broker does not do all it should, when it does not. */
  readonly trouble: () => string | undefined;
}

/** The name of this node, as RabbitMQ would call it. */
export const nodeName: string = `leveret@${hostname()}`;

/** Listens. @throws the system's error where the address is taken or not to be had. */
export function startManagement(subject: ManagementSubject, { host, port }: Address): Promise<ManagementServer> {
  const { config, session, listeners, log, trouble } = subject;
  const { broker, authority, connections } = session;
  return serveManagement(host, port, http => ({
    broker,
    authority,
    connections,
    session,
    sampler: noSampler,
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
  }));
}
