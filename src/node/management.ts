// The management listener over a running broker. Its code is loaded only here, after AMQP is up: it costs 40 ms of a start.
import type { Authority } from '../auth/authority.ts';
import type { ManagementServer } from '../http/server.ts';
import type { Address } from './config.ts';
import type { Log } from './logging.ts';
import { type OverviewSubject, overview } from './overview.ts';

/** What the management listener needs of the broker. */
export interface ManagementSubject extends OverviewSubject {
  readonly authority: Authority;
  readonly log: Log;
  /** Why the broker does not do all it should, when it does not. */
  readonly trouble: () => string | undefined;
}

/** RabbitMQ lets nobody else see its management API. */
const TAGS: readonly string[] = ['administrator', 'monitoring', 'policymaker', 'management'];

/** Listens. @throws the system's error where the address is taken or not to be had. */
export async function startManagement(subject: ManagementSubject, { host, port }: Address): Promise<ManagementServer> {
  const { createManagementApp, serveManagement } = await import('../http/server.ts');
  const { authority, log } = subject;
  const app = createManagementApp({
    overview: () => overview(subject),
    health: () => {
      const reason = subject.trouble();
      return reason === undefined ? { status: 'ok' } : { status: 'failed', reason };
    },
    login: async (name, password, fromLoopback) => {
      const result = await authority.login(name, password, fromLoopback);
      const reason = result.ok
        ? !result.user.tags.some(tag => TAGS.includes(tag)) && `user '${name}' has none of the tags ${TAGS.join(', ')}`
        : result.reason;
      if (reason) log.warning(`management login refused: ${reason}`);
      return !reason;
    },
    failed: error => log.error('a management request failed', { err: error }),
  });
  return serveManagement(app, host, port);
}
