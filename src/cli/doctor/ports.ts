// The doctor on the ports: free when no broker runs, taken by the broker when one does.
import { connect, createServer } from 'node:net';
import { bad, type Finding, good } from './finding.ts';

/** An address that the broker listens on, or would. */
export interface ExaminedPort {
  readonly subject: string;
  readonly host: string;
  readonly port: number;
  /** The flag that chooses another. */
  readonly flag: string;
}

const connectMs = 2000;

/** @param pid the running broker, if there is one */
export async function examinePort(
  { subject, host, port, flag }: ExaminedPort,
  pid: number | undefined,
): Promise<Finding> {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (port === 0) return good(subject, 'any free one');
  if (await answers(host, port)) {
    if (pid !== undefined) return good(subject, `the broker, process ${pid}, listens on ${where}`);
    const which = `\`ss -ltnp 'sport = :${port}'\` says which`;
    return bad(
      subject,
      `another program listens on ${where}, or a broker with another data folder; ${which}`,
      `stop that one or choose another ${flag}`,
    );
  }
  if (pid !== undefined) {
    return bad(
      subject,
      `the broker runs as process ${pid} and does not listen on ${where}`,
      'give the doctor the settings that the broker was started with',
    );
  }
  const code = await listenCode(host, port);
  if (code === undefined) return good(subject, `${where} is free`);
  const advice = {
    EACCES: `choose a ${flag} above 1023, or give the service CAP_NET_BIND_SERVICE`,
    EADDRNOTAVAIL: 'this machine does not have the address; choose another',
    ENOTFOUND: 'this machine does not have the address; choose another',
  }[code];
  return bad(subject, `cannot listen on ${where}: ${code}`, advice ?? `choose another ${flag}`);
}

/** Whether somebody takes connections there. */
function answers(host: string, port: number): Promise<boolean> {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return new Promise(resolve => {
    const socket = connect({ host: reachable, port, timeout: connectMs });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

/** Why it cannot be listened on; undefined where it can. */
function listenCode(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}
