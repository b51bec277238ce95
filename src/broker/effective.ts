// What holds for a queue or an exchange: its arguments and its two policies, merged by the rules of the argument table.
import type { Table } from '../amqp/table.ts';
import { integerOf, textOf, truthOf } from './argument-check.ts';
import { type ArgumentRow, argumentTable, type QueueType, type Winner } from './argument-table.ts';
import { queueTypeOf } from './arguments.ts';
import type { Policy } from './policy.ts';
import { type DelayedRetryType, type Overflow, plainSettings, type QueueSettings } from './queue-settings.ts';

/** A value that holds, and who said it. */
export interface EffectiveValue {
  readonly row: ArgumentRow;
  readonly value: EffectivePlain;
  readonly from: 'argument' | 'policy' | 'operator policy';
}

/** A value that was checked: other things do not get into arguments and policies that mean something. */
export type EffectivePlain = string | number | boolean;

/** What has arguments and policies. */
export interface Governed {
  readonly kind: 'queue' | 'exchange';
  readonly arguments: Table;
  readonly policy: Policy | undefined;
  readonly operatorPolicy: Policy | undefined;
}

/** Every value of the table that holds for it, by the name of the argument or, without one, of the policy key. */
export function effectiveValues(governed: Governed): Map<string, EffectiveValue> {
  const { kind, policy, operatorPolicy } = governed;
  const type = kind === 'queue' ? queueTypeOf(governed.arguments) : undefined;
  const values = new Map<string, EffectiveValue>();
  for (const row of argumentTable) {
    if (!row.on.includes(kind) || (row.argument === undefined && row.key === undefined)) continue;
    const argument = argumentOf(row, type, governed.arguments);
    const { key } = row;
    let ruled = key === undefined ? undefined : fromPolicy(row, policy?.definition[key], 'policy');
    if (key !== undefined && row.operator !== undefined) {
      const operator = fromPolicy(row, operatorPolicy?.definition[key], 'operator policy');
      ruled = merged(row.operator === 'operator' ? 'policy' : 'lower', ruled, operator);
    }
    const wins = (type === 'quorum' ? row.quorumWins : undefined) ?? row.wins ?? 'argument';
    const value = merged(wins, argument, ruled);
    if (value !== undefined) values.set(row.argument ?? (key as string), value);
  }
  return values;
}

/** What both policies say together: RabbitMQ's `effective_policy_definition`, by keys. */
export function effectiveDefinition(
  policy: Policy | undefined,
  operatorPolicy: Policy | undefined,
): Record<string, unknown> {
  const definition: Record<string, unknown> = { ...operatorPolicy?.definition, ...policy?.definition };
  const both = Object.keys(operatorPolicy?.definition ?? {}).filter(key =>
    Object.hasOwn(policy?.definition ?? {}, key),
  );
  for (const key of both) {
    const row = argumentTable.find(each => each.key === key);
    if (row === undefined) continue;
    const user = fromPolicy(row, policy?.definition[key], 'policy');
    const operator = fromPolicy(row, operatorPolicy?.definition[key], 'operator policy');
    definition[key] = merged(row.operator === 'operator' ? 'policy' : 'lower', user, operator)?.value;
  }
  return Object.fromEntries(Object.entries(definition).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a queue does, of what holds for it. */
export function settingsOf(queue: Governed): QueueSettings {
  const type = queueTypeOf(queue.arguments);
  if (queue.arguments.encoded.length === 0 && queue.policy === undefined && queue.operatorPolicy === undefined)
    return plainSettings;
  const values = effectiveValues(queue);
  const number = (name: string, otherwise: number): number =>
    (values.get(name)?.value as number | undefined) ?? otherwise;
  const string = (name: string): string | undefined => values.get(name)?.value as string | undefined;
  const deliveryLimit = number('x-delivery-limit', -1);
  const overflow = (string('x-overflow') ?? plainSettings.overflow) as Overflow;
  return {
    type,
    messageTtlMs: number('x-message-ttl', plainSettings.messageTtlMs),
    expiresMs: number('x-expires', plainSettings.expiresMs),
    maxLength: number('x-max-length', plainSettings.maxLength),
    maxLengthBytes: number('x-max-length-bytes', plainSettings.maxLengthBytes),
    // A quorum queue takes this one and behaves as without it (RabbitMQ).
    overflow: type === 'quorum' && overflow === 'reject-publish-dlx' ? plainSettings.overflow : overflow,
    deadLetterExchange: string('x-dead-letter-exchange'),
    deadLetterRoutingKey: string('x-dead-letter-routing-key'),
    deliveryLimit: deliveryLimit < 0 ? plainSettings.deliveryLimit : deliveryLimit,
    maxPriority: values.get('x-max-priority')?.value as number | undefined,
    singleActiveConsumer: values.get('x-single-active-consumer')?.value === true,
    consumerTimeoutMs: number('x-consumer-timeout', plainSettings.consumerTimeoutMs),
    delayedRetryType: (string('x-delayed-retry-type') ?? plainSettings.delayedRetryType) as DelayedRetryType,
    delayedRetryMinMs: number('x-delayed-retry-min', plainSettings.delayedRetryMinMs),
    delayedRetryMaxMs: number('x-delayed-retry-max', plainSettings.delayedRetryMaxMs),
  };
}

/** The exchange that gets what this one routes nowhere. */
export function alternateOf(exchange: Governed): string | undefined {
  if (exchange.arguments.encoded.length === 0 && exchange.policy === undefined) return undefined;
  return effectiveValues(exchange).get('alternate-exchange')?.value as string | undefined;
}

function argumentOf(row: ArgumentRow, type: QueueType | undefined, args: Table): EffectiveValue | undefined {
  if (row.argument === undefined || (type !== undefined && row.types?.includes(type) === false)) return undefined;
  const given = args.get(row.argument);
  // Stored without a check by an earlier version, or meant for something else.
  if (given === undefined || row.kind.argument(given, args) !== undefined) return undefined;
  const value = integerOf(given) ?? textOf(given) ?? truthOf(given);
  return value === undefined ? undefined : { row, value, from: 'argument' };
}

function fromPolicy(row: ArgumentRow, value: unknown, from: 'policy' | 'operator policy'): EffectiveValue | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  return { row, value, from };
}

/** `first` is the argument or, of two policies, the user's; `second` wins with `policy`. */
function merged(
  wins: Winner,
  first: EffectiveValue | undefined,
  second: EffectiveValue | undefined,
): EffectiveValue | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  if (wins === 'argument') return first;
  if (wins === 'policy') return second;
  return rank(second.value) < rank(first.value) ? second : first;
}

/** Below zero stands for no limit, which every limit is below. */
function rank(value: EffectivePlain): number {
  return typeof value === 'number' && value >= 0 ? value : Number.POSITIVE_INFINITY;
}
