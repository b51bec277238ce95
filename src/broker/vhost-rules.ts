// What was set for a vhost as a whole: policies, operator policies, limits and parameters, as the fold of their facts.
import type { Plain } from '../amqp/table-plain.ts';
import type { RuleFact } from './facts.ts';
import { Policy, type PolicyOptions, PolicySet } from './policy.ts';

/** The limits that a vhost can have. */
export const vhostLimits = ['max-connections', 'max-queues'] as const;

export class VhostRules {
  readonly policies: PolicySet = new PolicySet();
  readonly operatorPolicies: PolicySet = new PolicySet();
  /** As they were set; below 0 is no limit. */
  readonly limits: Map<string, number> = new Map();
  /** By component and name. Nothing here acts on them. */
  readonly parameters: Map<string, Map<string, Plain>> = new Map();

  /** How many of these there may be; Infinity without a limit. */
  limit(name: (typeof vhostLimits)[number]): number {
    const value = this.limits.get(name) ?? -1;
    return value < 0 ? Number.POSITIVE_INFINITY : value;
  }

  /** Takes a fact in; one about what is not there any more changes nothing. */
  apply(fact: RuleFact): void {
    switch (fact.type) {
      case 'policy.put':
        return this.policies.put(new Policy(fact));
      case 'policy.delete':
        return this.policies.delete(fact.name);
      case 'operator-policy.put':
        return this.operatorPolicies.put(new Policy(fact));
      case 'operator-policy.delete':
        return this.operatorPolicies.delete(fact.name);
      case 'limit.put':
        this.limits.set(fact.name, fact.value);
        return;
      case 'limit.delete':
        this.limits.delete(fact.name);
        return;
      case 'parameter.put': {
        const named = this.parameters.get(fact.component) ?? new Map<string, Plain>();
        this.parameters.set(fact.component, named.set(fact.name, fact.value));
        return;
      }
      case 'parameter.delete': {
        const named = this.parameters.get(fact.component);
        named?.delete(fact.name);
        if (named?.size === 0) this.parameters.delete(fact.component);
        return;
      }
    }
  }

  /** The facts that make all of it again. */
  *facts(vhost: string): Generator<RuleFact> {
    for (const policy of this.policies) yield { type: 'policy.put', vhost, ...optionsOf(policy) };
    for (const policy of this.operatorPolicies) yield { type: 'operator-policy.put', vhost, ...optionsOf(policy) };
    for (const [name, value] of this.limits) yield { type: 'limit.put', vhost, name, value };
    for (const [component, named] of this.parameters)
      for (const [name, value] of named) yield { type: 'parameter.put', vhost, component, name, value };
  }
}

function optionsOf({ name, pattern, applyTo, priority, definition }: Policy): PolicyOptions {
  return { name, pattern, applyTo, priority, definition };
}
