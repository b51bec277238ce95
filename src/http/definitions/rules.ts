// Policies, limits and parameters of a definitions file, as facts: all are checked before the first one holds.
import type { RuleFact } from '../../broker/facts.ts';
import { badRequest, HttpError } from '../errors.ts';
import { limitFact, limitProblem, parameterFacts, policyFact, userLimits } from '../rules.ts';
import type { Definitions, UserDefinition } from './format.ts';

/** The facts in the file's order; with `into`, all for that vhost. @throws HttpError 400 that names the first that is wrong */
export function ruleFactsOf(file: Definitions, into: string | undefined): RuleFact[] {
  const facts: RuleFact[] = [];
  if (into === undefined)
    // Versions differ in where they have these; a list is an empty one.
    for (const { name, limits } of file.vhosts)
      if (typeof limits === 'object' && limits !== null && !Array.isArray(limits))
        for (const [limit, value] of Object.entries(limits))
          facts.push(naming(`vhost '${name}'`, () => limitFact(name, limit, value)));
  for (const { vhost, component, name, value } of file.parameters)
    facts.push(
      ...naming(`parameter '${name}' of component '${component}'`, () =>
        parameterFacts(into ?? vhost ?? '', component, name, value),
      ),
    );
  for (const { vhost, ...policy } of file.policies)
    facts.push(naming(`policy '${policy.name}'`, () => policyFact('policy', into ?? vhost ?? '', policy)));
  return facts;
}

/** A user's limits. @throws HttpError 400 */
export function userLimitsOf({
  name,
  limits,
}: Pick<UserDefinition, 'name' | 'limits'>): { name: string; value: number }[] {
  return Object.entries(limits).map(([limit, value]) => {
    const problem = limitProblem('user-limits', userLimits, limit, value);
    if (problem !== undefined) throw badRequest(`user '${name}': ${problem}`);
    return { name: limit, value: value as number };
  });
}

function naming<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof HttpError ? badRequest(`${what}: ${error.reason}`) : error;
  }
}
