// The x-consistent-hash exchange: spreads messages by a hash, so that the same value goes to the same destination.

import { Table } from '../../amqp/table.ts';
import { erlangTerm } from '../../amqp/table-term.ts';
import type { Binding, ExchangeType } from '../binding.ts';
import type { Routed } from '../routed.ts';
import { hashText, mixHashes } from './hash.ts';

/** What is hashed where no header is. */
type HashedProperty = 'correlationId' | 'messageId' | 'timestamp';

const properties: Readonly<Record<string, HashedProperty>> = {
  correlation_id: 'correlationId',
  message_id: 'messageId',
  timestamp: 'timestamp',
};

interface Share {
  /** Of the destination's name. */
  readonly hash: number;
  /** The first one's key is the weight; RabbitMQ ignores further bindings of a destination, too. */
  readonly bindings: Binding<unknown>[];
  weight: number;
}

/**
 * Weighted rendezvous hashing: each destination draws a lot from the hash and its own name, and the best lot gets the message. So a
 * destination that comes takes from all others what it gets, and one that goes leaves what it had to all others; nothing else moves.
 * A route costs one lot for each destination.
 */
export class ConsistentHashExchange<D extends { readonly kind: string; readonly name: string }>
  implements ExchangeType<D>
{
  readonly name = 'x-consistent-hash';
  readonly byKey: boolean;
  readonly #header: string | undefined;
  readonly #property: HashedProperty | undefined;
  readonly #shares = new Map<D, Share>();

  constructor(args: Table) {
    this.#header = textArgument(args, 'hash-header');
    this.#property = properties[textArgument(args, 'hash-property') ?? ''];
    this.byKey = this.#header === undefined && this.#property === undefined;
  }

  add(binding: Binding<D>): void {
    const { destination } = binding;
    const share = this.#shares.get(destination);
    if (share !== undefined) share.bindings.push(binding);
    else {
      const hash = hashText(Buffer.from(`${destination.kind} ${destination.name}`).toString('latin1'));
      this.#shares.set(destination, { hash, bindings: [binding], weight: weightOf(binding) });
    }
  }

  remove(binding: Binding<D>): void {
    const share = this.#shares.get(binding.destination);
    const at = share?.bindings.indexOf(binding) ?? -1;
    if (share === undefined || at < 0) return;
    share.bindings.splice(at, 1);
    const [first] = share.bindings;
    if (first === undefined) this.#shares.delete(binding.destination);
    else share.weight = weightOf(first);
  }

  route(message: Routed, found: (destination: D) => void): void {
    if (this.#shares.size === 0) return;
    const hash = hashText(this.#hashed(message));
    let best: D | undefined;
    let bestLot = Number.POSITIVE_INFINITY;
    for (const [destination, share] of this.#shares) {
      // A number between 0 and 1, as the time until the first of `weight` events a second comes.
      const lot = -Math.log((mixHashes(hash, share.hash) + 0.5) / 4294967296) / share.weight;
      if (lot >= bestLot) continue;
      best = destination;
      bestLot = lot;
    }
    found(best as D);
  }

  validate(routingKey: string): string | undefined {
    // What Erlang reads as an integer.
    if (!/^[+-]?\d+$/.test(routingKey))
      return `The binding key must be an integer: ${erlangTerm({ type: 'longstr', value: Buffer.from(routingKey, 'latin1') })}`;
    return BigInt(routingKey) < 1n ? 'The binding key must be greater than 0' : undefined;
  }

  /** One character per byte. Messages without a value go all to one destination. */
  #hashed(message: Routed): string {
    if (this.#property !== undefined)
      return Buffer.from(String(message.property(this.#property) ?? '')).toString('latin1');
    if (this.#header === undefined) return message.keys[0] as string;
    const value = message.headers?.get(this.#header);
    return value === undefined ? '' : Table.from([['', value]]).encoded.toString('latin1');
  }
}

/** The text of the 406 for a declaration that asks for a hash of what cannot be hashed. */
export function checkHashArguments(args: Table): string | undefined {
  for (const name of ['hash-header', 'hash-property']) {
    const value = args.get(name);
    if (value !== undefined && value.type !== 'longstr') return `invalid type '${value.type}' for arg '${name}'`;
  }
  const property = textArgument(args, 'hash-property');
  if (property === undefined) return undefined;
  if (args.has('hash-header')) return 'hash-header and hash-property are mutually exclusive';
  return Object.hasOwn(properties, property) ? undefined : `Unsupported property: ${property}`;
}

function weightOf({ routingKey }: Binding<unknown>): number {
  return Math.min(Number(routingKey), Number.MAX_SAFE_INTEGER);
}

function textArgument(args: Table, name: string): string | undefined {
  const value = args.get(name);
  return value?.type === 'longstr' ? Buffer.from(value.value).toString() : undefined;
}
