// A raw AMQP 0-9-1 client for tests: every step can be taken by hand or spoilt on purpose, and every wait is bounded.
import assert from 'node:assert/strict';
import net from 'node:net';
import {
  decodeHeader,
  decodeMethod,
  encodeFrame,
  encodeHeader,
  encodeMethod,
  type Fields,
  toTable,
} from './wire-codec.ts';
import { methodNamed } from './wire-methods.ts';

/** How long a wait lasts at most, unless a scenario says otherwise. */
const patienceMs = 8_000;

/** What arrived on a channel: a method, with its content when it has one. */
export type Arrival = {
  readonly channel: number;
  readonly name: string;
  readonly fields: Fields;
  readonly properties?: Fields;
  readonly body?: Buffer;
};

/** How a socket ended: by TCP reset or by an orderly end. */
export type SocketEnd = 'reset' | 'end';

/** What to say in the handshake where the usual will not do. */
export type LoginOptions = {
  user?: string;
  password?: string;
  vhost?: string;
  channelMax?: number;
  frameMax?: number;
  heartbeat?: number;
  mechanism?: string;
  response?: Buffer;
  locale?: string;
  clientProperties?: { readonly [key: string]: unknown };
};

/** The capabilities that a test client announces by default. */
export const capabilities: { readonly [name: string]: boolean } = {
  authentication_failure_close: true,
  consumer_cancel_notify: true,
  'basic.nack': true,
  publisher_confirms: true,
  'connection.blocked': true,
};

/** The eight octets that open a connection. */
export const protocolHeader: Buffer = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1');

type Waiter = { channel: number; resolve: (arrival: Arrival) => void; reject: (error: Error) => void };
type Partial = { name: string; fields: Fields; size: number; properties?: Fields; body: Buffer[]; got: number };

const show = (arrival: Arrival): string =>
  `${arrival.name} on channel ${arrival.channel} ${JSON.stringify(arrival.fields, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))}`;

/** Tables in what a test expects are made exact, so that `{n: 1}` may stand for `[['n', 'I', 1]]`. */
function exact(fields: Fields): Fields {
  const result: Record<string, unknown> = { ...fields };
  for (const name of ['headers', 'serverProperties']) {
    if (result[name] !== undefined) result[name] = toTable(result[name] as Fields);
  }
  return result;
}

/** One TCP connection to a broker. */
export class Wire {
  readonly socket: net.Socket;
  /** Heartbeat frames received so far. */
  heartbeats = 0;
  /** Raw octets received before the first frame was asked for (only while `rawMode`). */
  rawReceived: Buffer = Buffer.alloc(0);
  /** While true, what arrives is kept as octets and not taken apart. */
  rawMode = false;
  /** The server's tune, after the handshake. */
  tune: Fields = {};
  /** Called on every chunk received; for scenarios about time. */
  onData: (() => void) | undefined;
  private buffer: Buffer = Buffer.alloc(0);
  private inbox: Arrival[] = [];
  private waiters: Waiter[] = [];
  private readonly partial = new Map<number, Partial>();
  private broken: Error | undefined;
  private end: SocketEnd | undefined;
  private endWaiters: (() => void)[] = [];
  private nextChannel = 1;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', chunk => this.received(chunk));
    socket.on('error', error => this.ended((error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'end' : 'reset'));
    socket.on('end', () => this.probe());
    socket.on('close', () => this.ended('end'));
  }

  /** Opens a TCP connection and says nothing. */
  static async connect(port: number): Promise<Wire> {
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new Wire(socket);
  }

  /** Connects, logs in and opens the vhost. */
  static async login(port: number, options: LoginOptions = {}): Promise<Wire> {
    const wire = await Wire.connect(port);
    try {
      await wire.handshake(options);
    } catch (error) {
      wire.destroy();
      throw error;
    }
    return wire;
  }

  /** The whole handshake, up to open-ok. */
  async handshake(options: LoginOptions = {}): Promise<void> {
    await this.tuned(options);
    this.send(0, 'connection.open', { virtualHost: options.vhost ?? '/' });
    await this.expect(0, 'connection.open-ok', { knownHosts: '' });
  }

  /** The handshake up to and with our tune-ok. */
  async tuned(options: LoginOptions = {}): Promise<void> {
    await this.authenticated(options);
    this.tune = (await this.expect(0, 'connection.tune')).fields;
    this.send(0, 'connection.tune-ok', {
      channelMax: options.channelMax ?? 2047,
      frameMax: options.frameMax ?? 131072,
      heartbeat: options.heartbeat ?? 0,
    });
  }

  /** The handshake up to and with our start-ok. */
  async authenticated(options: LoginOptions = {}): Promise<void> {
    this.raw(protocolHeader);
    await this.expect(0, 'connection.start');
    const { user = 'guest', password = 'guest' } = options;
    this.send(0, 'connection.start-ok', {
      clientProperties: options.clientProperties ?? { product: 'conformance suite', capabilities },
      mechanism: options.mechanism ?? 'PLAIN',
      response: options.response ?? Buffer.from(`\0${user}\0${password}`),
      locale: options.locale ?? 'en_US',
    });
  }

  /** Opens a channel, by default on the next free number. */
  async channel(number: number = this.nextChannel++): Promise<Channel> {
    this.send(number, 'channel.open');
    await this.expect(number, 'channel.open-ok', { channelId: '' });
    return new Channel(this, number);
  }

  /** Sends octets as they are. */
  raw(octets: Buffer): void {
    if (!this.socket.destroyed) this.socket.write(octets);
  }

  /** Sends a frame of any type. */
  frame(type: number, channel: number, payload: Buffer, end?: number): void {
    this.raw(encodeFrame(type, channel, payload, end));
  }

  /** Sends a method frame. */
  send(channel: number, name: string, fields: Fields = {}): void {
    this.frame(1, channel, encodeMethod(name, fields));
  }

  /** Sends a content header and its body, cut into frames of at most `frameMax` octets. */
  content(channel: number, body: Buffer, properties: Fields = {}, frameMax = 131072): void {
    const frames = [encodeFrame(2, channel, encodeHeader(body.length, properties))];
    for (let at = 0; at < body.length; at += frameMax - 8) {
      frames.push(encodeFrame(3, channel, body.subarray(at, at + frameMax - 8)));
    }
    this.raw(Buffer.concat(frames));
  }

  /** The next arrival on `channel`; rejects when the time is over, the socket ends or the connection is closed meanwhile. */
  next(channel: number, timeoutMs: number = patienceMs): Promise<Arrival> {
    const at = this.inbox.findIndex(arrival => arrival.channel === channel);
    if (at >= 0) return Promise.resolve(this.inbox.splice(at, 1)[0]!);
    const obstacle = this.obstacle(channel);
    if (obstacle) return Promise.reject(obstacle);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        channel,
        resolve: arrival => {
          clearTimeout(timer);
          resolve(arrival);
        },
        reject: error => {
          clearTimeout(timer);
          reject(error);
        },
      };
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter(other => other !== waiter);
        reject(new Error(`nothing arrived on channel ${channel} in ${timeoutMs} ms; ${this.waiting()}`));
      }, timeoutMs);
      this.waiters.push(waiter);
    });
  }

  /** The next arrival on `channel` must be this method and, when given, have exactly these fields. */
  async expect(channel: number, name: string, fields?: Fields, timeoutMs?: number): Promise<Arrival> {
    const arrival = await this.next(channel, timeoutMs);
    if (arrival.name !== name) throw new Error(`expected ${name} on channel ${channel}, got ${show(arrival)}`);
    if (fields) assert.deepStrictEqual(exact(arrival.fields), exact(fields), `fields of ${name}`);
    return arrival;
  }

  /** The broker must now close the connection with exactly this error (of the method `cause`), then end the socket. */
  async refused(code: number, text: string, cause: string | undefined, end: SocketEnd = 'reset'): Promise<void> {
    const { classId, methodId } = cause === undefined ? { classId: 0, methodId: 0 } : methodNamed(cause);
    await this.expect(0, 'connection.close', { replyCode: code, replyText: text, classId, methodId });
    this.send(0, 'connection.close-ok');
    await this.ends(end);
  }

  /** The broker must end the socket in this way, with no further frame. */
  async ends(how: SocketEnd, timeoutMs: number = patienceMs): Promise<void> {
    if (!this.end) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`the socket is still open after ${timeoutMs} ms; ${this.waiting()}`)),
          timeoutMs,
        );
        this.endWaiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    assert.equal(this.end, how, `how the socket ended; ${this.waiting()}`);
    assert.deepEqual(this.inbox.map(show), [], 'frames before the end of the socket that nobody asked for');
  }

  /** True while neither side has ended the socket. */
  get isOpen(): boolean {
    return this.end === undefined;
  }

  /** What has arrived and was not asked for yet. */
  get unread(): readonly Arrival[] {
    return this.inbox;
  }

  /** Closes politely and waits for close-ok. */
  async close(): Promise<void> {
    if (!this.end && !this.broken) {
      this.send(0, 'connection.close', { replyCode: 200, replyText: 'bye' });
      this.inbox = this.inbox.filter(arrival => arrival.channel === 0);
      await this.expect(0, 'connection.close-ok', {});
    }
    this.destroy();
  }

  /** Drops the TCP connection without a word. */
  destroy(): void {
    this.socket.destroy();
  }

  private waiting(): string {
    const others = this.inbox.length ? `unread: ${this.inbox.map(show).join(' | ')}` : 'nothing else is unread';
    return this.end ? `${others}; the socket has ended (${this.end})` : others;
  }

  private obstacle(channel: number): Error | undefined {
    if (this.broken) return this.broken;
    const close = this.inbox.find(arrival => arrival.name === 'connection.close');
    if (close && channel !== 0) return new Error(`waiting on channel ${channel}, but got ${show(close)}`);
    if (this.end) return new Error(`waiting on channel ${channel}, but the socket has ended (${this.end})`);
    return undefined;
  }

  private wake(): void {
    for (const waiter of [...this.waiters]) {
      const at = this.inbox.findIndex(arrival => arrival.channel === waiter.channel);
      const obstacle = at < 0 ? this.obstacle(waiter.channel) : undefined;
      if (at < 0 && !obstacle) continue;
      this.waiters = this.waiters.filter(other => other !== waiter);
      if (obstacle) waiter.reject(obstacle);
      else waiter.resolve(this.inbox.splice(at, 1)[0]!);
    }
  }

  /** Node reports a reset that comes together with data as an orderly end; a write tells them apart. */
  private probe(): void {
    this.socket.write(Buffer.from([0]), error => this.ended(error ? 'reset' : 'end'));
  }

  private ended(how: SocketEnd): void {
    if (this.end) return;
    this.end = how;
    this.socket.destroy();
    this.wake();
    for (const waiter of this.endWaiters.splice(0)) waiter();
  }

  private received(chunk: Buffer): void {
    this.onData?.();
    if (this.rawMode) {
      this.rawReceived = Buffer.concat([this.rawReceived, chunk]);
      return;
    }
    this.buffer = this.buffer.length ? Buffer.concat([this.buffer, chunk]) : chunk;
    try {
      let at = 0;
      while (this.buffer.length - at >= 8) {
        const size = this.buffer.readUInt32BE(at + 3);
        if (this.buffer.length - at < size + 8) break;
        assert.equal(this.buffer[at + 7 + size], 0xce, 'the end mark of a frame from the broker');
        this.took(this.buffer[at]!, this.buffer.readUInt16BE(at + 1), this.buffer.subarray(at + 7, at + 7 + size));
        at += size + 8;
      }
      this.buffer = this.buffer.subarray(at);
    } catch (error) {
      this.broken = error as Error;
    }
    this.wake();
  }

  private took(type: number, channel: number, payload: Buffer): void {
    const partial = this.partial.get(channel);
    if (type === 8) {
      assert.deepEqual([channel, payload.length], [0, 0], 'channel and size of a heartbeat');
      this.heartbeats++;
    } else if (type === 1) {
      assert.ok(!partial, 'a method came before the content of the previous one was complete');
      const { name, fields } = decodeMethod(payload);
      if (methodNamed(name).content) this.partial.set(channel, { name, fields, size: -1, body: [], got: 0 });
      else this.inbox.push({ channel, name, fields });
    } else {
      assert.ok(partial, `a frame of type ${type} with no method before it`);
      if (type === 2) Object.assign(partial, decodeHeader(payload));
      else {
        assert.ok(partial.size >= 0 && payload.length > 0, 'a body frame with a header before it');
        partial.body.push(Buffer.from(payload));
        partial.got += payload.length;
      }
      assert.ok(partial.got <= partial.size, 'body octets as announced');
      if (partial.got < partial.size) return;
      this.partial.delete(channel);
      const { name, fields, properties } = partial;
      this.inbox.push({ channel, name, fields, properties: properties ?? {}, body: Buffer.concat(partial.body) });
    }
  }
}

/** What a publish may say beside exchange, key and body. */
export type PublishOptions = { properties?: Fields; mandatory?: boolean; immediate?: boolean };

/** What a delivery, got message or return is expected to carry. */
export type ExpectedContent = { fields: Fields; body: string | Buffer; properties?: Fields };

/** What a delivery may differ in from the plainest one. */
export type DeliveryOptions = { redelivered?: boolean; exchange?: string; properties?: Fields };

/** One channel of a connection. */
export class Channel {
  readonly wire: Wire;
  readonly number: number;
  constructor(wire: Wire, number: number) {
    this.wire = wire;
    this.number = number;
  }

  /** Sends a method. */
  send(name: string, fields: Fields = {}): void {
    this.wire.send(this.number, name, fields);
  }

  /** Sends a method and expects its `-ok`, with exactly these fields when given. */
  async call(name: string, fields: Fields = {}, ok?: Fields): Promise<Fields> {
    this.send(name, fields);
    return (await this.wire.expect(this.number, `${name}-ok`, ok)).fields;
  }

  /** The next arrival. */
  next(timeoutMs?: number): Promise<Arrival> {
    return this.wire.next(this.number, timeoutMs);
  }

  /** The next arrival must be this method, with exactly these fields when given. */
  expect(name: string, fields?: Fields, timeoutMs?: number): Promise<Arrival> {
    return this.wire.expect(this.number, name, fields, timeoutMs);
  }

  /** Publishes a message. */
  publish(exchange: string, routingKey: string, body: string | Buffer, options: PublishOptions = {}): void {
    const { properties = {}, mandatory = false, immediate = false } = options;
    this.send('basic.publish', { exchange, routingKey, mandatory, immediate });
    this.wire.content(this.number, Buffer.from(body as string), properties);
  }

  /** The next arrival must be this method with this content: all fields, all properties, the body. */
  async content(name: string, expected: ExpectedContent): Promise<void> {
    const arrival = await this.expect(name, expected.fields);
    assert.deepStrictEqual(exact(arrival.properties!), exact(expected.properties ?? {}), `properties of ${name}`);
    if (Buffer.isBuffer(expected.body)) assert.ok(arrival.body!.equals(expected.body), `body of ${name}`);
    else assert.equal(arrival.body!.toString(), expected.body, `body of ${name}`);
  }

  /** Consumes and expects consume-ok with this tag. */
  async consume(queue: string, consumerTag: string, options: Fields = {}): Promise<void> {
    await this.call('basic.consume', { queue, consumerTag, ...options }, { consumerTag });
  }

  /** The next arrival must be this delivery. */
  delivered(
    consumerTag: string,
    deliveryTag: number,
    routingKey: string,
    body: string | Buffer,
    { redelivered = false, exchange = '', properties = {} }: DeliveryOptions = {},
  ): Promise<void> {
    const fields = { consumerTag, deliveryTag, redelivered, exchange, routingKey };
    return this.content('basic.deliver', { fields, body, properties });
  }

  /** Gets a message, which must be this one with `messageCount` more behind it. */
  got(
    queue: string,
    deliveryTag: number,
    messageCount: number,
    body: string | Buffer,
    {
      redelivered = false,
      exchange = '',
      routingKey = queue,
      properties = {},
      noAck = false,
    }: DeliveryOptions & { routingKey?: string; noAck?: boolean } = {},
  ): Promise<void> {
    this.send('basic.get', { queue, noAck });
    const fields = { deliveryTag, redelivered, exchange, routingKey, messageCount };
    return this.content('basic.get-ok', { fields, body, properties });
  }

  /** Gets from a queue that must have nothing ready. */
  async gotNothing(queue: string): Promise<void> {
    this.send('basic.get', { queue });
    await this.expect('basic.get-empty', { clusterId: '' });
  }

  /** Acknowledges; there is no answer. */
  ack(deliveryTag: number, multiple = false): void {
    this.send('basic.ack', { deliveryTag, multiple });
  }

  /** A synchronous round trip: what the broker had for this channel before has arrived when it returns. */
  async sync(): Promise<void> {
    this.send('exchange.declare', { exchange: 'amq.direct', passive: true });
    const kept: Arrival[] = [];
    for (;;) {
      const arrival = await this.next();
      if (arrival.name === 'exchange.declare-ok') break;
      kept.push(arrival);
    }
    this.wire['inbox'].unshift(...kept);
  }

  /** What has arrived on this channel and was not asked for yet. */
  get unread(): readonly Arrival[] {
    return this.wire.unread.filter(arrival => arrival.channel === this.number);
  }

  /** After a round trip nothing may be there that was not asked for. */
  async quiet(): Promise<void> {
    await this.sync();
    assert.deepEqual(this.unread.map(show), [], `arrivals on channel ${this.number} that nobody asked for`);
  }

  /** The broker must now close the channel with exactly this error of the method `cause`; close-ok is sent back. */
  async refused(code: number, text: string, cause: string | undefined): Promise<void> {
    const { classId, methodId } = cause === undefined ? { classId: 0, methodId: 0 } : methodNamed(cause);
    await this.expect('channel.close', { replyCode: code, replyText: text, classId, methodId });
    this.send('channel.close-ok');
  }

  /** Closes the channel and waits for close-ok; deliveries under way are dropped. */
  async close(): Promise<void> {
    this.send('channel.close', { replyCode: 200, replyText: 'bye' });
    while ((await this.next()).name !== 'channel.close-ok');
  }
}
