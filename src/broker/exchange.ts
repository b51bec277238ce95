// An exchange: its properties, what is bound to it, and where a message goes from it.
import { Table } from '../amqp/table.ts';
import type { Binding, ExchangeType } from './binding.ts';
import { ExchangeDeduplication } from './deduplication.ts';
import { alternateOf } from './effective.ts';
import { ConsistentHashExchange, checkHashArguments } from './exchanges/consistent-hash.ts';
import { DelayedExchange, delayedTypeOf } from './exchanges/delayed.ts';
import { DirectExchange } from './exchanges/direct.ts';
import { FanoutExchange } from './exchanges/fanout.ts';
import { HeadersExchange } from './exchanges/headers.ts';
import { LocalRandomExchange } from './exchanges/local-random.ts';
import { ModulusHashExchange } from './exchanges/modulus-hash.ts';
import { RandomExchange } from './exchanges/random.ts';
import { checkHistoryArguments, RecentHistoryExchange } from './exchanges/recent-history.ts';
import { TopicExchange } from './exchanges/topic.ts';
import type { Memory } from './memory.ts';
import type { Policy } from './policy.ts';
import type { Queue } from './queue.ts';
import type { Random } from './random.ts';
import { ExchangeStats } from './stats.ts';

export type Destination = Queue | Exchange;

/** A binding with both of its ends. */
export interface Bound extends Binding<Destination> {
  readonly source: Exchange;
  readonly durable: boolean;
}

/** What exchange types need from the outside. */
export interface ExchangeServices {
  readonly random: Random;
  readonly memory: Memory;
}

interface TypeEntry {
  /** The type's way of finding, with nothing bound. */
  readonly create: (args: Table, services: ExchangeServices) => ExchangeType<Destination>;
  /** The text of the 406 for arguments that a declaration may not have. */
  readonly refuses?: (args: Table) => string | undefined;
}

const types: Readonly<Record<string, TypeEntry>> = {
  direct: { create: () => new DirectExchange() },
  fanout: { create: () => new FanoutExchange() },
  topic: { create: () => new TopicExchange() },
  headers: { create: () => new HeadersExchange() },
  'x-consistent-hash': { create: args => new ConsistentHashExchange(args), refuses: checkHashArguments },
  'x-modulus-hash': { create: () => new ModulusHashExchange() },
  'x-random': { create: (_, { random }) => new RandomExchange(random) },
  'x-local-random': { create: (_, { random }) => new LocalRandomExchange(random) },
  'x-recent-history': {
    create: (args, { memory }) => new RecentHistoryExchange(args, memory),
    refuses: checkHistoryArguments,
  },
  'x-delayed-message': {
    create: (args, services) =>
      new DelayedExchange(newExchangeType(delayedTypeOf(args, exchangeTypes) as string, args, services)),
    refuses: args => {
      const type = delayedTypeOf(args, exchangeTypes);
      return type === undefined
        ? "Invalid argument, 'x-delayed-type' must be an existing exchange type"
        : refusedArguments(type, args);
    },
  },
};

/** The exchange types there are. */
export const exchangeTypes: readonly string[] = Object.keys(types);

/** Why an exchange of that type, one of `exchangeTypes`, cannot have these arguments; undefined when it can. */
export function refusedArguments(type: string, args: Table): string | undefined {
  return (types[type] as TypeEntry).refuses?.(args);
}

/** A type's way of finding, with nothing bound. `type` must be one of `exchangeTypes`. */
export function newExchangeType(type: string, args: Table, services: ExchangeServices): ExchangeType<Destination> {
  return (types[type] as TypeEntry).create(args, services);
}

export interface ExchangeOptions {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Table;
}

export class Exchange {
  readonly kind = 'exchange';
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: Table;
  /** Bindings from this exchange, by their identity. */
  readonly bindings: Map<string, Bound> = new Map();
  readonly routing: ExchangeType<Destination>;
  policy: Policy | undefined;
  operatorPolicy: Policy | undefined;
  /** Name of the exchange that gets what this one routes nowhere, of its arguments or its policy. */
  alternate: string | undefined;
  readonly stats: ExchangeStats = new ExchangeStats();
  /** Where its arguments ask for it, until it is deleted: a transaction may have messages for it even then. */
  deduplication: ExchangeDeduplication | undefined;

  /** `options.type` must be one of `exchangeTypes`. */
  constructor(options: ExchangeOptions, services: ExchangeServices) {
    this.vhost = options.vhost;
    this.name = options.name;
    this.type = options.type;
    this.durable = options.durable;
    this.autoDelete = options.autoDelete;
    this.internal = options.internal;
    this.arguments = options.arguments;
    this.deduplication = ExchangeDeduplication.of(options.arguments);
    this.routing = newExchangeType(options.type, options.arguments, services);
    this.alternate = alternateOf(this);
  }

  /** Other policies hold for it from now on. */
  govern(policy: Policy | undefined, operatorPolicy: Policy | undefined): void {
    this.policy = policy;
    this.operatorPolicy = operatorPolicy;
    this.alternate = alternateOf(this);
  }

  /** Where its messages wait until they are due; undefined when it delays none. */
  get delayLine(): Queue | undefined {
    const line = this.routing instanceof DelayedExchange ? this.routing.line : undefined;
    return line?.kind === 'queue' ? line : undefined;
  }
}

/** What makes two bindings of one exchange the same: destination, routing key and arguments. */
export function bindingIdentity(destination: Destination, routingKey: string, args: Table): string {
  const entries = [...args];
  // Their order makes no difference.
  const sorted = entries.length < 2 ? args : Table.from(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  return `${destination.kind} ${destination.name}\0${routingKey}\0${sorted.encoded.toString('latin1')}`;
}
