// Regular expressions as RabbitMQ's users write them, in PCRE, made JavaScript's.

/**
 * A pattern that is searched for: only `^` and `$` anchor it. Strict Unicode mode makes what JavaScript lacks an error rather than a
 * pattern that means something else.
 * @throws SyntaxError
 */
export function compilePcre(pattern: string): RegExp {
  const { source, ignoreCase } = fromPcre(pattern);
  return new RegExp(source, ignoreCase ? 'iu' : 'u');
}

/** Why a pattern does not compile, from the error that it threw. */
export function patternFault(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^.*: /s, '') : String(error);
}

/** PCRE's own spellings that people really use: a leading (?i), \A, \z, \Z and needless escapes such as \- or \_. */
function fromPcre(pattern: string): { source: string; ignoreCase: boolean } {
  const ignoreCase = pattern.startsWith('(?i)');
  const source = (ignoreCase ? pattern.slice(4) : pattern).replace(/\\(.)/gsu, (escaped, character: string) => {
    if (character === 'A') return '^';
    if (character === 'z' || character === 'Z') return '$';
    if (/[\^$\\.*+?()[\]{}|/\-a-zA-Z0-9]/.test(character)) return character === '-' ? '\\x2d' : escaped;
    return character;
  });
  return { source, ignoreCase };
}
