// Where publishes go: every basic.publish is remembered as it was received, with the exchange and the queues that it means.

import { SyntaxFault } from '../amqp/faults.ts';
import { accessRefused, notImplemented } from '../broker/errors.ts';
import type { Exchange } from '../broker/exchange.ts';
import type { Message } from '../broker/message.ts';
import type { Queue } from '../broker/queue.ts';
import { isReplyKey } from '../broker/reply-to.ts';
import { route } from '../broker/route.ts';
import { ExchangeStats } from '../broker/stats.ts';
import type { Vhost } from '../broker/vhost.ts';
import type { Channel } from './channel.ts';

/** Of a target whose exchange was not looked up yet. */
const none = new ExchangeStats();

/** A basic.publish as it was received, and where its messages go. */
export class Target {
  /** The method's bytes, ids included. */
  readonly bytes: Buffer;
  /** Exchange and routing key as encoded short strings. */
  readonly address: Buffer;
  readonly exchangeName: string;
  /** The routing key, then those of the headers CC and BCC where the message has them; one character per byte. */
  readonly keys: readonly string[];
  readonly mandatory: boolean;
  readonly immediate: boolean;
  /** Whether one of the keys is meant for a channel that waits for a direct reply. */
  readonly replies: boolean;
  exchange: Exchange | undefined = undefined;
  /** Publishes of the channel to that exchange, by other targets as well. */
  stats: ExchangeStats = none;
  queues: readonly Queue[] = [];
  /** Versions of the topology that `exchange` and `queues` hold for, and of the permissions; -1 is never. */
  checked = -1;
  routed = -1;
  permissions = -1;

  constructor(bytes: Buffer, address: Buffer, exchangeName: string, keys: readonly string[], bits: number) {
    this.bytes = bytes;
    this.address = address;
    this.exchangeName = exchangeName;
    this.keys = keys;
    this.replies = exchangeName === '' && keys.some(isReplyKey);
    this.mandatory = (bits & 1) !== 0;
    this.immediate = (bits & 2) !== 0;
  }

  /** The same, checked, for one message that has more keys. */
  withKeys(more: readonly string[]): Target {
    const bits = (this.mandatory ? 1 : 0) | (this.immediate ? 2 : 0);
    const target = new Target(this.bytes, this.address, this.exchangeName, [...this.keys, ...more], bits);
    target.exchange = this.exchange;
    target.stats = this.stats;
    target.checked = this.checked;
    target.permissions = this.permissions;
    return target;
  }
}

const targetsMax = 4096;

/** What a channel has published, by exchange. */
export class Published {
  readonly #stats = new Map<Exchange, ExchangeStats>();
  /** With so many exchanges, those that are gone are forgotten. */
  #forgetAt = 16;

  to(exchange: Exchange, vhost: Vhost): ExchangeStats {
    const known = this.#stats.get(exchange);
    if (known !== undefined) return known;
    if (this.#stats.size >= this.#forgetAt) {
      for (const old of this.#stats.keys()) if (vhost.exchanges.get(old.name) !== old) this.#stats.delete(old);
      this.#forgetAt = Math.max(16, this.#stats.size * 2);
    }
    const stats = new ExchangeStats();
    this.#stats.set(exchange, stats);
    return stats;
  }

  [Symbol.iterator](): Iterator<[Exchange, ExchangeStats]> {
    return this.#stats[Symbol.iterator]();
  }
}

/** The targets of a channel, by a hash of their bytes: a slot has the last one that fell into it. */
export class Targets {
  #slots: (Target | undefined)[] = new Array<Target | undefined>(64).fill(undefined);

  /** The target with these bytes; read and remembered where it is new. Throws SyntaxFault. */
  find(chunk: Buffer, start: number, end: number): Target {
    const hash = hashBytes(chunk, start, end);
    let slot = hash & (this.#slots.length - 1);
    let found = this.#slots[slot];
    if (found !== undefined && !sameBytes(found.bytes, chunk, start, end) && this.#slots.length < targetsMax) {
      this.#slots = grow(this.#slots);
      slot = hash & (this.#slots.length - 1);
      found = this.#slots[slot];
    }
    if (found === undefined || !sameBytes(found.bytes, chunk, start, end)) {
      found = readTarget(chunk, start, end);
      this.#slots[slot] = found;
    }
    return found;
  }
}

/** Asks again what depends on the topology and on permissions only. Throws AmqpError. */
export function checkTarget(channel: Channel, target: Target): void {
  const { vhost } = channel;
  if (target.immediate) throw notImplemented('immediate=true');
  channel.mayOr403('write', 'exchange', target.exchangeName);
  const exchange = vhost.exchange(target.exchangeName);
  if (exchange.internal)
    throw accessRefused(`cannot publish to internal ${vhost.exchangeResource(target.exchangeName)}`);
  channel.mayTopicOr403('write', exchange, target.keys[0] as string);
  if (target.exchange !== exchange) {
    target.exchange = exchange;
    target.stats = channel.publishing.published.to(exchange, vhost);
  }
  target.checked = vhost.version;
  target.permissions = channel.connection.context.authority.version;
}

/** Finds the queues that the message goes to; the target remembers them where they hold for its other messages as well. */
export function routeTarget(channel: Channel, target: Target, message: Message): void {
  const { vhost } = channel;
  const found = route(vhost, target.exchange as Exchange, message, target.keys);
  target.queues = found.queues;
  // While the vhost is traced every message comes by here. So nothing has to be asked on the usual way.
  if (vhost.tracer !== undefined) vhost.tracer.published(message, target.keys, found.queues, channel.actor);
  else if (found.reusable) target.routed = vhost.version;
}

export function sameBytes(known: Buffer, chunk: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (known.length !== length) return false;
  // From the end: what differs between two targets of one publisher is most often the end of the key.
  for (let i = length - 1; i >= 0; i--) if (known[i] !== chunk[start + i]) return false;
  return true;
}

function readTarget(chunk: Buffer, start: number, end: number): Target {
  const bytes = Buffer.from(chunk.subarray(start, end));
  const exchangeLength = bytes[6] ?? 0;
  const keyLength = bytes[7 + exchangeLength] ?? 0;
  const bits = 8 + exchangeLength + keyLength;
  if (bytes.length !== bits + 1) throw new SyntaxFault('basic.publish', bytes.subarray(4), 60, 40);
  const exchangeName = bytes.toString('utf8', 7, 7 + exchangeLength).replaceAll(/[\r\n]/g, '');
  const routingKey = bytes.toString('latin1', 8 + exchangeLength, bits);
  return new Target(bytes, bytes.subarray(6, bits), exchangeName, [routingKey], bytes[bits]!);
}

function hashBytes(chunk: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start + 6; i < end; i++) hash = Math.imul(hash ^ chunk[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function grow(slots: readonly (Target | undefined)[]): (Target | undefined)[] {
  const larger = new Array<Target | undefined>(slots.length * 4).fill(undefined);
  for (const target of slots)
    if (target !== undefined) larger[hashBytes(target.bytes, 0, target.bytes.length) & (larger.length - 1)] = target;
  return larger;
}
