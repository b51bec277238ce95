// The log: JSON lines on stderr, or readable coloured ones on a terminal. Written at once, so a crash loses none.
import { writeSync } from 'node:fs';
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { LogLevel } from './config-keys.ts';

/** What is known beside the message. Passwords never belong here; `Secret` values show as `(hidden)`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the rooms tell the log. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  /** An Error goes in the field `err`: its stack is then kept. */
  error(message: string, fields?: LogFields): void;
}

/** A log that says nothing, for those who embed a broker without one. */
export const SILENT_LOG: Log = { debug() {}, info() {}, warning() {}, error() {} };

const STDERR = 2;
/** A second line of defence: these fields are blanked wherever somebody logs a whole object. */
const SECRET_FIELDS = ['password', 'passwordHash', 'secret', 'response'];

/** Where lines go and how they look. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Readable lines in colour instead of JSON; when left out, on a terminal. */
  readonly pretty?: boolean;
  /** Takes each line, newline included; stderr when left out. */
  readonly write?: (line: string) => void;
}

/** The log of this process. */
export function createLog(options: LogOptions): Log {
  const { level } = options;
  const pretty = options.pretty ?? process.stderr.isTTY === true;
  const logger = pino(
    {
      level: level === 'none' ? 'silent' : level === 'warning' ? 'warn' : level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: label => ({ level: label === 'warn' ? 'warning' : label }) },
      redact: { paths: SECRET_FIELDS.flatMap(field => [field, `*.${field}`]), censor: '(hidden)' },
    },
    stream(options.write, pretty),
  );
  return toLog(logger);
}

function toLog(logger: Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warning: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}

function stream(write: ((line: string) => void) | undefined, pretty: boolean): DestinationStream {
  if (pretty) {
    const show = write ?? (line => void writeSync(STDERR, line));
    return { write: line => show(readable(line)) };
  }
  if (write) return { write };
  const stderr = destination({ fd: STDERR, sync: true });
  // A reader of stderr that has gone away must not take the broker with it, and there is nowhere left to say so.
  stderr.on('error', () => {});
  return stderr;
}

const COLOURS: Record<string, string> = { debug: '\x1b[2m', info: '\x1b[32m', warning: '\x1b[33m', error: '\x1b[31m' };
const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';

/** `08:15:00.123 warning  message  key=value`, the stack of an error on lines of its own. */
function readable(line: string): string {
  const { level, time, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const shown = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const colour = COLOURS[String(level)] ?? '';
  const stack = (err as { stack?: string } | undefined)?.stack;
  const head = `${DIM}${String(time).slice(11, 23)}${PLAIN} ${colour}${String(level).padEnd(7)}${PLAIN} ${msg}`;
  return `${head}${DIM}${shown.join('')}${stack ? `\n${stack}` : ''}${PLAIN}\n`;
}
