// The parameters of a vhost as RabbitMQ shows them: its limits and operator policies are parameters as well.
import type { Plain } from '../../amqp/table-plain.ts';
import type { Vhost } from '../../broker/vhost.ts';

export interface ParameterView {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: Plain;
}

export function parametersOf({ name: vhost, rules }: Vhost): ParameterView[] {
  const views: ParameterView[] = [];
  for (const [component, named] of rules.parameters)
    for (const [name, value] of named) views.push({ value, vhost, component, name });
  for (const { name, pattern, definition, priority, applyTo } of rules.operatorPolicies) {
    const value = { pattern, definition, priority, 'apply-to': applyTo };
    views.push({ value, vhost, component: 'operator_policy', name });
  }
  if (rules.limits.size > 0)
    views.push({ value: Object.fromEntries(rules.limits), vhost, component: 'vhost-limits', name: 'limits' });
  return views;
}
