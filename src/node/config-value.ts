// The kinds of values a setting can have: what each takes, in words, and how it is read from text.
import { Secret } from './secret.ts';

/** One kind of value. `read` gives undefined for text that it does not take. */
export interface Kind<T> {
  /** What it takes, to follow the words "expected". */
  readonly takes: string;
  readonly read: (text: string) => T | undefined;
}

/** A host to listen on, where one was given, and a port. */
export interface ListenerValue {
  readonly host: string | undefined;
  readonly port: number;
}

const BYTE_UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  m: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gib: 2 ** 30,
  t: 2 ** 40,
  tib: 2 ** 40,
  kb: 10 ** 3,
  mb: 10 ** 6,
  gb: 10 ** 9,
  tb: 10 ** 12,
};
const BOOLEANS: Record<string, boolean> = { true: true, on: true, yes: true, false: false, off: false, no: false };

/** A whole number in a range. `names` are words that stand for a number, as `infinity` does. */
export function integer(min: number, max: number, names: Record<string, number> = {}): Kind<number> {
  const words = Object.keys(names).map(name => ` or ${name}`);
  return {
    takes: `a whole number from ${min} to ${max}${words.join('')}`,
    read: text => names[text] ?? within(/^\d{1,15}$/.test(text) ? Number(text) : undefined, min, max),
  };
}

/** A number from 0 on, such as 0.6. */
export function fraction(max: number): Kind<number> {
  return {
    takes: `a number from 0 to ${max}, such as 0.4`,
    read: text => within(/^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined, 0, max),
  };
}

/** A number of bytes, with RabbitMQ's units: k, M, G and kiB, MiB, GiB are powers of 1,024; kB, MB, GB of 1,000. */
export function bytes(min: number, max: number): Kind<number> {
  return {
    takes: `a number of bytes from ${min} to ${max}, such as 1000000, 64MiB or 2GB`,
    read: text => {
      const parts = /^(\d{1,15}) *([a-zA-Z]*)$/.exec(text);
      const unit = parts && BYTE_UNITS[parts[2]!.toLowerCase()];
      return within(unit ? Number(parts[1]) * unit : undefined, min, max);
    },
  };
}

/** true or false, and the words people use for them. */
export const boolean: Kind<boolean> = { takes: 'true or false', read: text => BOOLEANS[text.toLowerCase()] };

/** Any text that is not empty. */
export const text: Kind<string> = { takes: 'some text', read: value => value || undefined };

/** Text that may be empty, as a permission pattern may. */
export const anyText: Kind<string> = { takes: 'text', read: value => value };

/** Text that is never shown again. */
export const secret: Kind<Secret> = {
  takes: 'a password that is not blank',
  read: value => (value === '' ? undefined : new Secret(value)),
};

/** Words between spaces or commas. */
export const words: Kind<readonly string[]> = {
  takes: 'words with spaces between them',
  read: value => value.split(/[\s,]+/).filter(word => word !== ''),
};

/** One of the words on the left; it stands for what is on its right. */
export function choice<T extends string>(choices: Record<string, T>): Kind<T> {
  const shown = [...new Set(Object.values(choices))];
  return { takes: `one of ${shown.join(', ')}`, read: value => choices[value.toLowerCase()] };
}

/** `5672`, `127.0.0.1:5672`, `[::1]:5672` or, as RabbitMQ writes it, `::1:5672`. */
export const listener: Kind<ListenerValue> = {
  takes: 'a port, or an address and a port such as 127.0.0.1:5672',
  read: value => {
    const parts = /^(?:\[([^\]]+)\]:|(.+):)?(\d{1,5})$/.exec(value);
    const port = within(parts ? Number(parts[3]) : undefined, 0, 65535);
    return port === undefined ? undefined : { host: parts?.[1] ?? parts?.[2], port };
  },
};

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}
