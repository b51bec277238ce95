// Plays a sequence of operations on one broker and writes down what its clients see, in a form that can be compared.
import type { Broker } from './brokers.ts';
import { type Ability, channelCount, type Operation } from './operations.ts';
import { type Arrival, type Channel, Wire } from './wire.ts';
import { type Entry, type Fields, type Table, toTable } from './wire-codec.ts';

/** What a client knows of its channel. */
type Seat = {
  channel: Channel;
  /** Delivery tags that are not settled, ascending. */
  held: number[];
  /** Who each delivery came to: a consumer tag, or `get`. */
  takers: Map<number, string>;
  /** Tags settled in a transaction that is not committed yet. */
  uncommitted: number[];
  /**
   * Tags of deliveries from a queue that was deleted before there was a new one of its name. They are not settled: an
   * intended difference, since RabbitMQ then settles deliveries of the new queue.
   */
  stale: ReadonlySet<number>;
  /** Consumer tag -> no-ack. */
  consumers: Map<string, boolean>;
  tx: boolean;
  /**
   * A global prefetch is in force. RabbitMQ then gives a requeue and the freed credit to the queue in either order, so
   * that now the same message and now the next one is delivered: nothing is requeued meanwhile.
   */
  capped: boolean;
  /** In confirm mode: how many publishes there were, and the tags confirmed; otherwise undefined. */
  confirms: { asked: number; tags: Set<number>; refused: Set<number> } | undefined;
};

/** One operation and what came of it. */
export type Step = { operation: Operation; seen: string[]; state: string };

/** How long a broker may take to come to rest: a disk that others use, too, may be slow. */
const restMs = 20_000;

const queueOf = (ch: number): number => Math.floor(ch / 2);
const connectionOf = (ch: number): number => ch % 2;

/** A client of four channels on two connections, and a second one that looks. */
export class Player {
  private readonly broker: Broker;
  private readonly prefix: string;
  private wires: Wire[] = [];
  private observer!: Wire;
  private looking!: Channel;
  /** Queues that are not there. */
  private readonly gone = new Set<number>();
  private seats: Seat[] = [];
  private published = 0;
  private seen: string[] = [];
  /** Some queue may send dead letters. */
  private dying = false;
  /** Some queue does not keep all that it is given. */
  private tight = false;
  /** Some queue has priorities. */
  private levels = false;
  /** Some queue has a single active consumer. */
  private single = false;

  constructor(broker: Broker, prefix: string) {
    this.broker = broker;
    this.prefix = prefix;
  }

  /** Plays all, cleans up, and returns the steps. */
  async play(operations: readonly Operation[]): Promise<Step[]> {
    const steps: Step[] = [];
    this.observer = await Wire.login(this.broker.port);
    this.looking = await this.observer.channel(1);
    for (const connection of [0, 1]) this.wires[connection] = await Wire.login(this.broker.port);
    try {
      for (let ch = 0; ch < channelCount; ch++) await this.sit(ch);
      for (const operation of operations) {
        this.seen = [];
        await this.perform(operation);
        const state = await this.settle();
        steps.push({ operation, seen: inOrder(this.seen).map(line => this.plain(line)), state: this.plain(state) });
      }
      return steps;
    } catch (error) {
      const trace = steps.map(step => JSON.stringify(step)).join('\n');
      throw new Error(`${this.broker.product} failed after\n${trace}\n${String(error)}`, { cause: error });
    } finally {
      for (const wire of this.wires) wire.destroy();
      await this.clear();
      this.observer.destroy();
    }
  }

  private plain(text: string): string {
    return text.replaceAll(this.prefix, '');
  }

  private queue(number: number): string {
    return `${this.prefix}q${number}`;
  }

  private exchange(number: number): string {
    return number < 0 ? '' : `${this.prefix}x${number}`;
  }

  private argumentsOf(ability: Ability, queue: number): Fields {
    this.dying ||= ability.includes('dead');
    this.tight ||= /lives not|drops|refuses|levels and/.test(ability);
    this.levels ||= ability.includes('levels');
    this.single ||= ability.includes('single active');
    const dead =
      queue === 0
        ? { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': this.queue(1) }
        : { 'x-dead-letter-exchange': this.exchange(2) };
    switch (ability) {
      case 'plain':
        return {};
      case 'drops':
        return { 'x-max-length': 2 };
      case 'drops bytes':
        return { 'x-max-length-bytes': 3 };
      case 'refuses':
        return { 'x-max-length': 2, 'x-overflow': 'reject-publish' };
      case 'refuses to the dead':
        return { 'x-max-length': 2, 'x-overflow': 'reject-publish-dlx', ...dead };
      case 'dead':
        return dead;
      case 'dead by exchange':
        return { 'x-dead-letter-exchange': this.exchange(1) };
      case 'dead and drops':
        return { 'x-max-length': 2, ...dead };
      case 'lives long':
        return { 'x-message-ttl': 3_600_000 };
      case 'lives not':
        return { 'x-message-ttl': 0 };
      case 'lives not and dead':
        return { 'x-message-ttl': 0, ...dead };
      case 'levels':
        return { 'x-max-priority': 5 };
      case 'levels and drops':
        return { 'x-max-priority': 5, 'x-max-length': 3 };
      case 'levels and refuses':
        return { 'x-max-priority': 5, 'x-max-length': 3, 'x-overflow': 'reject-publish' };
      case 'levels and dead':
        return { 'x-max-priority': 5, 'x-max-length': 3, ...dead };
      case 'single active':
        return { 'x-single-active-consumer': true };
      case 'single active and dead':
        return { 'x-single-active-consumer': true, ...dead };
      case 'unused for long':
        return { 'x-expires': 3_600_000 };
    }
  }

  /** A routing key; `q0` and `q1` stand for the names of the queues. */
  private key(key: string): string {
    return /^q\d$/.test(key) ? this.prefix + key : key;
  }

  private async sit(ch: number): Promise<void> {
    const channel = await this.wires[connectionOf(ch)]!.channel(ch + 1);
    this.seats[ch] = {
      channel,
      held: [],
      takers: new Map(),
      uncommitted: [],
      stale: new Set(),
      consumers: new Map(),
      tx: false,
      capped: false,
      confirms: undefined,
    };
  }

  /** Takes what arrives on a channel until `until` comes; true unless the channel was closed by the server. */
  private async take(ch: number, ...until: string[]): Promise<boolean> {
    for (;;) {
      const arrival = await this.seats[ch]!.channel.next();
      if (arrival.name !== 'channel.flow-ok') await this.note(ch, arrival);
      if (until.includes(arrival.name)) return true;
      if (arrival.name === 'channel.close') return false;
    }
  }

  private async note(ch: number, arrival: Arrival): Promise<void> {
    const seat = this.seats[ch]!;
    const { name, fields, body } = arrival;
    if (name === 'basic.ack' || name === 'basic.nack') return noteConfirm(seat, name, fields);
    const properties = body ? ` ${shown(arrival.properties)} ${body.toString()}` : '';
    this.seen.push(`${ch} ${name} ${JSON.stringify(fields)}${properties}`);
    if (name === 'basic.get-ok' || name === 'basic.deliver') {
      const taker = name === 'basic.get-ok' ? 'get' : String(fields['consumerTag']);
      const tag = fields['deliveryTag'] as number;
      seat.takers.set(tag, taker);
      if (!seat.consumers.get(taker)) seat.held.push(tag);
    }
    if (name === 'basic.cancel') seat.consumers.delete(fields['consumerTag'] as string);
    if (name === 'channel.close') {
      seat.channel.send('channel.close-ok');
      await this.sit(ch);
    }
    return undefined;
  }

  /** Waits until nothing moves: round trips on every channel and a look at every queue, until two rounds are alike. */
  private async settle(): Promise<string> {
    let last = '';
    const until = Date.now() + restMs;
    for (let alike = 0; alike < 2; ) {
      if (Date.now() > until)
        throw new Error(`the broker does not come to rest: ${last}, seen ${this.seen.join('; ')}`);
      for (let ch = 0; ch < channelCount; ch++) {
        this.seats[ch]!.channel.send('channel.flow', { active: true });
        await this.take(ch, 'channel.flow-ok');
      }
      const confirms = this.seats
        .map(({ confirms }) => (confirms ? `${confirms.tags.size}:${[...confirms.refused].join('+')}` : '-'))
        .join();
      const missing = this.seats.some(({ confirms }) => confirms && confirms.tags.size < confirms.asked);
      const now = `${await this.look()} confirmed ${confirms}${missing ? ' of more' : ''} arrivals ${this.seen.length}`;
      alike = now === last && !missing ? alike + 1 : 0;
      last = now;
    }
    return last;
  }

  /** Ready messages and consumers of each queue, as the second client sees them. */
  private async look(): Promise<string> {
    const found: string[] = [];
    for (const number of [0, 1]) {
      this.looking.send('queue.declare', { queue: this.queue(number), passive: true });
      const { name, fields } = await this.looking.next();
      if (name === 'queue.declare-ok') {
        found.push(`${fields['messageCount']}/${fields['consumerCount']}`);
        if (this.gone.delete(number)) this.renewed(number);
      } else {
        this.gone.add(number);
        this.looking.send('channel.close-ok');
        this.looking = await this.observer.channel(1);
        found.push('none');
      }
    }
    return `queues ${found.join()}`;
  }

  /** There is a new queue in place of a deleted one. */
  private renewed(queue: number): void {
    for (const [ch, seat] of this.seats.entries()) {
      if (queueOf(ch) === queue) seat.stale = new Set([...seat.held, ...seat.uncommitted]);
    }
  }

  private async clear(): Promise<void> {
    for (const number of [0, 1]) {
      this.looking.send('queue.delete', { queue: this.queue(number) });
      await this.looking.next();
    }
    for (const number of [0, 1, 2, 3]) {
      await this.looking.call('exchange.delete', { exchange: this.exchange(number) });
    }
  }

  private async perform(operation: Operation): Promise<void> {
    if (operation.op === 'close-connection') return this.reconnect(operation.connection);
    const { ch } = operation;
    const seat = this.seats[ch]!;
    const ask = async (name: string, fields: Fields, ...answers: string[]): Promise<boolean> => {
      seat.channel.send(name, fields);
      return this.take(ch, ...(answers.length ? answers : [`${name}-ok`]));
    };
    switch (operation.op) {
      case 'declare-queue':
        await ask('queue.declare', {
          ...pickFlags(operation),
          queue: this.queue(operation.queue),
          arguments: this.argumentsOf(operation.ability ?? 'plain', operation.queue),
        });
        return;
      case 'delete-queue':
        await ask('queue.delete', { ...pickFlags(operation), queue: this.queue(operation.queue) });
        return;
      case 'purge':
        await ask('queue.purge', { queue: this.queue(operation.queue) });
        return;
      case 'declare-exchange':
        await ask('exchange.declare', {
          exchange: this.exchange(operation.exchange),
          type: operation.type,
          ...(operation.alternate === undefined
            ? {}
            : { arguments: { 'alternate-exchange': this.exchange(operation.alternate) } }),
        });
        return;
      case 'delete-exchange':
        await ask('exchange.delete', { exchange: this.exchange(operation.exchange), ifUnused: operation.ifUnused });
        return;
      case 'bind':
      case 'unbind': {
        const [queue, exchange] = [this.queue(operation.queue), this.exchange(operation.exchange)];
        const routingKey = this.key(operation.key);
        await ask(`queue.${operation.op}`, { queue, exchange, routingKey, arguments: operation.match ?? {} });
        return;
      }
      case 'bind-exchange':
      case 'unbind-exchange': {
        const [source, destination] = [this.exchange(operation.source), this.exchange(operation.destination)];
        const name = operation.op === 'bind-exchange' ? 'exchange.bind' : 'exchange.unbind';
        await ask(name, { source, destination, routingKey: this.key(operation.key) });
        return;
      }
      case 'publish':
        await this.publish(seat, operation);
        return;
      case 'get': {
        const queue = this.queue(queueOf(ch));
        seat.consumers.set('get', operation.noAck);
        await ask('basic.get', { queue, noAck: operation.noAck }, 'basic.get-ok', 'basic.get-empty');
        return;
      }
      case 'consume': {
        const { tag: consumerTag, noAck, exclusive } = operation;
        if (seat.consumers.has(consumerTag)) return; // a tag used twice would cost the connection
        seat.consumers.set(consumerTag, noAck);
        await ask('basic.consume', {
          queue: this.queue(queueOf(ch)),
          consumerTag,
          noAck,
          exclusive,
          ...(operation.priority === undefined ? {} : { arguments: { 'x-priority': operation.priority } }),
        });
        return;
      }
      case 'cancel':
        if (this.single) return; // an intended difference: RabbitMQ does not go on to the next consumer by itself
        await ask('basic.cancel', { consumerTag: operation.tag });
        seat.consumers.delete(operation.tag);
        return;
      case 'ack':
      case 'nack':
      case 'reject':
        this.settleOne(seat, operation);
        return;
      case 'recover':
        if (seat.capped || takersOf(seat) > 1 || holdsStale(seat, seat.held)) return;
        seat.held = [];
        if (operation.async) seat.channel.send('basic.recover-async', { requeue: true });
        else await ask('basic.recover', { requeue: true });
        return;
      case 'qos':
        if (operation.global && seat.uncommitted.length > 0) return; // see `capped`
        if (operation.global && seat.held.some(tag => seat.takers.get(tag) === 'get')) return; // an intended difference
        seat.capped = operation.global;
        await ask('basic.qos', { prefetchCount: operation.count, global: operation.global });
        return;
      case 'confirm-select':
        if (await ask('confirm.select', {})) seat.confirms ??= { asked: 0, tags: new Set(), refused: new Set() };
        return;
      case 'tx-select':
        if (await ask('tx.select', {})) seat.tx = true;
        return;
      case 'tx-commit':
        if (holdsStale(seat, seat.uncommitted)) return;
        if (seat.tx && (await ask('tx.commit', {}))) seat.uncommitted = [];
        return;
      case 'tx-rollback':
        if (seat.tx && (await ask('tx.rollback', {}))) {
          seat.held = [...seat.held, ...seat.uncommitted.splice(0)].sort((a, b) => a - b);
        }
        return;
      case 'close-channel':
        seat.channel.send('channel.close', { replyCode: 200, replyText: 'bye' });
        while ((await seat.channel.next()).name !== 'channel.close-ok');
        await this.sit(ch);
        return;
    }
  }

  private headers({ headers = {}, copy, blind }: Operation & { op: 'publish' }): Table {
    const keys = (name: string, key: string): Entry => [name, 'A', [['S', this.key(key)]]];
    return [
      ...toTable(headers),
      ...(copy === undefined ? [] : [keys('CC', copy)]),
      // An intended difference: RabbitMQ routes dead letters by the BCC keys of their publish, too.
      ...(blind === undefined || this.dying ? [] : [keys('BCC', blind)]),
    ];
  }

  private async publish(seat: Seat, operation: Operation & { op: 'publish' }): Promise<void> {
    for (let n = 0; n < operation.count; n++) {
      const { expiration, priority } = operation;
      const headers = this.headers(operation);
      const properties = {
        ...(operation.persistent ? { deliveryMode: 2 } : {}),
        // RabbitMQ does not look at a message that comes to the head of a queue with priorities before others until something else happens.
        ...(expiration === undefined || this.levels ? {} : { expiration }),
        ...(priority === undefined ? {} : { priority }),
        ...(headers.length === 0 ? {} : { headers }),
      };
      const options = { mandatory: operation.mandatory, properties };
      seat.channel.publish(
        this.exchange(operation.exchange),
        this.key(operation.key),
        String(++this.published),
        options,
      );
      if (seat.confirms) seat.confirms.asked++;
      // On RabbitMQ a dead letter is on its way between two queues while the next message may be there already.
      if (this.dying && !seat.tx) await this.settle();
    }
  }

  private settleOne(seat: Seat, operation: Operation & { op: 'ack' | 'nack' | 'reject' }): void {
    const { op, pick, wild } = operation;
    const requeue = operation.requeue && !seat.capped;
    const multiple = operation.multiple && op !== 'reject' && takersOf(seat) < 2;
    if (!wild && seat.held.length === 0) return;
    const deliveryTag = wild ? pick * 7 : seat.held[pick % seat.held.length]!;
    const settled = seat.held.filter(tag => (multiple ? tag <= deliveryTag || deliveryTag === 0 : tag === deliveryTag));
    if (holdsStale(seat, settled)) return;
    // RabbitMQ's limiter gives the freed credit to the queue while a dead letter is on its way back to it: which of them is
    // first decides whether that is delivered or is too much, has expired or pushes out another one.
    if (seat.capped && settled.length > 0 && op !== 'ack' && this.dying && this.tight) return;
    seat.held = seat.held.filter(tag => !settled.includes(tag));
    if (seat.tx) seat.uncommitted.push(...settled);
    const fields: Fields = op === 'ack' ? { multiple } : op === 'nack' ? { multiple, requeue } : { requeue };
    seat.channel.send(`basic.${op}`, { deliveryTag, ...fields });
  }

  private async reconnect(connection: number): Promise<void> {
    const wire = this.wires[connection]!;
    wire.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
    await wire.expect(0, 'connection.close-ok', {});
    wire.destroy();
    this.wires[connection] = await Wire.login(this.broker.port);
    for (let ch = 0; ch < channelCount; ch++) if (connectionOf(ch) === connection) await this.sit(ch);
  }
}

/** Properties as a text: without the time of a death, and without the headers that say where one died last, which RabbitMQ 3.10 has not. */
function shown(properties: unknown): string {
  return JSON.stringify(properties, (key, value) => {
    if (typeof value === 'bigint') return String(value);
    if (!Array.isArray(value)) return value;
    if (key === 'headers') return value.filter(([name]) => !String(name).startsWith('x-last-death-'));
    return value.map(entry => (Array.isArray(entry) && entry[0] === 'time' ? ['time'] : entry));
  });
}

/** How many consumers hold something. Leveret settles what several hold in another order, as it means to. */
function takersOf({ held, takers }: Seat): number {
  return new Set(held.map(tag => takers.get(tag))).size;
}

function holdsStale({ stale }: Seat, tags: readonly number[]): boolean {
  return tags.some(tag => stale.has(tag));
}

/**
 * What a step brought, by channel and within it answers, then cancellations, then deliveries: only within these
 * is the order in which a broker sends them fixed.
 */
function inOrder(seen: readonly string[]): string[] {
  const rank = (line: string): string => {
    const [ch, name] = line.split(' ');
    if (name === 'basic.deliver') return `${ch} 2`;
    return name === 'basic.cancel' ? `${ch} 1 ${line}` : `${ch} 0`;
  };
  return [...seen].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0));
}

/** Confirms may be cumulative or not; what counts is which publishes are confirmed by when. */
function noteConfirm({ confirms }: Seat, name: string, fields: Fields): void {
  if (!confirms) throw new Error('a confirm on a channel that is not in confirm mode');
  const tag = fields['deliveryTag'] as number;
  for (let lower = fields['multiple'] ? 1 : tag; lower <= tag; lower++) {
    if (confirms.tags.has(lower)) continue;
    confirms.tags.add(lower);
    if (name === 'basic.nack') confirms.refused.add(lower);
  }
}

/** The flags of an operation that are also fields of its method. */
function pickFlags(operation: Operation): Fields {
  const {
    op: _op,
    ch: _ch,
    queue: _queue,
    ability: _ability,
    ...flags
  } = operation as Operation & {
    ch: number;
    queue: number;
    ability?: Ability;
  };
  return flags;
}
