// Permissions: RabbitMQ's configure, write and read patterns of a user in a vhost, compiled once.
import { compilePcre, patternFault } from '../broker/pattern.ts';

/** What an operation needs on a resource. */
export type Right = 'configure' | 'write' | 'read';

/** The three patterns as they were given. */
export interface Patterns {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Says which pattern cannot be used and why. */
export class PatternError extends Error {
  override name = 'PatternError';
}

const NOTHING = /(?!)/u;

/** The compiled patterns of one user in one vhost. */
export class Permission {
  readonly patterns: Patterns;
  readonly #compiled: Record<Right, RegExp>;

  /** Never throws: facts of the past must replay. A pattern that does not compile allows nothing. */
  constructor(patterns: Patterns) {
    this.patterns = patterns;
    this.#compiled = {
      configure: compileOrNothing(patterns.configure),
      write: compileOrNothing(patterns.write),
      read: compileOrNothing(patterns.read),
    };
  }

  /** Whether the pattern matches anywhere in the resource's name (reference 1.7): only `^` and `$` anchor it. */
  allows(right: Right, resource: string): boolean {
    return this.#compiled[right].test(resource);
  }
}

/** @throws PatternError for the first pattern that does not compile; call it where patterns come in from outside. */
export function checkPatterns(patterns: Patterns): void {
  for (const right of ['configure', 'write', 'read'] as const) compilePattern(patterns[right], right);
}

/**
 * A pattern as RabbitMQ reads it: PCRE, searched for, and the empty one stands for `^$`.
 * @throws PatternError
 */
export function compilePattern(pattern: string, right: Right | 'topic'): RegExp {
  try {
    return compilePcre(pattern === '' ? '^$' : pattern);
  } catch (error) {
    throw new PatternError(
      `the ${right} permission '${pattern}' is not a valid regular expression: ${patternFault(error)}`,
    );
  }
}

function compileOrNothing(pattern: string): RegExp {
  try {
    return compilePattern(pattern, 'configure');
  } catch {
    return NOTHING;
  }
}
