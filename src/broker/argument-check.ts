// What a declaration or a policy may say: the checks of the argument table, with RabbitMQ's reasons.
import type { FieldValue, Table } from '../amqp/table.ts';
import type { Plain } from '../amqp/table-plain.ts';

/** Why a value of an argument is refused, as RabbitMQ prints it; undefined when it is fine. `args` are all that came with it. */
export type ArgumentCheck = (value: FieldValue, args: Table) => string | undefined;

/** Whether a value of a policy is fine. */
export type PolicyCheck = (value: Plain) => boolean;

/** A kind of value: how it is checked in a table of arguments and in a policy, and what a page calls it. */
export interface Kind {
  readonly shown: string;
  /** What it is in JSON; undefined where it may be anything. */
  readonly type?: 'number' | 'string' | 'boolean';
  /** All there are, where they are few. */
  readonly values?: readonly string[];
  readonly argument: ArgumentCheck;
  readonly policy: PolicyCheck;
}

/** RabbitMQ's upper bound for times, ms: ten years. */
const timeMsMax = 315_360_000_000n;

/** A whole number: its value as a number, undefined for every other type. Above 2^53 it is not exact. */
export function integerOf(value: FieldValue | undefined): number | undefined {
  if (value === undefined || !integerTypes.has(value.type)) return undefined;
  return Number(value.value);
}

/** A text; undefined for every other type, RabbitMQ's byte arrays (`x`) among them. */
export function textOf(value: FieldValue | undefined): string | undefined {
  return value?.type === 'longstr' ? value.value.toString() : undefined;
}

/** A truth; undefined for every other type. */
export function truthOf(value: FieldValue | undefined): boolean | undefined {
  return value?.type === 'bool' ? value.value : undefined;
}

const integerTypes: ReadonlySet<string> = new Set([
  'byte',
  'short',
  'signedint',
  'long',
  'unsignedbyte',
  'unsignedshort',
  'unsignedint',
]);

/** A whole number for which `refuse` gives no reason. In a policy it is at least `policyMin`. */
function integer(shown: string, policyMin: number, refuse: (value: bigint) => string | undefined): Kind {
  return {
    shown,
    type: 'number',
    argument: value =>
      integerTypes.has(value.type)
        ? refuse(BigInt(value.value as number | bigint))
        : `"expected integer, got ${value.type}"`,
    policy: value => typeof value === 'number' && Number.isInteger(value) && value >= policyMin,
  };
}

const negative = (value: bigint): string | undefined => (value < 0n ? `{value_negative,${value}}` : undefined);
const time = (value: bigint): string | undefined =>
  negative(value) ?? (value > timeMsMax ? `{value_too_large,${value}}` : undefined);
const zero = (value: bigint): string | undefined => (value === 0n ? '{value_zero,0}' : undefined);

export const count: Kind = integer('a whole number from 0', 0, negative);
export const countFrom1: Kind = integer('a whole number from 1', 1, value => zero(value) ?? negative(value));
export const timeMs: Kind = integer('milliseconds from 0 to 315360000000', 0, time);
export const timeMsFrom1: Kind = integer('milliseconds from 1 to 315360000000', 1, value => zero(value) ?? time(value));
export const anyInteger: Kind = integer('a whole number', Number.NEGATIVE_INFINITY, () => undefined);
export const priority: Kind = integer(
  'a whole number from 0 to 255',
  0,
  value => negative(value) ?? (value > 255n ? `{max_value_exceeded,${value}}` : undefined),
);
/** Values that an exchange or a queue can remember at most for deduplication. */
export const cacheSizeMax = 100_000;
export const cacheSize: Kind = integer(
  `a whole number from 1 to ${cacheSizeMax}`,
  1,
  value => zero(value) ?? negative(value) ?? (value > cacheSizeMax ? `{max_value_exceeded,${value}}` : undefined),
);
/** Negative numbers are no limit in an argument; a policy takes none (RabbitMQ 3.10). */
export const limit: Kind = integer('a whole number; below 0 is no limit', 0, () => undefined);
export const queueVersion: Kind = {
  ...integer(
    '1 or 2',
    1,
    value => negative(value) ?? (value === 1n || value === 2n ? undefined : `"unsupported queue version '${value}'"`),
  ),
  policy: value => value === 1 || value === 2,
};

export const truth: Kind = {
  shown: 'true or false',
  type: 'boolean',
  values: ['true', 'false'],
  argument: value => (value.type === 'bool' ? undefined : unacceptable(value)),
  policy: value => typeof value === 'boolean',
};

export const text: Kind = {
  shown: 'text',
  type: 'string',
  argument: value => (value.type === 'longstr' ? undefined : unacceptable(value)),
  policy: value => typeof value === 'string',
};

/** A text that means something only beside another argument. */
export function textBeside(other: string, reason: string): Kind {
  return {
    ...text,
    argument: (value, args) => text.argument(value, args) ?? (args.has(other) ? undefined : reason),
  };
}

/** One of some words; others are refused for `reason`, in which `~s` stands for the word. */
export function word(words: readonly string[], reason: string): Kind {
  return {
    shown: words.map(each => `\`${each}\``).join(', '),
    type: 'string',
    values: words,
    argument: value => {
      const given = textOf(value);
      if (given === undefined) return unacceptable(value);
      return words.includes(given) ? undefined : reason.replace('~s', () => given);
    },
    policy: value => typeof value === 'string' && words.includes(value),
  };
}

/** RabbitMQ's form of an age: a number above 0 and the first letter of its unit. */
export const age: Kind = {
  shown: 'a number and one of `Y`, `M`, `D`, `h`, `m`, `s`',
  type: 'string',
  argument: value => {
    const given = textOf(value);
    if (given === undefined) return unacceptable(value);
    return isAge(given) ? undefined : 'invalid_max_age';
  },
  policy: value => typeof value === 'string' && isAge(value),
};

/** Bytes of a stream's segment. */
export const segmentBytes: Kind = {
  ...count,
  policy: value => count.policy(value) && (value as number) <= 3_000_000_000,
};

/** Takes everything: what RabbitMQ does not look at, or is checked by who uses it. */
export const anything: Kind = { shown: 'anything', argument: () => undefined, policy: () => true };

function isAge(given: string): boolean {
  return /^0*[1-9]\d*[YMDhms]$/.test(given);
}

function unacceptable(value: FieldValue): string {
  return `{unacceptable_type,${value.type}}`;
}
