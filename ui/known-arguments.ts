// The arguments and policy keys that the broker knows, offered where they can be said.
import { read } from './api.ts';
import type { Known } from './components/table-field.tsx';

interface ArgumentInfo {
  readonly argument: string | null;
  readonly key: string | null;
  readonly on: readonly string[];
  readonly queue_types: readonly string[] | null;
  readonly takes: string;
  readonly type: string | null;
  readonly values: readonly string[] | null;
  readonly operator_policies: boolean;
  readonly meaning: string;
}

let asked: Promise<readonly ArgumentInfo[]> | undefined;

/** Asked for once; without an answer nothing is offered, and the next form asks again. */
function table(): Promise<readonly ArgumentInfo[]> {
  asked ??= read<readonly ArgumentInfo[]>('/arguments').catch(() => {
    asked = undefined;
    return [];
  });
  return asked;
}

/** What a queue or an exchange can be declared with. */
export async function argumentsOf(kind: 'queue' | 'exchange'): Promise<Known[]> {
  return (await table()).flatMap(info =>
    info.argument && info.on.includes(kind) ? [knownAs(info.argument, info)] : [],
  );
}

/** What a policy, or an operator policy, can say. */
export async function policyKeys(operator: boolean): Promise<Known[]> {
  return (await table()).flatMap(info =>
    info.key && (!operator || info.operator_policies) ? [knownAs(info.key, info)] : [],
  );
}

function knownAs(name: string, { type, values, takes, meaning }: ArgumentInfo): Known {
  return { name, type, values, means: `${meaning} Takes ${takes}.` };
}
