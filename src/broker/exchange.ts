// An exchange: its properties, what is bound to it, and where a message goes from it.
import type { Table } from '../amqp/table.ts';
import type { Binding, ExchangeType } from './binding.ts';
import { alternateOf } from './effective.ts';
import { DirectExchange } from './exchanges/direct.ts';
import { FanoutExchange } from './exchanges/fanout.ts';
import { HeadersExchange } from './exchanges/headers.ts';
import { TopicExchange } from './exchanges/topic.ts';
import type { Policy } from './policy.ts';
import type { Queue } from './queue.ts';
import { ExchangeStats } from './stats.ts';

export type Destination = Queue | Exchange;

/** A binding with both of its ends. */
export interface Bound extends Binding<Destination> {
  readonly source: Exchange;
  readonly durable: boolean;
}

const types: Readonly<Record<string, () => ExchangeType<Destination>>> = {
  direct: () => new DirectExchange(),
  fanout: () => new FanoutExchange(),
  topic: () => new TopicExchange(),
  headers: () => new HeadersExchange(),
};

/** A type's way of finding, with nothing bound. `name` must be one of `exchangeTypes`. */
export function newExchangeType(name: string): ExchangeType<Destination> {
  return (types[name] as () => ExchangeType<Destination>)();
}

/** The exchange types there are. */
export const exchangeTypes: readonly string[] = Object.keys(types);

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

  /** `options.type` must be one of `exchangeTypes`. */
  constructor(options: ExchangeOptions) {
    this.vhost = options.vhost;
    this.name = options.name;
    this.type = options.type;
    this.durable = options.durable;
    this.autoDelete = options.autoDelete;
    this.internal = options.internal;
    this.arguments = options.arguments;
    this.routing = newExchangeType(options.type);
    this.alternate = alternateOf(this);
  }

  /** Other policies hold for it from now on. */
  govern(policy: Policy | undefined, operatorPolicy: Policy | undefined): void {
    this.policy = policy;
    this.operatorPolicy = operatorPolicy;
    this.alternate = alternateOf(this);
  }
}

/** What makes two bindings of one exchange the same: destination, routing key and arguments. */
export function bindingIdentity(destination: Destination, routingKey: string, args: Table): string {
  return `${destination.kind} ${destination.name}\0${routingKey}\0${args.encoded.toString('latin1')}`;
}
