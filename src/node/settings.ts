// Gathering what was set where: flags over environment over file over fallbacks, each value checked, every mistake named.
import { type FileLine, parseConfigFile, showPath } from './config-file.ts';
import { isIgnored } from './config-ignored.ts';
import { KEYS, type Key, NAMED_KEYS, type NamedKey, type Values } from './config-keys.ts';
import type { Kind } from './config-value.ts';
import { nearest } from './nearest.ts';

/** Where settings come from. */
export interface Sources {
  /** By the names of `Values`, as text. */
  readonly flags?: { readonly [Name in keyof Values]?: string };
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The content of a config file and the name to call it by in messages. */
  readonly file?: { readonly name: string; readonly content: string };
  /** What a program that embeds a broker has given. */
  readonly options?: {
    readonly values: { readonly [Name in keyof Values]?: string };
    readonly named: readonly GivenName[];
  };
}

/** A setting whose key has names in it, as a program gives it. */
export interface GivenName {
  readonly key: keyof typeof NAMED_KEYS;
  readonly names: readonly string[];
  readonly text: string;
}

/** A setting whose key has names in it: the names in the key's order, and the value. */
export interface Named<T> {
  readonly names: readonly string[];
  readonly value: T;
  /** Where it stands, for messages. */
  readonly place: string;
}

type NamedKind<K> = K extends NamedKey<infer T> ? T : never;

/** Variables of the program that are no settings of a broker. */
const OTHER_VARIABLES: readonly string[] = ['LEVERET_CONFIG', 'LEVERET_URL', 'LEVERET_PASSWORD'];

/** All settings read, and what was found wrong on the way. */
export class Settings {
  readonly values: Values;
  /** What was set by somebody rather than left at its fallback. */
  readonly given: ReadonlySet<keyof Values>;
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  /** `loopback_users = none` was said. */
  noLoopbackUsers = false;
  readonly #given = new Set<keyof Values>();
  readonly #named = new Map<NamedKey<unknown>, Map<string, Named<unknown>>>();

  constructor(sources: Sources) {
    this.values = Object.fromEntries(names().map(name => [name, KEYS[name].fallback])) as unknown as Values;
    this.given = this.#given;
    if (sources.file) this.#readFile(sources.file.name, sources.file.content);
    this.#readEnvironment(sources.env ?? {});
    for (const name of names()) {
      const flag = sources.flags?.[name];
      if (flag !== undefined) this.#set(name, flag, `--${KEYS[name].flag?.slice(2).split(' ')[0]}`);
      const option = sources.options?.values[name];
      if (option !== undefined) this.#set(name, option, `option ${name}`);
    }
    for (const { key, names, text } of sources.options?.named ?? []) {
      this.#setNamed(NAMED_KEYS[key] as NamedKey<unknown>, names, text, `option ${key} of ${names.join(', ')}`);
    }
  }

  /** Every setting of a key with names in it; of two with the same names the later one. */
  named<K extends keyof typeof NAMED_KEYS>(name: K): Named<NamedKind<(typeof NAMED_KEYS)[K]>>[] {
    return [...(this.#named.get(NAMED_KEYS[name])?.values() ?? [])] as Named<NamedKind<(typeof NAMED_KEYS)[K]>>[];
  }

  #readFile(file: string, content: string): void {
    const { lines, problems } = parseConfigFile(content);
    for (const { line, reason } of problems) this.problems.push(`${file}:${line}: ${reason}`);
    for (const line of lines) this.#readLine(line, `${file}:${line.line}`);
  }

  #readLine({ path, value }: FileLine, place: string): void {
    const key = path.join('.');
    const shown = showPath(path);
    const name = names().find(each => fileKeys(KEYS[each]).includes(key));
    if (name) {
      this.#set(name, value, `${place}: ${shown}`);
      return;
    }
    if (key === 'loopback_users' && value === 'none') {
      this.noLoopbackUsers = true;
      return;
    }
    for (const named of Object.values(NAMED_KEYS) as NamedKey<unknown>[]) {
      const found = match(named.pattern, path);
      if (found) {
        this.#setNamed(named, found, value, `${place}: ${shown}`);
        return;
      }
    }
    if (isIgnored(key)) {
      this.warnings.push(`${place}: ${shown} is a setting of RabbitMQ that means nothing to Leveret; it is ignored`);
      return;
    }
    this.problems.push(`${place}: unknown key ${shown}${hint(path)}`);
  }

  #readEnvironment(env: Readonly<Record<string, string | undefined>>): void {
    for (const name of names()) {
      const variable = KEYS[name].env.find(each => env[each] !== undefined && !isFromKubernetes(each, env[each]));
      if (variable) this.#set(name, env[variable]!, `environment variable ${variable}`);
    }
    const known = names().flatMap(name => KEYS[name].env);
    for (const [variable, value] of Object.entries(env)) {
      if (!variable.startsWith('LEVERET_') || known.includes(variable) || OTHER_VARIABLES.includes(variable)) continue;
      if (isFromKubernetes(variable, value)) continue;
      const near = nearest(variable, known);
      this.warnings.push(`environment variable ${variable} is not known${near ? `; did you mean ${near}?` : ''}`);
    }
  }

  #set<Name extends keyof Values>(name: Name, text: string, place: string): void {
    const value = this.#read(KEYS[name].kind as Kind<Values[Name]>, text, place, name === 'defaultPass');
    if (value === undefined) return;
    this.values[name] = value;
    this.#given.add(name);
  }

  #setNamed(key: NamedKey<unknown>, found: readonly string[], text: string, place: string): void {
    const value = this.#read(key.kind, text, place, key.pattern.includes('password'));
    if (value === undefined) return;
    const group = this.#named.get(key) ?? new Map<string, Named<unknown>>();
    this.#named.set(key, group);
    group.set(JSON.stringify(found), { names: found, value, place });
  }

  #read<T>(kind: Kind<T>, text: string, place: string, isSecret: boolean): T | undefined {
    const value = kind.read(text);
    if (value === undefined) {
      const given = isSecret ? '' : `, not '${text.length > 60 ? `${text.slice(0, 60)}...` : text}'`;
      this.problems.push(`${place} takes ${kind.takes}${given}`);
    }
    return value;
  }
}

/** Every key that a config file may have, with placeholders such as `$user` for names. */
export function knownKeys(): string[] {
  const named = (Object.values(NAMED_KEYS) as NamedKey<unknown>[]).map(key => key.pattern);
  return [...names().flatMap(name => fileKeys(KEYS[name])), ...named];
}

function names(): (keyof Values)[] {
  return Object.keys(KEYS) as (keyof Values)[];
}

function fileKeys(key: Key<unknown>): string[] {
  return [...(key.key === undefined ? [] : [key.key]), ...(key.aliases ?? [])];
}

/** The names in the path where it has the pattern's form. */
function match(pattern: string, path: readonly string[]): string[] | undefined {
  const parts = pattern.split('.');
  if (parts.length !== path.length) return undefined;
  if (!parts.every((part, i) => part.startsWith('$') || part === path[i])) return undefined;
  return path.filter((_, i) => parts[i]!.startsWith('$'));
}

/** A service named leveret makes Kubernetes set LEVERET_PORT=tcp://..., LEVERET_SERVICE_HOST and more: they are not settings. */
function isFromKubernetes(variable: string, value: string | undefined): boolean {
  return (
    /^LEVERET_(SERVICE_|PORT_\d+_)/.test(variable) || (variable === 'LEVERET_PORT' && /^\w+:\/\//.test(value ?? ''))
  );
}

function hint(path: readonly string[]): string {
  const lengths = new Map([
    ['users', 3],
    ['permissions', 4],
    ['topic_permissions', 5],
    ['vhosts', 2],
    ['loopback_users', 2],
  ]);
  if (path.length > (lengths.get(path[0]!) ?? path.length)) {
    return '; a name with dots is written in quotes, as in vhosts."my.vhost"';
  }
  // A placeholder stands for whatever name was written in its place, so that only the known words are compared.
  const candidates = knownKeys().map(key => {
    const parts = key.split('.');
    return parts.map((part, i) => (part.startsWith('$') && parts.length === path.length ? path[i]! : part)).join('.');
  });
  const near = nearest(path.join('.'), candidates);
  return near ? `; did you mean ${near}?` : '; `leveret start --help` lists all keys';
}
