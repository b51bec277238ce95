// A policy as RabbitMQ shows it, and what it holds for now.
import { type Policy, targetOf } from '../../broker/policy.ts';
import type { PolicyKind } from '../../broker/policy-check.ts';
import type { Vhost } from '../../broker/vhost.ts';

/** Most names that one policy's view has of each kind. */
const namesMax = 500;

export interface PolicyView {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly definition: object;
  readonly priority: number;
}

/** As it is exported. */
export function policyDefinition({ name }: Vhost, policy: Policy): PolicyView {
  const { pattern, applyTo, definition, priority } = policy;
  return { vhost: name, name: policy.name, pattern, 'apply-to': applyTo, definition, priority };
}

/** The policies of a vhost, each with how many queues and exchanges it holds for now. */
export function policyViews(kind: PolicyKind, vhost: Vhost): (PolicyView & { readonly holds_for: object })[] {
  const counts = new Map<Policy, { queues: number; exchanges: number }>();
  const count = (policy: Policy | undefined, what: 'queues' | 'exchanges'): void => {
    if (policy === undefined) return;
    const found = counts.get(policy) ?? { queues: 0, exchanges: 0 };
    counts.set(policy, found);
    found[what]++;
  };
  for (const queue of vhost.queues.values()) count(policyOf(kind, queue), 'queues');
  for (const exchange of vhost.exchanges.values()) count(policyOf(kind, exchange), 'exchanges');
  return [...policiesOf(kind, vhost)].map(policy => ({
    ...policyDefinition(vhost, policy),
    holds_for: counts.get(policy) ?? { queues: 0, exchanges: 0 },
  }));
}

/** One policy, with the names of what it holds for now, and of what it matches but another one holds for. */
export function policyView(kind: PolicyKind, vhost: Vhost, policy: Policy): object {
  const queues = [...vhost.queues.values()].filter(queue => policyOf(kind, queue) === policy);
  const exchanges = [...vhost.exchanges.values()].filter(exchange => policyOf(kind, exchange) === policy);
  const overruled = [...vhost.queues.values(), ...vhost.exchanges.values()].filter(each => {
    const other = policyOf(kind, each);
    return other !== undefined && other !== policy && policy.matches(targetOf(each));
  });
  return {
    ...policyDefinition(vhost, policy),
    holds_for: { queues: queues.length, exchanges: exchanges.length },
    queues: queues.slice(0, namesMax).map(({ name }) => name),
    exchanges: exchanges.slice(0, namesMax).map(({ name }) => name),
    overruled: overruled.length,
    overruled_by: [...new Set(overruled.map(each => policyOf(kind, each)?.name))],
  };
}

/** The policies of one kind. */
export function policiesOf(
  kind: PolicyKind,
  { rules }: Vhost,
): Iterable<Policy> & { get(name: string): Policy | undefined } {
  return kind === 'policy' ? rules.policies : rules.operatorPolicies;
}

function policyOf(
  kind: PolicyKind,
  governed: { readonly policy: Policy | undefined; readonly operatorPolicy: Policy | undefined },
): Policy | undefined {
  return kind === 'policy' ? governed.policy : governed.operatorPolicy;
}
