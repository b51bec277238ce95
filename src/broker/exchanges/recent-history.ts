// The x-recent-history exchange: as fanout, and a new binding is given the last messages at once.

import type { Table } from '../../amqp/table.ts';
import { erlangTerm } from '../../amqp/table-term.ts';
import type { Binding, ExchangeType } from '../binding.ts';
import type { Memory } from '../memory.ts';
import type { Message } from '../message.ts';
import type { Routed } from '../routed.ts';

const lengthDefault = 20;
/** What the messages of one exchange may take, bytes; the oldest go first. */
const historyBytesMax = 16 * 1024 * 1024;

/** The history is kept in memory, as copies; it does not outlive the process, as in RabbitMQ. */
export class RecentHistoryExchange<D> implements ExchangeType<D> {
  readonly name = 'x-recent-history';
  readonly byKey = false;
  readonly #memory: Memory;
  readonly #length: number;
  readonly #bindings = new Set<Binding<D>>();
  readonly #messages: Message[] = [];
  #bytes = 0;

  constructor(args: Table, memory: Memory) {
    const length = args.get('x-recent-history-length');
    this.#length = length === undefined ? lengthDefault : Number(length.value);
    this.#memory = memory;
  }

  add(binding: Binding<D>): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding<D>): void {
    this.#bindings.delete(binding);
  }

  route(message: Routed, found: (destination: D) => void): void {
    const noStore = message.headers?.get('x-recent-history-no-store');
    if (noStore?.type !== 'bool' || !noStore.value) this.#keep(message.message);
    for (const binding of this.#bindings) found(binding.destination);
  }

  history(): Iterable<Message> {
    return this.#messages;
  }

  forget(): void {
    while (this.#messages.length > 0) this.#dropOldest();
  }

  #keep(message: Message): void {
    const copy = message.twin();
    copy.detach(this.#memory);
    copy.retain();
    this.#messages.push(copy);
    this.#bytes += bytesOf(copy);
    while (this.#messages.length > this.#length || this.#bytes > historyBytesMax) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#messages.shift() as Message;
    this.#bytes -= bytesOf(oldest);
    oldest.release();
  }
}

/** The text of the 406 for a declaration with a length that is none. */
export function checkHistoryArguments(args: Table): string | undefined {
  const length = args.get('x-recent-history-length');
  if (length === undefined) return undefined;
  if (['byte', 'short', 'signedint', 'long'].includes(length.type) && Number(length.value) > 0) return undefined;
  return `Invalid argument ${erlangTerm(length)}, 'x-recent-history-length' must be a positive integer`;
}

function bytesOf({ bodyBytes, headerStart, headerEnd, address }: Message): number {
  return bodyBytes + headerEnd - headerStart + address.length;
}
