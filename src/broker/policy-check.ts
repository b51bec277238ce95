// What comes in as a policy, checked: RabbitMQ's reasons for refusing it.
import type { Plain } from '../amqp/table-plain.ts';
import { erlangPlain } from '../amqp/table-term.ts';
import { rowOfKey } from './argument-table.ts';
import { compilePcre, patternFault } from './pattern.ts';
import { type ApplyTo, applyTos, type PolicyOptions, patternLengthMax } from './policy.ts';

/** User policies are for who uses a vhost; operator policies set bounds to them. */
export type PolicyKind = 'policy' | 'operator-policy';

/** A policy as it comes in; nothing of it is trusted. */
export interface GivenPolicy {
  readonly name: string;
  readonly pattern?: Plain | undefined;
  readonly definition?: Plain | undefined;
  /** 0 when left out. */
  readonly priority?: Plain | undefined;
  /** `all` when left out. */
  readonly 'apply-to'?: Plain | undefined;
}

/** The policy, or what is wrong with it: everything, each in a sentence. */
export function checkPolicy(kind: PolicyKind, given: GivenPolicy): PolicyOptions | readonly string[] {
  const { name, pattern = null, definition = null, priority = 0, 'apply-to': applyTo = 'all' } = given;
  // In the order in which RabbitMQ tells them.
  const problems = [
    definitionProblem(kind, definition),
    applyToProblem(applyTo),
    patternProblem(pattern),
    typeof priority === 'number' ? undefined : `priority should be a number, actually was ${erlangPlain(priority)}`,
  ].filter(problem => problem !== undefined);
  if (problems.length > 0) return problems;
  return {
    name,
    pattern: pattern as string,
    applyTo: applyTo as ApplyTo,
    priority: priority as number,
    definition: definition as PolicyOptions['definition'],
  };
}

function definitionProblem(kind: PolicyKind, definition: Plain): string | undefined {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition))
    return `definition must be a dictionary: ${erlangPlain(definition)}`;
  const entries = Object.entries(definition as Readonly<Record<string, Plain>>).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return 'no policy provided';
  const known = entries.filter(([key]) => allows(kind, key));
  for (const [key, value] of known) {
    const row = rowOfKey(key);
    if (row?.kind.policy(value) === false) return `${erlangPlain(value)} ${row.refusal}`;
  }
  if (known.length === entries.length) return undefined;
  const unknown = entries
    .filter(([key]) => !allows(kind, key))
    .map(([key, value]) => `{${erlangPlain(key)},${erlangPlain(value)}}`);
  return `[${unknown.join(',')}] are not recognised policy settings`;
}

function allows(kind: PolicyKind, key: string): boolean {
  const row = rowOfKey(key);
  return row !== undefined && (kind === 'policy' || row.operator !== undefined);
}

function applyToProblem(applyTo: Plain): string | undefined {
  if ((applyTos as readonly Plain[]).includes(applyTo)) return undefined;
  const given = typeof applyTo === 'string' ? applyTo : erlangPlain(applyTo);
  const words = applyTos.slice(1).map(word => `'${word}'`);
  return `apply-to '${given}' unrecognised; should be one of: ${words.join(', ')}, or 'all'`;
}

function patternProblem(pattern: Plain): string | undefined {
  if (typeof pattern !== 'string') return `pattern should be a binary but was ${erlangPlain(pattern)}`;
  if (pattern.length > patternLengthMax)
    return `pattern should have at most ${patternLengthMax} characters, it has ${pattern.length}`;
  try {
    compilePcre(pattern);
    return undefined;
  } catch (error) {
    return `pattern should be regular expression but is invalid: ${inPcre(pattern, patternFault(error))}`;
  }
}

/** What PCRE says, as RabbitMQ tells it with the place, where that is known. */
function inPcre(pattern: string, fault: string): string {
  const end = Buffer.byteLength(pattern);
  if (fault === 'Unterminated group') return `{"missing )",${end}}`;
  if (fault === 'Unterminated character class') return `{"missing terminating ] for character class",${end}}`;
  return fault;
}
