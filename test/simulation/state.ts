// What must survive, as a model: facts by what they are about, and the messages of each durable queue by sequence.
import { Table } from '../../src/amqp/table.ts';
import type { Fact } from '../../src/broker/facts.ts';
import { Seen } from './seen.ts';

/** One step of what a journal was given, in its order. */
export type Step =
  | { readonly kind: 'published'; readonly message: number; readonly entries: readonly Place[] }
  | { readonly kind: 'settled'; readonly places: readonly Place[] }
  | { readonly kind: 'fact'; readonly fact: Fact };

/** A message's place in a queue. */
export interface Place {
  readonly queue: number;
  readonly sequence: number;
}

/** A state that can be compared by a number: every element adds to the sum, and takes it away again when it goes. */
export class State {
  readonly facts: Map<string, string> = new Map();
  /** By queue id: message numbers by sequence. */
  readonly queues: Map<number, Map<number, number>> = new Map();
  /** A delayed exchange keeps its messages in a queue of its own, here under the exchange's name. */
  readonly queueNames: Map<number, string> = new Map();
  /** By queue id or name of an exchange. No part of the sum: it says what must be known and what may be. */
  readonly seen: Map<number | string, Seen> = new Map();
  sum = 0;

  clone(): State {
    const other = new State();
    for (const [key, value] of this.facts) other.facts.set(key, value);
    for (const [id, messages] of this.queues) other.queues.set(id, new Map(messages));
    for (const [id, name] of this.queueNames) other.queueNames.set(id, name);
    for (const [owner, seen] of this.seen) other.seen.set(owner, seen.clone());
    other.sum = this.sum;
    return other;
  }

  apply(step: Step): void {
    if (step.kind === 'fact') this.#fact(step.fact);
    else if (step.kind === 'published') for (const place of step.entries) this.#add(place, step.message);
    else for (const { queue, sequence } of step.places) this.#remove(queue, sequence);
  }

  /** The id of what a delayed exchange keeps its messages in. */
  lineId(exchange: string): number | undefined {
    const declared = this.facts.get(`exchange ${exchange}`);
    return declared === undefined ? undefined : (JSON.parse(declared) as { id?: number }).id;
  }

  /** The id of the durable queue with that name. */
  queueId(name: string): number | undefined {
    for (const [id, known] of this.queueNames) if (known === name) return id;
    return undefined;
  }

  get messageCount(): number {
    let count = 0;
    for (const messages of this.queues.values()) count += messages.size;
    return count;
  }

  #add({ queue, sequence }: Place, message: number): void {
    const messages = this.queues.get(queue);
    if (messages === undefined)
      throw new Error(`message ${message} was journaled for queue ${queue}, which is not there`);
    messages.set(sequence, message);
    this.sum = (this.sum + placeSum(queue, sequence)) | 0;
  }

  #remove(queue: number, sequence: number): void {
    this.seen.get(queue)?.gone(sequence);
    if (this.queues.get(queue)?.delete(sequence)) this.sum = (this.sum - placeSum(queue, sequence)) | 0;
  }

  #fact(fact: Fact): void {
    switch (fact.type) {
      case 'queue.declared':
        this.#addQueue(fact.id, fact.name);
        this.seen.set(fact.id, newSeen(fact.arguments, 100_000));
        break;
      case 'exchange.declared':
        if (fact.id !== undefined) this.#addQueue(fact.id, fact.name);
        this.seen.set(fact.name, newSeen(fact.arguments, 128));
        break;
      case 'exchange.seen':
        for (const [value, expiresAt] of fact.values)
          this.seen
            .get(fact.exchange)
            ?.record(value, { expiresAt: expiresAt ?? Number.POSITIVE_INFINITY, sequence: 0 });
        return;
      case 'queue.seen':
        for (const [sequence, value, expiresAt] of fact.values)
          this.seen.get(fact.id)?.record(value, { expiresAt: expiresAt ?? Number.POSITIVE_INFINITY, sequence });
        return;
      case 'queue.deleted':
        this.#removeQueue(fact.id);
        this.#unset(`queue ${fact.name}`);
        this.#unset(`consumed ${fact.id}`);
        this.#unbind(binding => binding.kind === 'queue' && binding.destination === fact.name);
        return;
      case 'exchange.deleted':
        this.#removeQueue(this.lineId(fact.name) ?? 0);
        this.seen.delete(fact.name);
        this.#unset(`exchange ${fact.name}`);
        this.#unbind(binding => binding.source === fact.name);
        return;
      case 'unbound':
        this.#unset(keyOf({ ...fact, type: 'bound' }));
        return;
      case 'policy.delete':
        this.#unset(keyOf(fact));
        return;
      default:
    }
    this.#set(keyOf(fact), JSON.stringify(fact));
  }

  #addQueue(id: number, name: string): void {
    this.queues.set(id, new Map());
    this.queueNames.set(id, name);
  }

  #removeQueue(id: number): void {
    for (const sequence of [...(this.queues.get(id)?.keys() ?? [])]) this.#remove(id, sequence);
    this.queues.delete(id);
    this.queueNames.delete(id);
    this.seen.delete(id);
  }

  #unbind(isGone: (binding: Extract<Fact, { type: 'bound' | 'unbound' }>) => boolean): void {
    for (const [key, value] of this.facts)
      if (key.startsWith('binding ') && isGone(JSON.parse(value))) this.#unset(key);
  }

  #set(key: string, value: string): void {
    this.#unset(key);
    this.facts.set(key, value);
    this.sum = (this.sum + textSum(value)) | 0;
  }

  #unset(key: string): void {
    const value = this.facts.get(key);
    if (value === undefined) return;
    this.facts.delete(key);
    this.sum = (this.sum - textSum(value)) | 0;
  }
}

/** What a fact is about. */
export function keyOf(fact: Fact): string {
  switch (fact.type) {
    case 'queue.declared':
    case 'queue.deleted':
      return `queue ${fact.name}`;
    case 'queue.seen':
      return `seen ${fact.id}`;
    case 'exchange.seen':
      return `seen ${fact.exchange}`;
    case 'queue.consumed':
      return `consumed ${fact.id}`;
    case 'vhost.tracing':
      return `tracing ${fact.vhost}`;
    case 'exchange.declared':
    case 'exchange.deleted':
      return `exchange ${fact.name}`;
    case 'bound':
    case 'unbound':
      return `binding ${fact.source}>${fact.destination} ${fact.routingKey}`;
    case 'permission.put':
    case 'permission.delete':
      return `permission ${fact.user} ${fact.vhost}`;
    case 'topic-permission.put':
    case 'topic-permission.delete':
      return `topic permission ${fact.user} ${fact.vhost} ${fact.exchange}`;
    default:
      return `${fact.type.split('.')[0]} ${fact.name}`;
  }
}

function newSeen(args: string, sizeDefault: number): Seen {
  const table = Table.read(Buffer.from(args, 'base64'));
  const number = (key: string): number | undefined => table.get(key)?.value as number | undefined;
  return new Seen(number('x-cache-size') ?? sizeDefault, number('x-cache-ttl') ?? Number.POSITIVE_INFINITY);
}

function placeSum(queue: number, sequence: number): number {
  return scramble(Math.imul(queue, 0x9e3779b1) ^ scramble(sequence));
}

function textSum(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return scramble(sum);
}

function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
