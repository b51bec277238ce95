// Patterns that would hold the broker up are found before they are taken: each is tried on long names under a time limit.
import vm from 'node:vm';
import { compilePcre } from '../broker/pattern.ts';

/** For all names of a trial, ms; a pattern that does not backtrack without end takes a thousandth of that. */
const trialMs = 500;
const nameLengthMax = 255;
const namesMax = 64;

const script = new vm.Script('regex.test(name)');
const room: { regex: RegExp; name: string } = vm.createContext({ regex: /x/, name: '' }) as never;

/** A name on which the pattern takes too long; undefined where none was found. The pattern must be one that compiles. */
export function slowName(pattern: string): string | undefined {
  const regex = compilePcre(pattern);
  const end = performance.now() + trialMs;
  for (const name of names(pattern)) {
    room.regex = regex;
    room.name = name;
    try {
      script.runInContext(room as never, { timeout: Math.max(1, Math.ceil(end - performance.now())) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return name;
      throw error;
    }
  }
  return undefined;
}

/** What the pattern is made of, repeated as often as a name has room for, with an end that does not fit. */
function names(pattern: string): string[] {
  const words = pattern.match(/[\p{L}\p{N}._-]+/gu) ?? [];
  const units = new Set(['a', ...words, ...words.flatMap(word => [...word])].slice(0, namesMax));
  return [...units].map(unit => `${unit.repeat(nameLengthMax).slice(0, nameLengthMax - 1)}!`);
}
