// Where a delayed exchange keeps its messages until they are due: a queue that nobody consumes, with an id and a place in the stores as
// any other has.
import { editProperties, peekProperty } from '../amqp/properties.ts';
import { type FieldValue, Table } from '../amqp/table.ts';
import { DelayedList } from './delayed-list.ts';
import { Entry } from './entry.ts';
import type { Exchange } from './exchange.ts';
import { Marks } from './marks.ts';
import type { Message } from './message.ts';
import { Queue } from './queue.ts';
import type { Services } from './services.ts';

/** The longest delay, ms: ten years, as for the expiration of a message. */
export const delayMsMax = 315_360_000_000;
const header = 'x-delay';

export class DelayLine extends Queue {
  readonly exchange: Exchange;

  constructor(id: number, exchange: Exchange, services: Services) {
    super(
      {
        id,
        vhost: exchange.vhost,
        name: exchange.name,
        durable: exchange.durable,
        autoDelete: false,
        owner: undefined,
        arguments: Table.empty,
      },
      services,
    );
    this.exchange = exchange;
    this.ready = new DelayedList(this, services);
  }

  override newEntry(message: Message): Entry {
    const entry = new Entry(this, message, this.nextSequence++, false);
    entry.marks = new Marks(this.services.clock.now + delayOf(message), 0, 0, 0);
    return entry;
  }

  /** What is due goes on to where the exchange leads. */
  override leave(entry: Entry): void {
    this.services.deadLetters.add(entry, 'due');
  }
}

/** For how long the message is to be kept back, ms; 0 where its headers do not say so, or say a time that has passed. */
export function delayOf({ header: bytes, headerStart, headerEnd }: Message): number {
  const value = peekProperty(bytes as Buffer, headerStart, headerEnd, 'headers')?.get(header);
  const ms = integerOf(value);
  return ms === undefined || ms <= 0 ? 0 : Math.min(ms, delayMsMax);
}

/** The content header of a message that was kept back: its delay is negative from now on, so that no other exchange delays it again. */
export function withoutDelay(message: Message): Buffer {
  return withHeader(message, negative);
}

/** The content header of a message that is to be kept back for so many ms. */
export function withDelay(message: Message, delayMs: number): Buffer {
  return withHeader(message, () => ({ type: 'long', value: BigInt(delayMs), tag: 'l' }));
}

function withHeader(message: Message, changed: (value: FieldValue) => FieldValue): Buffer {
  const { header: bytes, headerStart, headerEnd } = message;
  const headers = [...(peekProperty(bytes as Buffer, headerStart, headerEnd, 'headers') ?? Table.empty)];
  const all = headers.map(([key, value]) => [key, key === header ? changed(value) : value] as const);
  return editProperties(bytes as Buffer, headerStart, headerEnd, { headers: Table.from(all) });
}

function negative(value: FieldValue): FieldValue {
  const ms = integerOf(value) ?? 0;
  return { type: 'long', value: BigInt(-ms), tag: 'l' };
}

function integerOf(value: FieldValue | undefined): number | undefined {
  switch (value?.type) {
    case 'byte':
    case 'unsignedbyte':
    case 'short':
    case 'unsignedshort':
    case 'signedint':
    case 'unsignedint':
    case 'long':
      return Number(value.value);
    default:
      return undefined;
  }
}
