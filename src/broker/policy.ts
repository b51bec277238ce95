// A policy: what holds for all queues and exchanges whose names match its pattern; and the policies of a vhost, in their order.
import type { Table } from '../amqp/table.ts';
import type { Plain } from '../amqp/table-plain.ts';
import { type QueueType, rowOfKey } from './argument-table.ts';
import { queueTypeOf } from './arguments.ts';
import { compilePcre } from './pattern.ts';

/** What a policy may be for. */
export const applyTos = ['all', 'queues', 'classic_queues', 'quorum_queues', 'streams', 'exchanges'] as const;
export type ApplyTo = (typeof applyTos)[number];

/** Longer patterns are refused, characters: the names that they are tried on have at most 255 bytes. */
export const patternLengthMax = 1024;

/** What a policy is made of. */
export interface PolicyOptions {
  readonly name: string;
  /** Searched for in names, as PCRE. */
  readonly pattern: string;
  readonly applyTo: ApplyTo;
  /** The highest that matches holds. */
  readonly priority: number;
  /** By the keys of the argument table. */
  readonly definition: Readonly<Record<string, Plain>>;
}

/** What policies are tried on. */
export type PolicyTarget =
  | { readonly kind: 'queue'; readonly name: string; readonly type: QueueType }
  | { readonly kind: 'exchange'; readonly name: string };

/** A queue or an exchange as policies see it. */
export function targetOf(governed: {
  readonly kind: 'queue' | 'exchange';
  readonly name: string;
  readonly arguments: Table;
}): PolicyTarget {
  const { kind, name } = governed;
  return kind === 'queue' ? { kind, name, type: queueTypeOf(governed.arguments) } : { kind, name };
}

/** The types of queues that each kind of policy is for. */
const queueTypes: Readonly<Record<ApplyTo, readonly QueueType[]>> = {
  all: ['classic', 'quorum', 'stream'],
  queues: ['classic', 'quorum', 'stream'],
  classic_queues: ['classic'],
  quorum_queues: ['quorum'],
  streams: ['stream'],
  exchanges: [],
};

const nothing = /(?!)/u;

export class Policy implements PolicyOptions {
  readonly name: string;
  readonly pattern: string;
  readonly applyTo: ApplyTo;
  readonly priority: number;
  readonly definition: Readonly<Record<string, Plain>>;
  /** Types of queues that it holds for; others are left alone, also because of keys that they do not know. */
  readonly #queueTypes: ReadonlySet<QueueType>;
  readonly #regex: RegExp;

  /** Never throws: facts of the past must replay. A pattern that does not compile matches nothing. */
  constructor(options: PolicyOptions) {
    this.name = options.name;
    this.pattern = options.pattern;
    this.applyTo = options.applyTo;
    this.priority = options.priority;
    this.definition = options.definition;
    const skipped = new Set(Object.keys(options.definition).flatMap(key => rowOfKey(key)?.policySkips ?? []));
    this.#queueTypes = new Set((queueTypes[options.applyTo] ?? []).filter(type => !skipped.has(type)));
    this.#regex = compileOrNothing(options.pattern);
  }

  matches(target: PolicyTarget): boolean {
    const meant =
      target.kind === 'queue'
        ? this.#queueTypes.has(target.type)
        : this.applyTo === 'all' || this.applyTo === 'exchanges';
    return meant && this.#regex.test(target.name);
  }
}

/** The policies of one kind in a vhost. */
export class PolicySet {
  readonly #byName = new Map<string, Policy>();
  /** In the order in which they are tried. */
  #ordered: readonly Policy[] = [];

  get(name: string): Policy | undefined {
    return this.#byName.get(name);
  }

  put(policy: Policy): void {
    this.#byName.set(policy.name, policy);
    this.#order();
  }

  delete(name: string): void {
    this.#byName.delete(name);
    this.#order();
  }

  /** The one that holds: of those that match the one of the highest priority, of several the first by name. */
  match(target: PolicyTarget): Policy | undefined {
    return this.#ordered.find(policy => policy.matches(target));
  }

  [Symbol.iterator](): Iterator<Policy> {
    return this.#ordered[Symbol.iterator]();
  }

  #order(): void {
    this.#ordered = [...this.#byName.values()].sort(
      (a, b) => b.priority - a.priority || (a.name < b.name ? -1 : Number(a.name > b.name)),
    );
  }
}

function compileOrNothing(pattern: string): RegExp {
  try {
    return compilePcre(pattern);
  } catch {
    return nothing;
  }
}
