// Policies, limits and parameters as they come in by requests and definitions: checked, and refused in RabbitMQ's words.
import type { Plain } from '../amqp/table-plain.ts';
import { erlangPlain } from '../amqp/table-term.ts';
import type { RuleFact } from '../broker/facts.ts';
import { checkPolicy, type GivenPolicy, type PolicyKind } from '../broker/policy-check.ts';
import { vhostLimits } from '../broker/vhost-rules.ts';
import { badRequest } from './errors.ts';
import { slowName } from './pattern-trial.ts';

/** The limits that a user can have. */
export const userLimits = ['max-connections', 'max-channels'] as const;

/** What RabbitMQ calls these where they are parameters. */
const operatorPolicies = 'operator_policy';
export const limitsOfVhosts = 'vhost-limits';

/** @throws HttpError 400 */
export function policyFact(kind: PolicyKind, vhost: string, given: GivenPolicy): RuleFact {
  const checked = checkPolicy(kind, given);
  if (isProblems(checked)) throw badRequest(invalid(...checked));
  const slow = slowName(checked.pattern);
  if (slow !== undefined)
    throw badRequest(
      invalid(`pattern takes too long on names such as '${slow.slice(0, 20)}...': repeat nothing that repeats itself`),
    );
  return { type: `${kind}.put`, vhost, ...checked };
}

/** @throws HttpError 400 */
export function limitFact(vhost: string, name: string, value: Plain): RuleFact {
  const problem = limitProblem('limits', vhostLimits, name, value);
  if (problem !== undefined) throw badRequest(invalid(problem));
  return { type: 'limit.put', vhost, name, value: value as number };
}

/** What is wrong with a limit; undefined when it is fine. */
export function limitProblem(where: string, known: readonly string[], name: string, value: Plain): string | undefined {
  if (!known.includes(name)) return `Unrecognised terms [{${erlangPlain(name)},${erlangPlain(value)}}] in ${where}`;
  if (Number.isInteger(value)) return undefined;
  return `${name} should be a number, actually was ${erlangPlain(value)}`;
}

/** What a parameter stands for: those that are policies or limits become what they are. @throws HttpError 400 */
export function parameterFacts(vhost: string, component: string, name: string, value: Plain): RuleFact[] {
  if (component === 'policy') throw badRequest('policies may not be set using this method');
  if (component !== operatorPolicies && component !== limitsOfVhosts)
    return [{ type: 'parameter.put', vhost, component, name, value }];
  // RabbitMQ has an empty list where there are no limits.
  const fields = Array.isArray(value) && value.length === 0 ? {} : value;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw badRequest(invalid(`${name} not a list ${erlangPlain(value)}`));
  const given = fields as Readonly<Record<string, Plain>>;
  if (component === limitsOfVhosts) return Object.entries(given).map(([limit, each]) => limitFact(vhost, limit, each));
  const missing = ['pattern', 'definition'].filter(key => given[key] === undefined);
  if (missing.length > 0) throw badRequest(invalid(...missing.map(key => `Key "${key}" not found in ${name}`)));
  return [policyFact('operator-policy', vhost, { ...given, name })];
}

function invalid(...problems: readonly string[]): string {
  return `Validation failed\n\n${problems.map(problem => `${problem}\n`).join('')}`;
}

function isProblems(checked: ReturnType<typeof checkPolicy>): checked is readonly string[] {
  return Array.isArray(checked);
}
