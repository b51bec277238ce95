// Dead letters for scenarios: where they end up, and what RabbitMQ writes on them.
import assert from 'node:assert/strict';
import type { Stage } from './scenario.ts';
import type { Channel } from './wire.ts';
import type { Entry, Fields, Table, Tagged } from './wire-codec.ts';

/** One death: why and where from; `count` 1, the default exchange and the queue's name as key unless told otherwise. */
export type Death = {
  readonly reason: 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';
  readonly queue: string;
  readonly exchange?: string;
  readonly keys?: readonly string[];
  readonly count?: number;
  /** The expiration that the message had. */
  readonly expiration?: string;
};

/** What is expected of a dead letter. */
export type DeadLetter = {
  readonly body: string;
  /** Newest first. */
  readonly deaths: readonly Death[];
  readonly exchange?: string;
  readonly routingKey?: string;
  /** Headers that the message had before. */
  readonly headers?: readonly Entry[];
  readonly properties?: Fields;
  /** False where the publisher sent an x-death of its own: no x-first-death-* then. */
  readonly first?: boolean;
  /** The exchange before the last death, where that death was told before with another one. */
  readonly lastExchange?: string;
};

/** A queue for dead letters, and the channel that consumes it under the tag `dead`. */
export class Grave {
  readonly queue: string;
  private readonly t: Stage;
  private readonly channel: Channel;
  private count = 0;

  private constructor(t: Stage, queue: string, channel: Channel) {
    this.t = t;
    this.queue = queue;
    this.channel = channel;
  }

  static async dig(t: Stage): Promise<Grave> {
    const channel = await t.channel();
    const queue = await t.queue(channel, {}, t.name('dead'));
    await channel.consume(queue, 'dead', { noAck: true });
    return new Grave(t, queue, channel);
  }

  /** The arguments of a queue whose dead letters come here through the default exchange, and more arguments. */
  arguments(more: Fields = {}): { arguments: Fields } {
    return { arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': this.queue, ...more } };
  }

  /** The next arrival must be this dead letter, told of exactly so. */
  async receives(expected: DeadLetter): Promise<void> {
    const { exchange = '', routingKey = this.queue, body } = expected;
    const fields = { consumerTag: 'dead', deliveryTag: ++this.count, redelivered: false, exchange, routingKey };
    const arrival = await this.channel.expect('basic.deliver', fields);
    assert.equal(arrival.body!.toString(), body, 'body of the dead letter');
    const { headers, ...properties } = arrival.properties!;
    assert.deepStrictEqual(withoutTime(headers as Table), deathHeaders(this.t, expected), `headers of ${body}`);
    assert.deepStrictEqual(properties, expected.properties ?? {}, `properties of ${body}`);
  }

  /** A message sent here directly must be the next arrival: what would have died before did not. */
  async receivesMarker(): Promise<void> {
    await this.t.publishes('', this.queue, 'marker');
    const fields = { deliveryTag: ++this.count, redelivered: false, exchange: '', routingKey: this.queue };
    await this.channel.content('basic.deliver', { fields: { consumerTag: 'dead', ...fields }, body: 'marker' });
  }

  /** Lets at least so many milliseconds pass: a message that expires after them, in a queue of its own, has come. */
  async passes(ms: number): Promise<void> {
    const queue = await this.t.queue(await this.t.observer(), this.arguments());
    await this.t.publishes('', queue, 'clock', { expiration: String(ms) });
    await this.receives({ body: 'clock', deaths: [{ reason: 'expired', queue, expiration: String(ms) }] });
  }
}

const byName = ([a]: Entry, [b]: Entry): number => (a < b ? -1 : a > b ? 1 : 0);

/** The headers of a dead letter. RabbitMQ sorts them, and each entry of x-death but a message's first. */
function deathHeaders(t: Stage, { deaths, headers = [], first = true, lastExchange }: DeadLetter): Table {
  const list = deaths.map((death, index): Tagged => {
    const { reason, queue, exchange = '', keys = [queue], count = 1, expiration } = death;
    const entry: Entry[] = [
      ['count', 'l', BigInt(count)],
      ['reason', 'S', reason],
      ['queue', 'S', queue],
      ['time', 'T', 'now'],
      ['exchange', 'S', exchange],
      ['routing-keys', 'A', keys.map((key): Tagged => ['S', key])],
    ];
    if (expiration !== undefined) entry.push(['original-expiration', 'S', expiration]);
    const plain = index === deaths.length - 1 && count === 1 && first;
    return ['F', plain ? entry : entry.sort(byName)];
  });
  const told = (which: string, { reason, queue, exchange = '' }: Death): Entry[] => [
    [`x-${which}-death-exchange`, 'S', exchange],
    [`x-${which}-death-queue`, 'S', queue],
    [`x-${which}-death-reason`, 'S', reason],
  ];
  const result: Entry[] = [...headers, ['x-death', 'A', list]];
  if (first) result.push(...told('first', deaths.at(-1)!));
  if (!t.onRabbitmq)
    result.push(...told('last', { ...deaths[0]!, ...(lastExchange === undefined ? {} : { exchange: lastExchange }) }));
  return result.sort(byName);
}

/** The headers with `now` for each time of death that is some seconds old at most. */
function withoutTime(headers: Table): Table {
  return headers.map(([name, tag, value]): Entry => {
    if (name !== 'x-death') return [name, tag, value];
    const deaths = (value as Tagged[]).map(([entryTag, entry]): Tagged => {
      const fields = (entry as Table).map(([key, type, field]): Entry => {
        const recent = key === 'time' && Math.abs(Number(field as bigint) - Date.now() / 1_000) < 30;
        return [key, type, recent ? 'now' : field];
      });
      return [entryTag, fields];
    });
    return [name, tag, deaths];
  });
}
