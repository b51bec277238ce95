// Reading rabbitmq.conf's form: `key = value` lines, comments after #, quotes around values and around names with dots.

/** One line that sets something. */
export interface FileLine {
  /** The key as its parts between dots, quotes removed. */
  readonly path: readonly string[];
  readonly value: string;
  readonly line: number;
}

/** A line that is not of this form. The message never repeats it: it may hold a password. */
export interface FileProblem {
  readonly line: number;
  readonly reason: string;
}

const QUOTED = /^(?:"([^"]*)"|'([^']*)')\s*(?:#.*)?$/;
const PART = /^(?:"([^"]*)"|((?:[^\s."=\\]|\\.)+))/;

/** The lines of a config file, in order. */
export function parseConfigFile(content: string): { lines: FileLine[]; problems: FileProblem[] } {
  const lines: FileLine[] = [];
  const problems: FileProblem[] = [];
  for (const [index, raw] of content
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const trimmed = raw.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const parsed = parseLine(trimmed);
    if (typeof parsed === 'string') problems.push({ line: index + 1, reason: parsed });
    else lines.push({ ...parsed, line: index + 1 });
  }
  return { lines, problems };
}

function parseLine(trimmed: string): Omit<FileLine, 'line'> | string {
  const path: string[] = [];
  let rest = trimmed;
  for (;;) {
    const part = PART.exec(rest);
    if (!part) return 'the line does not have the form key = value';
    path.push(part[1] ?? part[2]!.replace(/\\(.)/g, '$1'));
    rest = rest.slice(part[0].length);
    if (!rest.startsWith('.')) break;
    rest = rest.slice(1);
  }
  rest = rest.trimStart();
  if (!rest.startsWith('=')) return 'the line does not have the form key = value';
  const value = parseValue(rest.slice(1).trim());
  return value === undefined ? 'the quote that opens the value is not closed' : { path, value };
}

/** Without quotes a # begins a comment wherever it stands, as in RabbitMQ. Inside quotes nothing is special. */
function parseValue(written: string): string | undefined {
  const quoted = QUOTED.exec(written);
  if (quoted) return quoted[1] ?? quoted[2]!;
  if (/^["']/.test(written)) return undefined;
  return written.replace(/#.*$/, '').trimEnd();
}

/** The key as one would write it: parts that need quotes have them. */
export function showPath(path: readonly string[]): string {
  return path.map(part => (/^[^\s."=\\]+$/.test(part) ? part : `"${part}"`)).join('.');
}
