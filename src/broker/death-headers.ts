// What the headers of a dead letter say of where it comes from, and the same message without them.
import { editProperties, peekProperty } from '../amqp/properties.ts';
import { type FieldValue, Table } from '../amqp/table.ts';
import { rewritten } from '../amqp/table-rewrite.ts';
import type { Message } from './message.ts';

/** One death of a message. */
export interface DeathOf {
  readonly reason: string;
  readonly queue: string;
  readonly exchange: string;
  /** One character per byte; empty where the headers do not say. */
  readonly routingKeys: readonly string[];
  readonly count: number;
  /** Ms since the epoch; undefined where the headers do not say. */
  readonly time: number | undefined;
}

const isOfDeaths = /^x-(death|(first|last)-death-(exchange|queue|reason)|delivery-count|acquired-count)$/;

/** The newest death of a message, or its first one; undefined where it never died. Its content must be in memory. */
export function deathOf(message: Message, which: 'newest' | 'first' = 'newest'): DeathOf | undefined {
  const headers = peekProperty(message.header as Buffer, message.headerStart, message.headerEnd, 'headers');
  if (headers === undefined) return undefined;
  const known = headers.get('x-death');
  const deaths =
    known?.type === 'array' ? known.value.flatMap(each => (each.type === 'table' ? [each.value] : [])) : [];
  const prefix = which === 'newest' ? 'x-last-death-' : 'x-first-death-';
  const named = (what: string): string => textOf(headers.get(prefix + what));
  const isFirst = (death: Table): boolean =>
    textOf(death.get('queue')) === named('queue') && textOf(death.get('reason')) === named('reason');
  const death = which === 'newest' ? deaths[0] : (deaths.find(isFirst) ?? deaths[deaths.length - 1]);
  if (death !== undefined) return readDeath(death);
  if (named('queue') === '') return undefined;
  const [reason, queue, exchange] = [named('reason'), named('queue'), named('exchange')];
  return { reason, queue, exchange, routingKeys: [], count: 1, time: undefined };
}

/** The content header as if the message had never died or come back. Its content must be in memory. */
export function withoutDeaths({ header, headerStart, headerEnd }: Message): Buffer {
  const kept = [...(peekProperty(header as Buffer, headerStart, headerEnd, 'headers') ?? [])]
    .filter(([key]) => !isOfDeaths.test(key))
    .map(([key, value]) => [key, rewritten(value)] as const);
  return editProperties(header as Buffer, headerStart, headerEnd, {
    headers: kept.length === 0 ? undefined : Table.from(kept),
  });
}

function readDeath(death: Table): DeathOf {
  const keys = death.get('routing-keys');
  const count = death.get('count');
  const time = death.get('time');
  return {
    reason: textOf(death.get('reason')),
    queue: textOf(death.get('queue')),
    exchange: textOf(death.get('exchange')),
    routingKeys:
      keys?.type === 'array'
        ? keys.value.flatMap(key => (key.type === 'longstr' ? [Buffer.from(key.value).toString('latin1')] : []))
        : [],
    count: typeof count?.value === 'bigint' || typeof count?.value === 'number' ? Number(count.value) : 1,
    time: time?.type === 'timestamp' ? Number(time.value) * 1000 : undefined,
  };
}

function textOf(field: FieldValue | undefined): string {
  return field?.type === 'longstr' ? Buffer.from(field.value).toString() : '';
}
