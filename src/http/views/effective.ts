// What holds for a queue or an exchange, and who says so: its arguments, its policy or its operator policy.
import { effectiveValues, type Governed } from '../../broker/effective.ts';

/** By the names of the arguments, each with its value and where it comes from. */
export function effectiveView(governed: Governed): object[] {
  const names = { argument: null, policy: governed.policy?.name, 'operator policy': governed.operatorPolicy?.name };
  return [...effectiveValues(governed)].map(([name, { row, value, from }]) => ({
    name,
    key: row.key ?? null,
    value,
    from,
    policy: names[from] ?? null,
  }));
}
