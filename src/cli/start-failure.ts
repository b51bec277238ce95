// Why a broker does not start, in one sentence that says what to do.
import type { Config } from '../node/config.ts';
import { Failure } from './failure.ts';

interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly path?: string;
}

/** The failure to end the program with. An error that nobody foresaw keeps its stack. */
export function explainStartFailure(thrown: unknown, config: Config): Failure {
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as SystemError;
  if (error.syscall === 'listen' || error.syscall === 'getaddrinfo') return new Failure(explainListen(error, config));
  if (error.name === 'DefinitionsError') return new Failure(error.message);
  const folder = config.dataDir ?? '';
  switch (error.code) {
    case 'DATA_DIR_LOCKED':
      return new Failure(error.message);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Failure(
        `this user may not write in ${error.path ?? folder}; choose another --data-dir or change its owner`,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new Failure(`${error.path ?? folder} is not a folder; choose another --data-dir`);
    case 'ENOSPC':
      return new Failure(`the disk of ${folder} is full; make room or choose another --data-dir`);
    default:
      return new Failure(`could not start: ${error.stack ?? error.message}`);
  }
}

/** What the flags of the listener on that port begin with. */
function listenerOf(port: number | undefined, { management, prometheus }: Config): string {
  if (port === undefined) return '';
  if (port === management?.port) return 'management-';
  return port === prometheus?.port ? 'prometheus-' : '';
}

function explainListen(error: SystemError, config: Config): string {
  const of = listenerOf(error.port, config);
  const [portFlag, hostFlag] = [`--${of}port`, `--${of}host`];
  const where = `${error.address ?? ''}:${error.port ?? ''}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${error.port} of ${error.address} is taken by another program; stop that one or choose another ${portFlag}`;
    case 'EACCES':
      return `this user may not listen on ${where}; choose a ${portFlag} above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine does not have the address ${error.address ?? config.listeners[0]?.host}; choose another ${hostFlag}`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}
