// Holds sources against the table of rooms and says, one sentence each, what is not as the table wants it.
import { posix } from 'node:path';
import { blanked, type Import, imports } from './source-text.ts';

/** What one room may import. A path is a prefix of a file's path in src: `amqp/` a room, `amqp/table` one of its nouns. */
export interface Room {
  /** Files of other rooms. */
  readonly may: readonly string[];
  /** Files of other rooms of which only types may be imported. */
  readonly mayTypesOf?: readonly string[];
  /** Modules of Node, `node:*` for all; as a list of paths where only those files of the room may. */
  readonly node?: Readonly<Record<string, 'all files' | readonly string[]>>;
  /** Packages of npm. */
  readonly packages?: readonly string[];
  /** What some files of the room may import besides. */
  readonly besides?: readonly { readonly files: readonly string[]; readonly may: readonly string[] }[];
  /** Whether it must give the same result for the same calls: no clock, timer, randomness or process. */
  readonly deterministic?: boolean;
  /** Whether nothing in it may wait: no async and no await. */
  readonly synchronous?: boolean;
}

/** Rooms by their folder in src; a file of src itself is a room of its own. */
export type Rooms = Readonly<Record<string, Room>>;

/** Sources by their path in src, such as `broker/queue.ts`. */
export type Sources = Readonly<Record<string, string>>;

const impure =
  /(?<![.\w$])(?:Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|crypto|globalThis|global|Temporal)\b|\bMath\s*\.\s*random\b|(?<![.\w$])process\s*(?:\.|\[|\?\.)|=\s*process\b/g;
const waiting = /(?<![.\w$])(?:async|await)\b(?!\s*[:=,)])/g;

/** Everything that is wrong with a set of sources; empty when nothing is. */
export function violations(sources: Sources, rooms: Rooms): string[] {
  const found: string[] = [];
  const files = Object.keys(sources).sort();
  for (const file of files) {
    const source = sources[file]!;
    const room = rooms[roomOf(file)];
    if (!hasCharter(source)) found.push(`${file}: the first line must say in a comment what the file is for`);
    if (!room) {
      found.push(`${file}: is in no room of the table`);
      continue;
    }
    for (const one of imports(source)) {
      const why = wrongImport(file, room, one, sources);
      if (why) found.push(`${file}:${one.line}: ${why}`);
    }
    if (room.deterministic) found.push(...words(file, source, impure, 'is a clock, a timer, randomness or a global'));
    if (room.synchronous) found.push(...words(file, source, waiting, 'makes a synchronous room wait'));
  }
  return [...found, ...cycles(sources).map(cycle => `import cycle: ${cycle.join(' -> ')}`)];
}

/** Dependencies of package.json that are not on the list, and packages of rooms that are not. */
export function strangers(dependencies: readonly string[], allowed: readonly string[], rooms: Rooms): string[] {
  const named = Object.entries(rooms).flatMap(([name, room]) => (room.packages ?? []).map(one => [name, one] as const));
  return [
    ...dependencies
      .filter(name => !allowed.includes(name))
      .map(name => `package.json: ${name} is not on the allow-list`),
    ...named
      .filter(([, one]) => !allowed.includes(one))
      .map(([name, one]) => `${name}: ${one} is not on the allow-list`),
  ];
}

function roomOf(file: string): string {
  return file.split('/')[0]!;
}

/** A line comment as the first line, or below the line that makes a program executable; directives to tools do not count. */
function hasCharter(source: string): boolean {
  const [first = '', second = ''] = source.split('\n');
  const line = first.startsWith('#!') ? second : first;
  return /^\/\/ (?!@|biome-|eslint-|TODO)\S.{9,}/.test(line);
}

function wrongImport(file: string, room: Room, { specifier, typeOnly }: Import, sources: Sources): string | undefined {
  if (specifier === undefined) return 'imports a module whose name cannot be read here';
  if (specifier.startsWith('.'))
    return wrongFile(file, room, posix.join(posix.dirname(file), specifier), typeOnly, sources);
  if (specifier.startsWith('node:')) {
    const who = room.node?.['node:*'] ?? room.node?.[specifier];
    const may = who === 'all files' || who?.some(path => isAt(file, path));
    return may ? undefined : `may not import ${specifier}`;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return room.packages?.includes(name) ? undefined : `may not import the package ${name}`;
}

function wrongFile(file: string, room: Room, target: string, typeOnly: boolean, sources: Sources): string | undefined {
  if (!(target in sources)) return `imports ${target}, which is not a source`;
  if (roomOf(target) === roomOf(file)) return undefined;
  const besides = (room.besides ?? []).filter(one => one.files.some(path => isAt(file, path))).flatMap(one => one.may);
  if ([...room.may, ...besides].some(path => isAt(target, path))) return undefined;
  if (!room.mayTypesOf?.some(path => isAt(target, path))) return `may not import ${target}`;
  return typeOnly ? undefined : `may import only types of ${target}`;
}

/** Whether a file is at a path: in that folder, or named after that noun (`amqp/table` takes in `amqp/table-reader.ts`). */
function isAt(file: string, path: string): boolean {
  return path.endsWith('/') || path.endsWith('.ts') ? file.startsWith(path) : new RegExp(`^${path}[-./]`).test(file);
}

function words(file: string, source: string, pattern: RegExp, what: string): string[] {
  const code = blanked(source);
  return [...code.matchAll(pattern)].map(match => {
    const line = code.slice(0, match.index).split('\n').length;
    return `${file}:${line}: \`${match[0].trim()}\` ${what}`;
  });
}

/** Circles among imports that exist at run time; types may refer to each other. Each circle once, from its first file. */
function cycles(sources: Sources): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const { specifier, typeOnly } of imports(sources[file]!)) {
      const target = specifier?.startsWith('.') ? posix.join(posix.dirname(file), specifier) : undefined;
      if (target !== undefined && !typeOnly && target in sources) visit(target);
    }
    path.pop();
    done.add(file);
  };
  for (const file of Object.keys(sources).sort()) visit(file);
  return found;
}
